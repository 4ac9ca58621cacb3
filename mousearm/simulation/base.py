"""The contract of every simulation, and the part of it that does not depend on the engine."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from mousearm.engine.check import with_time_step
from mousearm.model.arm import Arm
from mousearm.model.muscles import FibreState
from mousearm.trajectory import Snapshot


class Simulation(ABC):
    """N simulations of one arm in one process, on several threads.

    A simulation that diverges shows numbers that are not finite, and disturbs no other. Copies, and those in other
    processes, continue from the same state.
    """

    # Of N simulations: positions, velocities, activations, controls, actuator forces, joint torques of the actuators.
    _qpos: np.ndarray
    _qvel: np.ndarray
    _act: np.ndarray
    _ctrl: np.ndarray
    _force: np.ndarray
    _torque: np.ndarray

    def __init__(self, arm: Arm, n: int, control_dt: float, n_substeps: int, threads: int = 0, fibres: bool = False):
        """Build n simulations of a copy of the arm's model, with ``n_substeps`` physics steps in each ``control_dt`` s.

        They have as many threads, the caller's included; 0 means all processors. Snapshots have the fibres of muscles
        if asked for.
        """
        self._made_of = arm, n, control_dt, n_substeps, threads, fibres
        self.arm, self.model = arm, with_time_step(arm, control_dt, n_substeps)
        self.n, self.control_dt, self.n_substeps, self.fibres = n, control_dt, n_substeps, fibres

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies, and other processes, build it again: what an engine holds cannot be copied."""
        return type(self), self._made_of, self.state().copy()

    def __setstate__(self, state: np.ndarray) -> None:
        self.restore(state)

    @abstractmethod
    def reset(self, ids: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray | float = 0.0) -> None:
        """Put simulations (K,), in rising order, back to their defaults, and then into a state.

        Positions are (K, nq) rad, velocities (K, nq) rad/s, activations (K, na) or one for all. What an engine keeps
        of the past is reset too.
        """

    @abstractmethod
    def step(self, ctrl: np.ndarray, force: np.ndarray | None = None, viscosity: float = 0.0) -> None:
        """Hold controls, (N, nu) within the actuators' range, for one control interval.

        In it a force, (N, 3) N in the world frame, less viscosity, N s/m, x the velocity of the paw, acts on the paw,
        if one is given. EngineError if the engine knows no such force.
        """

    @abstractmethod
    def state(self) -> np.ndarray:
        """(N, n) all that the next step depends on, as MuJoCo's mjSTATE_INTEGRATION; perhaps live, to be copied."""

    @abstractmethod
    def restore(self, state: np.ndarray) -> None:
        """Restore what ``state`` of any engine returned, or ValueError.

        Actuator forces are not known before the next step.
        """

    @property
    def torque(self) -> np.ndarray:
        """(N, nq) joint torques of all actuators in the last substep, N m; a copy, like a snapshot's ``force``."""
        return self._torque.copy()

    def snapshot(self) -> Snapshot:
        """The state of all simulations now."""
        state = (part.copy() for part in (self._qpos, self._qvel, self._act, self._ctrl, self._force))
        marks = self._landmark_positions()
        if not self.fibres:
            return Snapshot(*state, landmarks=marks)
        length, velocity, tension = self._fibre_state()
        return Snapshot(*state, landmarks=marks, fibre_length=length, fibre_velocity=velocity, tension=tension)

    @abstractmethod
    def _landmark_positions(self) -> np.ndarray:
        """(N, 3, 3) m, shoulder, elbow and paw; a copy."""

    @abstractmethod
    def _fibre_state(self) -> FibreState:
        """Copies of the fibres of muscles, where snapshots have them."""


def check_shape(state: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise ValueError if states that are to be restored are of other simulations."""
    if state.shape != shape:
        raise ValueError(f"states of simulations of the shape {state.shape}, here {shape}")
