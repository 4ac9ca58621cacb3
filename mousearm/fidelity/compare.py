"""How faithful an arm is to an OpenSim model, measured against OpenSim itself in random poses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousearm.fidelity.curves import MuscleCurves, compare_curves
from mousearm.fidelity.match import Match
from mousearm.fidelity.reference import OpenSimModel
from mousearm.fidelity.trust import Trust, judge
from mousearm.mechanics import Probe, random_poses
from mousearm.model import Arm
from mousearm.model_check.muscles import sweep

JOINT_RANGES, REACHES = "in ranges", "in reaches"
"""Where fibre lengths were found."""

MIN_MOMENT_ARM = 1e-4
"""m: a muscle and a joint are a pair where OpenSim's moment arm exceeds this somewhere."""

_N_BASES = 10  # poses from which each joint is swept


@dataclass(frozen=True, eq=False, slots=True)
class Fidelity:
    """What was found in P poses of M muscles and J joints.

    Attributes:
        file: the OpenSim model.
        version: OpenSim's.
        coordinates: OpenSim's names of what moves.
        arm: ours.
        qpos: (P, J) the poses.
        places: largest distance of each point that both have, m.
        muscles: names of those that both have.
        lengths: (2, P, M) path lengths in OpenSim and in ours, m.
        moments: (2, P, M, J) likewise moment arms: d length / d joint, m (per rad); OpenSim's by differences.
        stated: (P, M, J) moment arms as OpenSim itself states them, with the same sign. Around a wrap object its path
            is not quite the shortest, so they are not quite the derivatives of its lengths.
        trust: where OpenSim's paths can be trusted.
        jump: (M,) m, largest change of our own lengths that moment arms do not explain, in half a degree of a sweep.
        curves: of those that are MuJoCo muscles.
        notes: what was left out of the comparison.
    """

    file: Path
    version: str
    coordinates: tuple[str, ...]
    arm: Arm
    qpos: np.ndarray
    places: dict[str, float]
    muscles: tuple[str, ...]
    lengths: np.ndarray
    moments: np.ndarray
    stated: np.ndarray
    trust: Trust
    jump: np.ndarray
    curves: list[MuscleCurves]
    notes: tuple[str, ...]

    def length_error(self, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(M,) rms and (M,) largest difference of lengths, m, in poses (P, M); NaN for a muscle without any."""
        error = np.ma.array(np.abs(self.lengths[1] - self.lengths[0]), mask=~poses)
        return _rms(error), error.max(axis=0).filled(np.nan)

    def moment_error(self, poses: np.ndarray) -> np.ndarray:
        """(M, J) rms difference of moment arms in poses (P, M), as share of OpenSim's largest; NaN: not a pair."""
        opensim, ours = self.moments
        return _share(opensim, ours, poses)

    def stated_error(self, poses: np.ndarray) -> np.ndarray:
        """The same against the moment arms that OpenSim states."""
        return _share(self.stated, self.moments[1], poses)

    def contradiction(self, poses: np.ndarray) -> np.ndarray:
        """The same of what OpenSim states against the derivatives of its own lengths."""
        return _share(self.moments[0], self.stated, poses)


def compare(file: Path, arm: Arm, n_poses: int, seed: int, reaches: np.ndarray | None = None) -> Fidelity:
    """Compare an arm with an OpenSim model.

    Args:
        file: the OpenSim model.
        arm: ours; every joint must be a coordinate of the model. Muscles and markers are matched by name.
        n_poses: how many random poses within the joint ranges.
        seed: of these.
        reaches: (T, J) poses in reaches, for the fibre lengths there; None for none.

    Raises:
        ModelError: if OpenSim is not installed, or either program cannot use the file.
        UnknownNameError: if a joint is no coordinate of the model.
    """
    model = OpenSimModel(file, arm.actuator_names)
    match, probe = Match(arm, model), Probe(arm)
    index = [arm.actuator_names.index(name) for name in model.muscles]
    qpos = random_poses(arm, n_poses, seed)
    poses = match.values(qpos)
    ours, opensim = [probe.path(pose) for pose in qpos], [model.paths(pose) for pose in poses]
    lengths = np.array([[length for length, _ in opensim], [length[index] for length, _ in ours]])
    trust = judge(model, poses)
    ranges = {JOINT_RANGES: lengths[0]}
    if reaches is not None:
        ranges[REACHES] = np.array([model.lengths(pose) for pose in match.values(reaches)])
    return Fidelity(
        file=file,
        version=model.version,
        coordinates=model.coordinates,
        arm=arm,
        qpos=qpos,
        places=match.distances(qpos),
        muscles=model.muscles,
        lengths=lengths,
        moments=np.array([match.per_joint(trust.slopes), [moment[index] for _, moment in ours]]),
        stated=match.per_joint(np.array([-arms for _, arms in opensim])),
        trust=trust,
        jump=sweep(arm, qpos[:_N_BASES]).unexplained[index],
        curves=compare_curves(file, arm, model.muscles, ranges),
        notes=match.notes(),
    )


def _share(reference: np.ndarray, found: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """(M, J) rms of a difference, (P, M, J), in poses (P, M) over the reference's largest |moment arm| in them."""
    left_out = np.broadcast_to(~poses[:, :, None], reference.shape)
    largest = np.abs(np.ma.array(reference, mask=left_out)).max(axis=0).filled(0.0)
    error = _rms(np.ma.array(found - reference, mask=left_out))
    return np.where(largest > MIN_MOMENT_ARM, error / np.maximum(largest, MIN_MOMENT_ARM), np.nan)


def _rms(values: np.ma.MaskedArray) -> np.ndarray:
    """Over the poses."""
    return np.ma.sqrt((values**2).mean(axis=0)).filled(np.nan)
