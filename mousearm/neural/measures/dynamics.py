"""Dynamics of each side by itself: how rotational they are, and how similar to those of the other.

Both are of what reaches differ in: two sides that share a course of all reaches have its dynamics in common. Rotation
takes off the courses that reaches have in common, as jPCA does; dynamical similarity is of differences of pairs of
reaches. Exchanging reaches changes nothing of the dynamics of a side, so these have nulls of their own: surrogates that
keep the means and covariances of a side (`surrogates`), and differences that are reversed in time. Reaches of unequal
length are stretched to the median length.
"""

from collections.abc import Iterator

import numpy as np

from mousearm.analysis import decompose
from mousearm.neural.activity import Activity
from mousearm.neural.measures.design import Design, Values
from mousearm.neural.measures.pairings import course_basis, to_length
from mousearm.neural.measures.preparation import fit_preparation
from mousearm.neural.measures.surrogates import fit_surrogates
from mousearm.registry import SIMILARITIES

_AT_ONCE = 50  # reversals
_NONE = 1e-8  # share of the largest singular value below which there is no course of its own
PLANES = 3
"""Of rotation: twice as many dimensions are looked at."""
DELAYS, RANK = 5, 10
"""Of dynamical similarity: frames side by side that make up a state, and its dimensions."""
SURROGATES, REVERSED = "surrogates", "reversed"


def rotational(design: Design) -> Values:
    """Rotation of the predictor: R^2 on held-out reaches of dz/dt = M z with a skew-symmetric M.

    As jPCA (Churchland et al. 2012, Nature 487:51-56): z are the first six components, less the courses that
    reaches have in common, and M is fitted to training reaches. This is no similarity, but a property of the predictor;
    `Values.about` has that of the neurons with its own p. The null are surrogates of each.
    """
    x, y = (_rotation(_skew_sums(_tensors(design, side), design.fold_of)) for side in (design.x, design.y))
    about = {"neurons": float(y[0, 0].mean()), "p of neurons": _p(y[0].mean(axis=1))}
    about |= {"share of all linear dynamics": float(x[0, 0].mean() / x[1, 0].mean())}
    about |= {"share of all linear dynamics of neurons": float(y[0, 0].mean() / y[1, 0].mean())}
    return Values(x[0].mean(axis=1), x[0, 0], _nowhere(design), about=about, null=SURROGATES)


SIMILARITIES.add(rotational, "rotation")


@SIMILARITIES.add
def dsa(design: Design) -> Values:
    """Dynamical similarity analysis: 1 - the distance of the eigenvalues of linear dynamics fitted to each side.

    Ostrow et al. 2023, NeurIPS: states of several delayed frames, reduced to their main directions; each state is
    predicted linearly from the one before. The distance is the root of the mean squared distance of the eigenvalues
    that are paired best (Wasserstein's, as in dsa-metric 2). Nothing is fitted to both sides together, so nothing is
    held out. `Values.folds` leave out some of the pairs. In the null each difference of the predictor is reversed in
    time or not, at random: dynamics without an arrow of time would be as similar. Surrogates are no null here, for two
    sides that are equally smooth are more similar than surrogates are that are fitted to one of them.
    """
    x, y = (pair_differences(design, side) for side in (design.x, design.y))
    values = np.concatenate([eigenvalues(chunk) for chunk in _reversed(design, x)])
    of_y = eigenvalues(y[None])[0]
    n, pairs = len(design.folds), np.arange(x.shape[-1])
    kept = [pairs[pairs % n != k] if len(pairs) > 1 else pairs for k in range(n)]
    parts = [[eigenvalues(side[None][..., own])[0] for side in (x, y)] for own in kept]
    each = np.array([1 - eigenvalue_distance(*pair) for pair in parts])
    return Values(
        np.array([1 - eigenvalue_distance(own, of_y) for own in values]), each, _nowhere(design), null=REVERSED
    )


def _nowhere(design: Design) -> np.ndarray:
    """Values at lags, which the dynamics of a side do not have."""
    return np.full(len(design.lags), np.nan)


def _p(values: np.ndarray) -> float:
    return float(np.mean(values >= values[0]))


def stretched_components(design: Design, side: Activity) -> np.ndarray:
    """Components of a side as (T, n, C)."""
    how = fit_preparation(side.name, side.values, design.settings.components)
    length = round(np.median(side.n_frames))
    return np.stack([to_length(how.components(values), length) for values in side.values], axis=-1)


def pair_differences(design: Design, side: Activity) -> np.ndarray:
    """Differences of disjoint pairs of reaches, (T, n, P).

    A pair is of one session and of neighbours in length, so that what reaches have in common cancels, be it from the
    start on or stretched with the reach. Of reaches with several trials those of one number are paired.
    """
    seen: dict[str, int] = {}
    number = [seen.update({name: seen.get(name, -1) + 1}) or seen[name] for name in side.reaches]
    order = sorted(range(len(number)), key=lambda i: (side.groups[i], number[i], side.n_frames[i]))
    of = [(side.groups[i], number[i]) for i in order]
    pairs, k = [], 0
    while k < len(order) - 1:
        if of[k] == of[k + 1]:
            pairs.append(order[k : k + 2])
        k += 2 if of[k] == of[k + 1] else 1
    one, other = np.array(pairs or [order[:2]]).T
    tensor = stretched_components(design, side)
    return tensor[..., one] - tensor[..., other]


def _course_axes(side: Activity, length: int) -> np.ndarray:
    """Orthonormal columns (C T, k) that span the courses which reaches of a group may have in common."""
    rows = np.concatenate(course_basis(side.n_frames, side.groups, length))
    left, size, _ = decompose(rows)
    return left[:, size > _NONE * size[0]]


def _particular(tensors: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """What tensors (m, T, n, C) have beside common courses."""
    m, length, n, c = tensors.shape
    flat = tensors.transpose(0, 2, 3, 1).reshape(m * n, c * length)
    flat = flat - (flat @ axes) @ axes.T
    return flat.reshape(m, n, c, length).transpose(0, 3, 1, 2)


def _tensors(design: Design, side: Activity) -> Iterator[np.ndarray]:
    """The tensor of a side and its surrogates, as many as there are pairings, some (m, T, n, C) at a time."""
    tensor = stretched_components(design, side)
    axes = _course_axes(side, len(tensor))
    tensor = _particular(tensor[None], axes)[0]
    yield tensor[None]
    if len(design) > 1:
        rng = np.random.default_rng(design.settings.seed)
        fitted = fit_surrogates(tensor, lambda drawn: _particular(drawn, axes), rng)
        for drawn in fitted.draw(len(design) - 1, rng):
            yield _particular(drawn, axes)


def _reversed(design: Design, differences: np.ndarray) -> Iterator[np.ndarray]:
    """Differences (T, n, P), and the same with some that are reversed in time, some (m, T, n, P) at a time."""
    yield differences[None]
    flips = np.random.default_rng(design.settings.seed).integers(2, size=(len(design) - 1, differences.shape[-1]))
    for start in range(0, len(flips), _AT_ONCE):
        some = flips[start : start + _AT_ONCE]
        yield np.where(some[:, None, None].astype(bool), differences[::-1], differences)


def _skew_sums(tensors: Iterator[np.ndarray], folds: np.ndarray) -> np.ndarray:
    """Of each tensor and fold the sums of zz', z dz' and dz dz', (3, m, K, n, n), of z between frames and its step."""
    found = []
    for chunk in tensors:
        z, dz = (chunk[:, 1:] + chunk[:, :-1]) / 2, np.diff(chunk, axis=1)
        parts = []
        for fold in range(folds.max() + 1):
            a, b = (side[..., folds == fold].swapaxes(1, 2) for side in (z, dz))  # (m, n, T, C)
            a, b = (side.reshape(*side.shape[:2], -1) for side in (a, b))
            parts.append([a @ a.swapaxes(1, 2), a @ b.swapaxes(1, 2), b @ b.swapaxes(1, 2)])
        found.append(np.array(parts).transpose(1, 2, 0, 3, 4))
    return np.concatenate(found, axis=1)


def _rotation(sums: np.ndarray) -> np.ndarray:
    """R^2 on each fold of skew-symmetric dynamics and of any linear ones, (2, m, K), fitted to the other folds."""
    result = []
    for fold in range(sums.shape[2]):
        train = np.delete(sums, fold, axis=2).sum(axis=2)
        size, basis = np.linalg.eigh(train[0])
        k = min(2 * PLANES, size.shape[1])
        size, basis = size[:, -k:], basis[:, :, -k:]
        zz, zd, dd = basis.swapaxes(-1, -2) @ sums[:, :, fold] @ basis
        step = basis.swapaxes(1, 2) @ train[1] @ basis
        # M that predicts dz = M z: skew-symmetric of least squares solves M D + D M = (z dz')' - z dz', D = zz'.
        skew = (step.swapaxes(1, 2) - step) / (size[:, :, None] + size[:, None, :])
        free = step.swapaxes(1, 2) / size[:, None, :]
        whole = np.trace(dd, axis1=1, axis2=2)
        lost = [((m @ zz - 2 * zd.swapaxes(1, 2)) * m).sum(axis=(1, 2)) for m in (skew, free)]
        result.append(-np.array(lost) / whole)
    return np.stack(result, axis=-1)


def eigenvalues(tensors: np.ndarray) -> np.ndarray:
    """Eigenvalues of the linear dynamics of delayed states of tensors (m, T, n, C), (m, RANK) or fewer."""
    n_states = tensors.shape[1] - DELAYS + 1
    state = np.concatenate([tensors[:, d : d + n_states] for d in range(DELAYS)], axis=2)
    now, then = (state[:, part].swapaxes(1, 2) for part in (slice(0, -1), slice(1, None)))
    now, then = (side.reshape(*side.shape[:2], -1) for side in (now, then))
    last = state[:, -1]
    before = now @ now.swapaxes(1, 2)
    basis = np.linalg.eigh(before + last @ last.swapaxes(1, 2))[1][:, :, -RANK:]
    step = basis.swapaxes(1, 2) @ (now @ then.swapaxes(1, 2)) @ basis
    return np.linalg.eigvals(np.linalg.solve(basis.swapaxes(1, 2) @ before @ basis, step))


def eigenvalue_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Root of the mean squared distance of eigenvalues that are paired best; of the smaller set zeros are added."""
    from scipy.optimize import linear_sum_assignment

    n = max(len(a), len(b))
    a, b = (np.pad(values, (0, n - len(values))) for values in (a, b))
    squares = np.square(np.abs(a[:, None] - b[None]))
    return float(np.sqrt(squares[linear_sum_assignment(squares)].mean()))
