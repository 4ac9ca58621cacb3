"""Reaches in the space of the neurons: as recorded, and as predictors give them, on reaches nothing was fitted to."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mousearm.neural.comparing import Population, Predictor
from mousearm.neural.contrasts import chosen_weights
from mousearm.neural.measures import Design, Settings
from mousearm.neural.measures.moments import held_out, split

DIMENSIONS = 3
_MOST_REACHES, _MOST_PREDICTORS = 5, 2


class Spaces(NamedTuple):
    """Courses of some held-out reaches, (T, 3) each, along the first principal components of the neurons."""

    courses: dict[str, list[np.ndarray]]  # the neurons' own first, then as each predictor gives them
    reaches: list[str]  # their names


def predicted_courses(population: Population, predictors: Sequence[Predictor], settings: Settings) -> Spaces:
    """Courses of the reaches of the first fold, as recorded and as the first predictors give them by ridge regression.

    Components, lags, penalties and weights are those of the other folds.
    """
    found: dict[str, list[np.ndarray]] = {}
    names: list[str] = []
    for one in predictors[:_MOST_PREDICTORS]:
        design = Design(one.activity, population.activity, settings)
        fold = design.folds[0]
        chosen = np.flatnonzero(design.fold_of == fold.number)[:_MOST_REACHES]
        names = [design.x.reaches[i] for i in chosen]
        train = split(fold.parts, fold.number)[0]
        penalty = held_out(fold.parts, fold.number)[2][0]
        weights = chosen_weights(train, penalty, np.zeros(len(penalty), dtype=int))
        offset = _offset(fold.parts, fold.number, weights)
        lag = design.lags[fold.lag[0]]
        rows = [np.clip(np.arange(len(fold.x[i])) - lag, 0, len(fold.x[i]) - 1) for i in chosen]
        found.setdefault(population.name, [_first(fold.y[i]) for i in chosen])
        found[f"from {one.label}"] = [
            _first(fold.x[i][r] @ weights + offset) for i, r in zip(chosen, rows, strict=True)
        ]
    return Spaces(found, names)


def _offset(parts: Sequence, number: int, weights: np.ndarray) -> np.ndarray:
    """What brings the means of the training reaches together."""
    training = [part for g, part in enumerate(parts) if g != number]
    n, x, y = (sum(getattr(part, name)[0] for part in training) for name in ("n", "x", "y"))
    return y / n - x / n @ weights


def _first(values: np.ndarray) -> np.ndarray:
    """The first components, (T, 3); zeros where there are fewer."""
    kept = values[:, :DIMENSIONS]
    return np.pad(kept, ((0, 0), (0, DIMENSIONS - kept.shape[1])))
