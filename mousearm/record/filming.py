"""Films of runs and of recordings, side by side, and on the film of the animal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mousearm.agent import Agent, titles
from mousearm.env.references import reach_files
from mousearm.errors import ConfigError, RunError, UnknownNameError
from mousearm.kinematics.cameras import read_cameras
from mousearm.kinematics.imports.conversion import read_origin
from mousearm.record.opened import open_trials
from mousearm.render import check_speed
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import is_recording, own_folder
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
    check_speed(slowmo)
    if all(map(is_recording, sources)) and kinematics is not None:
        raise ConfigError("Recordings have their reaches: leave --kinematics out, or give a run folder.")
    opened = [open_trials(source, checkpoint, kinematics) for source in sources]
    from mousearm.evaluate.film import Shot, film  # slow to import

    shots: list[Shot] = []
    for source, title, (arm, trials) in zip(sources, titles(sources), opened, strict=True):
        trial = choose_trial(source, trials, reach)
        reach = trial.name
        shots.append(Shot(trial, arm.model, title))
    with film_path(sources, f"{reach}.mp4", out) as path:
        film(shots, path, speed=slowmo, fps=fps, size=size, camera=camera)
    return path


def overlay_run(
    folder: Path,
    footage: Path,
    calibration: Path,
    out: Path | None = None,
    *,
    reach: str | None = None,
    camera: str | None = None,
    offset: int = 0,
    slowmo: float = 0.1,
    fps: int | None = None,
    checkpoint: str = "best",
    kinematics: str | None = None,
) -> dict[str, object]:
    """Draw a run's performance of an imported reach on the film of the animal; returns where, and what was assumed.

    Footage is what the calibrated camera filmed, of which the recording has every frame; ``offset`` is how many frames
    later the film has what the recording has at frame 0. The others are those of `film_runs`. MouseArmError if one
    cannot be used, or the reach was not imported.
    """
    check_speed(slowmo)
    from mousearm.evaluate.film import Shot  # slow to import
    from mousearm.evaluate.overlay import FilmOverlay, choose_camera

    chosen = choose_camera(read_cameras(calibration), camera, footage)
    agent = Agent.load(folder, checkpoint, kinematics)
    trial = choose_trial(folder, agent.evaluate()[1], reach)
    file = next(file for file in reach_files(agent.config) if file.name == trial.name)
    origin, method = read_origin(file.path), agent.config.kinematics.retarget
    drawn = FilmOverlay.of(trial, file.read(), agent.arm, method, origin, chosen, footage, offset)
    with film_path([folder], f"{trial.name}_{footage.stem}.mp4", out) as path:
        drawn.write(Shot(trial, agent.arm.model, titles([folder])[0]), path, slowmo, fps)
    last, n = drawn.first + len(drawn.time) - 1, len(drawn.time)
    return {
        "video": path,
        "frames": f"{drawn.first} to {last} of {footage.name} ({n}, --offset {offset}), {origin.rate:.4g} a second",
        "scale": f"1 mm of the model is drawn as {drawn.scale:.3g} mm beside the animal",
    }


@contextmanager
def film_path(folders: Sequence[Path], name: str, out: Path | None) -> Iterator[Path]:
    """Path of a film that is written in the ``with``: as wanted, or in the folder of the only run."""
    folder = own_folder(folders)
    path = out or (folder if folder == Path() else RunFolder(folder).videos) / name
    try:
        yield path
    except ValueError as error:
        raise RunError(f"{path} cannot be filmed: {error}.") from error


def choose_trial(folder: Path, trials: Sequence[Trial], reach: str | None) -> Trial:
    """The trial of a reach; None for the one with the middle paw error. UnknownNameError if there is no such reach."""
    if reach is None:
        order = np.argsort([trial.mean_errors_mm[PAW] for trial in trials], kind="stable")
        return trials[order[len(order) // 2]]
    by_name = {trial.name: trial for trial in trials}
    if reach not in by_name:
        raise UnknownNameError(f"reach in {folder}", reach, by_name)
    return by_name[reach]
