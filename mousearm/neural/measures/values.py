"""Values of a measure for all pairings of a design, the first of which is the actual one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mousearm.neural.measures.design import Design, Fold
from mousearm.neural.measures.moments import Moments, split


@dataclass(frozen=True)
class Values:
    """What a measure gives for a design.

    Attributes:
        all: (N,) value of each pairing.
        folds: (K,) value of the actual pairing on the reaches of each fold.
        by_lag: (B, L) values of the first pairings at each lag.
        units: (n,) value of each neuron in the actual pairing, where there is one.
        about: numbers that belong to it, by name.
        null: what the other values are of, where it is not the pairings of the design.
    """

    all: np.ndarray
    folds: np.ndarray
    by_lag: np.ndarray
    units: np.ndarray | None = None
    about: Mapping[str, float] = field(default_factory=dict)
    null: str | None = None


def over_folds(design: Design, of_fold: Callable[[Moments, Moments, Fold], np.ndarray]) -> Values:
    """The mean over folds of a function of training moments, test moments (both about the means of training), fold."""
    each = np.stack([of_fold(*fold.held, fold) for fold in design.folds])
    by_lag = [
        [of_fold(*split(fold.by_lag.at(k), fold.number), fold) for k, _ in enumerate(design.lags)]
        for fold in design.folds
    ]
    return Values(each.mean(axis=0), each[:, 0], np.mean(by_lag, axis=0).T)
