"""The pieces of a study: a population with a predictor, with itself, and with a layer beside a rival."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from mousearm.door import sha256
from mousearm.files import to_json
from mousearm.neural.activity import Activity
from mousearm.neural.contrasts import ReachScores, contrast
from mousearm.neural.measures import Design, Settings, compare
from mousearm.neural.measures.ceilings import ceilings
from mousearm.neural.pieces import FORMAT, Piece
from mousearm.neural.rates import Kernel
from mousearm.neural.results import Beside, Resemblance


@dataclass(frozen=True)
class Population:
    """Neurons of one area in one session, on the reaches of the runs."""

    name: str
    animal: str
    activity: Activity = field(repr=False)


@dataclass(frozen=True)
class Predictor:
    """A layer or a rival, of a run; the name of the run is empty of one run alone, and of what runs share."""

    run: str
    name: str
    activity: Activity = field(repr=False)

    @property
    def label(self) -> str:
        """The name with its run."""
        return f"{self.run}: {self.name}" if self.run else self.name


def piece(title: str, work: Any, activities: Sequence[Activity | None], *options: Any) -> Piece:
    """A piece by the content of its activities and by its options, which are plain or dataclasses."""
    plain = [asdict(one) if isinstance(one, Settings | Kernel) else one for one in options]
    known = [FORMAT, work.__name__, *(one and one.sha256 for one in activities), plain]
    return Piece(sha256(to_json(known).encode()), title, work, (*activities, *options))


def compare_all(
    x: Activity, y: Activity, beyond: Activity | None, measures: Sequence[str], settings: Settings, nulls: int
) -> dict[str, Any]:
    """Similarities by measure: value, lag, null scores, values by lag and interval, as far as there are any."""
    found = {}
    for name, one in compare(x, y, measures, settings, beyond, n_nulls=nulls).items():
        curve = (
            zip((1e3 * one.lags_s).tolist(), one.by_lag.tolist(), strict=True) if np.isfinite(one.by_lag).all() else ()
        )
        found[name] = {
            **{"value": one.value, "lag_ms": 1e3 * float(np.mean(one.lag_s)), "nulls": one.nulls.tolist()},
            **{"curve": list(curve), "interval": one.interval},
        }
    return found


def bound_all(y: Activity, measures: Sequence[str], settings: Settings, kernel: Kernel) -> dict[str, Any]:
    """Noise ceilings by measure, as of `ceilings`."""
    return {name: list(bounds) for name, bounds in ceilings(y, measures, settings, kernel).items()}


def set_beside(layer: Activity, *others: Any) -> dict[str, Any]:
    """What is explained of every reach and neuron from each rival and from a layer, and what this has beyond it.

    After the layer come its rivals, the neurons, and the settings.
    """
    *rivals, y, settings = others
    own = Design(layer, y, settings)
    return {"rivals": [_as_plain(contrast(own, rival), y) for rival in rivals]}


def _as_plain(found: ReachScores, y: Activity) -> dict[str, Any]:
    reaches = np.stack([found.rival, found.layer, found.unique], axis=1).tolist()
    units = np.stack([found.rival_units, found.layer_units, found.unique_units], axis=1).tolist()
    return {
        "reaches": dict(zip(found.reaches, reaches, strict=True)),
        "units": dict(zip(y.units, units, strict=True)),
        "nulls": found.nulls.tolist(),
    }


def resemblances(
    predictor: Predictor, population: Population, found: Mapping[str, Any], bounds: Mapping[str, Any]
) -> list[Resemblance]:
    """What `compare_all` and `bound_all` gave, as matches."""
    return [
        Resemblance(
            *(predictor.run, predictor.name, population.name, population.animal, name),
            *(one["value"], one["lag_ms"], tuple(one["nulls"]), tuple(bounds[name])),
            tuple((lag, score) for lag, score in one["curve"]),
            tuple(one["interval"]),
        )
        for name, one in found.items()
    ]


def beside(layer: Predictor, rival: Predictor, population: Population, found: Mapping[str, Any]) -> Beside:
    """What `set_beside` gave of one rival."""
    reaches, units = ({name: tuple(of) for name, of in found[key].items()} for key in ("reaches", "units"))
    names = layer.label, rival.label, population.name, population.animal
    return Beside(*names, reaches, units, tuple(found["nulls"]))
