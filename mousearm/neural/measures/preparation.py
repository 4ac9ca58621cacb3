"""What is done to both sides alike before they are compared: soft normalisation, then principal components."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mousearm.analysis import principal_components
from mousearm.errors import NeuralError

SOFT = 0.1
_NOTHING = 1e-10  # share of the variance below which a component is rounding


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
