"""N simulations by the engine that is generated from the model, in float64."""

import mujoco
import numpy as np

from mousearm.engine.check import build_fibres, load_engine
from mousearm.errors import EngineError
from mousearm.model.arm import Arm
from mousearm.model.muscles import FibreState
from mousearm.simulation.base import Simulation, check_shape
from mousearm.trajectory import LANDMARKS

KNOWS_NO_FORCE = "The generated engine knows no force on the paw. Give engine=auto."


class GeneratedSimulation(Simulation):
    """A `Simulation` by the generated engine."""

    def __init__(self, arm: Arm, n: int, control_dt: float, n_substeps: int, threads: int = 0, fibres: bool = False):
        """As `Simulation`; EngineError or CompilerError as of `load_engine`."""
        super().__init__(arm, n, control_dt, n_substeps, threads, fibres)
        model = self.model
        self._library = load_engine(model, arm.landmarks, n_substeps).library
        self._columns, self._defaults = _state_layout(model)
        self._qpos, self._qvel = np.tile(model.qpos0, (n, 1)), np.zeros((n, model.nv))
        self._act, self._ctrl = np.zeros((n, model.na)), np.zeros((n, model.nu))
        self._force, self._torque = np.zeros((n, model.nu)), np.zeros((n, model.nv))
        self._marks = self._landmarks(self._qpos)
        arrays = (self._qpos, self._qvel, self._act, self._ctrl, self._force, self._torque, self._marks)
        self._advance = self._library.bind("step_f64", n, [array.ctypes.data for array in arrays], threads)
        self._fibres = np.zeros((3, n, model.nu if fibres else 0))
        if fibres:
            of_fibres = [array.ctypes.data for array in (self._qpos, self._qvel, self._act, *self._fibres)]
            self._find_fibres = build_fibres(arm).bind("fibres_f64", n, of_fibres, threads)

    def reset(self, ids: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray | float = 0.0) -> None:
        """As `Simulation.reset`."""
        if (np.diff(ids) <= 0).any():
            raise ValueError("ids must be sorted and unique")
        self._qpos[ids], self._qvel[ids], self._act[ids] = qpos, qvel, activation
        self._ctrl[ids] = self._force[ids] = self._torque[ids] = 0.0
        self._marks[ids] = self._landmarks(self._qpos[ids])

    def step(self, ctrl: np.ndarray, force: np.ndarray | None = None, viscosity: float = 0.0) -> None:
        """As `Simulation.step`; EngineError if a force acts on the paw."""
        if force is not None:
            raise EngineError(KNOWS_NO_FORCE)
        self._ctrl[:] = ctrl
        self._advance()

    def state(self) -> np.ndarray:
        """As `Simulation.state`; a copy, which holds MuJoCo's defaults where this engine has nothing."""
        state = np.tile(self._defaults, (self.n, 1))
        for columns, part in zip(self._columns, (self._qpos, self._qvel, self._act, self._ctrl), strict=True):
            state[:, columns] = part
        return state

    def restore(self, state: np.ndarray) -> None:
        """As `Simulation.restore`."""
        check_shape(state, (self.n, len(self._defaults)))
        for columns, part in zip(self._columns, (self._qpos, self._qvel, self._act, self._ctrl), strict=True):
            part[:] = state[:, columns]
        self._force[:] = self._torque[:] = 0.0
        self._marks[:] = self._landmarks(self._qpos)

    def _landmark_positions(self) -> np.ndarray:
        return self._marks.reshape(self.n, len(LANDMARKS), 3).copy()

    def _fibre_state(self) -> FibreState:
        self._find_fibres()
        return FibreState(*self._fibres.copy())

    def _landmarks(self, qpos: np.ndarray) -> np.ndarray:
        """(K, 9) m, shoulder, elbow and paw of poses (K, nq), which are contiguous."""
        marks = np.empty((len(qpos), 3 * len(LANDMARKS)))
        self._library.bind("marks_f64", len(qpos), [qpos.ctypes.data, marks.ctypes.data])()
        return marks


def _state_layout(model: mujoco.MjModel) -> tuple[list[slice], np.ndarray]:
    """Columns of positions, velocities, activations and controls in mjSTATE_INTEGRATION; a fresh simulation's state.

    The parts of mjSTATE_INTEGRATION are in the order of their bits.
    """
    state = mujoco.mjtState
    whole, columns = state.mjSTATE_INTEGRATION, []
    for part in (state.mjSTATE_QPOS, state.mjSTATE_QVEL, state.mjSTATE_ACT, state.mjSTATE_CTRL):
        begin = mujoco.mj_stateSize(model, int(whole) & (int(part) - 1))
        columns.append(slice(begin, begin + mujoco.mj_stateSize(model, int(part))))
    defaults = np.empty(mujoco.mj_stateSize(model, int(whole)))
    mujoco.mj_getState(model, mujoco.MjData(model), defaults, int(whole))
    return columns, defaults
