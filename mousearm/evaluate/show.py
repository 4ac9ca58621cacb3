"""What a run shows at its end: figures and a film of reaches that stand for all of them."""

from mousearm.errors import RenderError
from mousearm.evaluate.figure import draw_reach
from mousearm.evaluate.filming import Shot, film
from mousearm.evaluate.generalisation import draw_generalisation
from mousearm.evaluate.metrics import Evaluation, representatives
from mousearm.evaluate.rollout import Rollout
from mousearm.model import Arm
from mousearm.rundir import RunFolder


def show(folder: RunFolder, arm: Arm, evaluation: Evaluation, rollout: Rollout, video: bool) -> None:
    """Draw the best, the middle and the worst reach, film the middle one, and say where it all is.

    Where there are several reaches, they are drawn together too: ``generalisation``.
    """
    chosen = representatives(evaluation)
    for reach in chosen:
        path = folder.figures / rollout.names[reach]
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_reach(rollout, reach, arm.actuator_names, path)
    if len(evaluation.reaches) > 1:
        draw_generalisation(evaluation, folder.figures / "generalisation")
    print(f"{'figures':<12} {folder.figures}")
    if not video:
        return
    middle = chosen[len(chosen) // 2]
    path = folder.videos / f"{rollout.names[middle]}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        film([Shot(rollout, middle, arm.model)], path)
        print(f"{'video':<12} {path}")
    except RenderError as error:
        print(f"No video: {error}")
