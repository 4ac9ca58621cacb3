"""N arms stepped together. The one place that owns batches of the engine that are stepped; above it are only arrays."""

import copy
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from mujoco.batch import Batch

from mousearm.model.arm import Arm, positions
from mousearm.trajectory import Snapshot


def log_warnings_to(file: Path) -> None:
    """Let MuJoCo write its warnings to a file instead of the console and MUJOCO_LOG.TXT in the working directory."""
    log = mujoco.MjLogConfig.get()
    log.logfile, log.logto_console = str(file), False
    log.set()


class Simulation:
    """N simulations of one arm in one process, on C++ threads.

    MuJoCo's automatic reset is switched off, so that a diverged simulation is seen as it is instead of as a fresh one.
    """

    def __init__(self, arm: Arm, n: int, control_dt: float, n_substeps: int, threads: int = 0):
        """Build n simulations of a copy of the arm's model, with ``n_substeps`` physics steps in each ``control_dt`` s.

        They have as many threads, the caller's included; 0 means all processors.
        """
        model = copy.copy(arm.physics)
        model.opt.timestep = control_dt / n_substeps
        model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        self.arm, self.model, self.n = arm, model, n
        self.control_dt, self.n_substeps = control_dt, n_substeps
        self._made_of = arm, n, control_dt, n_substeps, threads
        self._batch = Batch(model, nsim=n, nthread=threads)
        self._fields = {mark.field: self._batch.bind(mark.field) for mark in arm.landmarks.values()}
        self._qpos, self._qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        self._act, self._ctrl = self._batch.bind("act"), self._batch.bind("ctrl")
        self._force, self._torque = self._batch.bind("actuator_force"), self._batch.bind("qfrc_actuator")
        self._batch.reset(stage=mujoco.mjtStage.mjSTAGE_VEL)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies, and other processes, build it anew: what the engine holds cannot be copied."""
        return Simulation, self._made_of, self.state().copy()

    def __setstate__(self, state: np.ndarray) -> None:
        self.restore(state)

    def reset(self, ids: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray | float = 0.0) -> None:
        """Put simulations (K,), in rising order, back to their defaults, and then into a state.

        Positions are (K, nq) rad, velocities (K, nq) rad/s, activations (K, na) or one for all. Time and warm start go
        back too.
        """
        self._batch.reset(ids, stage=mujoco.mjtStage.mjSTAGE_NONE)
        self._qpos[ids], self._qvel[ids], self._act[ids] = qpos, qvel, activation
        self._batch.forward(ids, stage=mujoco.mjtStage.mjSTAGE_VEL)

    def step(self, ctrl: np.ndarray) -> None:
        """Hold controls, (N, nu) within the actuators' range, for one control interval."""
        self._ctrl[:] = ctrl
        self._batch.step(nstep=self.n_substeps, stage=mujoco.mjtStage.mjSTAGE_VEL)

    @property
    def torque(self) -> np.ndarray:
        """(N, nq) joint torques of all actuators in the last substep, N m; a copy, like a snapshot's ``force``."""
        return self._torque.copy()

    def state(self) -> np.ndarray:
        """(N, n) all that the next step depends on; a live view, to be copied."""
        return self._batch.state

    def restore(self, state: np.ndarray) -> None:
        """Restore what ``state`` returned, or ValueError; actuator forces are not known before the next step."""
        if state.shape != self._batch.state.shape:
            raise ValueError(f"states of simulations of the shape {state.shape}, here {self._batch.state.shape}")
        self._batch.state[:] = state
        self._batch.forward(stage=mujoco.mjtStage.mjSTAGE_VEL)

    def snapshot(self) -> Snapshot:
        """The state of all simulations now."""
        state = (part.copy() for part in (self._qpos, self._qvel, self._act, self._ctrl, self._force))
        return Snapshot(*state, landmarks=positions(self._fields, self.arm.landmarks))
