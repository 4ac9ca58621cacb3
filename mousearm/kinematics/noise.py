"""Tracking noise: how large it is in a recording, what a low-pass filter leaves of it, and which filter is best.

Noise is taken for white: independent from frame to frame, as triangulation makes it. A movement is smooth, so noise
alone fills the top of its spectrum. The spectrum is that of the positions in the natural splines' own oscillations
(Demmler and Reinsch 1975, Numer Math 24:375-382), which, unlike a Fourier transform, does not take the ends of a clip
for a jump.
"""

from functools import cache

import numpy as np

FILTER_FRAMES = 15
"""A recording needs more frames than these, by which the filter continues its ends."""

MOVEMENT_HZ = 30.0
"""Frequency from which on a reach moves by less than cameras see: the published ones by about 0.01 mm."""

_ORDER = 4  # of the differences that are small in a movement
_WINDOW, _FEWEST = 128, 12  # frames that are looked at together, and fewest of them
_LEAST_TOP = 0.2  # of the spectrum is taken for noise, however slow the camera is
_SMOOTHNESS = np.logspace(-4, 9, 66)[:, None]
# Where one pass gives half of the -3 dB, relative to its cut-off.
_TWO_PASSES = (2**0.5 - 1) ** (1 / 4)


def tracking_noise(points: np.ndarray, rate: float) -> np.ndarray:
    """Standard deviation per axis (K,) of the noise of points (T, K, 3), in their unit; NaN where frames are too few.

    Two estimates are made in windows of up to 128 frames, and their geometric mean is taken, which is right more often
    than either: the spectrum from `MOVEMENT_HZ` on, and not below half of it; and the residual of the smoothing spline
    that generalised cross-validation chooses (Craven and Wahba 1979, Numer Math 31:377-403). Of several windows it is
    the median, so that a badly tracked one does not count.
    """
    n_windows = -(-len(points) // _WINDOW)
    windows = [part for part in np.array_split(points, n_windows) if len(part) >= _FEWEST]
    if not windows:
        return np.full(points.shape[1], np.nan)
    return np.sqrt(np.median([_window_variance(part, rate) for part in windows], axis=0))


def spectrum(points: np.ndarray) -> np.ndarray:
    """Mean square (T, K) of each oscillation in points (T, K, 3), from slow to fast; of white noise its variance."""
    coordinates = _oscillations(len(points))[1].T @ points.reshape(len(points), -1)
    return np.square(coordinates).reshape(points.shape).mean(axis=2)


def _window_variance(points: np.ndarray, rate: float) -> np.ndarray:
    """Variance per axis (K,) of the noise of points (T, K, 3)."""
    n, power = len(points), spectrum(points)
    first = max(n // 2, min(round(2 * MOVEMENT_HZ / rate * n), round((1 - _LEAST_TOP) * n)))
    removed = 1 - 1 / (1 + _SMOOTHNESS * _oscillations(n)[0])  # (G, T), by splines of G degrees of smoothness
    residual, free = np.square(removed) @ power, removed.sum(axis=1)[:, None]
    best = (residual / np.square(free)).argmin(axis=0)
    return np.sqrt(power[first:].mean(axis=0) * (residual / free)[best, range(power.shape[1])])


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


@cache
def noise_left(rate: float, cutoff: float | None, dt: float | None = None) -> float:
    """Standard deviation of white noise after `low_pass` and after cubic splines at intervals dt [s]; 1 before both."""
    from scipy.interpolate import CubicSpline

    weights, time = np.eye(2 * _WINDOW), np.arange(2 * _WINDOW) / rate
    if cutoff is not None:
        weights = low_pass(weights, rate, float(np.clip(cutoff, 1e-3 * rate, 0.49 * rate)))
    if dt is not None:
        weights = CubicSpline(time, weights)(np.arange(0, time[-1], dt))
    within = len(weights) // 4
    return float(np.sqrt(np.square(weights[within:-within]).sum(axis=1).mean()))
