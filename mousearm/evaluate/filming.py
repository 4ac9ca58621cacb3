"""Films of a reach: one arm, or several side by side on the same clock."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.evaluate.caption import Caption
from mousearm.evaluate.encoding import RATES, encoded
from mousearm.evaluate.moments import Course
from mousearm.evaluate.rollout import Rollout
from mousearm.render import Picture, posed, view

_HOLD_S = 0.5
_FULL_ROW = 3
_RULE = 200  # grey of the lines between panels
# Width and height of a panel in pixels: alone, and beside others.
_SIZES = {".mp4": ((960, 720), (640, 480)), ".gif": ((480, 360), (480, 360))}


class Shot(NamedTuple):
    """What one panel of a film shows.

    Attributes:
        rollout: what the arms did.
        reach: which of them.
        model: the arm's model.
        title: whose it is; empty for nothing.
    """

    rollout: Rollout
    reach: int
    model: mujoco.MjModel
    title: str = ""


def film(
    shots: Sequence[Shot],
    path: Path,
    *,
    slowdown: float = 10.0,
    fps: int | None = None,
    size: tuple[int, int] | None = None,
    camera: str | None = None,
) -> None:
    """Film a reach: H.264 in an mp4 file that every player shows, or a GIF that goes round and round.

    States between two frames of the rollout are interpolated. An arm whose simulation diverged stays as it was then.
    The film ends where the last arm does, and holds its last picture for half a second. All panels are seen from the
    same place, so that sizes compare.

    Args:
        shots: the panels, from left to right, in rows.
        path: the file, ending in ``.mp4`` or ``.gif``; its folder exists.
        slowdown: seconds of film per second of reach.
        fps: pictures per second of film; None for 30, or 25 of a GIF.
        size: width and height of a panel in pixels, both even; None for what suits the kind and the number.
        camera: as of ``render.view``; None takes one that shows the whole reach.

    Raises:
        RenderError: if this machine cannot draw, or cannot encode a film.
        UnknownNameError: if there is no such camera, or no such kind of film.
        ValueError: if a number cannot be used, or there is no panel.
    """
    kind = path.suffix.lower()
    fps = RATES.get(kind, RATES[".mp4"]) if fps is None else fps
    size = size or _SIZES.get(kind, _SIZES[".mp4"])[len(shots) > 1]
    if not shots or slowdown <= 0 or fps <= 0 or any(side <= 0 or side % 2 for side in size):
        raise ValueError(f"slowdown={slowdown} and fps={fps} must be above 0, size={size} even and above 0")
    everything = np.concatenate([Course(shot.rollout, shot.reach).points for shot in shots])
    with ExitStack() as opened:
        panels = [_Panel(shot, size, camera, everything, _speed(slowdown), opened) for shot in shots]
        show = opened.enter_context(encoded(path, fps))
        end = max(panel.end for panel in panels)
        n = int(np.ceil(end * fps * slowdown - 1e-6)) + 1
        for time in [min(i / (fps * slowdown), end) for i in range(n)] + [end] * round(_HOLD_S * fps):
            show(_arrange([panel.draw(time) for panel in panels]))


class _Panel:
    """Draws one arm at any time."""

    def __init__(
        self,
        shot: Shot,
        size: tuple[int, int],
        camera: str | None,
        everything: np.ndarray,
        speed: str,
        opened: ExitStack,
    ):
        self._model, self._course = shot.model, Course(shot.rollout, shot.reach)
        self._caption = Caption(self._course, shot.title, bool(shot.model.na), size, speed)
        self._picture = opened.enter_context(Picture(shot.model, *size, view(shot.model, camera, everything)))
        self._last: tuple[float, np.ndarray] | None = None
        self.end = self._course.end

    def draw(self, time: float) -> np.ndarray:
        """The picture at a time in s, (height, width, 3)."""
        moment = self._course.at(time)
        if self._last is None or self._last[0] != moment.time:  # otherwise it has ended, and looks the same
            state = posed(self._model, moment.qpos, moment.activation)
            picture = self._picture.draw(state, moment.targets, self._course.paths)
            self._last = moment.time, self._caption.stamp(picture, moment)
        return self._last[1]


def _arrange(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures in rows of at most three, with fine lines between them; four are two by two."""
    n = len(pictures)
    columns = 2 if n == 4 else min(n, _FULL_ROW)
    height, width, _ = pictures[0].shape
    whole = np.full((-(-n // columns) * height, columns * width, 3), 255, dtype=np.uint8)
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        panel = whole[row * height : (row + 1) * height, column * width : (column + 1) * width]
        panel[:] = picture
        panel[:, : 2 if column else 0] = _RULE
        panel[: 2 if row else 0] = _RULE
    return whole


def _speed(slowdown: float) -> str:
    return "real speed" if slowdown == 1 else f"{slowdown:g} times slower"
