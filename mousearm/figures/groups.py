"""Groups and order of muscles in figures, by the joints that they cross and the direction of their pull."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mousearm.record.signals import ReachRecording
from mousearm.trajectory import ELBOW, PAW, SHOULDER

# A muscle crosses a joint if its moment arm about it exceeds this in some frame, mm.
_CROSSES_MM = 1e-3
# Among the joints from the elbow on, a muscle belongs to the last one about which it has this share of its largest arm.
_SHARE = 0.6
_SHOULDER, _FLEXORS, _EXTENSORS = "shoulder", "elbow flexors", "elbow extensors"


class MuscleGroup(NamedTuple):
    """Muscles of one function, such as ``elbow flexors``: columns of ``activation``, in the order to draw them."""

    name: str
    muscles: list[int]


def muscle_groups(reaches: Sequence[ReachRecording]) -> list[MuscleGroup]:
    """Group muscles by joint from the shoulder outwards, elbow flexors before extensors; every muscle is in one group.

    All comes from the recorded moment arms, their means over all frames, and not from names:

    - The elbow is the joint that changes the angle shoulder - elbow - paw most: by least squares of the angle's change
      from frame to frame on those of the joints. The joints before it are the shoulder's.
    - A muscle that crosses no joint from the elbow on belongs to the shoulder.
    - The others belong to the last joint about which they have at least 60 % of their largest moment arm, the
      shoulder's left out: a muscle of shoulder and elbow belongs to the elbow, one of elbow and wrist to the wrist.
    - A flexor of the elbow is a muscle that makes the angle smaller.
    - Within a group, muscles follow by the joint about which they have their largest arm, by the direction of its pull,
      and by the size of the arm.

    Without moment arms all muscles are one group, ``muscles``, in the order of the model.
    """
    first = reaches[0].signals
    names = first["activation"].columns
    if "moment_arm" not in first or first["moment_arm"].rows != names:
        return [MuscleGroup("muscles", list(range(len(names))))]
    arms = np.concatenate([reach.signals["moment_arm"].values for reach in reaches])  # (frames, muscles, joints), mm
    mean, crosses = arms.mean(axis=0), np.abs(arms).max(axis=0) > _CROSSES_MM
    elbow, sign = _elbow(reaches)
    joints = [name.replace("_", " ") for name in first["moment_arm"].columns]
    members: dict[tuple[int, str], list[int]] = {}
    for muscle in range(len(names)):
        members.setdefault(_group(mean[muscle], crosses[muscle], elbow, sign, joints), []).append(muscle)
    found = sorted(members.items())
    return [MuscleGroup(name, sorted(muscles, key=lambda m: _rank(mean[m]))) for (_, name), muscles in found]


def _group(mean: np.ndarray, crosses: np.ndarray, elbow: int, sign: float, joints: Sequence[str]) -> tuple[int, str]:
    """Place from the shoulder outwards, and name, of the group of a muscle."""
    if not crosses[elbow:].any():
        return 0, _SHOULDER
    size = np.abs(mean[elbow:])
    joint = elbow + int(np.flatnonzero(size >= _SHARE * size.max())[-1])
    if joint > elbow:
        return 2 + joint, joints[joint]
    return (1, _FLEXORS) if mean[elbow] * sign < 0 else (2, _EXTENSORS)


def _rank(mean: np.ndarray) -> tuple[int, float]:
    """By main joint, then those that pull towards larger angles first, the largest arm at the outside."""
    joint = int(np.abs(mean).argmax())
    return joint, -float(mean[joint])


def _elbow(reaches: Sequence[ReachRecording]) -> tuple[int, float]:
    """The joint that changes the angle at the elbow most, and 1 or -1: whether the angle grows with it."""
    joints = np.concatenate([np.diff(reach.signals["qpos"].values, axis=0) for reach in reaches])
    angle = np.concatenate([np.diff(_angle(reach.signals["landmarks"].values)) for reach in reaches])
    slope = np.linalg.lstsq(joints, angle, rcond=None)[0]
    elbow = int(np.abs(slope).argmax())
    return elbow, float(np.sign(slope[elbow]))


def _angle(landmarks: np.ndarray) -> np.ndarray:
    """(T,) angle between upper arm and forearm, rad: pi where the arm is straight."""
    upper, fore = landmarks[:, SHOULDER] - landmarks[:, ELBOW], landmarks[:, PAW] - landmarks[:, ELBOW]
    cosine = (upper * fore).sum(axis=1) / (np.linalg.norm(upper, axis=1) * np.linalg.norm(fore, axis=1))
    return np.arccos(np.clip(cosine, -1, 1))
