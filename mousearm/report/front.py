"""The front of error against effort: runs of a comparison beside optimal control and computed muscle control."""

from pathlib import Path

from mousearm.agent import Agent
from mousearm.errors import RunError
from mousearm.planning.commands import parsed_efforts
from mousearm.planning.front import FrontPoint, effort_front, front_text, write_front
from mousearm.report.comparison import Comparison
from mousearm.report.reading import Run
from mousearm.setup import Setup

NETWORKS = "networks"


def draw_front(comparison: Comparison, efforts: str, folder: Path) -> str:
    """Write front.png, .csv and .json into a folder; the table, and where they are.

    ``efforts`` are weights of optimal control, with commas, on the reaches of the split that counts. Each run is there
    with the network that it learned last, since its best is the one with the smallest error at any effort. All runs
    must perform the same reaches with the same arm: RunError. Others as of `parsed_efforts` and `Agent.load`.
    """
    weights, split, runs = parsed_efforts(efforts), comparison.split, comparison.runs
    check_front(comparison)
    setup = Setup.build(runs[0].folder.saved_config(), runs[0].folder.saved_split())
    points = effort_front(setup.of_split(split), weights, split)
    points += [_point_of(run, split) for run in runs]
    files = write_front(points, folder / "front.png")
    return "\n".join(["", front_text(points), "", *map(str, files)])


def _point_of(run: Run, split: str) -> FrontPoint:
    which = "latest" if run.folder.complete_checkpoints() else "best"  # shared agents have the best alone
    evaluation, _ = Agent.load(run.folder.path, which).evaluate()
    return FrontPoint.of(NETWORKS, float(run.settings["reward.w_effort"]), evaluation, split)


def check_front(comparison: Comparison) -> None:
    """Refuse runs that cannot be in one front, or raise RunError."""
    split = comparison.split
    scales = {run.evaluation.scale for run in comparison.runs}
    reaches = {
        tuple(sorted(one.name for one in run.evaluation.reaches if one.split == split)) for run in comparison.runs
    }
    if len(scales) > 1 or len(reaches) > 1:
        raise RunError(
            "These runs have different arms or reaches, so they are no front. Compare those that share both."
        )
