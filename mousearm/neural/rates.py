"""Rates of spikes: counts per frame, smoothed by a kernel of a stated width.

The rate of a unit at frame k, in spikes/s, is sum_j w_j n_(k-j) / step, where n_k are its spikes in the interval of
frame k and the weights w sum to 1. A Gaussian kernel has w_j ~ exp(-(j step)^2 / (2 width^2)) to 4 widths either way,
and the interval of a frame is centred on it. A causal kernel is the half of it with j >= 0, and the interval ends with
the frame: no spike after a frame counts in it, and rates are late by about width sqrt(2 / pi).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mousearm.errors import NeuralError

SHAPES = ("gaussian", "causal")
_WIDTHS = 4  # from the middle of a kernel to its end


@dataclass(frozen=True)
class Kernel:
    """A kernel of rates: its shape, one of `SHAPES`, and its width, the standard deviation of the Gaussian, in ms."""

    shape: str = "gaussian"
    width_ms: float = 25.0

    def __post_init__(self):
        if self.shape not in SHAPES:
            raise NeuralError(f"There is no kernel {self.shape!r}. Give {' or '.join(SHAPES)}.")
        if not (math.isfinite(self.width_ms) and 0 < self.width_ms <= 1000):
            raise NeuralError(f"A kernel cannot be {self.width_ms} ms wide. Give more than 0 and at most 1000 ms.")

    def __str__(self) -> str:
        return f"{'Gaussian' if self.shape == SHAPES[0] else self.shape} kernel of {self.width_ms:g} ms"

    def weights(self, step_s: float) -> np.ndarray:
        """Weights of the frames from the latest that counts to the earliest; they sum to 1."""
        before, after = self.margins(step_s)
        lag = 1e3 * step_s * np.arange(-after, before + 1)
        weights = np.exp(-np.square(lag / self.width_ms) / 2)
        return weights / weights.sum()

    def margins(self, step_s: float) -> tuple[int, int]:
        """Frames before and after one that count in its rate."""
        n = math.ceil(_WIDTHS * self.width_ms / (1e3 * step_s) - 1e-9)
        return n, 0 if self.shape == "causal" else n


def count_spikes(
    spikes: Sequence[np.ndarray], starts: Sequence[float], n_frames: Sequence[int], step_s: float, kernel: Kernel
) -> list[np.ndarray]:
    """Spikes in the interval of every frame of every trial, (before + T_i + after, n), with the margins of the kernel.

    Args:
        spikes: sorted times of each of n units, s.
        starts: time of frame 0 of each trial, s, on the same clock.
        n_frames: T_i of each trial.
        step_s: time between frames, s.
        kernel: whose margins and whose intervals.
    """
    before, after = kernel.margins(step_s)
    shift, side = (-1.0, "right") if kernel.shape == "causal" else (-0.5, "left")
    edges = [
        start + step_s * (np.arange(-before, n + after + 1) + shift) for start, n in zip(starts, n_frames, strict=True)
    ]
    ends = np.cumsum([len(of) for of in edges])[:-1]
    below = np.stack([np.searchsorted(times, np.concatenate(edges), side) for times in spikes], axis=1)
    return [np.diff(part, axis=0) for part in np.split(below, ends)]


def smooth(counts: Sequence[np.ndarray], step_s: float, kernel: Kernel) -> list[np.ndarray]:
    """Rates (T_i, n), spikes/s, of counts with the kernel's margins, (before + T_i + after, n)."""
    return convolved(counts, kernel.weights(step_s) / step_s)


def convolved(parts: Sequence[np.ndarray], weights: np.ndarray) -> list[np.ndarray]:
    """Convolution of each part (T_i + len(weights) - 1, n) with weights along its first axis, (T_i, n)."""
    whole, reach = np.concatenate(parts), len(weights) - 1
    n = len(whole) - reach
    total = np.zeros((n, *whole.shape[1:]))
    for j, weight in enumerate(weights):
        total += weight * whole[reach - j : reach - j + n]
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    return [total[start : start + len(part) - reach] for start, part in zip(starts, parts, strict=True)]
