"""Performers of reaches, one reach at a time: a task that is simulated, and a recording that is played."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from mousearm.action import INVERSE_MAPS
from mousearm.env.references import Start
from mousearm.env.task import Task
from mousearm.evaluate.rollout import Controller
from mousearm.model import Arm
from mousearm.record.opened import OpenRecording
from mousearm.simulation import MUJOCO, build_simulation
from mousearm.trajectory import SHOULDER, Trial, with_shoulder

AFTER_SWITCH_S = 0.4  # that is simulated at least after the controller was switched: an arm falls in a tenth of that
_ONE = np.zeros(1, dtype=int)  # the only simulation
_PARTS = ("landmarks", "qpos", "qvel", "activation", "ctrl")  # of a snapshot, in a trial


class Performer(Protocol):
    """A source of trials for a `Playback`: reaches, by name, of one arm, and what drives it, in a word."""

    arm: Arm
    names: list[str]
    driver: str

    def simulate(self, reach: int, switches: Sequence[int] = ()) -> Trial:
        """A reach, by its index, from its first frame; what drives the arm is switched off, on, off ... at frames."""
        ...


class Simulator:
    """One arm on several reaches, simulated one reach at a time.

    With a controller it is simulated as in evaluation. Without one it takes the reference's poses. When it is let go,
    its controls are at rest and it is simulated from its current state: it falls. ``names`` are the reaches, ``driver``
    says what drives the arm: ``controller`` or ``reference``.
    """

    def __init__(self, task: Task, controller: Controller | None, action_map: str):
        """Prepare a task of one simulation; without a controller its arm is put into the reference's poses.

        ``action_map`` is ``model.action_map`` of the task.
        """
        self.arm, self.names = task.arm, task.references.names
        self.driver = "reference" if controller is None else "controller"
        self._task, self._controller = task, controller
        at_rest = np.clip(np.zeros((1, task.arm.nu)), *task.arm.ctrl_range.T)
        self._rest = INVERSE_MAPS[action_map](at_rest, task.arm.ctrl_range)
        self._shoulder = task.arm.landmark_positions(task.arm.rest_qpos[None])[0, SHOULDER]

    def simulate(self, reach: int, switches: Sequence[int] = ()) -> Trial:
        """Simulate a reach, by its index, from its first frame; the controller is switched off, on, off ... at frames.

        The trial is the whole reach, and more where a switch is near its end; it ends early if the simulation diverges.
        """
        task, dt = self._task, self._task.simulation.control_dt
        n_frames = int(task.references.n_frames[reach])
        last = max([n_frames - 1, *(switch + round(AFTER_SWITCH_S / dt) for switch in switches)])
        task.reset(_ONE, Start(_ONE + reach, _ONE))
        if self._controller is not None:
            self._controller.reset(1)
        arms = [task.snapshot]
        while len(arms) <= last and self._step(driven_at(switches, len(arms) - 1)):
            arms.append(task.snapshot)
        return Trial(
            name=self.names[reach],
            dt=dt,
            diverged=len(arms) <= last,
            driven=np.array([driven_at(switches, frame) for frame in range(len(arms))]),
            targets=with_shoulder(self._shoulder, task.references.targets[reach, :n_frames]),
            reference=task.references.qpos[reach, :n_frames],
            landmarks=np.concatenate([arm.landmarks for arm in arms]),
            qpos=np.concatenate([arm.qpos for arm in arms]),
            activation=np.concatenate([arm.activation for arm in arms]),
            ctrl=np.concatenate([arm.ctrl for arm in arms]),
        )

    def _step(self, driven: bool) -> bool:
        """Make one control step; False if the simulation diverged."""
        task = self._task
        if self._controller is None and driven:
            reach, frame = task.position
            task.reset(_ONE, Start(reach, np.minimum(frame + 1, task.last_frame)))
            return True
        # The network sees the arm also while it does not drive it.
        action = self._rest if self._controller is None else self._controller.act(task.observe())
        return not task.step(action if driven else self._rest).terminated[0]


class Recorded:
    """The trials of a recording; one that is switched is simulated by MuJoCo from there on.

    When the arm is let go, its controls are at rest. When it is driven again, the recorded controls continue, and the
    last one stays: they know nothing of where the arm has got to.
    """

    def __init__(self, opened: OpenRecording):
        """Prepare for a recording."""
        self.arm, self.names, self.driver = opened.arm, opened.names, "recording"
        self._opened = opened
        self._rest = np.clip(np.zeros((1, opened.arm.nu)), *opened.arm.ctrl_range.T)

    def simulate(self, reach: int, switches: Sequence[int] = ()) -> Trial:
        """As `Simulator.simulate`."""
        trial = self._opened.trial(reach)
        if not switches:
            return trial
        first, dt = min(switches[0], len(trial) - 1), trial.dt
        n_substeps = round(dt / float(self._opened.about["physics_dt"]))
        simulation = build_simulation(self.arm, 1, dt, n_substeps, 1, MUJOCO)
        state = (trial.qpos, trial.qvel, trial.activation)
        simulation.reset(np.zeros(1, dtype=int), *(part[first : first + 1] for part in state))
        last = max([trial.n_frames - 1, *(switch + round(AFTER_SWITCH_S / dt) for switch in switches)])
        rows = {name: [getattr(trial, name)[: first + 1]] for name in _PARTS}
        frame, lives = first, True
        while frame < last and lives:
            recorded = trial.ctrl[min(frame + 1, len(trial) - 1)][None]
            simulation.step(recorded if driven_at(switches, frame) else self._rest)
            snapshot = simulation.snapshot()
            if lives := bool(np.isfinite(snapshot.qpos).all()):
                frame += 1
                for name, parts in rows.items():
                    parts.append(getattr(snapshot, name))
        driven = np.array([driven_at(switches, at) for at in range(frame + 1)])
        whole = {name: np.concatenate(parts) for name, parts in rows.items()}
        return replace(trial, **whole, driven=driven, diverged=not lives, effort=np.empty((0, 0)))


def driven_at(switches: Sequence[int], frame: int) -> bool:
    """True if the arm is driven in the step that begins at a frame, given the frames of the switches."""
    return sum(switch <= frame for switch in switches) % 2 == 0
