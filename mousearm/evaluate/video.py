"""A film of one reach in slow motion, with a caption that tells what is seen."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import imageio.v2 as imageio
import imageio_ffmpeg
import mujoco
import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from mousearm.errors import RenderError
from mousearm.evaluate.rollout import Rollout
from mousearm.render import TARGET_COLOURS, Picture, framing

_HOLD_S = 0.5
_INK = (40, 40, 40)
# What every player shows.
_ENCODING = {"codec": "libx264", "pixelformat": "yuv420p", "quality": 8, "macro_block_size": 2}


def film(
    rollout: Rollout,
    reach: int,
    model: mujoco.MjModel,
    path: Path,
    *,
    slowdown: float = 10.0,
    fps: int = 30,
    size: tuple[int, int] = (960, 720),
    camera: str | None = None,
) -> None:
    """Film one reach: H.264 in an mp4 file that every player shows.

    States between two frames of the rollout are interpolated. The film ends where the simulation ended or diverged, and
    holds its last picture for half a second.

    Args:
        rollout: what the arms did.
        reach: which of them.
        model: the arm's model.
        path: the file, ending in ``.mp4``; its folder exists.
        slowdown: seconds of film per second of reach.
        fps: pictures per second of film.
        size: width and height in pixels, both even.
        camera: a camera of the model; None takes one that shows the whole reach.

    Raises:
        RenderError: if this machine cannot draw, or cannot encode a film.
        UnknownNameError: if the model has no such camera.
        ValueError: if a number cannot be used.
    """
    if slowdown <= 0 or fps <= 0 or any(side <= 0 or side % 2 for side in size):
        raise ValueError(f"slowdown={slowdown} and fps={fps} must be above 0, size={size} even and above 0")
    _check_encoder()
    moments = _moments(rollout, reach, rate=fps * slowdown, n_held=round(_HOLD_S * fps))
    caption = _Caption(rollout, reach, size, slowdown)
    paths = rollout.targets[reach, : rollout.n_frames[reach]].swapaxes(0, 1)
    everything = np.concatenate([paths.reshape(-1, 3), rollout.landmarks[reach].reshape(-1, 3)])
    data = mujoco.MjData(model)
    with (
        Picture(model, *size, camera or framing(model, everything)) as picture,
        imageio.get_writer(path, format="FFMPEG", fps=fps, **_ENCODING) as writer,  # type: ignore[arg-type]
    ):
        for moment in moments:
            data.qpos[:], data.act[:] = moment.qpos, moment.activation
            mujoco.mj_forward(model, data)
            frame = caption.stamp(picture.draw(data, moment.targets, paths), moment)
            writer.append_data(frame)  # type: ignore[attr-defined]


def _check_encoder() -> None:
    try:
        imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise RenderError(
            f"This machine cannot encode films ({error}). Install ffmpeg, or give its path in IMAGEIO_FFMPEG_EXE."
        ) from error


class _Moment(NamedTuple):
    """The arm and its targets at one time of the reach."""

    time: float  # s
    qpos: np.ndarray  # (nq,) rad
    activation: np.ndarray  # (na,)
    targets: np.ndarray  # (2, 3) elbow and paw, m
    errors_mm: np.ndarray  # (2,) elbow and paw


def _moments(rollout: Rollout, reach: int, rate: float, n_held: int) -> Iterator[_Moment]:
    """Moments of a reach, ``rate`` per second and linear between the rollout's frames; then the last one, held."""
    last = int(rollout.completed[reach]) - 1
    columns = [field[reach] for field in (rollout.qpos, rollout.activation, rollout.targets, rollout.errors_mm())]
    n = int(np.ceil(last * rollout.dt * rate - 1e-6)) + 1 + n_held
    for position in np.minimum(np.arange(n) / (rate * rollout.dt), last):
        before = int(position)
        after, share = min(before + 1, last), position - before
        yield _Moment(position * rollout.dt, *((1 - share) * field[before] + share * field[after] for field in columns))


class _Caption:
    """Writes on pictures: name, time and slow-down in the upper left corner, errors in the upper right one."""

    def __init__(self, rollout: Rollout, reach: int, size: tuple[int, int], slowdown: float):
        self._name = rollout.names[reach]
        self._end_ms = 1e3 * rollout.dt * (int(rollout.n_frames[reach]) - 1)
        lived = int(rollout.completed[reach])
        self._diverged_s = rollout.dt * (lived - 1) if lived < rollout.n_frames[reach] else None
        self._slowdown = slowdown
        self._legend = "muscles: grey at rest, red when active" if rollout.activation.shape[2] else ""
        self._left, self._right = size[1] // 30, size[0] - size[1] // 30
        self._font = ImageFont.truetype(findfont("DejaVu Sans"), size=max(8, size[1] // 34))

    def stamp(self, picture: np.ndarray, moment: _Moment) -> np.ndarray:
        """Write on a copy of a (height, width, 3) picture."""
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)
        clock = f"{1e3 * moment.time:.0f} of {self._end_ms:.0f} ms, {self._slowdown:g} times slower"
        if self._diverged_s is not None and moment.time >= self._diverged_s:
            clock += ", diverged"
        for row, text in enumerate((self._name, clock, self._legend)):
            self._write(draw, text, row, self._left, "la", _INK)
        for row, (point, error) in enumerate(zip(("elbow", "paw"), moment.errors_mm, strict=True)):
            red, green, blue = (round(255 * part) for part in TARGET_COLOURS[row][:3])
            self._write(draw, f"{point} error {error:.2f} mm", row, self._right, "ra", (red, green, blue))
        return np.asarray(image)

    def _write(
        self, draw: ImageDraw.ImageDraw, text: str, row: int, x: int, anchor: str, colour: tuple[int, int, int]
    ) -> None:
        """One line; its white rim keeps it readable on any background."""
        at = (x, self._left + 1.4 * self._font.size * row)
        draw.text(at, text, font=self._font, anchor=anchor, fill=colour, stroke_width=2, stroke_fill="white")
