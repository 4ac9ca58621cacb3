"""From pictures to a file that other programs show: H.264 in mp4, or an animated GIF."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import imageio.v2 as imageio
import imageio_ffmpeg
import numpy as np
from PIL import Image

from mousearm.errors import RenderError, UnknownNameError
from mousearm.files import os_errors_as, staged

Show = Callable[[np.ndarray], None]
"""Takes the next (height, width, 3) picture of a film."""

# Pictures per second. A GIF counts in hundredths of a second.
RATES = {".mp4": 30, ".gif": 25}
# What every player shows.
_ENCODING = {"codec": "libx264", "pixelformat": "yuv420p", "quality": 8, "macro_block_size": 2}
_PALETTE_PICTURES = 8


@contextmanager
def encoded(path: Path, fps: int) -> Iterator[Show]:
    """A new film of the kind that the file's name ends with; it replaces an older one when it is whole.

    Args:
        path: the file, ending in .mp4 or .gif; its folder exists.
        fps: pictures per second; of a GIF a divisor of 100.

    Raises:
        RenderError: if this machine cannot encode it, or the file cannot be written.
        UnknownNameError: if there is no such kind of film.
        ValueError: if a GIF cannot have this rate.
    """
    kind = path.suffix.lower()
    if kind not in RATES:
        raise UnknownNameError(f"kind of film ({path.name})", kind or "(no ending)", RATES)
    encode = _mp4 if kind == ".mp4" else _gif
    with os_errors_as(RenderError, path), staged(path) as beside, encode(beside, fps) as show:
        yield show


@contextmanager
def _mp4(path: Path, fps: int) -> Iterator[Show]:
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
def _gif(path: Path, fps: int) -> Iterator[Show]:
    """All pictures share one palette, without dithering, so that only what moves is stored again."""
    if 100 % fps:
        raise ValueError(f"fps={fps}: a GIF shows each picture for a whole number of hundredths of a second")
    pictures: list[Image.Image] = []
    yield lambda picture: pictures.append(Image.fromarray(picture))
    palette = _palette(pictures)
    first, *others = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    first.save(path, save_all=True, append_images=others, duration=1000 // fps, loop=0, disposal=1, optimize=False)


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """Of pictures from all of the film: muscles change colour."""
    chosen = [pictures[i] for i in np.linspace(0, len(pictures) - 1, _PALETTE_PICTURES).astype(int)]
    together = Image.fromarray(np.concatenate([np.asarray(one) for one in chosen]))
    return together.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2)
