"""Films of the animal with the arm drawn on them, through the calibrated camera that filmed it.

What is drawn was brought back from the model to the animal (`retarget.beside_animal`), from there to the frame of the
calibration (`Origin.to_cameras`), and to pixels (`Camera.project`).
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from mousearm.door import check_file
from mousearm.errors import KinematicsError, RenderError, UnknownNameError
from mousearm.evaluate.film import RATES, FilmPanel, Shot, write_film
from mousearm.kinematics import Reach, resample
from mousearm.kinematics.cameras import Camera
from mousearm.kinematics.imports.conversion import Origin
from mousearm.model import Arm
from mousearm.render import TARGET_COLOURS
from mousearm.retarget import beside_animal
from mousearm.trajectory import FOLLOWED, Frame, Trial

_LARGEST_FILM = 2**40  # bytes
_LEAST_SEEN, _SHORTEST_ARM = 0.5, 8.0  # share of recorded positions in the picture, and pixels, at least
_SIZES = {"line": 2 / 720, "disc": 7 / 720, "ring": 12 / 720}  # radii, of the picture's height
_SHOULDER, _BONE, _RIM = (0.3, 0.65, 0.3), (1.0, 1.0, 1.0), (0.1, 0.1, 0.1)


@dataclass(frozen=True, slots=True)
class FilmOverlay:
    """A trial in pixels of a film, at the frames of its reach."""

    film: Path
    first: int  # frame of the film that is the first of the reach; the first of the film is 0
    size: tuple[int, int]  # of the film
    time: np.ndarray  # (T,) s of the trial
    targets: np.ndarray  # (T, 3, 2) pixels of shoulder, elbow and paw, to the right and down
    points: np.ndarray  # (T, 3, 2) the same of the arm
    scale: float  # median size of an error at the paw beside the animal, of one of the model

    @staticmethod
    def of(
        trial: Trial, reach: Reach, arm: Arm, method: str, origin: Origin, camera: Camera, film: Path, offset: int = 0
    ) -> "FilmOverlay":
        """Project a trial on a reach, whose way of retargeting is given, with an offset in frames of the film.

        KinematicsError if the film cannot be read, is of another size than the calibration says, or hardly shows what
        was recorded.
        """
        size = _film_size(film)
        if camera.size not in (None, size):
            raise KinematicsError(
                f"{film}: has {size[0]} x {size[1]} pixels, but its camera was calibrated with {camera.size[0]} x "
                f"{camera.size[1]}. Give the film as that camera recorded it, or choose another camera."
            )
        time = reach.time - reach.time[0]
        if resample(reach, trial.dt).n_frames == reach.n_frames:  # a frame is a step, however times were rounded
            time = trial.dt * np.arange(reach.n_frames)
        frames = [trial.at(float(at)) for at in time]
        arms = np.stack([[frame.landmarks, frame.targets] for frame in frames], axis=1)  # (2, T, 3, 3)
        arms[1, :, 0] = arms[0, :, 0]  # no target of a shoulder
        beside = np.stack([beside_animal(method, reach, arm, points) for points in arms])
        points, targets = camera.project(origin.to_cameras(beside))
        recorded = camera.project(origin.to_cameras(reach.landmarks))
        seen = ((recorded >= 0) & (recorded <= np.array(size) - 1)).all(axis=-1).mean()
        length = float(np.median(np.linalg.norm(np.diff(recorded, axis=1), axis=2).sum(axis=1)))
        if not (seen >= _LEAST_SEEN and length >= _SHORTEST_ARM):
            raise KinematicsError(
                f"{film}: {seen:.0%} of what was recorded lies in its picture, and the arm is {length:.0f} pixels long "
                "there, which cannot be right. Choose the camera that filmed it, and give the calibration that the "
                "recording was triangulated with, in the same unit."
            )
        shown = np.linalg.norm(np.diff(beside, axis=0)[0, :, 2], axis=-1)
        off = np.linalg.norm(arms[0, :, 2] - arms[1, :, 2], axis=-1)
        scale = float(np.median((shown / np.maximum(off, 1e-12))[off > 0])) if off.any() else np.nan
        first = round(float(reach.time[0]) * origin.rate) + offset
        return FilmOverlay(film, first, size, time, targets, points, scale)

    def write(self, shot: Shot, path: Path, speed: float = 0.1, fps: int | None = None) -> None:
        """Film it; errors as of `film`, and KinematicsError if the film ends too early."""
        pictures = _frames(self.film, self.first, self.size)
        last: list[tuple[int, np.ndarray]] = []

        def picture(frame: Frame) -> np.ndarray:
            wanted = int(np.abs(self.time - frame.time).argmin())
            while not last or last[0][0] < wanted:
                number = last[0][0] + 1 if last else 0
                last[:] = [(number, next(pictures))]
            return self.drawn(last[0][1], wanted)

        fps = RATES.get(path.suffix.lower(), RATES[".mp4"]) if fps is None else fps
        legend = "rings: recorded; discs and lines: the arm"
        try:
            write_film([FilmPanel(shot, picture, legend, self.size, speed)], path, self.time[-1], speed, fps)
        finally:
            pictures.close()

    def drawn(self, picture: np.ndarray, frame: int) -> np.ndarray:
        """The picture (height, width, 3) of a frame of the reach, with the arm and its targets."""
        canvas, height = picture.astype(float), self.size[1]
        radii = {name: max(1.0, share * height) for name, share in _SIZES.items()}
        for colour, more in ((_RIM, 1.0), (_BONE, 0.0)):
            for begin, end in pairwise(self.points[frame]):
                _stroke(canvas, begin, end, radii["line"] + more, colour)
        for point, colour in zip(self.points[frame], (_SHOULDER, *TARGET_COLOURS), strict=True):
            _stroke(canvas, point, point, radii["disc"], colour)
        for target, colour in zip(self.targets[frame, FOLLOWED], TARGET_COLOURS, strict=True):
            _stroke(canvas, target, target, radii["ring"] + radii["line"] / 2, _BONE, radii["ring"] - radii["line"])
            _stroke(canvas, target, target, radii["ring"], colour, radii["ring"] - radii["line"])
        return canvas.round().astype(np.uint8)


def _stroke(
    canvas: np.ndarray, begin: np.ndarray, end: np.ndarray, radius: float, colour: tuple, hollow: float = 0.0
) -> None:
    """Draw a line with round ends, or a disc or ring where both are one point, with smooth edges; (x, y) in pixels."""
    corners = np.stack([begin, end])
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e5:
        return
    low = np.maximum(np.floor(corners.min(axis=0) - radius - 1).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0) + radius + 2).astype(int), [canvas.shape[1], canvas.shape[0]])
    if (low >= high).any():
        return
    at = np.stack(np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1])), axis=-1) - begin
    along = end - begin
    share = np.clip(at @ along / max(float(along @ along), 1e-12), 0, 1)
    distance = np.linalg.norm(at - share[..., None] * along, axis=-1)
    cover = np.clip(radius + 0.5 - distance, 0, 1) * np.clip(distance - hollow + 0.5, 0, 1) ** (hollow > 0)
    part = canvas[low[1] : high[1], low[0] : high[0]]
    part += cover[..., None] * (255 * np.array(colour) - part)


def choose_camera(cameras: Mapping[str, Camera], name: str | None, film: Path) -> Camera:
    """The camera of a name or, without one, the only one there is, or whose name stands in the film's."""
    named = [known for known in cameras if known in film.stem] if len(cameras) > 1 else [*cameras]
    if name is None and len(named) != 1:
        raise UnknownNameError(f"camera of the calibration (--camera) in {film.name}", film.stem, cameras)
    name = named[0] if name is None else name
    if name not in cameras:
        raise UnknownNameError("camera of the calibration (--camera)", name, cameras)
    return cameras[name]


def _film_size(film: Path) -> tuple[int, int]:
    check_file(film, _LARGEST_FILM, KinematicsError)
    reader = imageio_ffmpeg.read_frames(film.resolve())
    try:
        width, height = next(reader)["source_size"]
    except (OSError, RuntimeError, KeyError) as error:
        why = str(error).strip().rpartition("\n")[2]
        raise KinematicsError(
            f"{film}: is no film that can be read ({why}). Convert it with ffmpeg to .mp4."
        ) from error
    finally:
        reader.close()
    return int(width), int(height)


def _frames(film: Path, first: int, size: tuple[int, int]) -> Generator[np.ndarray]:
    """Pictures (height, width, 3) from a frame on; every frame is decoded, so that none is counted twice or missed."""
    choice = ["-vf", f"select=gte(n\\,{first})", "-fps_mode", "passthrough"]
    reader, n = imageio_ffmpeg.read_frames(film.resolve(), input_params=["-noautorotate"], output_params=choice), 0
    try:
        next(reader)
        if first >= 0:
            for raw in reader:
                n += 1
                yield np.frombuffer(raw, np.uint8).reshape(size[1], size[0], 3)
        raise KinematicsError(
            f"{film}: has no frame {first + n}, counted from 0. Give the film of this recording, and --offset where "
            "it began earlier or later."
        )
    except (OSError, RuntimeError) as error:
        raise RenderError(f"{film}: cannot be read from frame {first} on: {error}") from error
    finally:
        reader.close()
