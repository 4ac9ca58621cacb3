"""The check of recorded reaches: each file by itself, read, measured and fitted to the arm; and the tables of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from mousearm.config import Config
from mousearm.env.references import reach_files, with_lengths
from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach, ReachFile, resample
from mousearm.model import Arm, load_arm
from mousearm.retarget import PoseCache, Reference, Solve, cache_folder, retarget
from mousearm.text import columns, printable

USUAL = (("the highest speed of the paw is", "m/s", 0.05, 0.5), ("it lasts", "s", 0.05, 5.0))
"""What is remarked upon outside a range, with unit and range."""

MOST_SPREAD = 0.05
"""Standard deviation of a segment's length, relative to its median, above which it is remarked upon."""

AT_LIMIT = 0.01
"""A joint is at its limit where it is nearer to it than this part of its range."""

MOST_AT_LIMIT = 0.1
"""Share of frames with a joint at its limit above which a reach is remarked upon."""

FOLLOWED_MM = 0.1
"""Residual up to which an arm follows a reach."""

HEADER = ("reach", "frames", "Hz", "upper arm mm", "forearm mm", "peak m/s", "peak m/s²", "IK mm", "")
JOINT_HEADER = ("joint", "arm °", "used °", "frames at a limit")
SEGMENTS_NOTE = "Segments: median ± standard deviation, drift from the first to the last frame."


@dataclass(frozen=True, slots=True)
class SegmentLength:
    """The length of a segment, which would be constant if points sat on joints and were seen without error.

    Attributes:
        median_mm: over the frames.
        spread_mm: standard deviation over the frames.
        drift_mm: change from the first to the last frame along the line that fits best.
    """

    median_mm: float
    spread_mm: float
    drift_mm: float

    def __str__(self) -> str:
        drift = round(self.drift_mm, 2) + 0.0  # without the sign of a zero
        return f"{self.median_mm:.2f} ±{self.spread_mm:.2f} {drift:+.2f}"


@dataclass(frozen=True, slots=True)
class Measures:
    """Numbers of one reach as it was recorded.

    Attributes:
        rate: Hz.
        peak_speed: of the paw [m/s].
        peak_acceleration: of the paw [m/s^2]; noise raises it first.
    """

    n_frames: int
    rate: float
    upper_arm: SegmentLength
    forearm: SegmentLength
    peak_speed: float
    peak_acceleration: float

    def remarks(self) -> list[str]:
        """Remarks on what is allowed but should be looked at."""
        found = []
        for (what, unit, low, high), value in zip(USUAL, (self.peak_speed, self.n_frames / self.rate), strict=True):
            if not low <= value <= high:
                found.append(f"{what} {value:.3g} {unit}, usual is {low:g} to {high:g}: check rate and unit of time")
                found[-1] += ", or import a session with --cut" if unit == "s" and value > high else ""
        for name, segment in (("upper arm", self.upper_arm), ("forearm", self.forearm)):
            if segment.spread_mm > MOST_SPREAD * segment.median_mm:
                share = segment.spread_mm / segment.median_mm
                found.append(
                    f"the {name} changes its length by {share:.0%} (standard deviation): "
                    "a point was tracked badly or does not sit on its joint"
                )
        return found


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings about one file.

    Attributes:
        reach: as it was recorded, or None if it cannot be read.
        reference: as the arm would perform it, or None if it could not even be resampled.
        refusal: why training would refuse it; empty if it would not.
        remarks: what is allowed but should be looked at.
    """

    name: str
    reach: Reach | None
    measures: Measures | None
    reference: Reference | None
    refusal: str
    remarks: Sequence[str]

    def cells(self) -> list[str]:
        """Its row of the table, below `HEADER`."""
        verdict = "REFUSED" if self.refusal else "look" if self.remarks else "good"
        if self.measures is None:
            return [self.name, *["-"] * (len(HEADER) - 2), verdict]
        found = self.measures
        residual = "-" if self.reference is None else f"{self.reference.residual_mm.max():.3f}"
        sizes = [str(found.upper_arm), str(found.forearm), f"{found.peak_speed:.3f}", f"{found.peak_acceleration:.1f}"]
        return [self.name, str(found.n_frames), f"{found.rate:.4g}", *sizes, residual, verdict]


@dataclass(frozen=True, slots=True)
class ReachCheck:
    """Findings about all files.

    Attributes:
        source: where the files are.
        arm: the arm that is to perform them.
        checked: one for every file.
    """

    source: str
    arm: Arm
    checked: Sequence[Checked]

    @property
    def refused(self) -> list[Checked]:
        """The files that training would refuse."""
        return [item for item in self.checked if item.refusal]

    @property
    def remarks(self) -> list[str]:
        """Remarks on all files, each after the reach's name."""
        return [f"{item.name}: {remark}" for item in self.checked for remark in item.remarks]

    @property
    def summary(self) -> str:
        """How many reaches can be trained on."""
        return f"{len(self.checked) - len(self.refused)} of {len(self.checked)} reaches can be trained on"

    def joint_rows(self) -> list[list[str]]:
        """Rows of the joints that move: range of the arm, range over all reaches, share of frames at a limit."""
        poses = [item.reference.qpos for item in self.checked if item.reference is not None]
        rows = []
        for joint in self.arm.tracked_joints if poses else ():
            used = np.concatenate([qpos[:, joint] for qpos in poses])
            low, high = np.rad2deg(self.arm.qpos_range[joint])
            at_limit = at_limits(self.arm, used[:, None], [joint])
            spans = (f"{low:.0f} to {high:.0f}", f"{np.rad2deg(used.min()):.0f} to {np.rad2deg(used.max()):.0f}")
            rows.append([self.arm.joint_names[joint], *spans, f"{at_limit:.1%}"])
        return rows

    def text(self) -> str:
        """Write the tables, then what is refused and what should be looked at."""
        blocks = ["\n".join(columns([HEADER, *(item.cells() for item in self.checked)])), SEGMENTS_NOTE]
        joints = self.joint_rows()
        if joints:
            blocks.append("\n".join(columns([JOINT_HEADER, *joints])))
        blocks += [f"REFUSED {item.name}: {item.refusal}" for item in self.refused]
        blocks += [f"look at {remark}" for remark in self.remarks]
        return printable("\n\n".join([*blocks, f"{self.summary}."]))


def check_reaches(config: Config) -> ReachCheck:
    """Look at every file of ``kinematics.path`` by itself; a progress bar counts them.

    Raises:
        KinematicsError: there is no file.
        ConfigError, ModelError: the arm cannot be built.
    """
    files = reach_files(config)
    read = [_read(file) for file in tqdm(files, unit=" files", desc="reading", leave=False, disable=None)]
    reaches = [reach for reach, _ in read if reach is not None]
    if config.model.fit != "none" and not reaches:
        raise KinematicsError(f"No reach can be read, so the model cannot be fitted to the animal. {read[0][1]}")
    arm = load_arm(with_lengths(config.model, reaches))
    solve = PoseCache(arm, cache_folder()).solve

    def check(file: ReachFile, reach: Reach | None, refusal: str) -> Checked:
        if reach is None:
            return Checked(file.name, None, None, None, refusal, [])
        reference, refusal = _fit(reach, arm, config, solve)
        found = measure(reach)
        return Checked(file.name, reach, found, reference, refusal, [*found.remarks(), *_limits(arm, reference)])

    pairs = tqdm(list(zip(files, read, strict=True)), unit=" reaches", desc="fitting", leave=False, disable=None)
    return ReachCheck(config.kinematics.path, arm, [check(file, *result) for file, result in pairs])


def at_limits(arm: Arm, qpos: np.ndarray, joints: Sequence[int]) -> float:
    """Share of the frames of (T, len(joints)) rad in which one of the arm's joints is at a limit of its range.

    A joint without limits is never at one.
    """
    low, high = arm.qpos_range[list(joints)].T
    margin = np.where(np.isfinite(high - low), AT_LIMIT * (high - low), 0.0)
    return float(((qpos <= low + margin) | (qpos >= high - margin)).any(axis=1).mean())


def measure(reach: Reach) -> Measures:
    """Measure a reach as it was recorded."""
    velocity = paw_velocity(reach)
    acceleration = np.gradient(velocity, reach.time, axis=0)
    return Measures(
        n_frames=reach.n_frames,
        rate=reach.rate,
        upper_arm=_segment(reach.time, reach.elbow - reach.shoulder),
        forearm=_segment(reach.time, reach.paw - reach.elbow),
        peak_speed=reach.peak_speed,
        peak_acceleration=float(np.linalg.norm(acceleration, axis=1).max()),
    )


def paw_velocity(reach: Reach) -> np.ndarray:
    """(T, 3) m/s, by central differences."""
    return np.gradient(reach.paw, reach.time, axis=0)


def _segment(time: np.ndarray, vectors: np.ndarray) -> SegmentLength:
    length = 1e3 * np.linalg.norm(vectors, axis=1)
    elapsed = time - time.mean()
    slope = float(elapsed @ length / (elapsed @ elapsed))
    return SegmentLength(float(np.median(length)), float(length.std()), slope * float(time[-1] - time[0]))


def _read(file: ReachFile) -> tuple[Reach | None, str]:
    """Read a file: the reach, or None and why it is refused."""
    try:
        return file.read(), ""
    except KinematicsError as error:
        return None, str(error)


def _fit(reach: Reach, arm: Arm, config: Config, solve: Solve) -> tuple[Reference | None, str]:
    """Fit a reach to the arm, however badly, and say why it is refused."""
    dt, lenient = config.env.control_dt, replace(config.kinematics, max_residual_mm=math.inf)
    reference = None
    try:
        reference = retarget(resample(reach, dt), arm, dt, lenient, solve)
        retarget(resample(reach, dt), arm, dt, config.kinematics, lambda *_: reference.qpos)
    except KinematicsError as error:
        return reference, str(error)
    return reference, ""


def _limits(arm: Arm, reference: Reference | None) -> list[str]:
    if reference is None or reference.residual_mm.max() > FOLLOWED_MM:
        return []  # an arm that cannot follow stretches as far as it can, which says nothing of the joints
    joints = [int(joint) for joint in arm.tracked_joints]
    share = at_limits(arm, reference.qpos[:, joints], joints)
    if share <= MOST_AT_LIMIT:
        return []
    return [f"a joint is at its limit in {share:.0%} of the frames: check axes and side"]
