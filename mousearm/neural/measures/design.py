"""A predictor and neurons, prepared and multiplied for all folds, lags and pairings, from which measures are computed.

For each fold both sides are prepared on the other reaches, the lag is chosen on them, and the moments of all folds
are kept at that lag. Every pairing goes through the same: a null chooses its lag as the data did.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from mousearm.analysis import principal_components
from mousearm.errors import NeuralError
from mousearm.neural.activity import Activity, matched
from mousearm.neural.measures.moments import (
    LaggedSums,
    Moments,
    explained_by_lag,
    joined,
    lag_windows,
    lagged_sums,
    residuals,
    split,
    total,
    with_ones,
)
from mousearm.neural.measures.pairings import Pairings, TrialFrames, actual, course_basis
from mousearm.neural.measures.preparation import Preparation, assign_folds, fit_preparation

DELAYS_S = (-0.1, -0.05, 0.0, 0.05, 0.1)
"""Delays of movement features, s."""
FEATURES = 40
"""Components of delayed features at most."""
# Penalty of movement features. One that predicts best leaves a part of movement in both sides, which then agree in it.
_OF_FEATURES = 1e-3
# Times the penalty that predicts best: what that one leaves of training reaches is less than noise. With
# ten times, the null of a movement that both sides follow errs too seldom.
_OF_NOISE = 4.0
_FEWEST_FRAMES = 8  # of a trial that are left at the largest lag


@dataclass(frozen=True)
class Settings:
    """How both sides are prepared and compared: folds of reaches, components of each side, lags up to one in s."""

    folds: int = 5
    components: int = 10
    most_lag_s: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Fold:
    """What there is when the reaches of one fold are held out.

    With movement features, ``x``, ``y`` and ``units`` are what those leave of them (`residuals`): of the predictor with
    hardly any penalty; of ``y``, of which the lag is chosen, with the one that predicts best, for what is left of noise
    beside the features of its own reach is less beside those of another; of the units with one that leaves all noise.

    Attributes:
        number: of the fold.
        of_x, of_y: preparations, fitted on the training reaches.
        x, y: frames (T_i, p) and (T_i, q) of all trials along the components.
        units: normalised units of y, (T_i, n).
        lag: (N,) number of the lag that was chosen on the training reaches, of each pairing.
        parts: moments of each fold at that lag.
        by_lag: sums at all lags of the actual pairing.
        features: movement features about their means over the training reaches, (T_i, f); none without them.
    """

    number: int
    of_x: Preparation
    of_y: Preparation
    x: TrialFrames = field(repr=False)
    y: TrialFrames = field(repr=False)
    units: TrialFrames = field(repr=False)
    lag: np.ndarray = field(repr=False)
    parts: list[Moments] = field(repr=False)
    by_lag: LaggedSums = field(repr=False)
    features: TrialFrames = field(repr=False, default=())

    @cached_property
    def held(self) -> tuple[Moments, Moments]:
        """Moments of the training reaches and of the held-out ones, both about the means of training."""
        return split(self.parts, self.number)


class Design:
    """Both sides, compared in N pairings of which the first is the actual one.

    Args:
        x: the predictor.
        y: the neurons.
        settings: how they are compared.
        pairings: by default only the actual one.
        beyond: movement, or another rival, on the same trials, beyond which y is explained, and beyond courses that
            reaches have in common: main components of it at the delays `DELAYS_S`, outside the trial as at its ends.
        folds: (trials,) number of the fold of each trial of ``matched(x, y)``; by default `assign_folds`.

    Raises:
        NeuralError: they have too few reaches in common, reaches are too short for the lags, or nothing varies.
    """

    def __init__(
        self,
        x: Activity,
        y: Activity,
        settings: Settings | None = None,
        pairings: Pairings | None = None,
        beyond: Activity | None = None,
        folds: np.ndarray | None = None,
    ):
        self.x, self.y, self.beyond = matched_with(x, y, beyond)
        self.settings = settings or Settings()
        given = assign_folds(self.x.reaches, self.x.groups, self.settings.folds, self.settings.seed)
        self.fold_of = given if folds is None else folds
        self.pairings = pairings or actual(len(self.x.reaches))
        self.lags = _lags(self.x, self.settings.most_lag_s)
        self.folds = [self._fold(number) for number in range(self.fold_of.max() + 1)]

    def __len__(self) -> int:
        return len(self.pairings)

    def _fold(self, number: int) -> Fold:
        training = [i for i in range(len(self.fold_of)) if self.fold_of[i] != number]
        of_x, of_y = (
            fit_preparation(side.name, [side.values[i] for i in training], self.settings.components)
            for side in (self.x, self.y)
        )
        x = [of_x.components(values) for values in self.x.values]
        units, features = [of_y.normalised(values) for values in self.y.values], []
        y = [values @ of_y.directions.T for values in units]
        if self.beyond is not None:
            courses = course_basis(self.x.n_frames, self.x.groups)
            moved = _standard([delayed(values, self.x.step_s) for values in self.beyond.values], training)
            main = principal_components([moved[i] for i in training], FEATURES).directions
            parts = [of @ main.T for of in moved]
            features = _standard([np.hstack(both) for both in zip(parts, courses, strict=True)], training)
            x = residuals(features, x, self.fold_of, number, _OF_FEATURES)
            units = residuals(features, units, self.fold_of, number, times=_OF_NOISE)
            y = residuals(features, y, self.fold_of, number)
        lags, parts, by_lag = [], [], []
        for sums in lagged_sums(x, y, self.fold_of, self.pairings, self.lags):
            lags.append(explained_by_lag(sums, self.lags, number).argmax(axis=0))
            parts.append(sums.at(lags[-1]))
            by_lag = by_lag or [sums.first()]
        of_folds = [joined(of) for of in zip(*parts, strict=True)]
        return Fold(number, of_x, of_y, x, y, units, np.concatenate(lags), of_folds, by_lag[0], features)

    def unit_moments(self, fold: Fold, which: np.ndarray, lag: np.ndarray) -> list[Moments]:
        """Moments of each fold between components of x and single normalised units of y.

        For M pairings by number, each at a lag by number. Of products of y with itself there are only the squares,
        (M, n).
        """
        n, p, q = len(which), fold.x[0].shape[1] + 1, self.y.n_units + 1
        n_folds = len(self.folds)
        xx, xy = np.zeros((n_folds, n, p, p)), np.zeros((n_folds, p, n, q))
        yy = np.zeros((n_folds, n, q))
        at_lag = {k: np.flatnonzero(lag == k) for k in np.unique(lag)}
        last, others, ends = np.empty(0), np.empty(0), np.empty(0)
        for i, found in self.pairings.each(fold.units):
            if found is not last:
                last, others = found, with_ones(found)
                ends = np.concatenate([np.zeros((1, *others.shape[1:])), np.cumsum(others**2, axis=0)])
            own, g, choice = with_ones(fold.x[i]), self.fold_of[i], self.pairings.chosen[which, i]
            for k, rows in at_lag.items():
                of_x, of_y = lag_windows(len(own), self.lags[k])
                sums = own[of_x].T @ others[of_y].reshape(-1, found.shape[1] * q)
                xy[g][:, rows] += sums.reshape(p, -1, q)[:, choice[rows]]
                yy[g, rows] += (ends[of_y.stop] - ends[of_y.start])[choice[rows]]
                xx[g, rows] += own[of_x].T @ own[of_x]
        return [_unit_moments(*sums) for sums in zip(xx, xy, yy, strict=True)]

    def residual_moments(self, fold: Fold, which: np.ndarray, lag: np.ndarray) -> tuple[Moments, Moments]:
        """The same of the training and of the held-out reaches, of units that features were taken off in each pairing.

        What features leave of a reach has nothing of them, by fit; what they leave of another one, exchanged for it,
        has something of them by chance. Left there, a null would be narrower than what it is a null of. So features
        are fitted to each pairing as they are to the actual one (Freedman and Lane 1983, Journal of Business and
        Economic Statistics 1:292-298).
        """
        parts = self.unit_moments(fold, which, lag)
        held = self.fold_of == fold.number
        own, p = [with_ones(values) for values in fold.x], fold.x[0].shape[1] + 1
        inverse = _inverse_of([values for values, out in zip(fold.features, held, strict=True) if not out])
        f = len(inverse)
        at_lag = {k: np.flatnonzero(lag == k) for k in np.unique(lag)}
        along = {k: np.zeros((2, p, f)) for k in at_lag}  # products of the predictor with features, of both parts
        for k, i in product(at_lag, range(len(own))):
            of_x, of_y = lag_windows(len(own[i]), self.lags[k])
            along[k][int(held[i])] += own[i][of_x].T @ fold.features[i][of_y] @ inverse
        taken = np.zeros((2 * p, len(which), self.y.n_units))
        for i, found in self.pairings.each(fold.units):
            if not held[i]:
                choice, flat = self.pairings.chosen[which, i], found.reshape(len(found), -1)
                for k, rows in at_lag.items():
                    sums = along[k].reshape(2 * p, f) @ fold.features[i].T @ flat
                    taken[:, rows] += sums.reshape(2 * p, -1, self.y.n_units)[:, choice[rows]]
        both = total([part for g, part in enumerate(parts) if g != fold.number]), parts[fold.number]
        less = taken.reshape(2, p, len(which), -1).swapaxes(1, 2)
        pair = [of._replace(y=of.y - by[:, -1], xy=of.xy - by[:, :-1]) for of, by in zip(both, less, strict=True)]
        return split(pair, 1)

    def left_of_units(self, fold: Fold) -> list[np.ndarray]:
        """What `residual_moments` takes the moments of in the actual pairing, (T_i, n) of each trial."""
        training = [i for i, of in enumerate(self.fold_of) if of != fold.number]
        inverse = _inverse_of([fold.features[i] for i in training])
        weights = inverse @ np.sum([fold.features[i].T @ fold.units[i] for i in training], axis=0)
        return [units - of @ weights for units, of in zip(fold.units, fold.features, strict=True)]


def _inverse_of(features: TrialFrames) -> np.ndarray:
    """Inverse of the scatter of features with their penalty, (f, f)."""
    frames = np.concatenate(features)
    square, f = frames.T @ frames, frames.shape[1]
    return np.linalg.inv(square + _OF_FEATURES * np.trace(square) / f * np.eye(f))


def _standard(features: TrialFrames, training: Sequence[int]) -> list[np.ndarray]:
    """Features of all trials about their mean over the training ones, divided by their s.d. there where they vary."""
    frames = np.concatenate([features[i] for i in training])
    mean, scale = frames.mean(axis=0), frames.std(axis=0)
    return [(values - mean) / np.where(scale > 0, scale, 1) for values in features]


def _unit_moments(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray) -> Moments:
    xy = xy.swapaxes(0, 1)
    return Moments(xx[:, -1, -1], xx[:, :-1, -1], xy[:, -1, :-1], xx[:, :-1, :-1], xy[:, :-1, :-1], yy[:, :-1])


def matched_with(x: Activity, y: Activity, beyond: Activity | None) -> tuple[Activity, Activity, Activity | None]:
    """Both, and movement features where there are some, on the trials and frames that all have, as `matched` does."""
    x, y = matched(x, y)
    if beyond is None:
        return x, y, None
    x, beyond = matched(x, beyond)
    y, x = matched(y, x)
    return *matched(x, y), matched(x, beyond)[1]


def delayed(values: np.ndarray, step_s: float) -> np.ndarray:
    """Features (T, n) earlier and later by `DELAYS_S`, side by side; at the ends the last frame there is."""
    rows = [np.clip(np.arange(len(values)) - round(by / step_s), 0, len(values) - 1) for by in DELAYS_S]
    return np.concatenate([values[row] for row in rows], axis=1)


def _lags(x: Activity, most_s: float) -> list[int]:
    most = round(most_s / x.step_s)
    shortest = min(x.n_frames)
    if shortest - most < _FEWEST_FRAMES:
        where = x.reaches[x.n_frames.index(shortest)]
        longest = max(shortest - _FEWEST_FRAMES, 0) * x.step_s
        raise NeuralError(
            f"The reach {where} has {shortest} frames of {1e3 * x.step_s:.3g} ms, too few for lags of up to "
            f"{1e3 * most_s:.3g} ms. Leave it out, or give lags of up to {1e3 * longest:.3g} ms."
        )
    return list(range(-most, most + 1))


@dataclass(frozen=True)
class Values:
    """What a measure gives for a design.

    Attributes:
        all: (N,) value of each pairing.
        folds: (K,) value of the actual pairing on the reaches of each fold.
        by_lag: (L,) value of the actual pairing at each lag; NaN where the measure has no lag.
        units: (n,) value of each neuron in the actual pairing, where there is one.
        reaches: (R,) of reaches, in order: their mean is the value, and their spread that of the value (pseudo-values),
            where the measure has any.
        about: numbers that belong to it, by name.
        null: what the other values are of, where it is not the pairings of the design.
    """

    all: np.ndarray
    folds: np.ndarray
    by_lag: np.ndarray
    units: np.ndarray | None = None
    reaches: np.ndarray | None = None
    about: Mapping[str, float] = field(default_factory=dict)
    null: str | None = None


def over_folds(design: Design, of_fold: Callable[[Moments, Moments, Fold], np.ndarray]) -> Values:
    """The mean over folds of a function of training moments, test moments (both about the means of training), fold."""
    each = np.stack([of_fold(*fold.held, fold) for fold in design.folds])
    by_lag = [
        [of_fold(*split(fold.by_lag.at(k), fold.number), fold) for k, _ in enumerate(design.lags)]
        for fold in design.folds
    ]
    return Values(each.mean(axis=0), each[:, 0], np.mean(by_lag, axis=0)[:, 0])
