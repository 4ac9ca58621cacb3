"""Deterministic rollouts: every reach from its first frame to its last, all in one batch."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mousearm.env import Start, Task


class Controller(Protocol):
    """Anything that turns observations into actions."""

    def reset(self, n: int) -> None:
        """Forget the past; n arms follow."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs)."""
        ...


@dataclass(frozen=True, slots=True)
class Rollout:
    """What R arms did, each on its own reach, over at most T frames; row 0 is the start.

    Frames of a reach after its last one, or after a divergence, repeat the last good frame.

    Attributes:
        names: R names of reaches.
        dt: s between frames.
        n_frames: (R,) frames of each reach.
        completed: (R,) frames that the arm lived through; less than ``n_frames`` if it diverged.
        targets: (R, T, 2, 3) elbow and paw targets, metres.
        landmarks: (R, T, 3, 3) shoulder, elbow and paw, metres.
        qpos: (R, T, nq) rad.
        qvel: (R, T, nq) rad/s.
        activation: (R, T, na).
        ctrl: (R, T, nu) the control that led to the frame; row 0 is 0.
        effort: (R, T, nu) (force / peak force)^2.
    """

    names: list[str]
    dt: float
    n_frames: np.ndarray
    completed: np.ndarray
    targets: np.ndarray
    landmarks: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    activation: np.ndarray
    ctrl: np.ndarray
    effort: np.ndarray

    def errors_mm(self) -> np.ndarray:
        """(R, T, 2) distance of elbow and paw from their targets, mm."""
        return 1e3 * np.linalg.norm(self.landmarks[:, :, 1:] - self.targets, axis=-1)


def roll_out(task: Task, controller: Controller) -> Rollout:
    """Let a controller perform every reach of a task from its first frame.

    Args:
        task: a task with as many simulations as references.
        controller: what chooses the actions.

    Raises:
        ValueError: if there are more or fewer simulations than references.
    """
    n = task.n
    references = task.references
    if n != len(references):
        raise ValueError(f"{n} simulations cannot perform {len(references)} reaches at once; one each is needed")
    task.reset(np.arange(n), Start(np.arange(n), np.zeros(n, dtype=int)))
    controller.reset(n)
    recorder = _Recorder(task)
    alive = np.ones(n, dtype=bool)
    completed = np.ones(n, dtype=int)
    for _ in range(references.targets.shape[1] - 1):
        outcome = task.step(controller.act(task.observe()))
        alive &= ~outcome.terminated
        recorder.add(alive & (completed < references.n_frames))
        completed += alive & (completed < references.n_frames)
    return recorder.rollout(completed)


class _Recorder:
    """Collects frames; a simulation that is no longer of interest repeats its last one."""

    def __init__(self, task: Task):
        self._task = task
        self._rows = [self._fields()]

    def _fields(self) -> dict[str, np.ndarray]:
        state = self._task.snapshot
        effort = np.square(state.force / self._task.arm.peak_force)
        names = ("landmarks", "qpos", "qvel", "activation", "ctrl")
        return {**{name: getattr(state, name) for name in names}, "effort": effort}

    def add(self, valid: np.ndarray) -> None:
        new, last = self._fields(), self._rows[-1]
        self._rows.append({k: np.where(valid.reshape(-1, *[1] * (v.ndim - 1)), v, last[k]) for k, v in new.items()})

    def rollout(self, completed: np.ndarray) -> Rollout:
        stacked = {name: np.stack([row[name] for row in self._rows], axis=1) for name in self._rows[0]}
        references = self._task.references
        return Rollout(
            names=references.names,
            dt=self._task.simulation.control_dt,
            n_frames=references.n_frames,
            completed=completed,
            targets=references.targets,
            **stacked,
        )
