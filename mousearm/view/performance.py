"""What is watched: one arm that performs one reach, driven or let go, as frames in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mousearm.action import INVERSE_MAPS
from mousearm.env import Start, Task
from mousearm.evaluate import Controller

# How long it goes on, at least, after the controller was switched: an arm of this size falls in a tenth of that.
_AFTER_SWITCH_S = 0.4
_RECORDED = ("qpos", "activation", "ctrl", "landmarks")
_ONE = np.zeros(1, dtype=int)  # the only simulation


class Moment(NamedTuple):
    """The arm at one time of a performance.

    Attributes:
        time: s.
        driven: whether the controller drives the arm.
        qpos: (nq,) rad.
        activation: (na,).
        ctrl: (nu,) the control that led here.
        landmarks: (3, 3) shoulder, elbow and paw, metres.
        targets: (3, 3) where they should be.
        reference: (nq,) rad, the pose that hits the targets.
    """

    time: float
    driven: bool
    qpos: np.ndarray
    activation: np.ndarray
    ctrl: np.ndarray
    landmarks: np.ndarray
    targets: np.ndarray
    reference: np.ndarray

    @property
    def errors_mm(self) -> np.ndarray:
        """(3,) distance of shoulder, elbow and paw from their targets."""
        return 1e3 * np.linalg.norm(self.landmarks - self.targets, axis=-1)


@dataclass(frozen=True, slots=True)
class Performance:
    """T frames of one arm on one reach; the fields are those of `Moment`, one row per frame.

    Attributes:
        name: of the reach.
        dt: s between frames.
        n_frames: of the reach itself; what follows is held to its last target.
        diverged: whether the simulation came apart after the last frame.
    """

    name: str
    dt: float
    n_frames: int
    diverged: bool
    driven: np.ndarray
    qpos: np.ndarray
    activation: np.ndarray
    ctrl: np.ndarray
    landmarks: np.ndarray
    targets: np.ndarray
    reference: np.ndarray

    @property
    def times(self) -> np.ndarray:
        """(T,) s."""
        return self.dt * np.arange(len(self.qpos))

    @property
    def end(self) -> float:
        """Time of the last frame, s."""
        return self.dt * (len(self.qpos) - 1)

    @property
    def errors_mm(self) -> np.ndarray:
        """(T, 3) distance of shoulder, elbow and paw from their targets."""
        return 1e3 * np.linalg.norm(self.landmarks - self.targets, axis=-1)

    def at(self, time: float) -> Moment:
        """The moment at a time, s, linear between frames; before the first and after the last it is these."""
        position = float(np.clip(time / self.dt, 0, len(self.qpos) - 1))
        before = int(position)
        after, share = min(before + 1, len(self.qpos) - 1), position - before
        rows = (self.qpos, self.activation, self.ctrl, self.landmarks, self.targets, self.reference)
        mixed = ((1 - share) * row[before] + share * row[after] for row in rows)
        return Moment(position * self.dt, bool(self.driven[before]), *mixed)


def driven_at(switches: Sequence[int], frame: int) -> bool:
    """Whether the arm is driven in the step that begins at a frame, when it was switched off and on at some frames."""
    return sum(switch <= frame for switch in switches) % 2 == 0


class Performer:
    """One arm that performs reaches, one at a time.

    With a controller it is simulated as in evaluation. Without one it is put into the reference's poses. When it is let
    go, its controls are at rest and it is simulated from where it is: it falls.

    Attributes:
        arm: the arm.
        names: the reaches.
        driver: what drives the arm, for people: ``controller`` or ``reference``.
    """

    def __init__(self, task: Task, controller: Controller | None, action_map: str):
        """Prepare.

        Args:
            task: the reaches, and one simulation.
            controller: what drives the arm; None for the reference alone.
            action_map: ``model.action_map`` of the task.
        """
        self.arm = task.arm
        self.names = task.references.names
        self.driver = "reference" if controller is None else "controller"
        self._task, self._controller = task, controller
        at_rest = np.clip(np.zeros((1, task.arm.nu)), *task.arm.ctrl_range.T)
        self._rest = INVERSE_MAPS[action_map](at_rest, task.arm.ctrl_range)
        self._shoulder = task.arm.landmark_positions(task.arm.rest_qpos[None])[0, 0]

    def perform(self, reach: int, switches: Sequence[int] = ()) -> Performance:
        """Let the arm perform a reach from its first frame.

        Args:
            reach: index of the reach.
            switches: frames, in rising order, at which the controller is switched off, on, off ...

        Returns:
            The whole reach, and more where a switch is near its end; it ends early if the simulation diverges.
        """
        task, dt = self._task, self._task.simulation.control_dt
        n_frames = int(task.references.n_frames[reach])
        last = max([n_frames - 1, *(switch + round(_AFTER_SWITCH_S / dt) for switch in switches)])
        task.reset(_ONE, Start(_ONE + reach, _ONE))
        if self._controller is not None:
            self._controller.reset(1)
        arms = [task.snapshot]
        while len(arms) <= last and self._step(driven_at(switches, len(arms) - 1)):
            arms.append(task.snapshot)
        in_reach = np.minimum(np.arange(len(arms)), n_frames - 1)
        targets = task.references.targets[reach, in_reach]
        shoulder = np.broadcast_to(self._shoulder, (len(arms), 1, 3))
        return Performance(
            name=self.names[reach],
            dt=dt,
            n_frames=n_frames,
            diverged=len(arms) <= last,
            driven=np.array([driven_at(switches, frame) for frame in range(len(arms))]),
            targets=np.concatenate([shoulder, targets], axis=1),
            reference=task.references.qpos[reach, in_reach],
            **{name: np.concatenate([getattr(arm, name) for arm in arms]) for name in _RECORDED},
        )

    def _step(self, driven: bool) -> bool:
        """One control step; returns whether the simulation holds together."""
        task = self._task
        if self._controller is None and driven:
            reach, frame = task.position
            task.reset(_ONE, Start(reach, np.minimum(frame + 1, task.last_frame)))
            return True
        # The network goes on seeing the arm while it does not drive it.
        action = self._rest if self._controller is None else self._controller.act(task.observe())
        return not task.step(action if driven else self._rest).terminated[0]
