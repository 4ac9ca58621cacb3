"""One reach as figures show it: in ms, and in mm from the shoulder."""

from typing import NamedTuple

import numpy as np

from mousearm.evaluate.rollout import Rollout


class Track(NamedTuple):
    """One reach in the units of a figure: ms, and mm from the shoulder's place at the start.

    The arm's arrays have the L frames that it lived through, the target's all T.
    """

    name: str
    completed: bool  # whether the arm lived to the end of the reach
    target_ms: np.ndarray  # (T,)
    target_mm: np.ndarray  # (T, 2, 3) elbow and paw
    ms: np.ndarray  # (L,)
    points_mm: np.ndarray  # (L, 3, 3) shoulder, elbow and paw
    errors_mm: np.ndarray  # (L, 2) elbow and paw
    ctrl: np.ndarray  # (L - 1, nu), held between two frames

    @staticmethod
    def of(rollout: Rollout, reach: int) -> "Track":
        """Cut one reach out of a rollout."""
        lived, frames = int(rollout.completed[reach]), int(rollout.n_frames[reach])
        ms = 1e3 * rollout.dt * np.arange(frames)
        shoulder = rollout.landmarks[reach, 0, 0]
        return Track(
            name=rollout.names[reach],
            completed=lived == frames,
            target_ms=ms,
            target_mm=1e3 * (rollout.targets[reach, :frames] - shoulder),
            ms=ms[:lived],
            points_mm=1e3 * (rollout.landmarks[reach, :lived] - shoulder),
            errors_mm=rollout.errors_mm()[reach, :lived],
            ctrl=rollout.ctrl[reach, 1:lived],
        )

    @property
    def mean_errors_mm(self) -> np.ndarray:
        """(2,) as in the evaluation: frame 0, where the arm was put, counts only if there is no other."""
        return self.errors_mm[min(1, len(self.errors_mm) - 1) :].mean(axis=0)

    @property
    def title(self) -> str:
        """The reach's name, its mean errors, and whether the simulation died."""
        elbow, paw = self.mean_errors_mm
        text = f"{self.name}    mean error: paw {paw:.2f} mm, elbow {elbow:.2f} mm"
        if not self.completed:
            text += f"\nThe simulation diverged after {self.ms[-1]:.0f} ms; the arm is drawn up to there."
        return text
