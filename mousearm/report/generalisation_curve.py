"""Error on reaches that were never trained on, over the number of reaches that were.

A sweep over ``kinematics.train_reaches`` keeps the test reaches the same and gives one point per run;
``experiment=generalisation_curve`` is such a sweep. The curve is drawn when all its runs are finished.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.rundir.folder import RunFolder
from mousearm.text import columns, facts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class CurvePoint(NamedTuple):
    """One finished run: reaches that it was trained on, mean paw error in mm on them and on the test split."""

    reaches: int
    train: float
    test: float


def read_points(sweep: Path) -> list[CurvePoint]:
    """The finished runs of a sweep that have a test split, by the number of reaches trained on; RunError if none."""
    points = []
    for run in map(RunFolder, sorted(sweep.iterdir())):
        if run.evaluation.is_file() and "test" in (splits := Evaluation.load(run.evaluation).splits):
            errors = {split: splits[split]["paw_mm"].mean for split in ("train", "test")}
            points.append(CurvePoint(len(run.saved_split().train), **errors))
    if not points:
        raise RunError(f"{sweep} holds no finished run with a test split.")
    return sorted(points)


def curve_table(points: Sequence[CurvePoint]) -> str:
    """A line per number of reaches: medians over its runs, mm, and the number of these runs."""
    rows = [["trained on", "train mm", "test mm", "runs"]]
    for reaches in sorted({point.reaches for point in points}):
        runs = [point for point in points if point.reaches == reaches]
        medians = (median(run.train for run in runs), median(run.test for run in runs))
        rows.append([str(reaches), *(f"{error:.3f}" for error in medians), str(len(runs))])
    return "\n".join(columns(rows, right=range(len(rows[0]))))


def curve_figure(points: Sequence[CurvePoint]) -> "Figure":
    """Test and train error over the number of reaches trained on: a marker per run, lines through the medians."""
    from mousearm.plots import SPLIT_MARKERS, log_axis, page  # slow to import

    numbers = sorted({point.reaches for point in points})
    with page(80) as figure:
        axes = figure.subplots()
        for split, marker in SPLIT_MARKERS.items():
            errors = [getattr(point, split) for point in points]
            look = {"linestyle": "none", "markersize": 3.5, "label": f"{split} reaches", **marker}
            axes.plot([point.reaches for point in points], errors, **look)
            medians = [median(getattr(point, split) for point in points if point.reaches == n) for n in numbers]
            axes.plot(numbers, medians, color=marker["color"])
        axes.set(xlabel="reaches trained on", ylabel="mean paw error (mm)")
        log_axis(axes, "x")
        log_axis(axes, "y")
        axes.set_xticks(numbers, [str(n) for n in numbers])
        axes.legend(loc="upper right")
    return figure


class GeneralisationCurve(Callback):
    """Draw the curve when Hydra has ended a sweep over ``kinematics.train_reaches``, as PNG and PDF in its folder."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the table and where the figure is; or why there is none."""
        swept = [*config.hydra.overrides.task, *(config.hydra.sweeper.get("params") or {})]
        if not any(word.startswith("kinematics.train_reaches") for word in swept):
            return
        sweep = Path(config.hydra.sweep.dir)
        try:
            points = read_points(sweep)
        except RunError as error:
            print(f"No generalisation curve: {error}")
            return
        from mousearm.plots import write_figure  # slow to import

        png, _ = write_figure(curve_figure(points), sweep / "generalisation_curve")
        print(f"\n{curve_table(points)}\n\n{facts({'curve': png})}")
