"""Surrogates of a population that keep its means and its covariances across time, units and reaches, and nothing else.

Elsayed & Cunningham 2017 (Nature Neuroscience 20:1310-1318): of all distributions with these marginal covariances the
one of largest entropy is Gaussian. Its covariance has the products of the eigenvectors of the three as eigenvectors,
and 1 / (l_t + l_n + l_c) as eigenvalues; l are such that sums over the other two modes are the marginal eigenvalues.
A structure that surrogates show as often as the data is to be expected from smooth, low-dimensional activity.

Covariances of one tensor are more uneven than those of the distribution that it was drawn from, and those of tensors
that are drawn with them would be more uneven still, which looks like rotation. So the eigenvalues that surrogates are
drawn with are such that those of the surrogates are in the mean those of the tensor (`fit_surrogates`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

import numpy as np

_NONE = 1e-7  # share of the variance below which an eigenvalue of a covariance is 0
_STEPS, _ENOUGH = 200, 1e-10  # of Newton's method; its decrement, relative to the number of entries
_ROUNDS, _DRAWN = 3, 20  # in which eigenvalues are corrected, by so many surrogates; more rounds do not converge
_CHUNK = 2_000_000  # numbers that are drawn at a time


@dataclass(frozen=True)
class MaximumEntropy:
    """The distribution of tensors (time, units, reaches), fitted to one.

    Attributes:
        mean: (T, n, C) sum of the means along each mode.
        directions: of each mode, eigenvectors (length, rank) of its marginal covariance.
        deviation: (ranks) standard deviation along their products.
    """

    mean: np.ndarray
    directions: tuple[np.ndarray, np.ndarray, np.ndarray]
    deviation: np.ndarray

    def draw(self, n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Draw n tensors, some (m, T, n, C) at a time."""
        at_once = max(1, _CHUNK // self.mean.size)
        for start in range(0, n, at_once):
            m = min(at_once, n - start)
            noise = self.deviation * rng.normal(size=(m, *self.deviation.shape))
            for mode, directions in enumerate(self.directions, start=1):
                noise = np.moveaxis(np.tensordot(noise, directions, axes=(mode, 1)), -1, mode)
            yield self.mean + noise


def fit_surrogates(
    tensor: np.ndarray, seen: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator
) -> MaximumEntropy:
    """Fit the distribution of which tensors, as they are ``seen`` (m, T, n, C), have the eigenvalues of one (T, n, C).

    The tensor itself is as it is seen. Eigenvalues are of the covariances across time, units and reaches.
    """
    fitted = fit_maximum_entropy(tensor)
    wanted = _eigenvalues(tensor[None], fitted.deviation.shape)
    values = wanted
    for _ in range(_ROUNDS):
        drawn = np.concatenate(list(fitted.draw(_DRAWN, rng)))
        found = _eigenvalues(seen(drawn), fitted.deviation.shape)
        values = [now * want / got for now, want, got in zip(values, wanted, found, strict=True)]
        deviation = np.sqrt(wanted[0].sum() * _variances([of / of.sum() for of in values]))
        fitted = replace(fitted, deviation=deviation)
    return fitted


def _eigenvalues(tensors: np.ndarray, ranks: tuple[int, ...]) -> list[np.ndarray]:
    """Largest eigenvalues of the marginal covariances of tensors (m, T, n, C), ascending, in the mean over tensors."""
    rest = _less_means(tensors)
    flat = [np.moveaxis(rest, mode, 1).reshape(len(rest), rest.shape[mode], -1) for mode in (1, 2, 3)]
    sizes = [np.linalg.eigvalsh(of @ of.swapaxes(1, 2)).mean(axis=0) for of in flat]
    return [of[-rank:] for of, rank in zip(sizes, ranks, strict=True)]


def _less_means(tensors: np.ndarray) -> np.ndarray:
    """Tensors (m, T, n, C) less the means of each mode."""
    for mode in (1, 2, 3):
        others = tuple(k for k in (1, 2, 3) if k != mode)
        tensors = tensors - tensors.mean(axis=others, keepdims=True)
    return tensors


def fit_maximum_entropy(tensor: np.ndarray) -> MaximumEntropy:
    """Fit the distribution to a tensor (T, n, C), the means of which are taken off mode by mode."""
    rest = _less_means(tensor[None].astype(float))[0]
    directions, values = [], []
    for mode in range(3):
        flat = np.moveaxis(rest, mode, 0).reshape(rest.shape[mode], -1)
        size, basis = np.linalg.eigh(flat @ flat.T)
        real = size > _NONE * size.sum()
        directions.append(basis[:, real])
        values.append(size[real])
    scale = values[0].sum()
    deviation = np.sqrt(scale * _variances([size / size.sum() for size in values]))
    return MaximumEntropy(tensor - rest, (directions[0], directions[1], directions[2]), deviation)


def _variances(marginal: list[np.ndarray]) -> np.ndarray:
    """Variances 1 / (l_t + l_n + l_c), the sums of which over two modes are the marginal values of the third.

    They minimise the sum of -log(l_t + l_n + l_c) over all entries, plus the sum of each l times its marginal value,
    which is convex and self-concordant: Newton's method with a damped step finds the minimum.
    """
    sizes = [len(values) for values in marginal]
    wanted = np.concatenate(marginal)
    starts = np.cumsum([0, *sizes])
    # Where each mode alone would have these values: variances of a mode are its values over the number of entries.
    free = np.concatenate([np.prod(sizes) / (3 * n * values) for n, values in zip(sizes, marginal, strict=True)])
    for _ in range(_STEPS):
        variance = 1 / reduce(np.add.outer, [free[a:b] for a, b in pairwise(starts)])
        gradient = wanted - _sums(variance)
        scaled = _hessian(variance**2, starts) / np.outer(wanted, wanted)  # so that small ones count as large ones do
        step = np.linalg.lstsq(scaled, -gradient / wanted, rcond=1e-13)[0] / wanted
        decrement = np.sqrt(max(-(gradient @ step), 0))
        free = free + step / (1 + decrement if decrement > 0.25 else 1)
        if decrement < _ENOUGH * np.sqrt(variance.size):
            break
    return 1 / reduce(np.add.outer, [free[a:b] for a, b in pairwise(starts)])


def _sums(entries: np.ndarray) -> np.ndarray:
    """Sums of (T, n, C) over the other modes for each of the three, one after another."""
    return np.concatenate([entries.sum(axis=(1, 2)), entries.sum(axis=(0, 2)), entries.sum(axis=(0, 1))])


def _hessian(squares: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Second derivatives: sums of squared variances over what two free numbers have in common."""
    matrix = np.diag(_sums(squares))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        common = squares.sum(axis=3 - one - other)
        rows, columns = slice(starts[one], starts[one + 1]), slice(starts[other], starts[other + 1])
        matrix[rows, columns], matrix[columns, rows] = common, common.T
    return matrix
