"""A reach: where paw, elbow and shoulder were, frame by frame."""

from dataclasses import dataclass

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.checks import Place, check_recording


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """One recorded (or synthetic) reach.

    Positions are in metres in the axes of MuJoCo, z-up. The arrays are float64 copies that cannot be written, so a
    reach may be shared freely; two reaches are equal only if they are the same object.

    Args:
        name: what the reach is called in tables, splits and file names.
        time: (T,) s, strictly increasing; T >= 3. It need not start at 0 nor be evenly spaced.
        paw: (T, 3) m.
        elbow: (T, 3) m.
        shoulder: (T, 3) m.

    Raises:
        KinematicsError: a shape does not fit, a number is not finite, time does not increase, a segment vanishes
            (shorter than 0.1 mm), or the positions are evidently not a mouse's arm in metres. Frames count from 1, and
            columns have the names that they have in a file: ``paw_x`` is OpenSim's x, the y of these arrays.
    """

    name: str
    time: np.ndarray
    paw: np.ndarray
    elbow: np.ndarray
    shoulder: np.ndarray

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.strip():
            raise KinematicsError(f"A reach needs a name that is not empty; got {self.name!r}.")
        place = Place(f"reach '{self.name}'")
        for field in ("time", "paw", "elbow", "shoulder"):
            object.__setattr__(self, field, _frozen(getattr(self, field), field, place))
        self._check_shapes(place)
        check_recording(self.time, {"paw": self.paw, "elbow": self.elbow, "shoulder": self.shoulder}, place)

    def _check_shapes(self, place: Place) -> None:
        if self.time.ndim != 1:
            raise place.error(f"time has the shape {self.time.shape}; it must be (T,).")
        for field in ("paw", "elbow", "shoulder"):
            shape, wanted = getattr(self, field).shape, (len(self.time), 3)
            if shape != wanted:
                raise place.error(f"{field} has the shape {shape}; with {len(self.time)} times it must be {wanted}.")

    @property
    def n_frames(self) -> int:
        """Number of frames T."""
        return len(self.time)

    @property
    def duration(self) -> float:
        """Time from the first to the last frame [s]."""
        return float(self.time[-1] - self.time[0])

    @property
    def rate(self) -> float:
        """Frames per second [Hz]: one over the median interval."""
        return float(1.0 / np.median(np.diff(self.time)))

    @property
    def upper_arm_length(self) -> float:
        """Distance from shoulder to elbow [m], median over the frames."""
        return float(np.median(np.linalg.norm(self.elbow - self.shoulder, axis=1)))

    @property
    def forearm_length(self) -> float:
        """Distance from elbow to paw [m], median over the frames."""
        return float(np.median(np.linalg.norm(self.paw - self.elbow, axis=1)))


def _frozen(values: object, field: str, place: Place) -> np.ndarray:
    """Copy to a float64 array that cannot be written."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise place.error(f"{field} is not an array of numbers ({error}).") from error
    array.flags.writeable = False
    return array
