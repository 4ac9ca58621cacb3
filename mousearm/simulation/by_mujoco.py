"""N simulations by MuJoCo's batches, on C++ threads."""

import mujoco
import numpy as np
from mujoco.batch import Batch

from mousearm.model.arm import Arm, body_of, positions
from mousearm.model.muscles import Fibres, FibreState
from mousearm.simulation.base import Simulation, check_shape
from mousearm.trajectory import LANDMARKS, PAW

_STAGE = mujoco.mjtStage.mjSTAGE_VEL  # up to which a new state is computed


class MujocoSimulation(Simulation):
    """A `Simulation` by MuJoCo.

    Its automatic reset is switched off, so that a diverged simulation is seen as it is instead of as a fresh one.
    """

    def __init__(self, arm: Arm, n: int, control_dt: float, n_substeps: int, threads: int = 0, fibres: bool = False):
        """As `Simulation`."""
        super().__init__(arm, n, control_dt, n_substeps, threads, fibres)
        self._of_muscles = Fibres(arm) if fibres else None
        self._batch = Batch(self.model, nsim=n, nthread=threads)
        self._fields = {mark.field: self._batch.bind(mark.field) for mark in arm.landmarks.values()}
        self._qpos, self._qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        self._act, self._ctrl = self._batch.bind("act"), self._batch.bind("ctrl")
        self._force, self._torque = self._batch.bind("actuator_force"), self._batch.bind("qfrc_actuator")
        self._paths = tuple(map(self._batch.bind, ("actuator_length", "actuator_velocity") if fibres else ()))
        self._batch.reset(stage=_STAGE)
        self._paw: _Paw | None = None

    def reset(self, ids: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray | float = 0.0) -> None:
        """As `Simulation.reset`; time and warm start go back too."""
        self._batch.reset(ids, stage=mujoco.mjtStage.mjSTAGE_NONE)
        self._qpos[ids], self._qvel[ids], self._act[ids] = qpos, qvel, activation
        self._batch.forward(ids, stage=_STAGE)

    def step(self, ctrl: np.ndarray, force: np.ndarray | None = None, viscosity: float = 0.0) -> None:
        """As `Simulation.step`; the force follows the paw from substep to substep."""
        self._ctrl[:] = ctrl
        if force is None:
            self._batch.step(nstep=self.n_substeps, stage=_STAGE)
            return
        self._paw = self._paw or _Paw(self.arm, self.model, self._batch)
        for _ in range(self.n_substeps):
            self._paw.push(force, viscosity)
            self._batch.step(nstep=1, stage=_STAGE)
        self._paw.release()

    def state(self) -> np.ndarray:
        """As `Simulation.state`; a live view."""
        return self._batch.state

    def restore(self, state: np.ndarray) -> None:
        """As `Simulation.restore`."""
        check_shape(state, self._batch.state.shape)
        self._batch.state[:] = state
        self._batch.forward(stage=_STAGE)

    def _landmark_positions(self) -> np.ndarray:
        return positions(self._fields, self.arm.landmarks)

    def _fibre_state(self) -> FibreState:
        assert self._of_muscles is not None
        return self._of_muscles.of(self._paths[0], self._paths[1], self._act)


class _Paw:
    """Forces on the paws of a batch, as MuJoCo has them: a force and a torque at the centre of mass of a body."""

    def __init__(self, arm: Arm, model: mujoco.MjModel, batch: Batch):
        paw = arm.landmarks[LANDMARKS[PAW]]
        self._body, self._index = body_of(model, paw), paw.index
        self._root = int(model.body_rootid[self._body])
        self._point, self._applied = batch.bind(paw.field), batch.bind("xfrc_applied")
        self._centre, self._of_tree = batch.bind("xipos"), batch.bind("subtree_com")
        self._velocity = batch.bind("cvel")  # of bodies: angular, then linear where the tree's centre of mass is
        batch.forward(stage=_STAGE)

    @property
    def velocity(self) -> np.ndarray:
        """(N, 3) m/s, world frame."""
        turning, moving = np.split(self._velocity[:, self._body], 2, axis=1)
        return moving + np.cross(turning, self._point[:, self._index] - self._of_tree[:, self._root])

    def push(self, force: np.ndarray, viscosity: float) -> None:
        """Apply a force (N, 3), and resist the velocity, in the next substep."""
        force = force - viscosity * self.velocity
        lever = self._point[:, self._index] - self._centre[:, self._body]
        self._applied[:, self._body] = np.concatenate([force, np.cross(lever, force)], axis=1)

    def release(self) -> None:
        """Apply nothing any more."""
        self._applied[:, self._body] = 0.0
