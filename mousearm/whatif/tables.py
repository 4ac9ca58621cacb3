"""The tables of a study: cells for people, and rows for programs."""

from collections.abc import Sequence
from typing import Any

from mousearm.document import Cells
from mousearm.stats import TOO_FEW
from mousearm.text import display_name, number
from mousearm.whatif.effects import MEASURES, Effect, LesionStudy, MuscleChange
from mousearm.whatif.trials import ACUTE, PHASES

_MOST_MUSCLES = 5  # are named for each condition


def effect_cells(study: LesionStudy, measure: str, phases: Sequence[str] = PHASES) -> Cells:
    """Header and a row per case: the mean, the change from the intact arm, and what a test says of it."""
    form = ".3f" if measure.endswith("mm") else ".4f"
    several = len({effect.phase for effect in study.effects}) > 1
    header = ["condition", "severity", MEASURES[measure], "change", *_interval(study), "p (Holm)", "effect", "verdict"]
    rows = []
    for effect in (one for one in study.effects if one.measure == measure and one.phase in phases):
        name = effect.condition if effect.phase == ACUTE or not several else f"{effect.condition}, {effect.phase}"
        change = effect.change.difference
        row = [name, f"{effect.severity:g}", number(effect.mean.mean, form), number(change.mean, f"+{form}")]
        row += [change.text(f"+{form}")] if _interval(study) else []
        p = TOO_FEW if effect.verdict == TOO_FEW else number(effect.p, ".3g")
        rows.append([*row, p, number(effect.change.effect, "+.2f"), effect.verdict])
    return header, rows


def muscle_cells(study: LesionStudy) -> Cells:
    """Header and the actuators that gained most in each condition at its largest severity."""
    header = ["condition", "severity", "actuator", "effort, intact", "change", *_interval(study), "p (Holm)", "effect"]
    rows = []
    for place in study.worst:
        for one in study.muscles(place)[:_MOST_MUSCLES]:
            change = one.change.difference
            if change.mean <= 0:
                break
            row = [f"{place[1]}, {place[0]}", f"{place[2]:g}", display_name(one.actuator)]
            row += [number(one.before, ".4f"), number(change.mean, "+.4f")]
            row += [change.text("+.4f")] if _interval(study) else []
            rows.append([*row, number(one.p, ".3g"), number(one.change.effect, "+.2f")])
    return header, rows


def regained_cells(study: LesionStudy) -> Cells:
    """Header and a row per condition that was trained under: errors before and after, and without it again."""
    header = ["condition", "severity", "at once, mm", "after, mm", "regained", "then without, mm"]
    header += ["change", *_interval(study), "p"]
    rows = []
    for one in study.regained():
        acute, after, *without = (mean.mean for mean in one.means)
        row = [one.condition, f"{one.severity:g}", number(acute, ".3f"), number(after, ".3f"), number(one.share, ".0%")]
        row += [number(without[0] if without else None, ".3f"), number(one.change.difference.mean, "+.3f")]
        row += [one.change.difference.text("+.3f")] if _interval(study) else []
        rows.append([*row, number(one.change.p, ".3g")])
    return header, rows


def study_rows(study: LesionStudy) -> dict[str, list[dict[str, Any]]]:
    """All tables for programs, by name."""
    return {"trials": trial_rows(study), "effects": effect_rows(study), "muscles": muscle_rows(study)}


def effect_rows(study: LesionStudy) -> list[dict[str, Any]]:
    """A row per case and measure with all digits."""
    return [_row(effect, {"verdict": effect.verdict, "tests": effect.tests}) for effect in study.effects]


def muscle_rows(study: LesionStudy) -> list[dict[str, Any]]:
    """A row per case and actuator with all digits."""
    return [_row(one, {}) for place in study.by_place for one in study.muscles(place)]


def trial_rows(study: LesionStudy) -> list[dict[str, Any]]:
    """A row per trial with all digits."""
    return [row.as_row(study.actuators) for row in study.rows]


def _row(of: Effect | MuscleChange, more: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in of._asdict().items() if isinstance(value, str | int | float)}
    change = of.change.difference
    plain |= {"change": change.mean, "low": change.low, "high": change.high, "interval": change.kind}
    return plain | {"p": of.change.p, "p_holm": of.p, "effect": of.change.effect, "pairs": of.change.n} | more


def _interval(study: LesionStudy) -> list[str]:
    """The column of intervals or ranges; none where there are too few units."""
    kind = study.effects[0].change.difference.kind if study.effects else ""
    return [kind] if kind else []
