"""Measures of recorded signals: agreement with a reference, averages, principal components, muscle synergies.

Nothing here draws or knows a recording: arrays come in, arrays go out.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

ENOUGH = 0.9
"""Variance accounted for at which the synergies are usually said to be enough."""
# A signal whose standard deviation is smaller is constant, but for rounding: a correlation with it means nothing.
_CONSTANT = 1e-9
# The factorisation has many local minima: the best of one start from the singular vectors and some at random counts.
_RANDOM_STARTS, _TOLERANCE, _ITERATIONS = 4, 1e-4, 1000


class Agreement(NamedTuple):
    """Agreement of k signals with their references: Pearson's ``r``, NaN where one is constant, ``rms`` difference."""

    r: np.ndarray
    rms: np.ndarray


def agreement(actual: np.ndarray, reference: np.ndarray) -> Agreement:
    """Pearson's r and rms difference of k signals from their references over time, both (T, k).

    r = sum (a - mean a)(b - mean b) / sqrt(sum (a - mean a)^2 sum (b - mean b)^2) shows whether the shapes are the
    same whatever their size and offset; rms = sqrt(mean (a - b)^2) shows how far apart the two are. Frame 0 is left
    out, as in the evaluation: it is where the arm was put. It counts only if there is no other.
    """
    first = min(1, len(actual) - 1)
    a, b = actual[first:], reference[first:]
    rms = np.sqrt(np.square(a - b).mean(axis=0))
    spread = a.std(axis=0), b.std(axis=0)
    together = ((a - a.mean(axis=0)) * (b - b.mean(axis=0))).mean(axis=0)
    moves = np.minimum(*spread) > _CONSTANT
    r = np.full(len(rms), np.nan)
    r[moves] = together[moves] / (spread[0] * spread[1])[moves]
    return Agreement(r, rms)


class Average(NamedTuple):
    """Mean and standard deviation (n - 1, 0 of a single one) of n trials at each share of the movement, (P, k)."""

    mean: np.ndarray
    sd: np.ndarray


def over_movement(values: np.ndarray, n_points: int = 101) -> np.ndarray:
    """Values (T, k), evenly spaced in time, at P even shares of the movement, (P, k), 0 to 100 %; linear in between."""
    at = np.linspace(0, 1, n_points)
    frames = np.linspace(0, 1, len(values)) if len(values) > 1 else np.zeros(1)
    return np.stack([np.interp(at, frames, column) for column in values.T], axis=1)


def average(trials: Sequence[np.ndarray], n_points: int = 101) -> Average:
    """Mean and standard deviation over trials, (T, k) with any T each, at even shares of the movement."""
    stacked = np.stack([over_movement(values, n_points) for values in trials])
    sd = stacked.std(axis=0, ddof=1) if len(stacked) > 1 else np.zeros_like(stacked[0])
    return Average(stacked.mean(axis=0), sd)


def decompose(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thin singular value decomposition of a matrix or of each in a stack, (..., m, n): left, sizes, right.

    That of NumPy rarely does not converge: then each is decomposed by iterations of QR.
    """
    try:
        return np.linalg.svd(matrices, full_matrices=False)
    except np.linalg.LinAlgError:
        import scipy.linalg  # slow to import

        stack = matrices.reshape(-1, *matrices.shape[-2:])
        each = [scipy.linalg.svd(one, full_matrices=False, lapack_driver="gesvd") for one in stack]
        left, sizes, right = map(np.stack, zip(*each, strict=True))
        before = matrices.shape[:-2]
        return tuple(part.reshape(*before, *part.shape[1:]) for part in (left, sizes, right))  # type: ignore[return-value]


class PrincipalComponents(NamedTuple):
    """The directions in which a population varies most."""

    scores: list[np.ndarray]  # the trials along the first components, (T, n) each
    share: np.ndarray  # (c,) of the whole variance that each of all c components explains, largest first
    directions: np.ndarray  # (n, units) the first components, of length 1


def principal_components(trials: Sequence[np.ndarray], n: int = 3) -> PrincipalComponents:
    """Principal component analysis of all frames of all trials together.

    Trials are (T, units) with any T each, of at least 2 frames in all. Each unit's mean over all frames is taken off;
    units are not divided by their standard deviation, because all are activities of the same range. The sign of a
    component is arbitrary: its largest entry is made positive. Of n fewer are kept where there are not as many.
    """
    frames = np.concatenate(trials).astype(float)
    frames -= frames.mean(axis=0)
    _, sizes, rows = decompose(frames)
    largest = np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)
    directions = (rows * np.where(largest < 0, -1, 1))[:n]
    ends = np.cumsum([len(values) for values in trials])[:-1]
    variance = np.square(sizes)
    share = variance / variance.sum() if variance.any() else variance
    return PrincipalComponents(np.split(frames @ directions.T, ends), share, directions)


@dataclass(frozen=True, slots=True)
class Synergies:
    """Synergies, the one that makes up most first; the activations of a trial are about ``course @ weights``."""

    weights: np.ndarray  # (n, muscles), 0 or more, the largest of each synergy 1
    courses: list[np.ndarray]  # of each trial, (T, n): how far each synergy is activated, in units of activation
    vaf: float  # variance accounted for, 1 - SSE / SST, with SST = sum of squared activations, about zero
    r_squared: float  # 1 - SSE / SST, with SST about each muscle's mean; never above vaf

    @property
    def n(self) -> int:
        """Number of synergies."""
        return len(self.weights)


def extract(trials: Sequence[np.ndarray], most: int = 8) -> list[Synergies]:
    """Non-negative matrix factorisation of all frames of all trials together, with 1, 2, ... synergies.

    SSE = sum (activation - course @ weights)^2 is minimised over courses and weights of 0 or more (Lee & Seung 1999,
    Nature 401:788-791; of muscles: Tresch, Cheung & d'Avella 2006, J Neurophysiol 95:2199-2212). Activations are taken
    as they are, not divided by each muscle's largest: in a model all of them have one unit. SST about zero is that of
    Torres-Oviedo, Macpherson & Ting 2006, J Neurophysiol 96:1530-1546; it counts a constant activation too; SST about
    the mean does not.

    Trials are (T, muscles) with any T each, 0 or more; there are at most ``most`` synergies, and no more than muscles
    or frames. ValueError if there is nothing to explain: no muscle is ever active.
    """
    activation = np.concatenate(trials).astype(float)
    if not activation.any():
        raise ValueError("no muscle is ever active")
    ends = np.cumsum([len(values) for values in trials])[:-1]
    return [_synergies(activation, ends, n) for n in range(1, min(most, *activation.shape) + 1)]


def fewest(spectrum: Sequence[Synergies], enough: float = ENOUGH) -> Synergies:
    """Fewest synergies that account for enough of the variance; all that were tried if none do."""
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
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    fits = []
    for seed in range(1 + _RANDOM_STARTS):
        start = "random" if seed else "nndsvda"
        model = NMF(n, init=start, tol=_TOLERANCE, max_iter=_ITERATIONS, random_state=seed)  # type: ignore[arg-type]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that has not quite converged is still measured
            course = model.fit_transform(activation)
        fits.append((float(model.reconstruction_err_), course, model.components_))
    _, *best = min(fits, key=lambda fit: fit[0])
    return best[0], best[1]
