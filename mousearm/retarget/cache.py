"""Joint angles that were found once are kept on disk, because finding them takes nearly all the time of loading."""

import os
from contextlib import suppress
from pathlib import Path

import mujoco
import numpy as np

from mousearm.errors import OutputError
from mousearm.files import make_folder, sha256, staged
from mousearm.model import Arm
from mousearm.retarget.inverse_kinematics import inverse_kinematics

# Part of every key: raise it when inverse kinematics gives other results.
_VERSION = b"1"


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/mousearm``, or ``~/.cache/mousearm``; it may be deleted at any time."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "mousearm"


class PoseCache:
    """Inverse kinematics of one arm, remembered on disk by content.

    The key is a hash of everything that inverse kinematics depends on: the model with its landmarks and joints, and the
    targets, into which the reach, the way of retargeting and the control rate have gone. So no file gets out of date.
    """

    def __init__(self, arm: Arm, folder: Path):
        """Make the part of the key that is the arm's.

        Args:
            arm: the arm.
            folder: where the files are; it need not exist.
        """
        self._arm = arm
        self._folder = folder / "poses"
        compiled = np.empty(mujoco.mj_sizeModel(arm.model), dtype=np.uint8)
        mujoco.mj_saveModel(arm.model, None, compiled)
        marks = repr([(name, mark.field, mark.index) for name, mark in sorted(arm.landmarks.items())])
        self._hash = sha256(_VERSION + compiled.tobytes() + arm.tracked_joints.tobytes() + marks.encode())

    def solve(self, elbow: np.ndarray, paw: np.ndarray) -> np.ndarray:
        """Joint angles for targets, as ``inverse_kinematics``; found only if they are not on disk yet.

        A damaged file is found again and replaced. A folder that cannot be written costs time, nothing else.
        """
        file = self._file(elbow, paw)
        poses = self._read(file, len(paw))
        if poses is None:
            poses = inverse_kinematics(self._arm, elbow, paw)
            _write(file, poses)
        return poses

    def _file(self, elbow: np.ndarray, paw: np.ndarray) -> Path:
        name = sha256(self._hash.encode() + np.stack([elbow, paw]).tobytes())
        return self._folder / name[:2] / f"{name}.npz"

    def _read(self, file: Path, n_frames: int) -> np.ndarray | None:
        try:
            with np.load(file, allow_pickle=False) as content:
                poses = content["qpos"]  # with its checksum, because npz is a zip archive
        except Exception:  # there is none, or it is damaged, for which numpy and zipfile raise many kinds
            return None
        return poses if poses.shape == (n_frames, self._arm.nq) and np.isfinite(poses).all() else None


def _write(file: Path, poses: np.ndarray) -> None:
    with suppress(OutputError):  # a home that is full, or cannot be written to
        make_folder(file.parent)
        with staged(file) as new:
            np.savez(new, qpos=poses)
