"""Scores of measures with their nulls: what a study calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mousearm.errors import UnknownNameError
from mousearm.neural.activity import Activity
from mousearm.neural.measures.design import Design, Settings, Values, matched_with
from mousearm.neural.measures.pairings import Pairings, actual, exchanged, reversed_in_time, shifted
from mousearm.neural.measures.preparation import assign_folds
from mousearm.registry import SIMILARITIES
from mousearm.stats import nested_spread

NULLS = ("exchanged", "shifted", "reversed")
"""How pairings are broken: reaches exchanged, frames of each trial shifted circularly, or reversed in time."""


OF_FEATURES = ("unique",)
"""Measures of what a predictor adds to movement features."""


@dataclass(frozen=True)
class Similarity:
    """A similarity on held-out reaches.

    Attributes:
        measure: its name in `mousearm.registry.SIMILARITIES`.
        x, y: names of the predictor and of the neurons.
        value: mean over the folds; 1 for a copy, about 0 for nothing in common (each measure says what else).
        folds: (K,) on the reaches of each fold.
        lag_s: (K,) that was chosen on the other reaches, s; positive: the neurons are later than the predictor.
        null: name of the null, and ``nulls`` (N,) its values.
        p: share of the null, the actual value included, that is at least as large as the value.
        least_p: the smallest p that this null can show.
        lags_s, by_lag: (L,) s, and (L,) values on held-out reaches at each of them.
        units: (n,) value of each neuron, where the measure has one.
        interval: 95 % interval of the value over reaches (`nested_spread`); empty of measures that have none.
        about: what else is to be said: numbers of components, the variance that they keep.
    """

    measure: str
    x: str
    y: str
    value: float
    folds: np.ndarray
    lag_s: np.ndarray
    null: str
    nulls: np.ndarray = field(repr=False)
    p: float
    least_p: float
    lags_s: np.ndarray = field(repr=False)
    by_lag: np.ndarray = field(repr=False)
    units: np.ndarray | None = field(default=None, repr=False)
    interval: tuple[float, ...] = ()
    about: Mapping[str, float] = field(default_factory=dict, repr=False)


def make_pairings(null: str, x: Activity, settings: Settings, n: int, in_common: bool = True) -> Pairings:
    """The actual pairing and n of a null by its name, of the trials of matched sides, of which one is given.

    Whether reaches have courses ``in_common``, `exchanged` says: not where a design takes them off with its features.
    """
    if null not in NULLS:
        raise UnknownNameError("null of pairings", null, NULLS)
    if not n:
        return actual(len(x.reaches))
    if null == "exchanged":
        folds = assign_folds(x.reaches, x.groups, settings.folds, settings.seed)
        return exchanged(x.reaches, x.groups, folds, n, settings.seed, in_common)
    return (shifted if null == "shifted" else reversed_in_time)(len(x.reaches), n, settings.seed)


def compare(
    x: Activity,
    y: Activity,
    measures: Sequence[str],
    settings: Settings | None = None,
    beyond: Activity | None = None,
    null: str = "exchanged",
    n_nulls: int = 1000,
) -> dict[str, Similarity]:
    """Compare a predictor with neurons by several measures, on the same folds, lags and pairings.

    Args:
        x: the predictor.
        y: the neurons.
        measures: names in `mousearm.registry.SIMILARITIES`.
        settings: how both are prepared and compared.
        beyond: movement features, which the measures of `OF_FEATURES` need.
        null: one of `NULLS`.
        n_nulls: number of pairings of the null.

    Raises:
        NeuralError: they have too few reaches in common, reaches are too short for the lags, or nothing varies.
        UnknownNameError: there is no such measure or null.
    """
    settings = settings or Settings()
    functions = {name: SIMILARITIES[name] for name in measures}
    x, y, beyond = matched_with(x, y, beyond)
    found: dict[str, Similarity] = {}
    for with_features in (False, True):
        names = [name for name in functions if (name in OF_FEATURES) == with_features]
        if names:
            pairings = make_pairings(null, x, settings, n_nulls, in_common=not with_features)
            design = Design(x, y, settings, pairings, beyond if with_features else None)
            found |= {name: as_similarity(name, design, functions[name](design)) for name in names}
    return {name: found[name] for name in functions}


def as_similarity(name: str, design: Design, values: Values) -> Similarity:
    """The score that a measure's values of a design are."""
    step = design.x.step_s
    nulls = values.all[1:]
    kept = [np.mean([getattr(fold, side).kept for fold in design.folds]) for side in ("of_x", "of_y")]
    return Similarity(
        measure=name,
        x=design.x.name,
        y=design.y.name,
        value=float(values.all[0]),
        folds=values.folds,
        lag_s=np.array([design.lags[fold.lag[0]] * step for fold in design.folds]),
        null=values.null or design.pairings.kind,
        nulls=nulls,
        p=float((1 + np.sum(nulls >= values.all[0])) / (1 + len(nulls))),
        least_p=1 / len(values.all) if values.null else design.pairings.least_p,
        lags_s=np.array(design.lags) * step,
        by_lag=values.by_lag,
        units=values.units,
        interval=_interval(design.x, values),
        about={"variance kept of x": float(kept[0]), "variance kept of y": float(kept[1]), **values.about},
    )


def _interval(x: Activity, values: Values) -> tuple[float, ...]:
    """Interval of a value from its reaches, which are resampled within sessions, within animals."""
    if values.reaches is None:
        return ()
    group_of = dict(zip(x.reaches, x.groups, strict=True))
    spread = nested_spread(
        values.reaches.tolist(), [of.split("/")[0] for of in group_of.values()], [*group_of.values()]
    )
    return spread.spread.low, spread.spread.high
