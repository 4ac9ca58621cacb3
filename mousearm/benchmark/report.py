"""The figures of a benchmark as text and as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from mousearm.benchmark.learning import LIMITS_MM, ORIGINAL_NAME, Curve
from mousearm.plots import BLUE, GREY, ORANGE, SKY, VERMILION, log_axis, page, write_figure

# What each figure is divided by in the last column, and which way round: more steps, fewer seconds.
_YARDSTICKS = {
    "environment": "gym_subproc_steps_per_s",
    "update": "stock_s",
    "training": "stock_steps_per_s",
    "device": "cpu_256_s",
}
_HEIGHT_MM = 80
# Label and colour of each run.
_LINES = {
    "torque": ("motors", BLUE),
    "torque_warm": ("motors, warm start", SKY),
    "muscle": ("muscles", VERMILION),
    "muscle_warm": ("muscles, warm start", ORANGE),
    ORIGINAL_NAME: ("motors, stock RecurrentPPO with the original's hyperparameters", GREY),
}


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """One line per figure, with its speed relative to the stock stack's.

    Args:
        figures: by section and name; names end in their unit, ``steps_per_s`` or ``s``, or have none.
    """
    lines = []
    for section, values in figures.items():
        lines.append(section)
        yardstick = values[_YARDSTICKS[section]]
        for name, value in values.items():
            line = f"  {name:<40} {value:>12.4g}"
            if name.endswith("_s"):
                speed = value / yardstick if name.endswith("_per_s") else yardstick / value
                line += f" {speed:>8.2f} x"
            lines.append(line)
    return "\n".join(lines)


def limits_table(seconds: Mapping[str, Mapping[str, float | None]], curves: Mapping[str, Sequence[Curve]]) -> str:
    """One line per run: seconds to each error, and the best error of each seed.

    Args:
        seconds: by run and error.
        curves: by run, one for each seed.
    """
    head = "".join(f"{f'{limit} mm':>10}" for limit in LIMITS_MM)
    lines = ["seconds_to_mm", f"  {'run':<14}{head}   best mm of each seed"]
    for name, values in seconds.items():
        cells = "".join(f"{'never' if value is None else f'{value:.1f} s':>10}" for value in values.values())
        best = " ".join(f"{min(curve.paw_mm):.3f}" for curve in curves[name])
        lines.append(f"  {name:<14}{cells}   {best}")
    return "\n".join(lines)


def draw_curves(curves: Mapping[str, Sequence[Curve]], path: Path) -> tuple[Path, Path]:
    """Draw the error of the best network so far over wall-clock time, and write it as PNG and PDF.

    Time begins at 1 s: what was evaluated before is drawn from there.

    Args:
        curves: by run, one for each seed.
        path: the files' path without suffix; the folder exists.
    """
    with page(_HEIGHT_MM) as figure:
        _draw(figure.subplots(), curves)
    return write_figure(figure, path)


def _draw(axes: Axes, curves: Mapping[str, Sequence[Curve]]) -> None:
    axes.set(xlabel="seconds of training, two cores", ylabel="mean paw error, mm")
    log_axis(axes, "x", ticks=[1])
    log_axis(axes, "y")
    for limit in LIMITS_MM:
        axes.axhline(limit, color="#dddddd", linewidth=0.6, zorder=0)
    for name, runs in curves.items():
        label, colour = _LINES[name]
        for i, curve in enumerate(runs):
            best = [min(curve.paw_mm[: k + 1]) for k in range(len(curve.paw_mm))]
            axes.step(curve.seconds, best, where="post", color=colour, label=label if i == 0 else None)
    axes.set_xlim(left=1.0)
    axes.legend(loc="lower left")
