"""What is done before sides are compared: reaches are dealt out to folds, and both sides are prepared alike.

A measure is fitted on the reaches of some folds and scored on those of the one that is left. Preparation is soft
normalisation, then principal components, fitted without the reaches that are scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mousearm.analysis import principal_components
from mousearm.errors import NeuralError

SOFT = 0.1
_NOTHING = 1e-10  # share of the variance below which a component is rounding
FEWEST_REACHES = 3  # so that a lag and a penalty can be chosen without the reaches that are scored
_REACHES_PER_FOLD = 3  # so that reaches can be exchanged within a fold in more than two ways


def assign_folds(reaches: Sequence[str], groups: Sequence[str], n: int = 5, seed: int = 0) -> np.ndarray:
    """Number of the fold of each trial, (trials,), from 0.

    Trials of one reach stay together. The reaches of each group, shuffled by the seed, are dealt out in turn, so that
    every fold has reaches of every group as far as they go. There are ``n`` folds, or as many as leave three reaches
    in each, and never fewer than three.

    Raises:
        NeuralError: there are fewer than three reaches, or fewer than three folds are asked for.
    """
    group_of = dict(zip(reaches, groups, strict=True))
    if len(group_of) < FEWEST_REACHES:
        raise NeuralError(
            f"There are trials of {len(group_of)} different reaches only. What is fitted on some reaches is scored on "
            f"others, which needs {FEWEST_REACHES} or more: take more reaches."
        )
    if n < FEWEST_REACHES:
        raise NeuralError(f"{n} folds are too few: use {FEWEST_REACHES} or more.")
    n = max(FEWEST_REACHES, min(n, len(group_of) // _REACHES_PER_FOLD))
    rng = np.random.default_rng(seed)
    shuffled = [list(group_of)[i] for i in rng.permutation(len(group_of))]
    in_turn = sorted(shuffled, key=lambda name: group_of[name])  # which keeps the order within a group
    fold_of = {name: i % n for i, name in enumerate(in_turn)}
    return np.array([fold_of[name] for name in reaches])


@dataclass(frozen=True)
class Preparation:
    """How one side is prepared, fitted on some trials.

    Attributes:
        offset: (n,) mean of each unit.
        scale: (n,) its range plus `SOFT` times the largest range of a unit.
        directions: (c, n) the first components of the normalised units, of length 1.
        kept: share of their variance that the components keep.
    """

    offset: np.ndarray
    scale: np.ndarray
    directions: np.ndarray
    kept: float

    def normalised(self, values: np.ndarray) -> np.ndarray:
        """Units (T, n), less their mean, over their softened range."""
        return (values - self.offset) / self.scale

    def components(self, values: np.ndarray) -> np.ndarray:
        """Units (T, n) along the components, (T, c)."""
        return self.normalised(values) @ self.directions.T


def fit_preparation(name: str, trials: Sequence[np.ndarray], n: int) -> Preparation:
    """Fit the preparation of trials, (T, units) each, with n components or as many as there are.

    Soft normalisation divides a unit by its range plus a constant, so that strong units count less and weak ones are
    not blown up to the size of strong ones (Churchland et al. 2012, Nature 487:51-56, add 5 spikes/s). Here the
    constant is a tenth of the largest range, so that it is the same for spikes/s and for units of a network.

    Raises:
        NeuralError: nothing varies; ``name`` says of what.
    """
    frames = np.concatenate(trials)
    ranges = np.ptp(frames, axis=0)
    if not ranges.max() > 0:
        raise NeuralError(
            f"No unit of {name} changes over the reaches that a measure is fitted on. Leave it out, or take other "
            "units or reaches."
        )
    offset, scale = frames.mean(axis=0), ranges + SOFT * ranges.max()
    found = principal_components([(frames - offset) / scale], n)
    real = found.share[:n] > _NOTHING
    return Preparation(offset, scale, found.directions[real], float(found.share[:n][real].sum()))
