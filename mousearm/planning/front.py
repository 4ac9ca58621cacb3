"""The trade-off of error against effort: optimal control for several weights, beside other controllers."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mousearm.evaluate.evaluation import Evaluation
from mousearm.files import to_json, write_text
from mousearm.planning.solving import solve_setup, with_effort
from mousearm.setup import Setup
from mousearm.text import as_csv, columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES, TABLES = (".png", ".svg", ".pdf"), (".csv", ".json")
OPTIMAL, CMC = "optimal control", "computed muscle control"


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A controller on all reaches: how it was made, its effort and its mean errors."""

    method: str  # optimal control, computed muscle control, ...
    weight: float | None  # of effort; None where there is none
    effort: float  # mean squared excitation (of motors, control)
    paw_mm: float
    elbow_mm: float
    converged: bool = True

    @staticmethod
    def of(
        method: str, weight: float | None, evaluation: Evaluation, split: str, converged: bool = True
    ) -> "FrontPoint":
        """The point of an evaluation whose effort is known, on one of its splits."""
        errors = evaluation.splits[split]
        effort = evaluation.excitation(split)
        assert effort is not None
        return FrontPoint(method, weight, effort, errors["paw_mm"].mean, errors["elbow_mm"].mean, converged)


def effort_front(setup: Setup, efforts: Iterable[float], split: str = "test") -> list[FrontPoint]:
    """Computed muscle control, and optimal control with weights of effort, on all reaches of a setup."""
    evaluator = setup.evaluator()
    evaluation, _ = evaluator.evaluate(setup.controller("cmc", evaluator.task))
    name = CMC if setup.arm.na else "control of joint torques"
    points = [FrontPoint.of(name, None, evaluation, split)]
    for effort in efforts:
        solved = solve_setup(replace(setup, config=with_effort(setup.config, effort)))
        converged = all(one.converged for one in solved.trajectories)
        points.append(FrontPoint.of(OPTIMAL, effort, solved.evaluation, split, converged))
    return points


def front_text(points: Sequence[FrontPoint]) -> str:
    """A row per controller."""
    rows = [["controller", "weight", "effort u^2", "paw mm", "elbow mm", "converged"]]
    for point in points:
        weight = "" if point.weight is None else f"{point.weight:g}"
        ended = "" if point.method != OPTIMAL else "yes" if point.converged else "no"
        numbers = [f"{point.effort:.4f}", f"{point.paw_mm:.3f}", f"{point.elbow_mm:.3f}"]
        rows.append([point.method, weight, *numbers, ended])
    return "\n".join(columns(rows, right=range(1, 5)))


def front_figure(points: Sequence[FrontPoint]) -> "Figure":
    """Errors of paw and elbow over effort, each point with its weight; a line through those of optimal control."""
    from mousearm.plots import PALETTE, error_axis, page  # slow to import

    methods = list(dict.fromkeys(point.method for point in points))
    with page(78) as figure:
        panels = figure.subplots(1, 2)
        for axes, name in zip(panels, ("paw_mm", "elbow_mm"), strict=True):
            for method, colour in zip(methods, PALETTE, strict=False):
                of = sorted((point for point in points if point.method == method), key=lambda point: point.effort)
                weighted = len(of) > 1
                look: dict[str, Any] = {"color": colour, "marker": "o" if weighted else "D", "label": method}
                line = "-" if method == OPTIMAL else "none"
                axes.plot([p.effort for p in of], [getattr(p, name) for p in of], linestyle=line, markersize=4, **look)
                for point in of if weighted and name == "paw_mm" else ():
                    at = (point.effort, point.paw_mm)
                    axes.annotate(f"{point.weight:g}", at, (3, 3), textcoords="offset points", color=colour)
            error_axis(axes, "x", [point.effort for point in points])
            error_axis(axes, "y", [getattr(point, name) for point in points])
            axes.set(xlabel="effort (mean squared excitation)", ylabel=f"mean {name.removesuffix('_mm')} error (mm)")
        handles, labels = panels[0].get_legend_handles_labels()
        title = "numbers: weights of effort"
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), title=title, alignment="left")
    return figure


def write_front(points: Sequence[FrontPoint], path: Path, figure: Path | None = None) -> list[Path]:
    """Write the figure, of one of ``FIGURES``, and a CSV and a JSON of the same name beside it; their paths.

    ``figure`` is where the figure goes for now, None for its own path. OutputError if a file cannot be written.
    """
    from mousearm.plots import save_figure

    rows, files = [asdict(point) for point in points], [path, *map(path.with_suffix, TABLES)]
    for file, text in zip(files[1:], (as_csv(rows), to_json(rows)), strict=True):
        write_text(file, text)
    save_figure(front_figure(points), figure or path)
    return files
