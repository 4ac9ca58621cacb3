"""Films of trials: one arm, or several side by side on the same clock, with captions; and the pictures of a run.

A film is H.264 in an mp4 file, or an animated GIF.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import imageio.v2 as imageio
import imageio_ffmpeg
import mujoco
import numpy as np
from matplotlib.font_manager import FontProperties, findfont
from PIL import Image, ImageDraw, ImageFont

from mousearm.errors import RenderError, UnknownNameError, os_errors_as
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.figure import generalisation_figure, reach_figure
from mousearm.evaluate.muscles import drives
from mousearm.files import make_folder, staged
from mousearm.model import Arm
from mousearm.plots import write_figure
from mousearm.render import TARGET_COLOURS, Picture, check_speed, posed, view
from mousearm.rundir.folder import RunFolder
from mousearm.text import facts
from mousearm.trajectory import FOLLOWED, LANDMARKS, Frame, Trial

RATES = {".mp4": 30, ".gif": 25}  # pictures per second; a GIF counts in hundredths of a second
_HOLD_S = 0.5
# Width and height of a panel in pixels: alone, and beside others.
_SIZES = {".mp4": ((960, 720), (640, 480)), ".gif": ((480, 360), (480, 360))}
# Understood by every player.
_ENCODING = {"codec": "libx264", "pixelformat": "yuv420p", "quality": 8, "macro_block_size": 2}
_INK, _ALARM = (40, 40, 40), (180, 0, 0)
_LINE = 1.4  # heights of a letter from one line to the next
_SMALLEST_FONT, _LINES_PER_PICTURE = 9, 24


class Shot(NamedTuple):
    """One panel of a film: the reach as an arm performed it, the arm's model, and whose it is, empty for nothing."""

    trial: Trial
    model: mujoco.MjModel
    title: str = ""


def film(
    shots: Sequence[Shot],
    path: Path,
    *,
    speed: float = 0.1,
    fps: int | None = None,
    size: tuple[int, int] | None = None,
    camera: str | None = None,
) -> None:
    """Film a reach: H.264 in an mp4 file that every player shows, or a GIF that is repeated for ever.

    States between two frames of a trial are interpolated; an arm that diverged stays as it was then. The last picture
    is held for half a second. All panels are seen from the same place, so that sizes compare.

    Args:
        shots: the panels, from left to right, in rows.
        path: the file, ending in ``.mp4`` or ``.gif``; its folder is made.
        speed: seconds of reach per second of film; 1 is real speed.
        fps: pictures per second of film; None for 30, or 25 of a GIF.
        size: width and height of a panel in pixels, both even; None for what suits the kind and the number.
        camera: as of ``render.view``; None takes one that shows the whole reach.

    Raises:
        RenderError: this machine cannot draw, or cannot encode a film.
        UnknownNameError: there is no such camera, or no such kind of film.
        ConfigError: as of `check_speed`.
        ValueError: a number cannot be used, or there is no panel.
    """
    kind = path.suffix.lower()
    fps = RATES.get(kind, RATES[".mp4"]) if fps is None else fps
    size = size or _SIZES.get(kind, _SIZES[".mp4"])[len(shots) > 1]
    if not shots or any(side <= 0 or side % 2 for side in size):
        raise ValueError(f"size={size} must be even and above 0, of at least one panel")
    everything, panels = np.concatenate([shot.trial.points for shot in shots]), []
    with ExitStack() as opened:
        for shot in shots:
            picture = opened.enter_context(Picture(shot.model, *size, view(shot.model, camera, everything)))
            is_recorded = np.isfinite(shot.trial.targets[:, FOLLOWED]).all()
            legend = "spheres and lines: recorded" if is_recorded else "sphere: the target"
            legend += "; muscles: red when active" if shot.model.na else ""
            panels.append(FilmPanel(shot, partial(_drawn, shot, picture), legend, size, speed))
        end = max(shot.trial.end for shot in shots)
        write_film(panels, path, end, speed, fps)


def write_film(panels: "Sequence[FilmPanel]", path: Path, end: float, speed: float, fps: int) -> None:
    """Write panels side by side from 0 to a time in s; arguments and errors as of `film`."""
    if fps <= 0:
        raise ValueError(f"fps={fps} must be above 0")
    n = int(np.ceil(end * fps / speed - 1e-6)) + 1
    with _encoded(path, fps) as append:
        for time in [min(i * speed / fps, end) for i in range(n)] + [end] * round(_HOLD_S * fps):
            append(_arrange([panel.draw(time) for panel in panels]))


def _drawn(shot: Shot, picture: Picture, frame: Frame) -> np.ndarray:
    """The arm with its targets."""
    state, paths = posed(shot.model, frame.qpos, frame.activation), shot.trial.targets[:, FOLLOWED].swapaxes(0, 1)
    return picture.draw(state, frame.targets[FOLLOWED], paths)


class FilmPanel:
    """Draws one arm with a caption: above title, time and errors, below reach, speed and the meaning of what is drawn.

    The picture of a `Frame` is (height, width, 3).
    """

    def __init__(
        self,
        shot: Shot,
        picture: Callable[[Frame], np.ndarray],
        legend: str,
        size: tuple[int, int],
        speed: float,
    ):
        check_speed(speed)
        self._shot, self._trial, self._picture, self._legend = shot, shot.trial, picture, legend
        self._last: tuple[float, np.ndarray] | None = None
        self._speed = ", real speed" if speed == 1 else f", {1 / speed:g} times slower"
        height = max(_SMALLEST_FONT, size[1] // _LINES_PER_PICTURE)
        self._plain, self._bold = (
            ImageFont.truetype(findfont(FontProperties(family="DejaVu Sans", weight=weight)), size=height)
            for weight in ("normal", "bold")
        )
        self._step, self._margin, self._size = _LINE * height, size[1] // 30, size

    def draw(self, time: float) -> np.ndarray:
        """The picture at a time in s, (height, width, 3)."""
        frame = self._trial.at(time)
        if self._last is None or self._last[0] != frame.time:  # otherwise it has ended, and looks the same
            self._last = frame.time, self._captioned(self._picture(frame), frame)
        return self._last[1]

    def _captioned(self, picture: np.ndarray, frame: Frame) -> np.ndarray:
        """Write on a copy of a (height, width, 3) picture."""
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)
        width = self._size[0] - 2 * self._margin
        room = width - self._margin - self._write_errors(draw, frame)
        if self._shot.title:
            self._write(draw, _shortened(self._shot.title, self._bold, room), 0, font=self._bold)
        clock, colour = f"{1e3 * frame.time:.0f} of {1e3 * self._trial.duration:.0f} ms", _INK
        if self._trial.diverged and frame.time >= self._trial.end:
            clock, colour = f"diverged after {1e3 * frame.time:.0f} ms", _ALARM
        self._write(draw, clock, 1 if self._shot.title else 0, colour=colour)
        name = _shortened(self._trial.name, self._plain, width - self._plain.getlength(self._speed))
        self._write(draw, name + self._speed, -2)
        self._write(draw, self._legend, -1)
        return np.asarray(image)

    def _write_errors(self, draw: ImageDraw.ImageDraw, frame: Frame) -> float:
        """Write in the upper right corner; returns the width in pixels."""
        errors = zip(LANDMARKS[FOLLOWED], frame.errors_mm[FOLLOWED], strict=True)
        known = [(f"{name} error {mm:.2f} mm", i) for i, (name, mm) in enumerate(errors) if np.isfinite(mm)]
        for row, (text, i) in enumerate(known):
            self._write(draw, text, row, "r", colour=tuple(round(255 * part) for part in TARGET_COLOURS[i]))
        return max((self._plain.getlength(text) for text, _ in known), default=0.0)

    def _write(
        self, draw: ImageDraw.ImageDraw, text: str, row: int, side: str = "l", font: Any = None, colour: Any = _INK
    ) -> None:
        """Write one line, counted from the top or, below 0, from the bottom; a white rim keeps it readable."""
        x = self._margin if side == "l" else self._size[0] - self._margin
        y = self._margin + self._step * row if row >= 0 else self._size[1] - self._margin + self._step * (row + 1)
        look = {"anchor": side + ("a" if row >= 0 else "d"), "stroke_width": 2, "stroke_fill": "white"}
        draw.text((x, y), text, font=font or self._plain, fill=colour, **look)


def _arrange(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures in rows of at most three, with fine lines between them; four are two by two."""
    n = len(pictures)
    columns = 2 if n == 4 else min(n, 3)
    height, width, _ = pictures[0].shape
    whole = np.full((-(-n // columns) * height, columns * width, 3), 255, dtype=np.uint8)
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        panel = whole[row * height : (row + 1) * height, column * width : (column + 1) * width]
        panel[:] = picture
        panel[:, : 2 if column else 0] = panel[: 2 if row else 0] = 200  # grey
    return whole


def _shortened(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    """A text that fits into a number of pixels, without as much of its middle as that takes."""
    short, kept = text, len(text)
    while font.getlength(short) > room and kept > 2:
        kept -= 1
        short = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
    return short


@contextmanager
def _encoded(path: Path, fps: int) -> Iterator[Callable[[np.ndarray], None]]:
    """Encode (height, width, 3) pictures as the ending says; an older film is replaced when this one is whole."""
    kind = path.suffix.lower()
    if kind not in RATES:
        raise UnknownNameError(f"kind of film ({path.name})", kind or "(no ending)", RATES)
    encode = _mp4 if kind == ".mp4" else _gif
    with os_errors_as(RenderError, path):
        make_folder(path.parent)
    with os_errors_as(RenderError, path), staged(path) as written, encode(written, fps) as append:
        yield append


@contextmanager
def _mp4(path: Path, fps: int) -> Iterator[Callable[[np.ndarray], None]]:
    try:
        imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise RenderError(
            f"This machine cannot encode films ({error}). Install ffmpeg, give its path in IMAGEIO_FFMPEG_EXE, or make "
            "a GIF, which needs none."
        ) from error
    with imageio.get_writer(path, format="FFMPEG", fps=fps, **_ENCODING) as writer:  # type: ignore[arg-type]
        yield writer.append_data  # type: ignore[attr-defined]


@contextmanager
def _gif(path: Path, fps: int) -> Iterator[Callable[[np.ndarray], None]]:
    """All pictures share one palette, without dithering, so that only what moves is stored again."""
    if 100 % fps:
        raise ValueError(f"fps={fps}: a GIF shows each picture for a whole number of hundredths of a second")
    pictures: list[Image.Image] = []
    yield lambda picture: pictures.append(Image.fromarray(picture))
    chosen = [pictures[i] for i in np.linspace(0, len(pictures) - 1, 8).astype(int)]
    together = Image.fromarray(np.concatenate([np.asarray(one) for one in chosen]))  # muscles change colour
    palette = together.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2)
    first, *others = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    first.save(path, save_all=True, append_images=others, duration=1000 // fps, loop=0, disposal=1, optimize=False)


def show_results(folder: RunFolder, arm: Arm, evaluation: Evaluation, trials: Sequence[Trial], video: bool) -> None:
    """Draw the best, the middle and the worst reach of a run, and all together; film the middle one; print where."""
    chosen = [trials[i] for i in evaluation.representatives]
    whose = folder.path.name if not folder.path.name.isdigit() else "/".join(folder.path.parts[-2:])  # a sweep's job
    source = f"run {whose}, seed {folder.saved_config().seed}" if folder.exists else ""
    for trial in chosen:
        write_figure(reach_figure(trial, drives(arm, trial), source), folder.figures / trial.name)
    if len(trials) > 1:
        write_figure(generalisation_figure(evaluation, source), folder.figures / "generalisation")
    print(facts({"figures": folder.figures}))
    if not video:
        return
    middle = trials[evaluation.middle]
    path = folder.videos / f"{middle.name}.mp4"
    try:
        film([Shot(middle, arm.model)], path)
        print(facts({"video": path}))
    except RenderError as error:
        print(f"No video: {error}")
