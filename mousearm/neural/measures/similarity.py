"""What a measure says of a predictor and neurons, with its null."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Similarity:
    """A similarity on held-out reaches.

    Attributes:
        measure: its name in `mousearm.registry.SIMILARITIES`.
        x, y: names of the predictor and of the neurons.
        value: mean over the folds; 1 for a copy, about 0 for nothing in common (each measure says what else).
        folds: (K,) on the reaches of each fold.
        lag_s: (K,) that was chosen on the other reaches, s; positive: the neurons are later than the predictor.
        null: name of the null, and ``nulls`` (N,) its values.
        p: share of the null, the actual value included, that is at least as large as the value.
        least_p: the smallest p that this null can show.
        lags_s, by_lag, nulls_by_lag: (L,) s, (L,) values on held-out reaches at each of them, and (B, L) of the null.
        units: (n,) value of each neuron, where the measure has one.
        about: what else is to be said: numbers of components, the variance that they keep.
    """

    measure: str
    x: str
    y: str
    value: float
    folds: np.ndarray
    lag_s: np.ndarray
    null: str
    nulls: np.ndarray = field(repr=False)
    p: float
    least_p: float
    lags_s: np.ndarray = field(repr=False)
    by_lag: np.ndarray = field(repr=False)
    nulls_by_lag: np.ndarray = field(repr=False)
    units: np.ndarray | None = field(default=None, repr=False)
    about: Mapping[str, float] = field(default_factory=dict, repr=False)
