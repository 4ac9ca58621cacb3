"""Tracking noise: how large it is, what movement may be behind it, what a filter leaves, and which filter is best.

Noise is taken for white: independent from frame to frame, as triangulation makes it. A movement is smooth, so noise
alone fills the top of its spectrum. The spectrum is that of the positions in the natural splines' own oscillations
(Demmler and Reinsch 1975, Numer Math 24:375-382), which, unlike a Fourier transform, does not take the ends of a clip
for a jump.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple
from zlib import crc32

import numpy as np

FILTER_FRAMES = 15  # by which the filter continues the ends of a recording, which must have more
MOVEMENT_HZ = 30.0  # from here on a reach moves by less than cameras see: the published ones by about 0.01 mm
HIGHEST_CUTOFF = 100.0  # Hz that is tried; a reach has nothing beyond
LEAST_NOISE_MM = 0.01  # less cannot be told from movement
LEAST_GAIN_MM = 0.01  # by which a filter must bring points nearer to the truth to be worth it
_ORDER, _DRAWN = 4, 3  # of the differences that are small in a movement: where noise is measured, and removed
_WINDOW, _LONGEST, _FEWEST = 128, 512, 12  # frames that are looked at together for either, and fewest of them
_LEAST_TOP = 0.2  # of the spectrum is taken for noise, however slow the camera is
# A smoothing spline leaves this part of that top, in degrees of freedom, to the noise. Cross-validation that has few
# frames to judge by takes noise for movement now and then: leaving less must be so many times better.
_LEAST_FREE, _HANDICAP = 0.7, 2.0
_SMOOTHNESS = np.logspace(-4, 9, 66)[:, None]
# Standard deviation of what distances from `possible_truths` are wrong by because movements are not quite as assumed.
UNMODELLED_MM = 0.005
_SIZES = np.linspace(-3, 3, 9)[:, None]  # of the noise that are possible, in standard deviations of its estimate
_KNEE_HZ, _POWERS = 9.0, np.logspace(-14, 2, 49)[:, None]  # of a movement's spectrum; variances below that knee, m^2
_TWO_PASSES = (2**0.5 - 1) ** (1 / 4)  # where one pass gives half of the -3 dB, relative to its cut-off


def tracking_noise(stretches: Sequence[np.ndarray], rate: float) -> np.ndarray:
    """Standard deviation per axis (K,) of the noise of points (T, K, 3), in their unit; NaN where frames are too few.

    Two estimates are made in windows of up to 128 frames, and their geometric mean is taken, which is right more often
    than either: the spectrum from `MOVEMENT_HZ` on, and not below half of it; and the residual of the smoothing spline
    that generalised cross-validation chooses (Craven and Wahba 1979, Numer Math 31:377-403). Of several windows it is
    the median, so that a badly tracked one does not count. `noise_uncertainty` says how far it can be trusted.
    """
    found = [_variance(part, rate) for of in stretches for part in windows(of) if len(part) >= _FEWEST]
    return np.sqrt(np.median(found, axis=0)) if found else np.full(stretches[0].shape[1], np.nan)


def noise_uncertainty(n_frames: Sequence[int], rate: float) -> float:
    """Two standard deviations of `tracking_noise`, relative to it, of stretches of so many frames; NaN with too few.

    It is the least that chance leaves: of n independent normal numbers, here three axes of what is noise alone, the
    standard deviation is known to 1 / sqrt(2 n) of itself. Synthetic reaches confirm it.
    """
    sizes = [len(part) for n in n_frames for part in windows(np.arange(n)) if len(part) >= _FEWEST]
    return 2 / np.sqrt(6 * sum(n - _first_of_noise(n, rate) for n in sizes)) if sizes else np.nan


def windows(points: np.ndarray, longest: int = _WINDOW) -> list[np.ndarray]:
    """Parts of points (T, ...) of so many frames at most, of which `spectrum` is quick."""
    return np.array_split(points, -(-len(points) // longest))


def spectrum(points: np.ndarray) -> np.ndarray:
    """Mean square (T, K) of each oscillation in points (T, K, 3), from slow to fast; of white noise its variance."""
    coordinates = _oscillations(len(points))[1].T @ points.reshape(len(points), -1)
    return np.square(coordinates).reshape(points.shape).mean(axis=2)


def possible_truths(
    points: np.ndarray, rate: float, noise: np.ndarray, cutoff: float | None = None, n: int = 50
) -> np.ndarray:
    """Movements (n, T, K, 3) that may be behind points (T, K, 3) with noise (K,) per axis: draws from what is possible.

    It is Bayesian smoothing (Wahba 1978, J R Stat Soc B 40:364-372): an oscillation of a movement is normal with the
    variance P / (1 + (f / 9 Hz)^8), which published and synthetic reaches follow from 4 to 60 Hz, one of noise with
    s^2. P, and s around its estimate, are unknown too, and are drawn from what the likelihood of the spectrum leaves.
    The same points give the same draws. Of points that went through `low_pass` of a cut-off, and are all that is left,
    the noise has the spectrum that this filter gives it.
    """
    rng, parts = np.random.default_rng(crc32(points.tobytes())), windows(points, _LONGEST)
    return np.concatenate([_draws(part, rate, noise, cutoff, n, rng) for part in parts], axis=1)


def _draws(
    points: np.ndarray, rate: float, noise: np.ndarray, cutoff: float | None, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Draws of `possible_truths` for one window."""
    t = len(points)
    unsure, oscillations = noise_uncertainty([t], rate) / 2, _oscillations(t, _DRAWN)[1]
    white = np.ones(t) if cutoff is None else noise_spectrum(t, round(rate, 1), cutoff)
    movements = _POWERS / (1 + (np.arange(t) * rate / (2 * t) / _KNEE_HZ) ** 8)  # (P, T) m^2
    movements[:, :_DRAWN] = np.inf  # position, speed and acceleration can be any
    found = np.empty((n, *points.shape))
    for k, size in enumerate(noise):
        own = oscillations.T @ points[:, k]  # (T, 3)
        noises = np.square(size * np.exp(np.nan_to_num(unsure) * _SIZES)) * white  # (S, T) m^2
        both = (noises[:, None] + movements)[..., _DRAWN:]
        likelihood = -(3 * np.log(both) + np.square(own).sum(axis=1)[_DRAWN:] / both).sum(axis=2) / 2  # log, (S, P)
        weights = np.exp(likelihood - likelihood.max()).ravel()
        drawn = np.unravel_index(rng.choice(len(weights), n, p=weights / weights.sum()), likelihood.shape)
        left = noises[drawn[0]]  # (n, T)
        kept = (1 / (1 + left / movements[drawn[1]]))[..., None]
        chance = np.sqrt(kept * left[..., None]) * rng.normal(size=(n, *own.shape))
        found[:, :, k] = oscillations @ (kept * own + chance)
    return found


def _variance(points: np.ndarray, rate: float) -> np.ndarray:
    """Variance per axis (K,) of the noise of points (T, K, 3)."""
    n, power = len(points), spectrum(points)
    first = _first_of_noise(n, rate)
    removed = 1 - 1 / (1 + _SMOOTHNESS * _oscillations(n)[0])  # (G, T), by splines of G degrees of smoothness
    residual, free = np.square(removed) @ power, removed.sum(axis=1)[:, None]
    handicap = np.where(free < _LEAST_FREE * (n - first), _HANDICAP, 1.0)
    best = (handicap * residual / np.square(free)).argmin(axis=0)
    return np.sqrt(power[first:].mean(axis=0) * (residual / free)[best, range(power.shape[1])])


def _first_of_noise(n: int, rate: float) -> int:
    """Index of the first of n oscillations that is noise alone."""
    return max(n // 2, min(round(2 * MOVEMENT_HZ / rate * n), round((1 - _LEAST_TOP) * n)))


@cache
def _oscillations(n: int, order: int = _ORDER) -> tuple[np.ndarray, np.ndarray]:
    """Roughness (n,) of the oscillations of n frames, from slow to fast, and these themselves, (n, n) in columns."""
    differences = np.diff(np.eye(n), order, axis=0)
    roughness, oscillations = np.linalg.eigh(differences.T @ differences)
    roughness[:order] = 0  # polynomials, which rounding gives some
    return roughness, oscillations


def low_pass(points: np.ndarray, rate: float, cutoff: float) -> np.ndarray:
    """Positions (T, ...) at a rate, less what is faster than a cut-off [Hz] below half of it; without delay.

    A Butterworth filter of second order is run forwards and backwards. Its cut-off is raised, by the bilinear
    transform's scale tan(pi f / rate), so that both passes together let 1/sqrt(2) of the amplitude through at the
    cut-off: their gain is 1 / (1 + (sqrt(2) - 1) (tan(pi f / rate) / tan(pi cutoff / rate))^4).
    """
    from scipy.signal import butter, sosfiltfilt

    raised = rate / np.pi * np.arctan(np.tan(np.pi * cutoff / rate) / _TWO_PASSES)
    sections = butter(2, raised, fs=rate, output="sos")
    return sosfiltfilt(sections, points, axis=0, padlen=FILTER_FRAMES)


def _gain(rate: float, cutoff: float) -> np.ndarray:
    """Gain of `low_pass` at even frequencies (F,) from 0 to half of the rate."""
    ratio = np.tan(np.pi * np.arange(0.5, 1024) / 2048) / np.tan(np.pi * np.clip(cutoff / rate, 1e-3, 0.49))
    return 1 / (1 + (2**0.5 - 1) * ratio**4)


@cache
def noise_left(rate: float, cutoff: float) -> float:
    """Standard deviation of white noise after `low_pass`; 1 before."""
    return float(np.sqrt(np.square(_gain(rate, cutoff)).mean()))


@cache
def noise_spectrum(n: int, rate: float, cutoff: float) -> np.ndarray:
    """Mean square (n,) that white noise of variance 1 has after `low_pass` in each oscillation of `possible_truths`."""
    ends = _WINDOW // 4  # frames on either side, which the filter's ends do not reach
    weights = low_pass(np.eye(n + 2 * ends), rate, float(np.clip(cutoff, 1e-3 * rate, 0.49 * rate)))[ends : ends + n]
    return np.square(_oscillations(n, _DRAWN)[1].T @ weights).sum(axis=1)


def squared_errors(
    points: np.ndarray, filtered: np.ndarray, rate: float, noise: np.ndarray, cutoff: float
) -> np.ndarray:
    """Expected mean square (K,) per axis of what filtered points (T, K, 3) differ by from the truth.

    That is noise which is left and movement which is lost. The truth need not be known: Stein's unbiased estimate is
    |y - F y|^2 - s^2 + 2 s^2 tr F / T for a noise s (K,) (1981, Ann Statist 9:1135-1151).
    """
    removed = np.square(points - filtered).mean(axis=(0, 2)) + (2 * _gain(rate, cutoff).mean() - 1) * np.square(noise)
    return np.maximum(removed, np.square(noise_left(rate, cutoff) * noise))


class Cutoffs(NamedTuple):
    """Effect of low-pass filters of several cut-offs on recordings."""

    hz: list[float | None]  # cut-offs that were tried; the first is no filter
    errors_mm: np.ndarray  # (C, K) expected mean distances of points from the truth

    @property
    def best(self) -> int:
        """Index of the one with the least expected error over all points; 0 where no filter is better by 0.01 mm."""
        errors = self.errors_mm.mean(axis=1)
        best = int(errors.argmin())
        return best if errors[best] < errors[0] - LEAST_GAIN_MM else 0

    def text(self, cutoff: float | None) -> str:
        """Precision of the paw with a cut-off, and the best possible one, in words."""
        if np.isnan(self.errors_mm).any():
            return "too few frames to tell how well"
        now, least, unfiltered = (self.errors_mm[i, -1] for i in (self.hz.index(cutoff), self.best, 0))
        known = f"paw to {now:.2g} mm" + ("" if cutoff is None else f" (unfiltered {unfiltered:.2g})")
        best = f"{self.hz[self.best]:g} or auto" if self.best else "left out"
        return known + (f"; to {least:.2g} mm with --cutoff {best}" if now - least > LEAST_GAIN_MM else "")


def compare_cutoffs(recordings: Sequence[tuple[np.ndarray, float, np.ndarray]], given: float | None = None) -> Cutoffs:
    """Try cut-offs, a given one among them, on recordings: points (T, K, 3) m, rate [Hz] and noise (K,) m of each."""
    recordings = [of for of in recordings if len(of[0]) > FILTER_FRAMES and np.isfinite(of[2]).all()]
    if not recordings:
        return Cutoffs([None, *filter(None, [given])], np.full((1, 1), np.nan))
    highest = min(HIGHEST_CUTOFF, *(0.45 * rate for _, rate, _ in recordings))
    worth_it = max(noise.max() for _, _, noise in recordings) > 1e-3 * LEAST_GAIN_MM / 2
    tried = np.round(np.geomspace(4.0, highest, 26)).tolist() if worth_it else []
    cutoffs = sorted({*tried, *filter(None, [given])})
    squares = [
        [np.square(noise), *(squared_errors(of, low_pass(of, rate, hz), rate, noise, hz) for hz in cutoffs)]
        for of, rate, noise in recordings
    ]
    return Cutoffs([None, *cutoffs], 1e3 * np.sqrt(8 / np.pi * np.mean(squares, axis=0)))
