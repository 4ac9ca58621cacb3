"""What ``scripts/optimal.py`` does: solve, write into a file that was made sure of before, and say what came out."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from mousearm.config import Config, compose
from mousearm.errors import ConfigError, OutputError
from mousearm.files import new_output
from mousearm.planning.front import FIGURES, TABLES, effort_front, front_text, write_front
from mousearm.planning.point import PointMovement, plan_to_point
from mousearm.planning.solving import Solved, solve_setup
from mousearm.record.trials import WRITERS, find_format, write_trials
from mousearm.setup import Setup
from mousearm.text import plural

_LONGEST_S = 10.0  # of a movement to a point: a reach takes a third of a second
_LARGEST_M = 1.0


def solve_reaches(
    overrides: Sequence[str], kinematics: str | None, out: Path, kind: str | None = None, overwrite: bool = False
) -> str:
    """Optimal control of a file or folder of reaches, None for those of the configuration, as a recording; a table."""
    kind = find_format(out, kind)
    setup = Setup.to_test(compose(overrides, kinematics))
    if kind == "states" and len(setup.references) > 1:
        raise OutputError(
            f"{out} (--out) can hold one reach, and these are {len(setup.references)}. Give one file, or "
            "take all of them as a folder of tables: --format sto --out FOLDER."
        )
    return _written(out, overwrite, kind, lambda: solve_setup(setup))


def move_to_point(
    overrides: Sequence[str],
    point: str,
    duration: float,
    begin: str | None,
    out: Path,
    kind: str | None = None,
    overwrite: bool = False,
) -> str:
    """The movement of least effort to a point, X,Y,Z in m, in a duration, s, as a recording, as `solve_reaches`.

    It begins in the first pose of a reach, ``begin``; None: at rest.
    """
    kind = find_format(out, kind)
    target, duration = parsed_point(point), checked_duration(duration, compose(overrides))
    setup = plan_to_point(compose(overrides, begin), begin is not None, target, duration)
    return _written(out, overwrite, kind, setup.solve)


def draw_efforts(
    overrides: Sequence[str], kinematics: str | None, weights: str, out: Path, overwrite: bool = False
) -> str:
    """Error against effort for several weights, as a figure, a CSV and a JSON beside it; a table."""
    efforts = parsed_efforts(weights)
    if out.suffix not in FIGURES:
        raise OutputError(
            f"{out} (--out) must end with {', '.join(FIGURES)} for --efforts: change the name, or leave --efforts out."
        )
    for beside in map(out.with_suffix, TABLES):
        if beside.exists() and not overwrite:
            raise OutputError(
                f"{beside}, which --efforts writes too, exists already. Give --overwrite to replace it, or another "
                "name."
            )
    setup = Setup.to_test(compose(overrides, kinematics))
    with new_output(out, overwrite) as figure:
        points = effort_front(setup, efforts)
        files = write_front(points, out, figure)
    return "\n".join([front_text(points), "", *map(str, files)])


def _written(out: Path, overwrite: bool, kind: str, solve: Callable[[], Solved | PointMovement]) -> str:
    """Make sure that a file can be written, solve, and write it; the table of it."""
    with new_output(out, overwrite) as path:
        solved = solve()
        written = write_trials(solved.recording.reaches, solved.recording.about, path, WRITERS[kind])
    lines = [solved.table(), f"{out}: {plural(written.trials, 'reach', 'reaches')}, {written.bytes / 1e6:.1f} MB"]
    return "\n".join(lines + [f"Diverged, recorded up to there: {name}" for name in written.diverged])


def parsed_numbers(text: str, option: str, example: str) -> list[float]:
    """The finite numbers of a list with commas, or ConfigError."""
    try:
        found = [float(word) for word in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(map(math.isfinite, found)):
        raise ConfigError(f"{option} '{text[:80]}' is no list of numbers. Write them with commas: {option}={example}.")
    return found


def parsed_efforts(text: str) -> list[float]:
    """Weights of effort, above 0 and each once, from the smallest on; ConfigError if they are something else."""
    efforts = sorted(set(parsed_numbers(text, "--efforts", "1e-3,1e-2,1e-1,1")))
    if efforts[0] <= 0:
        raise ConfigError(f"--efforts has {efforts[0]:g}; a weight of effort is above 0, such as 1e-3.")
    return efforts


def parsed_point(text: str) -> tuple[float, float, float]:
    """A point in metres from the shoulder, x forward, y up, z to the right; ConfigError if it is something else."""
    point = parsed_numbers(text, "--target", "0.012,-0.006,0.004")
    if len(point) != 3:
        raise ConfigError(
            f"--target '{text[:80]}' has {len(point)} numbers. Give three: x forward, y up, z to the right, in metres "
            "from the shoulder."
        )
    if max(map(abs, point)) > _LARGEST_M:
        raise ConfigError(f"--target '{text[:80]}' is metres away. Give metres: 12 mm are 0.012.")
    x, y, z = point
    return x, y, z


def checked_duration(duration: float, config: Config) -> float:
    """A duration, s, that has at least two control steps and that can be solved; ConfigError if it has not."""
    least = 2 * config.env.control_dt
    if not least <= duration <= _LONGEST_S:
        raise ConfigError(f"--duration {duration:g} is out of range: {least:.3g} to {_LONGEST_S:g} s.")
    return duration
