"""Origin of a reach: its recording, and the way back to the frame of the cameras that filmed the animal."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mousearm.door import read_json
from mousearm.errors import KinematicsError, MouseArmError
from mousearm.files import write_json
from mousearm.kinematics.imports.conversion import SIDES, UNITS, from_metres, read_axes
from mousearm.kinematics.orientation import BODY

ORIGINS = "import.json"  # file beside the reaches
_ABOVE = 3  # folders: animal/session, and that of the file
_AGAIN = "Import the recording again, with scripts/import_reaches.py, which notes it."


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
