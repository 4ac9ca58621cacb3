"""From raw EMG to an envelope: band-pass, notch, rectify, low-pass; and to another rate without aliasing.

Butterworth filters go over the signal forwards and backwards, so that nothing is delayed; or forwards only, which
delays as a filter in real time does. Rectifying and low-pass filtering gives the linear envelope.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mousearm.emg.recording import EmgOptions, EmgRecording

NOTCH_WIDTH = 2.0  # Hz
_ANTI_ALIAS = 0.4  # of the new rate: the cut-off
_SETTLED = 3  # periods of the low-pass that a file must last


def check_filters(recording: EmgRecording, rate: float, options: EmgOptions) -> None:
    """Refuse filters that a rate [Hz] does not allow, and a recording that is too short for them."""
    low, high = options.band(rate)
    if high >= rate / 2:
        raise recording.error(
            f"the band-pass up to {high:g} Hz needs more than {2 * high:g} samples a second; it has {rate:.5g}. Lower "
            f"--band-high-hz below {rate / 2:.4g}, or leave it out.",
            fault="band",
        )
    if low >= high or options.low_pass_hz >= high:
        what = (
            f"the band-pass from {low:g} to {high:.4g} Hz leaves nothing for a low-pass at {options.low_pass_hz:g} Hz"
        )
        raise recording.error(f"{what}. Lower --band-low-hz or --low-pass-hz.", fault="band")
    if options.notch_hz is not None and options.notch_hz >= rate / 2 - NOTCH_WIDTH:
        what = f"--notch-hz {options.notch_hz:g} is not below half its rate of {rate:.5g} Hz."
        raise recording.error(f"{what} Leave it out, or say 50 or 60.", fault="band")
    if len(recording.values) < _SETTLED * rate / options.low_pass_hz:
        raise recording.error(
            f"lasts {len(recording.values) / rate:.3g} s, too short for a low-pass at {options.low_pass_hz:g} Hz. Give "
            "a longer recording, or raise --low-pass-hz.",
            fault="length",
        )


def band_passed(values: np.ndarray, rate: float, options: EmgOptions, mains: float | None = None) -> np.ndarray:
    """Raw EMG (T, C) within its band, without the mains [Hz] where it is said; not rectified."""
    from scipy.signal import butter, iirnotch, tf2sos

    low, high = options.band(rate)
    parts = [np.asarray(butter(options.order, (low, high), "bandpass", fs=rate, output="sos"))]
    if mains:
        multiples = np.arange(mains, min(high + mains, rate / 2 - NOTCH_WIDTH), mains)
        parts += [np.asarray(tf2sos(*iirnotch(of, of / NOTCH_WIDTH, fs=rate))) for of in multiples]
    return _filtered(np.concatenate(parts), values - values.mean(axis=0), options.causal, int(rate / low), "odd")


def linear_envelope(band: np.ndarray, rate: float, options: EmgOptions) -> np.ndarray:
    """Envelope (T, C) of raw EMG within its band: its size, low-pass filtered, at least 0."""
    return np.maximum(_low_passed(np.abs(band), rate, options.low_pass_hz, options), 0.0)


def for_rate(values: np.ndarray, rate: float, out_rate: float, options: EmgOptions, highest: float) -> np.ndarray:
    """Signals (T, C) of a rate, with nothing that aliases at another; above ``highest`` Hz they hold nothing."""
    cutoff = _ANTI_ALIAS * out_rate
    return values if rate <= out_rate or highest <= cutoff else _low_passed(values, rate, cutoff, options)


class LowPass(NamedTuple):
    """A Butterworth low-pass that made an envelope."""

    hz: float
    order: int
    causal: bool

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> "LowPass | None":
        """The one that `Envelope.about` says, None if it says none."""
        said = about.get("low_pass")
        return None if said is None else cls(float(said["hz"]), int(said["order"]), bool(said["causal"]))


def smoothed(values: np.ndarray, time: np.ndarray, by: LowPass) -> np.ndarray:
    """Signals (T, C) at even times, low-pass filtered as an envelope was; beyond the ends they are held."""
    rate = (len(time) - 1) / float(time[-1] - time[0])
    if by.hz >= _ANTI_ALIAS * rate:
        return values
    spare = int(_SETTLED * rate / by.hz)
    held = np.pad(values, ((spare, spare), (0, 0)), mode="edge")
    return _low_passed(held, rate, by.hz, EmgOptions(order=by.order, causal=by.causal))[spare:-spare]


def delay_ms(rate: float, options: EmgOptions) -> float:
    """Delay of slow changes by the low-pass, ms: the group delay at 0 Hz of one that goes forwards only, else 0."""
    if not options.causal:
        return 0.0
    from scipy.signal import butter, sosfreqz

    sos = butter(options.order, options.low_pass_hz, fs=rate, output="sos")
    step = options.low_pass_hz / 1000
    _, response = sosfreqz(sos, np.array([step]), fs=rate)
    return -1e3 * float(np.angle(np.asarray(response)[0])) / (2 * np.pi * step)


def _low_passed(values: np.ndarray, rate: float, cutoff: float, options: EmgOptions) -> np.ndarray:
    from scipy.signal import butter

    sos = np.asarray(butter(options.order, cutoff, fs=rate, output="sos"))
    return _filtered(sos, values, options.causal, int(rate / cutoff), "even")


def _filtered(sos: np.ndarray, values: np.ndarray, causal: bool, settles: int, ends: str) -> np.ndarray:
    """Filter (T, C) along time; beyond the ends the signal goes on mirrored, for as many samples as it settles in."""
    from scipy.signal import sosfilt, sosfilt_zi, sosfiltfilt

    if not causal:
        return sosfiltfilt(sos, values, axis=0, padtype=ends, padlen=min(max(settles, 1), len(values) - 1))
    state = sosfilt_zi(sos)[..., None] * values[0]
    return sosfilt(sos, values, axis=0, zi=state)[0]
