"""How the error on reaches that were never trained on falls with the number of those that were.

A sweep over ``kinematics.train_reaches`` keeps the test reaches the same and gives one point per run;
``experiment=generalisation_curve`` is such a sweep. The curve is drawn when all its runs are finished.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from hydra.experimental.callback import Callback
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import LogLocator, NullLocator
from omegaconf import DictConfig

from mousearm.errors import RunError
from mousearm.files import read_json
from mousearm.page import new_page, style, write_page
from mousearm.rundir import RunFolder

_SWEPT = "kinematics.train_reaches"
_HEIGHT_MM = 80
_STYLES: dict[str, dict[str, Any]] = {
    "train": {"color": "#888888", "marker": "o", "markerfacecolor": "none"},
    "test": {"color": "#009E73", "marker": "D"},
}


class Point(NamedTuple):
    """One finished run.

    Attributes:
        reaches: that it was trained on.
        train: mean paw error on them, mm.
        test: mean paw error on the test split, mm.
    """

    reaches: int
    train: float
    test: float


def read_points(sweep: Path) -> list[Point]:
    """The finished runs of a sweep that have a test split, by the number of reaches trained on.

    Args:
        sweep: folder of the run folders.

    Raises:
        RunError: if there are none, or one of them cannot be read.
    """
    runs = [RunFolder(folder) for folder in sorted(sweep.iterdir()) if folder.is_dir()]
    points = []
    for run in (run for run in runs if run.evaluation.is_file()):
        content = read_json(run.evaluation)
        if "test" in content:
            errors = {split: content[split]["paw_mm"]["mean"] for split in ("train", "test")}
            points.append(Point(len(run.saved_split().train), **errors))
    if not points:
        raise RunError(f"{sweep} holds no finished run with a test split.")
    return sorted(points)


def table(points: Sequence[Point]) -> str:
    """A line per number of reaches: medians over its runs, mm, and how many runs that were."""
    lines = [f"{'trained on':>10} {'train mm':>9} {'test mm':>9} {'runs':>5}"]
    for reaches in sorted({point.reaches for point in points}):
        own = [point for point in points if point.reaches == reaches]
        train, test = median(point.train for point in own), median(point.test for point in own)
        lines.append(f"{reaches:>10} {train:>9.3f} {test:>9.3f} {len(own):>5}")
    return "\n".join(lines)


def draw_curve(points: Sequence[Point], path: Path) -> tuple[Path, Path]:
    """Draw test and train error over the number of reaches trained on, and write it as PNG and PDF.

    Every run is a marker; the line goes through the medians.

    Args:
        points: the runs.
        path: the files' path without suffix; the folder exists.
    """
    with style():
        figure = new_page(_HEIGHT_MM)
        FigureCanvasAgg(figure)
        _draw(figure.subplots(), points)
    return write_page(figure, path)


def _draw(axes: Axes, points: Sequence[Point]) -> None:
    numbers = sorted({point.reaches for point in points})
    for split, marker in _STYLES.items():
        axes.plot(
            [point.reaches for point in points],
            [getattr(point, split) for point in points],
            linestyle="none",
            markersize=3.5,
            label=f"{split} reaches",
            **marker,
        )
        medians = [median(getattr(point, split) for point in points if point.reaches == n) for n in numbers]
        axes.plot(numbers, medians, color=marker["color"])
    axes.set(xscale="log", yscale="log", xlabel="reaches trained on", ylabel="mean paw error (mm)")
    axes.set_xticks(numbers, [str(n) for n in numbers])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend(loc="upper right")


class GeneralisationCurve(Callback):
    """Draws the curve when Hydra has ended a sweep over ``kinematics.train_reaches``, as PNG and PDF in its folder."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the table and where the figure is; or why there is none."""
        swept = [*config.hydra.overrides.task, *(config.hydra.sweeper.get("params") or {})]
        if not any(word.startswith(_SWEPT) for word in swept):
            return
        sweep = Path(config.hydra.sweep.dir)
        try:
            points = read_points(sweep)
        except RunError as error:
            print(f"No generalisation curve: {error}")
            return
        png, _ = draw_curve(points, sweep / "generalisation_curve")
        print(f"\n{table(points)}\n\n{'curve':<12} {png}")
