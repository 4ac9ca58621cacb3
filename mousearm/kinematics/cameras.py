"""Calibrated cameras: from points in space to pixels of a film.

OpenCV's model of a camera (https://docs.opencv.org/4.x/d9/d0c/group__calib3d.html): a point X of the calibration is at
(x, y, z) = R X + t for the camera; with u = x/z, v = y/z, r^2 = u^2 + v^2 and d = (1 + k1 r^2 + k2 r^4 + k3 r^6) /
(1 + k4 r^2 + k5 r^4 + k6 r^6) its lens bends it to

    u' = d u + 2 p1 u v + p2 (r^2 + 2 u^2),    v' = d v + p1 (r^2 + 2 v^2) + 2 p2 u v,

and its pixel is K (u', v', 1). The centre of the first pixel, in the upper left corner, is (0, 0).
"""

import io
import pickle
import pickletools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.door import read_bytes, read_text
from mousearm.errors import KinematicsError

_MOST_BYTES = 1_000_000
_LENGTHS = (1, 2, 4, 5, 8)  # of distortions: k1 k2 p1 p2 k3 k4 k5 k6; those that are not there are 0
_ADVICE = "Give the calibration.toml of Anipose or the stereo_params.pickle of DeepLabCut."


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """One calibrated camera; lengths are in the unit of the calibration."""

    size: tuple[int, int] | None  # width and height of its film in pixels; None where the calibration does not say
    matrix: np.ndarray  # (3, 3) K
    distortions: np.ndarray  # (8,) k1 k2 p1 p2 k3 k4 k5 k6
    rotation: np.ndarray  # (3, 3) R
    translation: np.ndarray  # (3,) t

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (..., 2), to the right and down, of points (..., 3); NaN of those behind the camera."""
        x, y, z = np.moveaxis(points @ self.rotation.T + self.translation, -1, 0)
        z = np.where(z > 0, z, np.nan)
        u, v = x / z, y / z
        k1, k2, p1, p2, k3, k4, k5, k6 = self.distortions
        r2 = u**2 + v**2
        bent = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        lens = [bent * u + 2 * p1 * u * v + p2 * (r2 + 2 * u**2), bent * v + p1 * (r2 + 2 * v**2) + 2 * p2 * u * v]
        return (np.stack([*lens, np.ones_like(u)], axis=-1) @ self.matrix.T)[..., :2]


def read_cameras(path: Path) -> dict[str, Camera]:
    """Read all cameras of a calibration, by name; KinematicsError if it is none, damaged, or of other lenses."""
    if path.suffix.lower() in (".pickle", ".pkl"):
        return _of_deeplabcut(path)
    try:
        content = tomllib.loads(read_text(path, _MOST_BYTES, KinematicsError))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise KinematicsError(f"{path} cannot be read as TOML: {error}. {_ADVICE}") from error
    cameras: dict[str, Camera] = {}
    for section, said in content.items():
        if not isinstance(said, dict) or "matrix" not in said:
            continue
        place = f"{path}, [{section}]"
        if said.get("fisheye"):
            raise KinematicsError(f"{place}: is of a fisheye lens, which cannot be drawn on. Choose another camera.")
        name = str(said.get("name", section))
        rotation = _rodrigues(_array(said, "rotation", (3,), place))
        cameras[name] = _camera(said, "matrix", "distortions", said.get("size"), place, rotation, "translation")
    if not cameras:
        raise KinematicsError(f"{path}: holds no camera with a matrix. {_ADVICE}")
    return cameras


def _of_deeplabcut(path: Path) -> dict[str, Camera]:
    """Cameras of DeepLabCut's pairs; its points are in the axes of the first camera after rectification by R1."""
    raw, cameras = read_bytes(path, _MOST_BYTES, KinematicsError), dict[str, Camera]()
    try:
        content = unpickle(raw)
    except ValueError as error:
        raise KinematicsError(f"{path}: {error}. {_ADVICE}") from error
    if not isinstance(content, dict) or not content:
        raise KinematicsError(f"{path}: holds no pair of cameras. {_ADVICE}")
    for pair, said in content.items():
        place = f"{path}, {pair}"
        if not isinstance(said, dict):
            raise KinematicsError(f"{place}: holds no parameters of a pair. {_ADVICE}")
        back, between = (_array(said, name, (3, 3), place) for name in ("R1", "R"))
        sizes = said.get("image_shape", [None, None])
        sizes = sizes if isinstance(sizes, list | tuple) and len(sizes) == 2 else [None, None]
        words = str(pair).split("-")
        names = ["-".join(words[: len(words) // 2]), "-".join(words[len(words) // 2 :])]
        for i, rotation in enumerate((back.T, between @ back.T)):
            name = names[i] if len(content) == 1 and len({*names}) == 2 else f"{pair}/{i + 1}"
            moved = "T" if i else ""
            n = i + 1
            cameras[name] = _camera(said, f"cameraMatrix{n}", f"distCoeffs{n}", sizes[i], place, rotation, moved)
    return cameras


def _camera(
    said: Mapping[str, Any], matrix: str, distortions: str, size: Any, place: str, rotation: np.ndarray, moved: str
) -> Camera:
    """A camera of what keys say; one that is not ``moved`` stands at the origin."""
    lens = _array(said, distortions, None, place)
    if lens.size not in _LENGTHS:
        raise KinematicsError(
            f"{place}, {distortions}: {lens.size} numbers; lenses of {', '.join(map(str, _LENGTHS))} are known. "
            "Calibrate without thin prisms and tilted sensors."
        )
    if size is not None:
        width, height = (int(side) for side in _array({"size": size}, "size", (2,), place))
        size = (width, height)
    at = _array(said, moved, (3,), place) if moved else np.zeros(3)
    return Camera(size, _array(said, matrix, (3, 3), place), np.resize([*lens, *[0.0] * 8], 8), rotation, at)


def _array(said: Mapping[str, Any], key: str, shape: tuple[int, ...] | None, place: str) -> np.ndarray:
    """Finite numbers of a key, of a shape up to axes of length 1, or of any length."""
    try:
        found = np.asarray(said[key], dtype=np.float64)
        found = found.ravel() if shape is None else found.reshape(shape)
        if found.size > 16 or not np.isfinite(found).all():
            raise ValueError("numbers that are not finite, or too many")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        wanted = "numbers" if shape is None else f"{' x '.join(map(str, shape))} numbers"
        raise KinematicsError(f"{place}, {key}: {wanted} are needed ({error}). {_ADVICE}") from error
    return found


def _rodrigues(turn: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) about a vector (3,) by its length [rad]: R = I + sin(a) W + (1 - cos(a)) W^2."""
    angle = float(np.linalg.norm(turn))
    x, y, z = turn / angle if angle else turn
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


class _Plain(pickle.Unpickler):
    """Unpickles plain data and arrays of numbers: what a pickle names is looked up here, and nowhere else."""

    def find_class(self, module: str, name: str) -> Any:
        found = _NAMED.get((module.replace("numpy._core", "numpy.core"), name))
        if found is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no array of numbers")
        return found


def _number_kind(code: str, *_: object) -> np.dtype:
    if not re.fullmatch("[fiu][1248]", code):
        raise pickle.UnpicklingError(f"an array of {code}")
    return np.dtype(code, align=False, copy=True)


_NAMED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): "array",  # is but handed to _reconstruct
    ("numpy", "dtype"): _number_kind,
    ("numpy.core.multiarray", "_reconstruct"): lambda *_: np.ndarray((0,), "b"),
    ("numpy.core.numeric", "_frombuffer"): lambda raw, kind, shape, order: np.frombuffer(raw, kind).reshape(
        shape, order=order
    ),
    ("_codecs", "encode"): lambda text, _: text.encode("latin1"),
}


def unpickle(raw: bytes) -> Any:
    """Load a pickle of lists, tuples, dicts, texts, numbers and arrays; ValueError if it is damaged, or more."""
    try:
        for instruction, argument, _ in pickletools.genops(raw):
            if "PUT" in instruction.name and int(argument or 0) > len(raw):  # would make a list of that length
                raise pickle.UnpicklingError(f"{instruction.name} {argument}")
        return _Plain(io.BytesIO(raw)).load()
    except Exception as error:  # damaged pickles raise many kinds
        raise ValueError(f"a pickle that is damaged, or more than data ({error})") from error
