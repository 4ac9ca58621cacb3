"""A layer against a rival, reach by reach: which explains more of the neurons, and what the layer has beyond it.

Two ridge regressions predict every neuron on the same held-out frames: from the layer, and from the rival. Each has the
lag that suits it best on the training reaches. What the arm does is there at several delays at once (`with_delays`): at
a single one, a layer that remembers movement would be credited with what neurons have of earlier or later movement.

What the layer has beyond the rival is the measure `unique`, reach by reach. It is not what both predict less what the
rival predicts: a layer that gives nothing but the same in other proportions makes better predictions of few neurons.
Whether it is there, its exchanges of reaches say: where it is small, pseudo-values of reaches spread too much to tell.

`predicted_courses` shows such predictions: reaches in the space of the neurons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mousearm.neural.activity import Activity
from mousearm.neural.measures.compare import make_pairings
from mousearm.neural.measures.design import DELAYS_S, Design, Settings, Values, delayed, matched_with
from mousearm.neural.measures.moments import Moments, fitted_weights, held_out, total
from mousearm.neural.measures.preparation import fit_preparation
from mousearm.neural.measures.regression import unique

COMPONENTS = 40  # of a predictor at most
DIMENSIONS = 3  # of the space that is shown
EXCHANGES = 200  # of reaches, of what a layer has beyond a rival; enough for the moments of a null
_MOST_REACHES, _MOST_PREDICTORS = 5, 2  # that are shown
_OF_ARM = ("kinematics", "muscles", "torques", "emg")  # kinds of rivals that are taken with delays


@dataclass(frozen=True)
class ReachScores:
    """What is explained of held-out reaches; the mean over reaches is the mean over neurons of R^2, or of `unique`."""

    reaches: tuple[str, ...]
    layer: np.ndarray  # (R,)
    rival: np.ndarray  # (R,)
    unique: np.ndarray  # (R,) pseudo-values of what the layer has beyond the rival
    layer_units: np.ndarray  # (n,) R^2 of each neuron; NaN of one that never changes
    rival_units: np.ndarray  # (n,)
    unique_units: np.ndarray  # (n,)
    nulls: np.ndarray  # (N,) unique variance where reaches are exchanged


def with_delays(movement: Activity) -> Activity:
    """The same features earlier and later by `DELAYS_S`, side by side; at the ends of a trial the last frame of it."""
    units = tuple(f"{unit}, {1e3 * by:+g} ms" for by in DELAYS_S for unit in movement.units)
    values = tuple(delayed(rows, movement.step_s) for rows in movement.values)
    return replace(movement, units=units, values=values)


def contrast(layer: Design, rival: Activity, exchanges: int = EXCHANGES) -> ReachScores:
    """Score a layer and a rival on every reach, and the layer beyond the rival, with the neurons and folds of a design.

    The lags are those of designs; of components there are more, so that a rival does not lose what a layer keeps.
    """
    moved = with_delays(rival) if rival.kind in _OF_ARM else rival
    sides = layer, Design(moved, layer.y, layer.settings)
    shape = len(layer.x.reaches), layer.y.n_units
    sse, sst = np.zeros((2, *shape)), np.zeros(shape)
    for of_layer, of_rival in zip(*(side.folds for side in sides), strict=True):
        lags = [side.lags[fold.lag[0]] for side, fold in zip(sides, (of_layer, of_rival), strict=True)]
        first, last, number = max(0, *lags), min(0, *lags), of_layer.number
        y = [of_layer.of_y.normalised(values) for values in layer.y.values]
        test = np.flatnonzero(layer.fold_of == number)
        for k, (side, lag) in enumerate(zip(sides, lags, strict=True)):
            frames = [slice(first, len(values) + last) for values in y]
            x = [of[to.start - lag : to.stop - lag] for of, to in zip(_components(side, number), frames, strict=True)]
            trials = [_sums(own, values[to]) for own, values, to in zip(x, y, frames, strict=True)]
            errors_of, power = _held_out(trials, layer.fold_of, number)
            sse[k, test], sst[test] = errors_of * of_layer.of_y.scale**2, power * of_layer.of_y.scale**2
    x, y, other = matched_with(layer.x, layer.y, rival)
    pairings = make_pairings("exchanged", x, layer.settings, exchanges, in_common=False)
    beyond = unique(Design(x, y, layer.settings, pairings, other))
    return _scores(layer.x.reaches, sse, sst, beyond)


def _components(design: Design, number: int) -> list[np.ndarray]:
    """Frames of all trials of the predictor along at most `COMPONENTS` components of the training reaches."""
    training = [values for values, of in zip(design.x.values, design.fold_of, strict=True) if of != number]
    how = fit_preparation(design.x.name, training, COMPONENTS)
    return [how.components(values) for values in design.x.values]


def _sums(x: np.ndarray, y: np.ndarray) -> Moments:
    """Of one trial, N = 1; of products of neurons there are only the squares."""
    sums = np.array([len(x)], dtype=float), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, np.square(y).sum(axis=0)
    return Moments(sums[0], *(part[None] for part in sums[1:]))


def _held_out(trials: Sequence[Moments], fold_of: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """SSE and SST of each trial of a fold and neuron, (R, n)."""
    folds = range(fold_of.max() + 1)
    parts = [total([trial for trial, of in zip(trials, fold_of, strict=True) if of == g]) for g in folds]
    penalties = held_out(parts, number)[2]
    whole = total([part for g, part in enumerate(parts) if g != number])
    means = whole.x / whole.n[:, None], whole.y / whole.n[:, None]
    weights = fitted_weights(whole.about(*means), penalties)[0]
    tested = [trial.about(*means) for trial, of in zip(trials, fold_of, strict=True) if of == number]
    power = np.stack([trial.yy[0] for trial in tested])
    return power + np.stack([((t.xx[0] @ weights - 2 * t.xy[0]) * weights).sum(axis=0) for t in tested]), power


def _scores(reaches: Sequence[str], sse: np.ndarray, sst: np.ndarray, beyond: Values) -> ReachScores:
    """Shares of each reach and of each neuron, of errors of the models and of power by trial."""
    names = tuple(dict.fromkeys(reaches))
    member = np.array([[name == other for other in reaches] for name in names], dtype=float)
    whole = sst.sum(axis=0)
    moves = whole > 0
    gained = member @ (sst - sse)[..., moves] / whole[moves] * len(names)  # (2, R, n)
    units = np.full((2, len(whole)), np.nan)
    units[:, moves] = gained.mean(axis=1)
    layer, rival = gained.mean(axis=-1)
    of_beyond = np.array(beyond.reaches), units[0], units[1], np.array(beyond.units), beyond.all[1:]
    return ReachScores(names, layer, rival, *of_beyond)


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
