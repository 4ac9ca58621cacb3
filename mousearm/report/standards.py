"""Recordings beside runs: what another controller, such as optimal control, makes of the same reaches."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mousearm.errors import RecordingError
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.model.muscles import muscles_of
from mousearm.record.opened import OpenRecording, open_recording
from mousearm.report.reading import Measured, Run
from mousearm.text import listed
from mousearm.trajectory import FOLLOWED, Trial


def read_standard(path: Path, split: str, runs: Sequence[Run]) -> Measured:
    """Measure a recording on the reaches that runs have in a split; of each reach its first trial.

    RecordingError if it lacks some of them, or knows no targets of the elbow; others as of `open_recording`.
    """
    opened = open_recording(path)
    wanted = {reach.name for run in runs for reach in run.evaluation.reaches if reach.split == split}
    first = {one.name: i for i, one in reversed([*enumerate(opened.reaches)])}
    if missing := sorted(wanted - set(first)):
        raise RecordingError(
            f"{path} cannot stand beside these runs: it lacks {len(missing)} of their {len(wanted)} {split} reaches, "
            f"{listed(missing, most=3)}. Record the same reaches, such as by scripts/optimal.py."
        )
    trials = [_with_effort(opened, first[name], split) for name in sorted(wanted)]
    if not all(np.isfinite(trial.targets[:, FOLLOWED]).all() for trial in trials):
        raise RecordingError(f"{path} has no targets of the elbow, so there are no errors. Leave it out.")
    return Measured(path.name, evaluate_trials(trials, opened.scale))


def _with_effort(opened: OpenRecording, index: int, split: str) -> Trial:
    """A trial with its effort, (force / peak force)^2; forces of motors were recorded times their gear."""
    arm, force = opened.arm, opened.reaches[index].signals["force"].values
    gear = np.abs(arm.model.actuator_gear[:, 0])
    gear[muscles_of(arm)] = 1
    return replace(opened.trial(index), split=split, effort=np.square(force / (gear * arm.peak_force)))
