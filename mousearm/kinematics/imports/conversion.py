"""From the units, axes and side of a file to metres in OpenSim's axes (x forward, y up, z right) and a right arm.

The model is a right arm: looking forward, its breast muscles start to the left of the shoulder. A left arm becomes a
right one by a mirror between left and right, (x, y, z) to (x, y, -z). The `Origin` of a reach keeps the way back.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from mousearm.door import read_json
from mousearm.errors import KinematicsError, MouseArmError
from mousearm.files import write_json
from mousearm.kinematics.checks import Place
from mousearm.kinematics.damage import segment_lengths
from mousearm.kinematics.imports.markers import MarkerRecording, MarkerTrajectory, seen_points
from mousearm.kinematics.orientation import BODY
from mousearm.trajectory import LANDMARKS

UNITS = {"m": 1.0, "cm": 1e-2, "mm": 1e-3}  # m
SIDES = ("right", "left")  # that a recorded arm may have; the first is the model's
MOUSE_SEGMENT = (0.006, 0.025)  # median length that the upper arm and the forearm (elbow to paw) of a mouse may have, m
ORIGINS = "import.json"  # file beside the reaches
_ABOVE = 3  # folders: animal/session, and that of the file
_AGAIN = "Import the recording again, with scripts/import_reaches.py, which notes it."


def read_axes(text: str) -> np.ndarray:
    """Rotation (3, 3) to OpenSim's axes from those of a file, such as ``x z -y``: forward its x, up its z, left its y.

    KinematicsError if these are not three different axes, or they make a mirror image.
    """
    parts = text.replace(",", " ").lower().split()
    named = [re.fullmatch("([+-]?)([xyz])", part) for part in parts]
    if not all(named) or sorted(part[-1] for part in parts) != ["x", "y", "z"]:
        raise KinematicsError(
            f"--axes '{text}': name the file's axes that point forward, up and right, each once, with a minus "
            "where it points the other way, such as --axes 'x z -y' for a file with x forward and z up."
        )
    matrix = np.zeros((3, 3))
    for row, part in enumerate(parts):
        matrix[row, "xyz".index(part[-1])] = -1 if part[0] == "-" else 1
    if np.linalg.det(matrix) < 0:
        opposite = parts[2][-1] if parts[2][0] == "-" else f"-{parts[2][-1]}"
        raise KinematicsError(
            f"--axes '{text}' would mirror the animal: with {parts[0]} forward and {parts[1]} up, right is {opposite} "
            "in right-handed axes. Flip that sign. If the file's axes are left-handed, flip it too and give the other "
            "--side, which mirrors them back."
        )
    return matrix


def to_metres(points: np.ndarray, unit: str, axes: np.ndarray, side: str) -> np.ndarray:
    """Bring points (..., 3) in a file's unit and axes to metres, OpenSim's axes and a right arm, (..., 3)."""
    return UNITS[unit] * points @ axes.T * [1.0, 1.0, 1.0 if side == SIDES[0] else -1.0]


def from_metres(points: np.ndarray, unit: str, axes: np.ndarray, side: str) -> np.ndarray:
    """The way back of `to_metres`."""
    return points * [1.0, 1.0, 1.0 if side == SIDES[0] else -1.0] @ axes / UNITS[unit]


def fitting_units(lengths: tuple[float, float]) -> list[str]:
    """Units in which median lengths of upper arm and forearm are those of a mouse."""
    low, high = MOUSE_SEGMENT
    return [name for name in UNITS if all(low <= UNITS[name] * length <= high for length in lengths)]


def check_unit(unit: str, lengths: tuple[float, float], place: Place) -> None:
    """Refuse a unit in which the median lengths of upper arm and forearm are no mouse's."""
    (low, high), fitting = MOUSE_SEGMENT, fitting_units(lengths)
    advice = (
        f"--units {fitting[0]} would fit."
        if fitting
        else f"No unit of {', '.join(UNITS)} fits both: were the positions calibrated, and are the --points right? "
        "Convert another unit to one of these."
    )
    if unit not in fitting:
        in_mm = " and ".join(f"{1e3 * UNITS[unit] * length:.4g}" for length in lengths)
        raise place.error(
            f"in {unit}, the medians of upper arm and forearm are {in_mm} mm; a mouse has "
            f"{1e3 * low:g} to {1e3 * high:g} mm. {advice}"
        )


def in_metres(
    markers: MarkerTrajectory, recording: MarkerRecording, unit: str | None, axes: str | None, side: str
) -> tuple[MarkerTrajectory, list[str]]:
    """Convert the markers to metres, OpenSim's axes and a right arm; also returns notes on what was assumed.

    Unit and axes may be None where the recording says them.
    """
    place, seen = markers.place, seen_points(markers.points)
    for index, landmark in enumerate(LANDMARKS):
        if not seen[:, index].any():
            what = f"the {landmark} is never seen. Check --points; where --min-likelihood is given, it may be too high."
            raise place.error(what)
    lengths = segment_lengths(markers.points)
    if np.isnan(lengths).any():
        raise place.error("paw, elbow and shoulder are never seen in the same frame. Check --points.")
    chosen, text = unit or str(recording.unit), axes or str(recording.axes)
    check_unit(chosen, lengths, place)
    matrix, names = read_axes(text), text.replace(",", " ").lower().split()
    stated = f", the file says {recording.unit}" if recording.unit not in (None, chosen) else ""
    upper_arm, forearm = (1e3 * UNITS[chosen] * length for length in lengths)
    by = "--axes" if axes else "the convention of OpenSim, as --axes is not given"
    notes = [
        f"unit      {chosen} ({'--units' if unit else 'the file'} says so{stated}); median upper arm "
        f"{upper_arm:.2f} mm, forearm {forearm:.2f} mm",
        f"axes      forward = {names[0]}, up = {names[1]}, right = {names[2]} ({by})",
        f"side      {side} (--side)" + (", mirrored to the right arm that the model is" if side != SIDES[0] else ""),
    ]
    return replace(markers, points=to_metres(markers.points, chosen, matrix, side)), notes


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin of a reach."""

    file: str  # name of the recording
    rate: float  # frames per second of the recording, whose frames are the film's
    unit: str  # of the recording, of `UNITS`
    axes: str  # of the recording, as `read_axes` reads them
    side: str
    turned: list[list[float]] | None = None  # (4, 3) as of `MarkerRecording`

    def to_cameras(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) [m] in MuJoCo's axes, in unit and axes of the calibration."""
        found = from_metres(points[..., BODY], self.unit, read_axes(self.axes), self.side)
        if self.turned is not None:
            turn = np.array(self.turned)
            found = (found + turn[3]) @ np.linalg.inv(turn[:3].T)
        return found


def write_origins(origins: Mapping[str, Origin], folder: Path) -> None:
    """Write where reaches are from, by name, beside them."""
    write_json(folder / ORIGINS, {name: asdict(origin) for name, origin in origins.items()})


def read_origin(reach: Path) -> Origin:
    """Origin of the reach of a file, as was noted when it was imported; KinematicsError if that is not known."""
    for folder in [*reach.resolve().parents][:_ABOVE]:
        noted = folder / ORIGINS
        name = reach.resolve().relative_to(folder).with_suffix("").as_posix()
        if noted.exists() and name in (content := read_json(noted, KinematicsError)):
            try:
                origin = Origin(**content[name])
                turned = np.array(origin.turned or np.eye(4, 3), dtype=float)
                read_axes(origin.axes)
                if turned.shape != (4, 3) or origin.unit not in UNITS or origin.side not in SIDES or origin.rate <= 0:
                    raise ValueError("a value that cannot be")
            except (TypeError, ValueError, AttributeError, MouseArmError) as error:
                raise KinematicsError(f"{noted}, {name}: is damaged ({error}). {_AGAIN}") from error
            return origin
    raise KinematicsError(f"{reach}: nothing says which film it is from, in which axes: no {ORIGINS}. {_AGAIN}")
