"""Muscle synergies: few patterns of muscles whose sums make up all activations."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

ENOUGH = 0.9
"""Variance accounted for at which the synergies are usually said to be enough."""
MOST = 8
"""So many synergies are tried."""
# The factorisation has many local minima: the best of one start from the singular vectors and some at random counts.
_RANDOM_STARTS, _TOLERANCE, _ITERATIONS = 4, 1e-4, 1000


@dataclass(frozen=True, slots=True)
class Synergies:
    """n synergies; the activations of a performance are about ``course @ weights``.

    Attributes:
        weights: (n, muscles), 0 or more, the largest of each synergy 1; the synergy that makes up most comes first.
        courses: of each performance, (T, n): how far each synergy is activated, in units of activation.
        vaf: variance accounted for, 1 - SSE / SST, with SST = sum of squared activations, about zero.
        r_squared: 1 - SSE / SST, with SST about each muscle's mean; never above vaf.
    """

    weights: np.ndarray
    courses: list[np.ndarray]
    vaf: float
    r_squared: float

    @property
    def n(self) -> int:
        """How many synergies."""
        return len(self.weights)


def extract(performances: Sequence[np.ndarray], most: int = MOST) -> list[Synergies]:
    """Non-negative matrix factorisation of all frames of all performances together, with 1, 2, ... synergies.

    SSE = sum (activation - course @ weights)^2 is made small with courses and weights of 0 or more (Lee & Seung 1999,
    Nature 401:788-791; of muscles: Tresch, Cheung & d'Avella 2006, J Neurophysiol 95:2199-2212). Activations are taken
    as they are, not divided by each muscle's largest: in a model all of them have one unit. SST about zero is that of
    Torres-Oviedo, Macpherson & Ting 2006, J Neurophysiol 96:1530-1546; it counts a constant activation too, SST about
    the mean does not.

    Args:
        performances: (T, muscles) each, with a T of its own, 0 or more.
        most: the largest number of synergies; fewer where there are not as many muscles or frames.

    Raises:
        ValueError: if there is nothing to explain: no muscle is ever active.
    """
    activation = np.concatenate(performances).astype(float)
    if not activation.any():
        raise ValueError("no muscle is ever active")
    ends = np.cumsum([len(values) for values in performances])[:-1]
    return [_synergies(activation, ends, n) for n in range(1, min(most, *activation.shape) + 1)]


def fewest(spectrum: Sequence[Synergies], enough: float = ENOUGH) -> Synergies:
    """The fewest synergies that account for enough of the variance; the most that there are if none do."""
    return next((synergies for synergies in spectrum if synergies.vaf >= enough), spectrum[-1])


def _synergies(activation: np.ndarray, ends: np.ndarray, n: int) -> Synergies:
    course, weights = _factorise(activation, n)
    size = weights.max(axis=1)
    size[size == 0] = 1.0  # a synergy that is not needed
    course, weights = course * size, weights / size[:, None]
    parts = np.square(course).sum(axis=0) * np.square(weights).sum(axis=1)  # squared norm of what each one makes up
    order = np.argsort(-parts, kind="stable")
    course, weights = course[:, order], weights[order]
    error = np.square(activation - course @ weights).sum()
    about_mean = np.square(activation - activation.mean(axis=0)).sum()
    return Synergies(
        weights=weights,
        courses=np.split(course, ends),
        vaf=float(1 - error / np.square(activation).sum()),
        r_squared=float(1 - error / about_mean) if about_mean > 0 else float("nan"),
    )


def _factorise(activation: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Courses (K, n) and weights (n, muscles) of the best of several starts, the same ones always."""
    best, least = None, np.inf
    for seed in range(1 + _RANDOM_STARTS):
        start = "random" if seed else "nndsvda"
        model = NMF(n, init=start, tol=_TOLERANCE, max_iter=_ITERATIONS, random_state=seed)  # type: ignore[arg-type]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # what has not quite converged is still a fit, measured
            course = model.fit_transform(activation)
        if best is None or model.reconstruction_err_ < least:
            best, least = (course, model.components_), float(model.reconstruction_err_)
    assert best is not None
    return best
