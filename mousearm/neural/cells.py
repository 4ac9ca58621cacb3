"""The tables of a study: cells for people, and rows for programs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mousearm.document import Cells
from mousearm.neural.differences import Factors, RunDifference
from mousearm.neural.results import UNIQUE, Beside, Contrast, NeuralStudy, Resemblance
from mousearm.stats import TOO_FEW
from mousearm.text import NO_VALUE, number

_FORM = ".3f"


def score_cells(study: NeuralStudy) -> Cells:
    """Header and a row per layer and measure: the score, its lag, its null and its ceiling."""
    header = ["layer", "measure", "score", "95 % interval", "lag, ms", "null, 95 %", "p", "ceiling", "of upper"]
    layers = [label for label in study.labels if study.is_layer(label)]
    places = [place for label in layers for measure in study.measures if (place := (label, measure)) in study.by_place]
    return header, [_score_row(study, *place) for place in places]


def _score_row(study: NeuralStudy, label: str, measure: str) -> list[str]:
    found = study.by_place[label, measure]
    score, lag, null, ceiling = (
        np.mean([value(match) for match in found], axis=0)
        for value in (lambda m: m.score, lambda m: m.lag_ms, lambda m: m.null, lambda m: m.ceiling)
    )
    share = score / ceiling[1] if ceiling[1] > 0 else np.nan
    return [
        *(label, measure, number(score, _FORM), _range(_interval(found)), number(lag, "+.0f"), _range(null)),
        *(number(study.chance.get((label, measure)), ".2g"), _range(ceiling), number(share, ".0%")),
    ]


def _interval(found: Sequence[Resemblance]) -> tuple[float, float]:
    """Interval of the mean score over populations, whose errors are independent; NaN where one has none."""
    if not all(one.interval for one in found):
        return np.nan, np.nan
    low, high = np.sqrt(np.square([np.subtract(one.interval, one.score) for one in found]).sum(axis=0)) / len(found)
    score = float(np.mean([one.score for one in found]))
    return score - low, score + high


def predictor_cells(study: NeuralStudy) -> Cells:
    """Header and a row per predictor: its score by every measure."""
    rows = [
        [label, *(number(study.spread(label, measure).mean, _FORM) for measure in study.measures)]
        for label in study.labels
    ]
    return ["predictor", *study.measures], rows


def contrast_cells(study: NeuralStudy) -> Cells:
    """Header and a row per layer, rival and measure: by how much the layer scores more."""
    header = ["layer", "against", "measure", "difference", "95 % interval", "p (Holm)", "verdict"]
    return header, [_contrast_row(one) for one in study.contrasts]


def _contrast_row(one: Contrast) -> list[str]:
    difference = one.mean.spread
    measure = one.measure if one.measure != UNIQUE else f"{UNIQUE} beyond it"
    p = TOO_FEW if one.verdict == TOO_FEW else number(one.p, ".2g")
    return [
        *(one.label, one.rival, measure, number(difference.mean, f"+{_FORM}"), difference.text(f"+{_FORM}")),
        *(p, one.verdict),
    ]


def factor_cells(factors: Factors) -> Cells:
    """Header and a row per run: what tells it from the others."""
    names = list(dict.fromkeys(name for of in factors.values() for name in of))
    return ["run", *names], [[run, *(of.get(name, "") for name in names)] for run, of in factors.items()]


def difference_cells(found: Sequence[RunDifference]) -> Cells:
    """Header and a row per two levels of a factor and measure."""
    header = ["factor", "from", "to", "layer", "measure", "pairs", "change", "interval", "p (Holm)", "verdict"]
    rows = []
    for one in found:
        change = one.change.difference
        p = TOO_FEW if one.verdict == TOO_FEW else number(one.p, ".2g")
        rows.append(
            [
                *(one.factor, one.one, one.other, one.predictor, one.measure, str(one.change.n)),
                *(number(change.mean, f"+{_FORM}"), change.text(f"+{_FORM}"), p, one.verdict),
            ]
        )
    return header, rows


def match_rows(study: NeuralStudy) -> list[dict[str, Any]]:
    """A row per match with all digits."""
    return [_match_row(study, match) for match in study.matches]


def _match_row(study: NeuralStudy, match: Resemblance) -> dict[str, Any]:
    names = ("run", "predictor", "population", "animal", "measure", "score", "lag_ms", "p")
    row = {name: getattr(match, name) for name in names}
    for name in ("interval", "null", "ceiling"):
        row |= dict(zip((f"{name}_low", f"{name}_high"), getattr(match, name) or (np.nan, np.nan), strict=True))
    return row | {"p_corrected": study.chance.get((match.label, match.measure), np.nan), "judged": match.is_judged}


def held_out_rows(study: NeuralStudy) -> list[dict[str, Any]]:
    """A row per layer, rival, population and held-out reach."""
    return [{**_beside(one), "reach": name, **_three(of)} for one in study.besides for name, of in one.reaches.items()]


def unit_rows(study: NeuralStudy) -> list[dict[str, Any]]:
    """A row per layer, rival, population and neuron."""
    return [{**_beside(one), "neuron": name, **_three(of)} for one in study.besides for name, of in one.units.items()]


def _beside(one: Beside) -> dict[str, str]:
    return {"layer": one.label, "against": one.rival, "population": one.population}


def _three(scores: Sequence[float]) -> dict[str, float]:
    return dict(zip(("from_rival", "from_layer", "beyond_rival"), scores, strict=True))


def contrast_rows(study: NeuralStudy) -> list[dict[str, Any]]:
    """A row per contrast with all digits."""
    return [
        {
            **{"layer": one.label, "against": one.rival, "measure": one.measure},
            **{"difference": one.mean.spread.mean, "low": one.mean.spread.low, "high": one.mean.spread.high},
            **{"unit": one.mean.unit, "p": one.change.p, "p_holm": one.p, "effect": one.change.effect},
            **{"pairs": one.change.n, "tests": one.tests, "verdict": one.verdict},
        }
        for one in study.contrasts
    ]


def _place(match: Resemblance) -> dict[str, str]:
    names = ("run", "predictor", "population", "measure")
    return {name: getattr(match, name) for name in names}


def _range(pair: Sequence[float]) -> str:
    low, high = pair
    return f"{low:{_FORM}} to {high:{_FORM}}" if np.isfinite([low, high]).all() else NO_VALUE


def curve_rows(study: NeuralStudy) -> list[dict[str, Any]]:
    """A row per match and lag."""
    return [{**_place(match), "lag_ms": lag, "score": score} for match in study.matches for lag, score in match.curve]


def difference_rows(found: Sequence[RunDifference]) -> list[dict[str, Any]]:
    """A row per difference between kinds of networks with all digits."""
    return [
        {
            **{name: getattr(one, name) for name in ("factor", "one", "other", "predictor", "measure")},
            **{"change": one.change.difference.mean, "low": one.change.difference.low},
            **{"high": one.change.difference.high, "pairs": one.change.n, "p": one.change.p, "p_holm": one.p},
            **{"effect": one.change.effect, "tests": one.tests, "verdict": one.verdict},
        }
        for one in found
    ]
