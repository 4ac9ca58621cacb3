"""Films of trained agents: one run, or several on the same reach, side by side."""

from collections.abc import Sequence
from pathlib import Path

from mousearm.agent import Agent
from mousearm.errors import MouseArmError, RunError, UnknownNameError
from mousearm.evaluate import Shot, film, representatives
from mousearm.files import make_folder
from mousearm.rundir import RunFolder


def film_runs(
    folders: Sequence[Path],
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
    """Film runs on one reach, each in a panel with its name.

    Args:
        folders: the run folders.
        out: the file, ending in .mp4 or .gif; None for ``videos/REACH.mp4`` in the run's folder, or for several runs
            ``REACH.mp4`` where one is.
        reach: its name; None for the one with the middle error of the first run.
        slowmo: seconds of reach per second of film; 1 is real speed.
        fps: as of ``evaluate.film``.
        size: as of ``evaluate.film``.
        camera: as of ``render.view``.
        checkpoint: as of ``Agent.load``.
        kinematics: as of ``Agent.load``.

    Returns:
        The file.

    Raises:
        MouseArmError: if a run, the reach, the camera or the file cannot be used, or nothing can be drawn here.
    """
    if not 0 < slowmo <= 1:
        raise MouseArmError(f"--slowmo {slowmo:g} is out of range: above 0, up to 1 (real speed).")
    shots: list[Shot] = []
    for folder, title in zip(folders, titles(folders), strict=True):
        agent = Agent.load(folder, checkpoint, kinematics)
        evaluation, rollout = agent.evaluate()
        if reach is None:
            chosen = representatives(evaluation)
            reach = rollout.names[chosen[len(chosen) // 2]]
        if reach not in rollout.names:
            raise UnknownNameError(f"reach in {folder}", reach, rollout.names)
        shots.append(Shot(rollout, rollout.names.index(reach), agent.arm.model, title))
    assert reach is not None
    path = out or (RunFolder(folders[0]).videos if len(folders) == 1 else Path()) / f"{reach}.mp4"
    make_folder(path.parent)
    try:
        film(shots, path, slowdown=1 / slowmo, fps=fps, size=size, camera=camera)
    except ValueError as error:
        raise RunError(f"{path} cannot be filmed: {error}.") from error
    return path


def titles(folders: Sequence[Path]) -> list[str]:
    """What runs are called: each folder, with as much of what is above as tells it apart and is no mere number."""
    parts = [folder.resolve().parts for folder in folders]

    def title(own: tuple[str, ...]) -> str:
        for depth in range(1, len(own)):
            same = {other for other in parts if other[-depth:] == own[-depth:]}
            if len(same) == 1 and not own[-depth].isdigit():
                return "/".join(own[-depth:])
        return str(Path(*own))

    return [title(own) for own in parts]
