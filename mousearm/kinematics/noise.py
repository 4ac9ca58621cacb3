"""Tracking noise: how large it is in a recording, what a low-pass filter leaves of it, and which filter is best.

Noise is taken for white: independent from frame to frame, as triangulation makes it. A movement is smooth, so noise
alone fills the top of its spectrum. The spectrum is that of the positions in the natural splines' own oscillations
(Demmler and Reinsch 1975, Numer Math 24:375-382), which, unlike a Fourier transform, does not take the ends of a clip
for a jump.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

FILTER_FRAMES = 15  # by which the filter continues the ends of a recording, which must have more
MOVEMENT_HZ = 30.0  # from here on a reach moves by less than cameras see: the published ones by about 0.01 mm
HIGHEST_CUTOFF = 100.0  # Hz that is tried; a reach has nothing beyond
LEAST_NOISE_MM = 0.01  # less cannot be told from movement
LEAST_GAIN_MM = 0.01  # by which a filter must bring points nearer to the truth to be worth it
_ORDER = 4  # of the differences that are small in a movement
_WINDOW, _FEWEST = 128, 12  # frames that are looked at together, and fewest of them
_LEAST_TOP = 0.2  # of the spectrum is taken for noise, however slow the camera is
# A smoothing spline leaves this part of that top, in degrees of freedom, to the noise. Cross-validation that has few
# frames to judge by takes noise for movement now and then: leaving less must be so many times better.
_LEAST_FREE, _HANDICAP = 0.7, 2.0
_SMOOTHNESS = np.logspace(-4, 9, 66)[:, None]
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


def windows(points: np.ndarray) -> list[np.ndarray]:
    """Parts of points (T, ...) of up to 128 frames, of which `spectrum` is quick."""
    return np.array_split(points, -(-len(points) // _WINDOW))


def spectrum(points: np.ndarray) -> np.ndarray:
    """Mean square (T, K) of each oscillation in points (T, K, 3), from slow to fast; of white noise its variance."""
    coordinates = _oscillations(len(points))[1].T @ points.reshape(len(points), -1)
    return np.square(coordinates).reshape(points.shape).mean(axis=2)


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
def _oscillations(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Roughness (n,) of the oscillations of n frames, from slow to fast, and these themselves, (n, n) in columns."""
    differences = np.diff(np.eye(n), _ORDER, axis=0)
    roughness, oscillations = np.linalg.eigh(differences.T @ differences)
    roughness[:_ORDER] = 0  # polynomials, which rounding gives some
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
def noise_left(rate: float, cutoff: float | None, dt: float | None = None) -> float:
    """Standard deviation of white noise after `low_pass` and after cubic splines at intervals dt [s]; 1 before both."""
    if dt is None:
        return 1.0 if cutoff is None else float(np.sqrt(np.square(_gain(rate, cutoff)).mean()))
    weights = _weights(rate, cutoff, dt, 2 * _WINDOW)
    within = len(weights) // 4
    return float(np.sqrt(np.square(weights[within:-within]).sum(axis=1).mean()))


@cache
def noise_spectrum(n: int, dt: float, rate: float, cutoff: float | None) -> np.ndarray:
    """Expected `spectrum` (n,) that white noise of variance 1 at a rate has in n frames at dt [s], filtered or not."""
    ends = min(_WINDOW // 4, n)  # frames on either side, which the filter's ends do not reach
    weights = _weights(rate, cutoff, dt, int(np.ceil((n + 2 * ends) * dt * rate)) + 2)[ends : ends + n]
    return np.square(_oscillations(n)[1].T @ weights).sum(axis=1)


def _weights(rate: float, cutoff: float | None, dt: float, n: int) -> np.ndarray:
    """Weights of n frames at a rate, filtered or not, in positions every dt [s], a row each."""
    from scipy.interpolate import CubicSpline

    weights, time = np.eye(n), np.arange(n) / rate
    if cutoff is not None:
        weights = low_pass(weights, rate, float(np.clip(cutoff, 1e-3 * rate, 0.49 * rate)))
    return CubicSpline(time, weights)(np.arange(0, time[-1], dt))


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
