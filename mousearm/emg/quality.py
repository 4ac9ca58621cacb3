"""Figures by which the quality of EMG is judged: level, mains hum, and what channels have in common at lag zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mousearm.emg.checks import saturated_share

MAINS = (50.0, 60.0)  # Hz
_SEGMENT_S = 0.5  # in which a mains sinusoid is fitted: its frequency drifts by little
_BESIDE = (-11.0, -7.0, 7.0, 11.0)  # Hz from the mains, where the same is fitted for comparison
HUMMING, HUM_SHARE = 4.0, 0.02  # amplitudes beside it, and share of the power, from which on there is a hum
NEAREST_LAG, FARTHEST_LAG = 0.005, 0.1  # s, of the lags that lag zero is compared with
CROSSTALK_SD, CROSSTALK_R = 5.0, 0.05  # standard deviations of other lags, and r, from which on zero is a peak
COVERED = 0.5  # share of the power that is cross-talk, from which on a channel is not to be interpreted
ENVELOPE_R = 0.85  # correlation of envelopes that is remarked on


class Hum(NamedTuple):
    """Mains hum of a channel."""

    mains: float  # Hz
    amplitude: float  # in the unit of the signal
    share: float  # of its power
    is_there: bool


class Common(NamedTuple):
    """The correlation of two channels at lag zero."""

    one: str
    other: str
    r: float
    spread: float  # root mean square of r at other lags; NaN of envelopes, of which nobody can tell
    share: float  # of each in the other that would explain it, if they were independent; NaN of envelopes
    is_suspicious: bool

    @property
    def text(self) -> str:
        """The correlation and its possible causes, in a sentence."""
        if self.share != self.share:
            return (
                f"{self.one} and {self.other} rise together, r = {self.r:.2f}: co-contraction, cross-talk or an "
                "artefact, which an envelope does not tell"
            )
        return (
            f"{self.one} and {self.other}: r = {self.r:.2f} at lag zero, ±{self.spread:.2f} at others: cross-talk of "
            f"about {100 * abs(self.share):.0f} %, or an artefact in both"
        )


@dataclass(frozen=True, slots=True)
class ChannelQuality:
    """Quality of a channel of a file."""

    channel: str
    rms: float  # of raw EMG within its band, in the unit of the file; of an envelope its mean
    peak: float  # of the numbers of the file
    saturated: float  # share of samples
    missing: float  # share of samples
    hum: Hum | None  # None of envelopes


def channel_quality(channel: str, raw: np.ndarray, band: np.ndarray, rate: float, is_raw: bool) -> ChannelQuality:
    """Judge a channel by its samples (T,), and by them within the band, where they are raw."""
    known = raw[np.isfinite(raw)]
    size = float(np.sqrt(np.mean(band**2))) if is_raw else float(known.mean())
    peak = float(np.abs(known).max())
    share = saturated_share(known, is_raw)
    hum = find_hum(band, rate) if is_raw else None
    return ChannelQuality(channel, size, peak, share, 1 - len(known) / len(raw), hum)


def find_hum(signal: np.ndarray, rate: float) -> Hum:
    """Find the mains in a signal (T,): the sinusoid of least squares in segments, against those beside it."""
    n = min(len(signal), int(_SEGMENT_S * rate))
    parts = signal[: len(signal) // n * n].reshape(-1, n)
    power = float(np.mean(parts**2)) or 1.0
    found = []
    for mains in MAINS:
        if mains + max(_BESIDE) >= rate / 2:
            continue
        amplitude = _amplitude(parts, mains, rate)
        beside = np.sqrt(np.mean([_amplitude(parts, mains + off, rate) ** 2 for off in _BESIDE]))
        share = amplitude**2 / 2 / power
        found.append(Hum(mains, amplitude, share, amplitude > HUMMING * beside and share > HUM_SHARE))
    return max(found, key=lambda hum: (hum.is_there, hum.amplitude), default=Hum(MAINS[0], 0.0, 0.0, False))


def _amplitude(parts: np.ndarray, frequency: float, rate: float) -> float:
    """Root mean square, over parts (K, n), of the amplitude of a sinusoid."""
    phase = 2 * np.pi * frequency * np.arange(parts.shape[1]) / rate
    basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    weights = np.linalg.lstsq(basis, parts.T, rcond=None)[0]
    return float(np.sqrt(np.mean(np.sum(weights**2, axis=0))))


def in_common(channels: Sequence[str], signals: Sequence[np.ndarray], rate: float) -> list[Common]:
    """Compare channels of raw EMG at lag zero and at others, over the files of a session, each (T, C) within the band.

    Independent channels have no peak there. Cross-talk of a share s, each in the other, makes a correlation of
    s (v1 + v2) / sqrt(v1 v2) of their variances. The mains must have been taken out.
    """
    far = int(FARTHEST_LAG * rate)
    lags = np.arange(-far, far + 1)
    beside = np.abs(lags) >= NEAREST_LAG * rate
    sums = np.zeros((len(channels), len(channels), len(lags)))
    for signal in (of for of in signals if len(of) > 2 * far):
        n = 1 << int(np.ceil(np.log2(len(signal) + far)))
        spectra = np.fft.rfft(signal - signal.mean(axis=0), n, axis=0)
        for a, b in _pairs(len(channels)):
            sums[a, b] += np.fft.irfft(spectra[:, a] * spectra[:, b].conj(), n)[lags]
    variance = [sum(float(np.sum((of[:, i] - of[:, i].mean()) ** 2)) for of in signals) for i in range(len(channels))]
    found = []
    for a, b in _pairs(len(channels)):
        scale = np.sqrt(variance[a] * variance[b])
        if not scale or not sums[a, b].any():
            continue
        r, spread = sums[a, b] / scale, float(np.sqrt(np.mean((sums[a, b] / scale)[beside] ** 2)))
        zero = float(r[far])
        is_peak = bool(abs(zero) > max(CROSSTALK_SD * spread, CROSSTALK_R))
        share = float(sums[a, b][far]) / (variance[a] + variance[b])
        found.append(Common(channels[a], channels[b], zero, spread, share, is_peak))
    return found


def covered_shares(channels: Sequence[str], signals: Sequence[np.ndarray]) -> dict[str, float]:
    """Channels of raw EMG of which more than half is cross-talk, and how much of their power that is.

    What a channel shares at lag zero with those that have more power, over files (T, C) within the band: R^2 of the
    regression on them. Of two channels in which one signal is, the louder is taken for its source.
    """
    covariance = np.sum([(of - of.mean(axis=0)).T @ (of - of.mean(axis=0)) for of in signals], axis=0)
    power, found = np.diagonal(covariance), {}
    for i, channel in enumerate(channels):
        louder = np.flatnonzero(power > power[i])
        if len(louder) and power[i] > 0:
            both = covariance[louder, i]
            share = float(both @ np.linalg.lstsq(covariance[np.ix_(louder, louder)], both)[0] / power[i])
            if share > COVERED:
                found[channel] = share
    return found


def envelopes_in_common(channels: Sequence[str], envelopes: np.ndarray) -> list[Common]:
    """Correlations of envelopes (T, C), which cannot tell cross-talk from co-contraction."""
    r = np.corrcoef(envelopes.T) if len(channels) > 1 else np.ones((1, 1))
    return [
        Common(channels[a], channels[b], float(r[a, b]), np.nan, np.nan, bool(abs(r[a, b]) > ENVELOPE_R))
        for a, b in _pairs(len(channels))
    ]


def hum_remarks(files: Sequence[Sequence[ChannelQuality]], notch: float | None) -> list[str]:
    """A sentence for each channel with a hum in some of the files, which a notch [Hz] may have left."""
    found: dict[str, list[Hum]] = {}
    for of in (channel for channels in files for channel in channels):
        if of.hum is not None and of.hum.is_there:
            found.setdefault(of.channel, []).append(of.hum)
    return [
        f"{channel}: hum of the mains at {hums[0].mains:g} Hz in {len(hums)} of {len(files)} files, "
        f"{100 * float(np.mean([hum.share for hum in hums])):.0f} % of the power within the band; "
        + (f"what --notch-hz {notch:g} left" if notch else f"--notch-hz {hums[0].mains:g} takes it out")
        for channel, hums in found.items()
    ]


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(n) for b in range(a + 1, n)]
