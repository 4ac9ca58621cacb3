"""A reach: positions of shoulder, elbow and paw, frame by frame; and the same at the rate of the controller."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.checks import MIN_FRAMES, Place, check_recording, check_rows
from mousearm.kinematics.noise import possible_truths, tracking_noise
from mousearm.trajectory import LANDMARKS

# How far, relatively, a mean interval may be from dt for the frames to be taken as control steps, and a frame from its
# place in an even grid, in intervals: times of 150 Hz rounded to 1 ms pass.
INTERVAL_TOLERANCE, JITTER_TOLERANCE = 0.01, 0.1
# Other positions that a file may hold of the same movement: before a filter; and without the noise that was added.
VERSIONS = ("recorded", "truth")
# Part of a step by which the last one may be short: time stamps rounded to a microsecond do not cost a frame.
STEP_ROUNDING = 1e-3
_LEAST_NOISE = 1e-6  # m per axis; less is the rounding of files


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """One recorded (or synthetic) reach.

    Positions are in metres in the axes of MuJoCo, z-up. The arrays are float64 copies that cannot be written, so a
    reach may be shared freely; two reaches are equal only if they are the same object.

    Args:
        name: of the reach in tables, splits and file names.
        time: (T,) s, strictly increasing; T >= 3. It need not start at 0 nor be evenly spaced.
        shoulder: (T, 3) m; landmarks are given by name.
        elbow: (T, 3) m.
        paw: (T, 3) m.
        measured_noise_mm: standard deviation per axis of the tracking's noise of each landmark before any filter, as
            the file says it; empty where it does not: then it is estimated where it is asked for.
        cutoff: of the low-pass filter that the positions went through [Hz], as the file says it.
        versions: (T, 3, 3) m by names of `VERSIONS`, those that the file holds.
        truths: (N, T, 3, 3) m, what the positions may have been without noise, by `possible_truths`; of a reach that
            was resampled, if its noise is known and not negligible.

    Raises:
        KinematicsError: a shape does not fit, a number is not finite, time does not increase, a segment vanishes
            (shorter than 0.1 mm), or the positions are evidently not a mouse's arm in metres. Frames count from 1, and
            columns have the names that they have in a file: ``paw_x`` is OpenSim's x, the y of these arrays.
    """

    name: str
    time: np.ndarray
    _: KW_ONLY
    shoulder: np.ndarray
    elbow: np.ndarray
    paw: np.ndarray
    measured_noise_mm: Mapping[str, float] = field(default_factory=dict)
    cutoff: float | None = None
    versions: Mapping[str, np.ndarray] = field(default_factory=dict)
    truths: np.ndarray | None = None

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.strip():
            raise KinematicsError(f"A reach needs a name that is not empty; got {self.name!r}.")
        place = Place(f"reach '{self.name}'")
        for name in ("time", *LANDMARKS):
            object.__setattr__(self, name, _frozen(getattr(self, name), name, place))
        if self.time.ndim != 1:
            raise place.error(f"time has the shape {self.time.shape}; it must be (T,).")
        for name in LANDMARKS:
            shape, wanted = getattr(self, name).shape, (len(self.time), 3)
            if shape != wanted:
                raise place.error(f"{name} has the shape {shape}; with {len(self.time)} times it must be {wanted}.")
        object.__setattr__(self, "versions", {name: _frozen(of, name, place) for name, of in self.versions.items()})
        for name, points in self.versions.items():
            if name not in VERSIONS or points.shape != self.landmarks.shape:
                raise place.error(f"'{name}' is not among {', '.join(VERSIONS)}, or not (T, 3, 3) as the landmarks.")
        check_recording(self.time, self.landmarks, place)

    @classmethod
    def of(cls, name: str, time: np.ndarray, landmarks: np.ndarray, **facts: Any) -> "Reach":
        """A reach by its positions of shoulder, elbow and paw, (T, 3, 3) m, and the facts of its tracking."""
        return cls(name, time, **dict(zip(LANDMARKS, np.moveaxis(landmarks, 1, 0), strict=True)), **facts)

    @property
    def landmarks(self) -> np.ndarray:
        """(T, 3, 3) shoulder, elbow and paw, m."""
        return np.stack([getattr(self, name) for name in LANDMARKS], axis=1)

    def moved(self, landmarks: np.ndarray, **changes: Any) -> "Reach":
        """A copy with other positions of shoulder, elbow and paw, (T, 3, 3) m, and other changes."""
        return replace(self, **dict(zip(LANDMARKS, np.moveaxis(landmarks, 1, 0), strict=True)), **changes)

    @property
    def tracked(self) -> tuple[np.ndarray, float, np.ndarray]:
        """Landmarks before the filter as far as the file holds them (T, 3, 3) m, rate [Hz], and their noise (3,) m."""
        points = self.versions.get("recorded", self.landmarks)
        if not self.measured_noise_mm:
            return points, self.rate, tracking_noise([points], self.rate)
        return points, self.rate, 1e-3 * np.array([self.measured_noise_mm[name] for name in LANDMARKS])

    def possible_truths(self) -> np.ndarray | None:
        """Landmarks as they may have been without noise (N, T, 3, 3) m; None if that is not known, or negligible."""
        points, rate, noise = self.tracked
        if not (np.isfinite(noise).all() and noise.max() >= _LEAST_NOISE):
            return None
        return possible_truths(points, rate, noise, None if "recorded" in self.versions else self.cutoff)

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
    def paw_velocity(self) -> np.ndarray:
        """(T, 3) m/s, by central differences."""
        return np.gradient(self.paw, self.time, axis=0)

    @property
    def peak_speed(self) -> float:
        """Highest speed of the paw [m/s]."""
        return float(np.linalg.norm(self.paw_velocity, axis=1).max())

    @property
    def upper_arm_length(self) -> float:
        """Distance from shoulder to elbow [m], median over the frames."""
        return float(np.median(np.linalg.norm(self.elbow - self.shoulder, axis=1)))

    @property
    def forearm_length(self) -> float:
        """Distance from elbow to paw [m], median over the frames."""
        return float(np.median(np.linalg.norm(self.paw - self.elbow, axis=1)))


def resample(reach: Reach, dt: float) -> Reach:
    """Return the reach, of the same name, on the time grid 0, dt, 2 dt, ... [s].

    A recording that is evenly spaced at dt already (mean interval within 1 %, no frame off the grid by more than a
    tenth of an interval) keeps its positions: one frame is one control step, and only the time is replaced, so the
    rounding of time stamps does not move the paw. Any other recording is interpolated by a cubic spline through the
    positions of each landmark, as far as whole steps fit into its duration. Segment lengths, constant in the recording,
    may then wobble by a little; retargeting restores them.

    Raises:
        KinematicsError: dt is not a positive number, the recording is shorter than three frames at dt or longer than
            a reach, or rows of it are lost.
    """
    from scipy.interpolate import CubicSpline

    place = Place(f"reach '{reach.name}'")
    if not (np.isfinite(dt) and dt > 0):
        raise place.error(f"cannot be resampled to an interval of dt = {dt} s; give a positive number of seconds.")
    check_rows(reach.time, place, "Fill the gap or cut the recording there.")
    truths = reach.possible_truths()
    if _is_on_grid(reach.time, dt):
        return replace(reach, time=dt * np.arange(reach.n_frames), truths=truths)
    steps = int(np.floor(reach.duration / dt + STEP_ROUNDING)) + 1
    if steps < MIN_FRAMES:
        raise place.error(
            f"lasts {reach.duration:.4g} s, which is {steps} frame(s) at dt = {dt:.4g} s; at least {MIN_FRAMES} are "
            "needed. Choose a smaller dt or leave this reach out."
        )
    time, elapsed = dt * np.arange(steps), reach.time - reach.time[0]
    return reach.moved(
        CubicSpline(elapsed, reach.landmarks)(time),
        time=time,
        truths=None if truths is None else CubicSpline(elapsed, truths, axis=1)(time),
        versions={name: CubicSpline(elapsed, points)(time) for name, points in reach.versions.items()},
    )


def _is_on_grid(time: np.ndarray, dt: float) -> bool:
    """Tell whether the times (T,) are evenly spaced at dt, up to the tolerances."""
    elapsed = time - time[0]
    interval = elapsed[-1] / (len(time) - 1)
    jitter = np.abs(elapsed - interval * np.arange(len(time))).max()
    return bool(abs(interval - dt) <= INTERVAL_TOLERANCE * dt and jitter <= JITTER_TOLERANCE * interval)


def _frozen(values: object, field: str, place: Place) -> np.ndarray:
    """Copy to a float64 array that cannot be written."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise place.error(f"{field} is not an array of numbers ({error}).") from error
    array.flags.writeable = False
    return array
