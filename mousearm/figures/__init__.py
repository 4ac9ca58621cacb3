"""Figures of a recording, for papers: where the arm went, what its muscles did, what the network's state did.

Each function takes a trial or all of them and gives a figure; `draw_recording` writes them all.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mousearm.errors import UnknownNameError
from mousearm.evaluate.evaluation import smallest_middle_largest
from mousearm.evaluate.muscles import MuscleGroup, group_muscles
from mousearm.figures.overview import STATES, drive, drive_figure, state_figure, summary_figure, synergy_figure
from mousearm.figures.trial import activation_figure, joint_figure, trajectory_figure
from mousearm.paths import PACKAGE
from mousearm.plots import PRINT_DPI, sign, write_figure
from mousearm.record.signals import ReachRecording, Recording, is_of_network, origin_text
from mousearm.rundir.runs import is_shipped
from mousearm.trajectory import PAW

__all__ = [
    "MuscleGroup",
    "activation_figure",
    "draw_recording",
    "drive_figure",
    "joint_figure",
    "muscle_groups",
    "planned",
    "state_figure",
    "summary_figure",
    "synergy_figure",
    "trajectory_figure",
    "usual_place",
]


def usual_place(source: Path) -> Path:
    """Folder for the figures of a run or a recording: in the run's folder, or beside the recording.

    Those of an example agent, ``package:NAME``, go into the working directory.
    """
    if source.is_dir() and not is_shipped(source):
        return source / "figures" / "recorded"
    return source.with_name(f"{source.stem.removeprefix(PACKAGE)}_figures")


def draw_recording(recording: Recording, folder: Path, names: Sequence[str] = ()) -> tuple[list[Path], list[str]]:
    """Draw everything that makes sense for a recording, as PDF and as PNG of 300 dpi.

    Figures of all trials go into the folder, which is made; those of single trials into folders below it that have the
    names of the reaches, of which the first trial is drawn: of the reaches that are named, or of the best, the middle
    and the worst. Returned are the PNG files, with a PDF beside each, and why others were not drawn, a line each.

    UnknownNameError if there is no such reach, OutputError if the folder cannot be written.
    """
    (plan, left_out), files = planned(recording, names), []
    for name, draw in plan.items():
        figure = draw()
        sign(figure, origin_text(recording.about))
        files.append(write_figure(figure, folder / name, PRINT_DPI)[0])
    return files, left_out


def planned(recording: Recording, names: Sequence[str] = ()) -> tuple[dict[str, Callable[[], Figure]], list[str]]:
    """Plan `draw_recording`: what it draws, by the files' names without suffix, and what it leaves out."""
    reaches, plan = recording.reaches, {}
    muscles = "activation" in reaches[0].signals
    groups = muscle_groups(reaches) if muscles else [MuscleGroup("motors", list(range(len(drive(reaches[0]).columns))))]
    for reach in _chosen(reaches, names):
        plan[f"{reach.name}/trajectory"] = partial(trajectory_figure, reach)
        plan[f"{reach.name}/joints"] = partial(joint_figure, reach)
        if muscles:
            plan[f"{reach.name}/activation"] = partial(activation_figure, reach, groups)
    follows = all(np.isfinite(reach.signals["reference_qpos"].values).all() for reach in reaches)
    if follows:
        plan["summary"] = partial(summary_figure, reaches)
    plan["mean_activation" if muscles else "mean_control"] = partial(drive_figure, reaches, groups)
    active = muscles and any(drive(reach).values.any() for reach in reaches)
    if active and len(reaches) > 1:
        plan["synergies"] = partial(synergy_figure, reaches, groups)
    if any(kind in reaches[0].signals for kind in STATES):
        plan["state"] = partial(state_figure, reaches)
    has_network = any(map(is_of_network, reaches[0].signals))
    reasons = {
        "No summary: the arm had a point to go to, and no poses to follow.": not follows,
        "No activation and no synergies: this arm has motors.": not muscles,
        "No synergies: no muscle is ever active.": muscles and not active,
        "No synergies of one performance: they are what several have in common.": active and len(reaches) == 1,
        "No principal components of a state: this network has no memory.": "state" not in plan and has_network,
        "No principal components of a state: no network moved the arm.": not has_network,
    }
    return plan, [reason for reason, holds in reasons.items() if holds]


def muscle_groups(reaches: Sequence[ReachRecording]) -> list[MuscleGroup]:
    """Groups of muscles by `group_muscles`; all in the order of the model where no moment arms were recorded."""
    names, signals = reaches[0].signals["activation"].columns, [reach.signals for reach in reaches]
    if "moment_arm" not in signals[0] or signals[0]["moment_arm"].rows != names:
        return [MuscleGroup("muscles", list(range(len(names))))]
    arms, qpos, landmarks = ([of[key].values for of in signals] for key in ("moment_arm", "qpos", "landmarks"))
    return group_muscles(np.concatenate(arms), qpos, landmarks, signals[0]["moment_arm"].columns)


def _chosen(reaches: Sequence[ReachRecording], names: Sequence[str]) -> list[ReachRecording]:
    """First trials of the reaches with these names, or of the best, the middle and the worst."""
    first = {reach.name: reach for reach in reversed(reaches)}
    for name in names:
        if name not in first:
            raise UnknownNameError("recorded reach", name, first)
    if names:
        return [first[name] for name in names]
    errors = [float(reach.trial.mean_errors_mm[PAW]) for reach in first.values()]
    return [list(first.values())[i] for i in smallest_middle_largest(errors)]
