"""The check of recorded reaches: each file by itself, read, measured and fitted to the arm; and the tables of it."""

import math
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from mousearm.config import Config
from mousearm.env.references import reach_files, with_lengths
from mousearm.errors import KinematicsError
from mousearm.inverse_kinematics import PoseCache, Solve
from mousearm.kinematics import Reach, ReachFile, resample
from mousearm.kinematics.noise import LEAST_NOISE_MM
from mousearm.kinematics.orientation import Orientation, find_orientation
from mousearm.kinematics.synthetic import RECORDED_QPOS
from mousearm.model import Arm, load_arm
from mousearm.paths import cache_folder
from mousearm.reach_check.measures import Measures, at_limits, beyond_recorded, measure
from mousearm.retarget import Reference, retarget
from mousearm.text import NO_VALUE, columns, listed, number, printable, shell, shortened, wrapped
from mousearm.trajectory import SHOULDER, with_shoulder

FOLLOWED_MM = 0.1  # residual up to which an arm follows a reach
MOST_AT_LIMIT = 0.1  # share of frames with a joint at its limit, above which a reach is remarked upon
SUSPICIOUS_AT_LIMIT = 0.3  # the same, above which it is suspicious
HEADER = ("reach", "frames", "Hz", "upper arm mm", "forearm mm", "noise mm", "peak m/s", "peak m/s²", "IK mm", "")
JOINT_HEADER = ("joint", "arm °", "published °", "used °", "frames at a limit")
SEGMENTS_NOTE = (
    "Segments: median ± standard deviation, drift from the first to the last frame.\n"
    "Noise: of the paw's tracking, standard deviation per axis before any filter.\n"
    "±: two standard deviations of the estimate, where it is above 0.01 mm."
)
_LENGTHS = slice(3, 6)  # the columns of segments and noise, which have a table of their own in a terminal
_NAME_LENGTH, _MOST_NAMES = 30, 3


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings about one file."""

    name: str  # the reach's
    path: Path
    reach: Reach | None  # as it was recorded, or None if it cannot be read
    measures: Measures | None = None
    reference: Reference | None = None  # as the arm would perform it, or None if it could not even be resampled
    refusal: str = ""  # why training would refuse it; empty if it would not
    remarks: Sequence[str] = ()  # on what is allowed but should be looked at
    at_limit: float = 0.0  # share of the frames with a joint at its limit, where the arm follows
    turned: bool = False  # whether its axes or its side look wrong

    @property
    def is_suspicious(self) -> bool:
        """True if it may be trained on, but is hardly what was performed."""
        return self.turned or self.at_limit > SUSPICIOUS_AT_LIMIT

    @property
    def verdict(self) -> str:
        """``REFUSED``, ``suspicious``, ``look`` or ``good``."""
        allowed = "look" if self.remarks else "good"
        return "REFUSED" if self.refusal else "suspicious" if self.is_suspicious else allowed

    def cells(self) -> list[str]:
        """Its row of the table, below `HEADER`."""
        if self.measures is None:
            return [self.name, *[NO_VALUE] * (len(HEADER) - 2), self.verdict]
        found = self.measures
        residual = number(None if self.reference is None else float(self.reference.residual_mm.max()), ".3f")
        sizes = [str(found.upper_arm), str(found.forearm), number(found.noise_mm, ".3f")]
        if np.isfinite(found.noise_uncertainty) and found.noise_mm >= LEAST_NOISE_MM:
            sizes[-1] += f" ±{found.noise_uncertainty:.0%}"
        peaks = [f"{found.peak_speed:.3f}", f"{found.peak_acceleration:.1f}"]
        return [self.name, str(found.n_frames), f"{found.rate:.4g}", *sizes, *peaks, residual, self.verdict]


@dataclass(frozen=True, slots=True)
class ReachCheck:
    """Findings about all files of a source, which the arm is to perform."""

    source: str
    arm: Arm
    checked: Sequence[Checked]
    orientation: Orientation  # of the reaches that can be read

    @property
    def refused(self) -> list[Checked]:
        """The files that training would refuse."""
        return [item for item in self.checked if item.refusal]

    @property
    def refusals(self) -> list[str]:
        """Why files are refused, each after the reach's name; of reasons that differ in numbers alone, the first."""
        return _first_of_a_kind([(item.name, item.refusal.removeprefix(f"{item.name}: ")) for item in self.refused])

    @property
    def remarks(self) -> list[str]:
        """Remarks on all files, each after the reach's name."""
        return [f"{item.name}: {remark}" for item in self.checked for remark in item.remarks]

    @property
    def suspicions(self) -> list[str]:
        """Faults of axes or side, of which reaches, and the command that turns their files."""
        turned = [item for item in self.checked if item.turned]
        if not turned:
            return []
        files = [shlex.quote(str(item.path)) for item in turned]
        if len(files) > _MOST_NAMES:
            files = sorted({f"{shlex.quote(str(item.path.parent))}/*.csv" for item in turned})
        command = f"{shell('scripts/import_reaches.py')} {' '.join(files)} --out turned --units m"
        return [
            f"{listed([item.name for item in turned], _MOST_NAMES)}: {self.orientation.evidence} Import the recording "
            "again with other axes, or turn these files:\n  "
            f"{command} {self.orientation.options()}"
        ]

    @property
    def summary(self) -> str:
        """Number of reaches that can be trained on."""
        suspicious = sum(item.is_suspicious and not item.refusal for item in self.checked)
        counts = f"{len(self.checked) - len(self.refused)} of {len(self.checked)} reaches can be trained on"
        return counts + (f", {suspicious} of them suspicious" if suspicious else "")

    def joint_rows(self) -> list[list[str]]:
        """Rows of the joints that move: ranges of the arm, of published reaches, of these; frames at a limit."""
        poses = [item.reference.qpos for item in self.checked if item.reference is not None]
        rows = []
        for joint in self.arm.tracked_joints if poses else ():
            name, used = self.arm.joint_names[joint], np.concatenate([qpos[:, joint] for qpos in poses])
            ranges = (self.arm.qpos_range[joint], RECORDED_QPOS.get(name), (used.min(), used.max()))
            spans = ["{:.0f} to {:.0f}".format(*np.rad2deg(ends)) if ends is not None else NO_VALUE for ends in ranges]
            rows.append([name, *spans, f"{at_limits(self.arm, used[:, None], [joint]):.1%}"])
        return rows

    def text(self) -> str:
        """Write the tables, then what is suspicious, which may be why others are refused, and should be looked at."""
        rows = [(shortened(name, _NAME_LENGTH), *cells) for name, *cells in (HEADER, *map(Checked.cells, self.checked))]
        blocks = [columns([[*row[: _LENGTHS.start], *row[_LENGTHS.stop :]] for row in rows])]
        if any(item.measures for item in self.checked):
            blocks += [[*columns([[row[0], *row[_LENGTHS]] for row in rows]), SEGMENTS_NOTE]]
        joints = self.joint_rows()
        blocks += [columns([JOINT_HEADER, *joints])] if joints else []
        remarks = [(item.name, remark) for item in self.checked for remark in item.remarks]
        findings = [f"suspicious {what}" for what in self.suspicions]
        findings += [f"REFUSED {why}" for why in self.refusals]
        findings += [f"look at {remark}" for remark in _first_of_a_kind(remarks)]
        blocks += [[_in_lines(text)] for text in findings]
        return printable("\n\n".join("\n".join(lines) for lines in [*blocks, [f"{self.summary}."]]))


def _first_of_a_kind(texts: Sequence[tuple[str, str]]) -> list[str]:
    """Texts after the names of their reaches; of those that differ in numbers alone the first, and who shares it."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for name, text in texts:
        kinds.setdefault(re.sub(r"[\d.]+", "0", text.replace(name, "")), []).append((name, text))
    return [
        f"{name}: {text.removesuffix('.')}. Likewise {listed([other for other, _ in others], _MOST_NAMES)}."
        if others
        else f"{name}: {text}"
        for (name, text), *others in kinds.values()
    ]


def _in_lines(text: str) -> str:
    """Sentences in lines of a terminal; commands, which are indented, stay whole."""
    return "\n".join(
        line if line.startswith(" ") else "\n".join(wrapped(line, below="  ")) for line in text.splitlines()
    )


def check_reaches(config: Config) -> ReachCheck:
    """Look at every file of ``kinematics.path`` by itself; a progress bar counts them.

    Raises:
        KinematicsError: there is no file.
        ConfigError, ModelError: the arm cannot be built.
    """
    files = reach_files(config)
    read = [_read(file) for file in tqdm(files, unit=" files", desc="reading", leave=False, disable=None)]
    reaches = [item.reach for item in read if item.reach is not None]
    if config.model.fit != "none" and not reaches:
        raise KinematicsError(f"No reach can be read, so the model cannot be fitted to the animal. {read[0].refusal}")
    arm = load_arm(with_lengths(config.model, reaches))
    solve = PoseCache(arm, cache_folder()).solve
    bar = tqdm(read, unit=" reaches", desc="fitting", leave=False, disable=None)
    checked = [item if item.reach is None else _fit(item, item.reach, arm, config, solve) for item in bar]
    references = [item.reference for item in checked if item.reach is not None]
    orientation = _judge(arm, [reach.landmarks for reach in reaches], references)
    turned = iter(orientation.suspicious)
    checked = [item if item.reach is None else replace(item, turned=bool(next(turned))) for item in checked]
    return ReachCheck(config.kinematics.path, arm, checked, orientation)


def suspicion(arm: Arm, references: Sequence[Reference], source: str) -> str:
    """One line on axes or side of references that look wrong, before they are trained on; empty where they do not."""
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, SHOULDER]
    points = [with_shoulder(shoulder, np.stack([reach.elbow, reach.paw], axis=1)) for reach in references]
    found = _judge(arm, points, references)
    return f"{found.evidence} See {shell('scripts/check_reaches.py', source)}" if found.evidence else ""


def _judge(arm: Arm, landmarks: Sequence[np.ndarray], references: Sequence[Reference | None]) -> Orientation:
    """Judge axes and side of reaches, (T, 3, 3) m each, by postures and by joint angles."""
    outside = [0.0 if reference is None else beyond_recorded(arm, reference.qpos) for reference in references]
    return find_orientation(landmarks, outside)


def _read(file: ReachFile) -> Checked:
    try:
        return Checked(file.name, file.path, file.read())
    except KinematicsError as error:
        return Checked(file.name, file.path, None, refusal=str(error))


def _fit(item: Checked, reach: Reach, arm: Arm, config: Config, solve: Solve) -> Checked:
    """Measure a reach, fit it to the arm, however badly, and say why it is refused."""
    dt, found, reference, refusal, at_limit = config.env.control_dt, measure(reach), None, "", 0.0
    try:
        reference = retarget(resample(reach, dt), arm, dt, config.kinematics, solve)
    except KinematicsError as error:
        refusal = str(error)
        with suppress(KinematicsError):  # of a reach that cannot even be resampled
            lenient = replace(config.kinematics, max_residual_mm=math.inf)
            reference = retarget(resample(reach, dt), arm, dt, lenient, solve)
    remarks = found.remarks()
    # An arm that cannot follow stretches as far as it can, which says nothing of the joints.
    if reference is not None and reference.residual_mm.max() <= FOLLOWED_MM:
        at_limit = at_limits(arm, reference.qpos[:, arm.tracked_joints], list(arm.tracked_joints))
    if at_limit > MOST_AT_LIMIT:
        remarks.append(f"a joint is at its limit in {at_limit:.0%} of the frames: check axes and side")
    return Checked(item.name, item.path, reach, found, reference, refusal, remarks, at_limit)
