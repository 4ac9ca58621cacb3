"""Films of runs and of recordings, side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mousearm.agent import Agent, check_slowmo, choose_trial, film_path, titles
from mousearm.errors import ConfigError
from mousearm.record.opened import OpenRecording, is_recording, open_recording
from mousearm.trajectory import PAW, Trial


def film_runs(
    sources: Sequence[Path],
    out: Path | None = None,
    *,
    reach: str | None = None,
    slowmo: float = 0.1,
    fps: int | None = None,
    size: tuple[int, int] | None = None,
    camera: str | None = None,
    checkpoint: str = "best",
    kinematics: str | None = None,
) -> Path:
    """Film runs and recordings on one reach, each in a panel with its name.

    The file, ``out``, which is returned, ends in .mp4 or .gif; by default it is ``videos/REACH.mp4`` in the run's
    folder, or ``REACH.mp4`` in the working directory for several, an example agent or a recording. The reach is by
    default the one with the middle error of the first. ``slowmo``: seconds of reach per second of film; 1 is real
    speed. The others are those of ``film``, ``render.view`` and ``Agent.load``. MouseArmError if one cannot be used, or
    nothing can be drawn here.
    """
    check_slowmo(slowmo)
    if all(map(is_recording, sources)) and kinematics is not None:
        raise ConfigError("Recordings have their reaches: leave --kinematics out, or give a run folder.")
    opened = [
        open_recording(source) if is_recording(source) else Agent.load(source, checkpoint, kinematics)
        for source in sources
    ]
    from mousearm.evaluate.film import Shot, film  # slow to import

    shots: list[Shot] = []
    for source, title, one in zip(sources, titles(sources), opened, strict=True):
        trial = _trial(source, one, reach)
        reach = trial.name
        shots.append(Shot(trial, one.arm.model, title))
    folders = [Path() if is_recording(source) else source for source in sources]
    with film_path(folders, f"{reach}.mp4", out) as path:
        film(shots, path, slowdown=1 / slowmo, fps=fps, size=size, camera=camera)
    return path


def _trial(source: Path, opened: Agent | OpenRecording, reach: str | None) -> Trial:
    """The trial of a reach, None for the one with the middle error; of a recording the first of each reach."""
    if isinstance(opened, Agent):
        evaluation, trials = opened.evaluate()
        return choose_trial(source, trials, evaluation.middle, reach)
    trials = [opened.trial(i) for i, one in enumerate(opened.reaches) if one.repeat == 0]
    order = np.argsort([trial.mean_errors_mm[PAW] for trial in trials], kind="stable")
    return choose_trial(source, trials, int(order[len(order) // 2]), reach)
