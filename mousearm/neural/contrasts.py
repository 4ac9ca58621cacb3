"""A layer against a rival, reach by reach: which explains more of the neurons, and what the layer explains beyond it.

Three ridge regressions predict every neuron on the same held-out frames: from the layer, from the rival, and from both.
Each side has the lag that suits it best on the training reaches. Movement is there at several delays at once
(`with_delays`): at a single one, a layer that remembers movement would be credited with what neurons have of earlier or
later movement. With both, the layer may count as much as the rival,
less, or nothing at all: its weight is chosen for every neuron with the penalty, by cross-validation over the training
reaches (banded ridge; Dupre la Tour et al. 2022, NeuroImage 264:119728). So a layer that adds nothing costs nothing.
Unique variance is what both explain less what the rival does (variance partitioning).

`predicted_courses` shows such predictions: reaches in the space of the neurons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mousearm.neural.activity import Activity
from mousearm.neural.measures.design import DELAYS_S, Design, Settings, delayed
from mousearm.neural.measures.moments import PENALTIES, Moments, errors, fitted_weights, held_out, split, total
from mousearm.neural.measures.preparation import fit_preparation

COMPONENTS = 40  # of a predictor at most
DIMENSIONS = 3  # of the space that is shown
_MOST_REACHES, _MOST_PREDICTORS = 5, 2  # that are shown
_WEIGHTS = np.array([0.0, 0.1, 1.0, 10.0])  # of the layer beside the rival


@dataclass(frozen=True)
class ReachScores:
    """What is explained of held-out reaches; the mean over reaches is the mean over neurons of R^2."""

    reaches: tuple[str, ...]
    layer: np.ndarray  # (R,)
    rival: np.ndarray  # (R,)
    both: np.ndarray  # (R,)
    layer_units: np.ndarray  # (n,) R^2 of each neuron; NaN of one that never changes
    rival_units: np.ndarray  # (n,)
    both_units: np.ndarray  # (n,)

    @property
    def unique(self) -> np.ndarray:
        """What the layer explains of each reach beyond the rival, (R,)."""
        return self.both - self.rival

    @property
    def unique_units(self) -> np.ndarray:
        """The same of each neuron, (n,)."""
        return self.both_units - self.rival_units


def with_delays(movement: Activity) -> Activity:
    """The same features earlier and later by `DELAYS_S`, side by side; at the ends of a trial the last frame of it."""
    units = tuple(f"{unit}, {1e3 * by:+g} ms" for by in DELAYS_S for unit in movement.units)
    values = tuple(delayed(rows, movement.step_s) for rows in movement.values)
    return replace(movement, units=units, values=values)


def contrast(layer: Design, rival: Design) -> ReachScores:
    """Score a layer, a rival and both on every reach, of designs with the same neurons, folds and settings.

    The lags are those of the designs; of components there are more, so that a rival does not lose what a layer keeps.
    """
    shape = len(layer.x.reaches), layer.y.n_units
    sse, sst = np.zeros((3, *shape)), np.zeros(shape)
    for own, other in zip(layer.folds, rival.folds, strict=True):
        lags = layer.lags[own.lag[0]], rival.lags[other.lag[0]]
        wide = [_components(design, own.number) for design in (layer, rival)]
        sides = zip(*wide, layer.y.values, strict=True)
        trials = [_sums(*_windowed(x, z, own.of_y.normalised(y), *lags)) for x, z, y in sides]
        is_layer = np.arange(trials[0].x.shape[1]) < wide[0][0].shape[1]
        test = np.flatnonzero(layer.fold_of == own.number)
        models = np.where(is_layer, 1.0, 0.0)[None], np.where(is_layer, 0.0, 1.0)[None]
        for k, scales in enumerate((*models, np.where(is_layer, _WEIGHTS[:, None], 1.0))):
            errors_of, power = _held_out(trials, layer.fold_of, own.number, scales)
            sse[k, test], sst[test] = errors_of * own.of_y.scale**2, power * own.of_y.scale**2
    return _scores(layer.x.reaches, sse, sst)


def _components(design: Design, number: int) -> list[np.ndarray]:
    """Frames of all trials of the predictor along at most `COMPONENTS` components of the training reaches."""
    training = [values for values, of in zip(design.x.values, design.fold_of, strict=True) if of != number]
    how = fit_preparation(design.x.name, training, COMPONENTS)
    return [how.components(values) for values in design.x.values]


def _windowed(x: np.ndarray, z: np.ndarray, y: np.ndarray, lag_x: int, lag_z: int) -> tuple[np.ndarray, np.ndarray]:
    """Regressors and neurons of a trial at the frames of the neurons that both lags reach."""
    first, last = max(0, lag_x, lag_z), len(y) + min(0, lag_x, lag_z)
    return np.hstack([x[first - lag_x : last - lag_x], z[first - lag_z : last - lag_z]]), y[first:last]


def _sums(x: np.ndarray, y: np.ndarray) -> Moments:
    """Of one trial, N = 1; of products of neurons there are only the squares."""
    sums = np.array([len(x)], dtype=float), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, np.square(y).sum(axis=0)
    return Moments(sums[0], *(part[None] for part in sums[1:]))


def _held_out(
    trials: Sequence[Moments], fold_of: np.ndarray, number: int, scales: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """SSE and SST of each trial of a fold and neuron, (R, n); scales of the regressors, (S, p), are chosen from."""
    folds = range(fold_of.max() + 1)
    by_fold = [total([trial for trial, of in zip(trials, fold_of, strict=True) if of == g]) for g in folds]
    parts = [_scaled(part, scales) for part in by_fold]
    others = [g for g in folds if g != number]
    grid = np.broadcast_to(PENALTIES[:, None, None], (len(PENALTIES), 1, 1))
    inner = np.sum([errors(*split(parts, g, [h for h in others if h != g]), grid) for g in others], axis=0)  # (P, S, n)
    best = np.argmin(inner.reshape(-1, inner.shape[-1]), axis=0)
    which = best % len(scales)
    train, targets = split(parts, number)[0], np.arange(inner.shape[-1])
    weights = fitted_weights(train, np.broadcast_to(PENALTIES[best // len(scales)], (len(scales), len(targets))))
    weights = scales[which].T * weights[which, :, targets].T
    whole = total([by_fold[g] for g in others])
    means = whole.x / whole.n[:, None], whole.y / whole.n[:, None]
    tested = [trial.about(*means) for trial, of in zip(trials, fold_of, strict=True) if of == number]
    power = np.stack([trial.yy[0] for trial in tested])
    return power + np.stack([((t.xx[0] @ weights - 2 * t.xy[0]) * weights).sum(axis=0) for t in tested]), power


def _scaled(of: Moments, scales: np.ndarray) -> Moments:
    """The same of regressors times each of S scales (S, p)."""
    n, y, yy = (np.repeat(part, len(scales), axis=0) for part in (of.n, of.y, of.yy))
    return Moments(n, of.x * scales, y, of.xx * scales[:, :, None] * scales[:, None], of.xy * scales[..., None], yy)


def _scores(reaches: Sequence[str], sse: np.ndarray, sst: np.ndarray) -> ReachScores:
    """Shares of each reach and of each neuron, of errors of the models and of power by trial."""
    names = tuple(dict.fromkeys(reaches))
    member = np.array([[name == other for other in reaches] for name in names], dtype=float)
    whole = sst.sum(axis=0)
    moves = whole > 0
    gained = member @ (sst - sse)[..., moves] / whole[moves] * len(names)  # (3, R, n)
    units = np.full((3, len(whole)), np.nan)
    units[:, moves] = gained.mean(axis=1)
    return ReachScores(names, *gained.mean(axis=-1), *units)


class Spaces(NamedTuple):
    """Courses of some held-out reaches, (T, 3) each, along the first principal components of the neurons."""

    courses: dict[str, list[np.ndarray]]  # the neurons' own first, then as each predictor gives them
    reaches: list[str]  # their names


def predicted_courses(neurons: Activity, predictors: Mapping[str, Activity], settings: Settings) -> Spaces:
    """Courses of the reaches of the first fold, as recorded and as the first predictors give them by ridge regression.

    Components, lags, penalties and weights are those of the other folds. Of several trials the first is shown.
    """
    found: dict[str, list[np.ndarray]] = {}
    names: list[str] = []
    for label, predictor in [*predictors.items()][:_MOST_PREDICTORS]:
        design = Design(predictor, neurons, settings)
        fold = design.folds[0]
        tested = {design.x.reaches[i]: i for i in np.flatnonzero(design.fold_of == fold.number)[::-1]}
        chosen = sorted(tested.values())[:_MOST_REACHES]
        names = [design.x.reaches[i] for i in chosen]
        weights = fitted_weights(fold.held[0], held_out(fold.parts, fold.number)[2])[0]
        mean = total([part for g, part in enumerate(fold.parts) if g != fold.number])
        offset = (mean.y[0] - mean.x[0] @ weights) / mean.n[0]
        lag = design.lags[fold.lag[0]]
        rows = [np.clip(np.arange(len(fold.x[i])) - lag, 0, len(fold.x[i]) - 1) for i in chosen]
        found.setdefault(neurons.name, [_first(fold.y[i]) for i in chosen])
        found[f"from {label}"] = [_first(fold.x[i][r] @ weights + offset) for i, r in zip(chosen, rows, strict=True)]
    return Spaces(found, names)


def _first(values: np.ndarray) -> np.ndarray:
    """The first components, (T, 3); zeros where there are fewer."""
    kept = values[:, :DIMENSIONS]
    return np.pad(kept, ((0, 0), (0, DIMENSIONS - kept.shape[1])))
