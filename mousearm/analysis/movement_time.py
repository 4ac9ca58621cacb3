"""Averages over performances of different lengths: time as a share of the movement."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

N_POINTS = 101
"""From 0 to 100 % of the movement."""


class Average(NamedTuple):
    """Over n performances.

    Attributes:
        mean: (P, k) at each share of the movement.
        sd: (P, k) standard deviation between performances (n - 1 in the denominator); 0 of a single one.
        n: how many.
    """

    mean: np.ndarray
    sd: np.ndarray
    n: int


def over_movement(values: np.ndarray, n_points: int = N_POINTS) -> np.ndarray:
    """Values at even shares of the movement, the first frame at 0 %, the last at 100 %; linear in between.

    Args:
        values: (T, k), T of at least 1, evenly spaced in time.
        n_points: P, how many shares.

    Returns:
        (P, k).
    """
    at = np.linspace(0, 1, n_points)
    frames = np.linspace(0, 1, len(values)) if len(values) > 1 else np.zeros(1)
    return np.stack([np.interp(at, frames, column) for column in values.T], axis=1)


def average(performances: Sequence[np.ndarray], n_points: int = N_POINTS) -> Average:
    """Mean and standard deviation over performances at even shares of the movement.

    Args:
        performances: (T, k) each, with a T of its own.
        n_points: P, how many shares.
    """
    stacked = np.stack([over_movement(values, n_points) for values in performances])
    n = len(stacked)
    sd = stacked.std(axis=0, ddof=1) if n > 1 else np.zeros_like(stacked[0])
    return Average(stacked.mean(axis=0), sd, n)
