"""How movements fit EMG: what is left of it after one gain and one offset of each channel, and the nearest movements.

What is left is the likelihood of Gaussian noise whose size is not known, and is another one in each channel of each
reach. A search for optimal control may end in another valley than the animal, on some reaches: were all noise of one
size, those would weigh most.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mousearm.config import OptimalConfig
from mousearm.emg.envelope import EmgTarget
from mousearm.emg_comparison.traces import pearson
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.planning.muscles import Solver

_LEAST = 1e-9  # share of the EMG that is left: less is rounding
_ROUNDS = 8  # of gains for given sizes of noise, and sizes of noise for given gains
_LEADS, _LED = 1000.0, 3  # mm^2, of a search that EMG leads; at each so many weights there is one

Swept = dict[float, list[OptimalTrajectory]]  # movements, one of each reach, by weight of effort


class Fit(NamedTuple):
    """How movements fit EMG, by reach and channel."""

    # (R, C, 6) over the frames in which both are known: their number, and sums of s, e, s^2, s e and e^2, where s is
    # what a channel would show of the muscles, and e its EMG.
    sums: np.ndarray
    r: np.ndarray  # (R, C) Pearson's, which has a gain and an offset of each reach

    @classmethod
    def of(cls, shown: np.ndarray, recorded: np.ndarray) -> "Fit":
        """Fit of what channels would show, (R, T, C), and their EMG; NaN where it is not known."""
        known = np.isfinite(shown) & np.isfinite(recorded)
        s, e = np.where(known, shown, 0), np.where(known, recorded, 0)
        sums = [np.sum(of, axis=1) for of in (known, s, e, s * s, s * e, e * e)]
        return cls(np.stack(sums, axis=-1), pearson(shown, recorded))

    @property
    def left(self) -> np.ndarray:
        """(R,) mean over channels of the logarithm of what is left with gains of each reach."""
        *_, left, whole = regression(self.sums)
        return mean_log(left[:, None], whole[:, None], self.sums[:, None, :, 0])


def regression(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gain, at least 0, and offset of least squares by sums (..., 6) of a `Fit`; what is left of e^2, and its whole."""
    n, s, e, ss, se, ee = np.moveaxis(sums, -1, 0)
    n = np.where(n > 0, n, np.nan)
    of_shown, of_both, of_emg = ss - s * s / n, se - s * e / n, ee - e * e / n
    moves = of_shown > 1e-12 * ss
    gain = np.where(moves, np.maximum(of_both, 0) / np.where(moves, of_shown, 1), 0)
    return gain, (e - gain * s) / n, of_emg - gain * (2 * of_both - gain * of_shown), of_emg


def remaining(sums: np.ndarray, gain: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """What gains and offsets leave of e^2, by sums (..., 6) of a `Fit`."""
    n, s, e, ss, se, ee = np.moveaxis(sums, -1, 0)
    return ee - 2 * gain * se - 2 * offset * e + gain**2 * ss + 2 * gain * offset * s + n * offset**2


def common_gains(sums: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gain and offset of each channel, (D, C), that are most likely for noise of a size of its own in each reach.

    Of sums (R, C, 6) of a `Fit`, and how many times each reach counts, (D, R).
    """
    n, whole = sums[..., 0], regression(sums)[3]
    weight = counts[:, :, None] * np.ones(n.shape)
    gain = offset = np.zeros(0)
    for _ in range(_ROUNDS):
        gain, offset, *_ = regression(np.einsum("drc,rcm->dcm", weight, sums))
        size = np.maximum(remaining(sums, gain[:, None], offset[:, None]), _LEAST * whole)
        weight = counts[:, :, None] * np.divide(n, size, out=np.zeros(size.shape), where=size > 0)
    return gain, offset


def mean_log(left: np.ndarray, whole: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """(D,) mean of the logarithm of the share that is left, (D, R, C) of (R, C), over frames (D, R, C)."""
    known = (whole > 0) & (frames > 0)
    share = np.where(known, left, 1) / np.where(whole > 0, whole, 1)
    total, n = (frames * known * np.log(np.maximum(share, _LEAST))).sum(axis=1), (frames * known).sum(axis=1)
    return np.nanmean(np.where(n > 0, total / np.maximum(n, 1), np.nan), axis=1)


def log_share_left(sums: np.ndarray, fitted: np.ndarray, tested: np.ndarray, each_scaled: bool) -> np.ndarray:
    """(D,) mean of the logarithm of the share that is left, by sums (R, C, 6) of a `Fit`.

    Of reaches that count so many times, ``tested`` (D, R), with gains that fit those of ``fitted``, (D, R), or of their
    own where each recording was scaled by itself.
    """
    *_, left, whole = regression(sums)
    if not each_scaled:
        gain, offset = common_gains(sums, fitted)
        left = remaining(sums, gain[:, None], offset[:, None])
    return mean_log(np.broadcast_to(left, (len(tested), *whole.shape)), whole, tested[:, :, None] * sums[..., 0])


def vertex(weights: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """(D,) where losses (D, W) of weights (W,), which rise, would be least between them.

    By the parabola through the least one and its neighbours, over the logarithm; at either end that end.
    """
    rows, at = np.arange(len(losses)), losses.argmin(axis=1)
    if len(weights) < 3:
        return weights[at]
    inner = np.clip(at, 1, len(weights) - 2)
    x, y = np.log(weights)[inner[:, None] + [-1, 0, 1]].T, losses[rows[:, None], inner[:, None] + [-1, 0, 1]].T
    before, after = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
    bend = (after - before) / (x[2] - x[0])
    best = (x[0] + x[1]) / 2 - before / (2 * np.where(bend > 0, bend, np.inf))
    return np.where((at == inner) & (bend > 0), np.exp(best), weights[at])


def fit_of(solver: Solver, found: Sequence[OptimalTrajectory], emg: EmgTarget) -> Fit:
    """The fit of movements, one of each reach, as MuJoCo performs them."""
    return Fit.of(solver.replayed("", found).shown(emg), emg.values)


def nearest(solver: Solver, swept: Swept, cost: OptimalConfig, emg: EmgTarget) -> Swept:
    """Of each weight and reach the movement in that valley, of those found, which leaves least of the reach's EMG.

    At some weights, searches follow the EMG closely, and then go on without it; and each weight's go on from its
    neighbours'. All are optimal by their cost, as far as derivatives tell. Gains are of each reach, so that nothing
    that is found on a reach depends on the EMG of another: it can be left out.
    """
    near = {weight: [*found] for weight, found in swept.items()}
    fits = {weight: fit_of(solver, found, emg) for weight, found in swept.items()}

    def keep(weight: float, found: Sequence[OptimalTrajectory]) -> None:
        fit = fit_of(solver, found, emg)
        is_better = fit.left < fits[weight].left
        near[weight] = [new if is_new else old for new, old, is_new in zip(found, near[weight], is_better, strict=True)]
        fits[weight] = Fit(
            *(
                np.where(is_better[:, None, None] if a.ndim == 3 else is_better[:, None], a, b)
                for a, b in zip(fit, fits[weight], strict=True)
            )
        )

    weights = sorted(swept)
    for weight in weights[1::_LED]:
        priced = replace(cost, w_effort=weight)
        gain, offset, *_ = regression(fits[weight].sums)
        gain = np.where(gain > 0, gain, np.nan)  # what muscles contradict leads nowhere
        target = emg._replace(values=(emg.values - offset[:, None]) / gain[:, None])
        led = solver.onwards(near[weight], replace(priced, w_emg=_LEADS), target)
        keep(weight, solver.onwards(led, priced))
    for order in (weights, weights[::-1]):
        for before, weight in pairwise(order):
            keep(weight, solver.onwards(near[before], replace(cost, w_effort=weight)))
    return near
