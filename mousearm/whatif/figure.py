"""The figure of a study: error and effort against severity, a column per condition."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mousearm.plots import BLUE, GREY, VERMILION, error_axis, page, sign
from mousearm.text import display_name, shortened
from mousearm.whatif.cases import INTACT
from mousearm.whatif.effects import BASELINE, MEASURES, CasePlace, LesionStudy
from mousearm.whatif.trials import ACUTE, AFTEREFFECT, RETRAINED

_MOST_COLUMNS = 6
_ROW_MM, _HEAD_MM = 42.0, 16.0
_TITLE_LETTERS = 20
_RUN_LETTERS = 24  # of up to four runs in a row, among them package:example_muscle
_LOOKS: dict[str, dict[str, Any]] = {
    ACUTE: {"color": BLUE, "marker": "o", "linestyle": "-"},
    RETRAINED: {"color": VERMILION, "marker": "s", "linestyle": "--"},
    AFTEREFFECT: {"color": GREY, "marker": "^", "linestyle": ":"},
}
_MEANINGS = {ACUTE: "at once", RETRAINED: "after more training", AFTEREFFECT: "then without the condition"}


def severity_figure(study: LesionStudy) -> Figure:
    """Paw error above effort, against severity: units thin, their mean thick, with the range or the 95 % interval."""
    names, phases = study.conditions, list(dict.fromkeys(place[0] for place in study.by_place))
    columns = min(len(names), _MOST_COLUMNS)
    blocks = [names[i : i + columns] for i in range(0, len(names), columns)]
    with page(_HEAD_MM + _ROW_MM * len(MEASURES) * len(blocks)) as figure:
        shape = len(MEASURES) * len(blocks), columns
        axes = figure.subplots(*shape, squeeze=False, sharex=True, sharey="row")
        for row, measure in enumerate(MEASURES):
            values = [value for place in study.by_place for value in study.units(place, measure).values()]
            for block, chosen in enumerate(blocks):
                line = axes[block * len(MEASURES) + row]
                for column, name in enumerate(chosen):
                    for phase in phases:
                        _draw_course(line[column], study, _course(study, phase, name), measure)
                    error_axis(line[column], "y", values)
                    if row == 0:
                        line[column].set_title(shortened(name, _TITLE_LETTERS))
                for spare in line[len(chosen) :]:
                    spare.axis("off")
                line[0].set_ylabel(("paw error (mm)", "effort")[row])
        largest = max(place[2] for place in study.by_place) or 1.0
        for axis in axes[-1]:
            axis.set(xlabel="severity", xlim=(-0.05 * largest, 1.05 * largest), xticks=(0, largest / 2, largest))
        handles = [Line2D([], [], label=_MEANINGS[phase], markersize=4, **_LOOKS[phase]) for phase in phases]
        figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
        sign(figure, ", ".join(shortened(run, _RUN_LETTERS) for run in study.runs[:4]))
    return figure


def _course(study: LesionStudy, phase: str, name: str) -> list[CasePlace]:
    """Cases of a condition in a phase by severity, from the intact arm where the network knew no other."""
    start = [BASELINE] if phase == ACUTE else [place for place in study.by_place if place == (phase, INTACT, 0.0)]
    found = [place for place in study.by_place if place[:2] == (phase, name)]
    return start + sorted(found, key=lambda place: place[2])


def _draw_course(axes: Axes, study: LesionStudy, places: Sequence[CasePlace], measure: str) -> None:
    look, severities = _LOOKS[places[-1][0]] if places else {}, [place[2] for place in places]
    if not places:
        return
    units = [study.units(place, measure) for place in places]
    for unit in units[-1]:
        courses = [of.get(unit, np.nan) for of in units]
        axes.plot(severities, courses, color=look["color"], linewidth=0.5, alpha=0.4)
    means = [study.spread(place, measure) for place in places]
    axes.plot(severities, [mean.mean for mean in means], markersize=3.5, linewidth=1.4, **look)
    for severity, mean in zip(severities, means, strict=True):
        axes.plot([severity, severity], [mean.low, mean.high], color=look["color"], linewidth=1.0)


def muscle_figure(study: LesionStudy) -> Figure:
    """Change of the effort of every actuator by every condition at its largest severity: the intact arm is white."""
    places = study.worst
    changes = [{one.actuator: one.change.difference.mean for one in study.muscles(place)} for place in places]
    table = np.array([[of[name] for of in changes] for name in study.actuators])
    largest = float(np.abs(table).max()) or 1.0
    with page(30 + _HEAD_MM + 3.6 * len(study.actuators), width_mm=70 + 12.0 * len(places)) as figure:
        axes = figure.subplots()
        image = axes.imshow(table, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto")
        axes.set_xticks(range(len(places)), [_label(place) for place in places], rotation=45, ha="right")
        axes.set_yticks(range(len(study.actuators)), [display_name(name) for name in study.actuators])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label="change of effort, (force / peak force)²")
    return figure


def _label(place: CasePlace) -> str:
    phase = "" if place[0] == ACUTE else f", {place[0]}"
    return f"{shortened(place[1], _TITLE_LETTERS)} {place[2]:g}{phase}"
