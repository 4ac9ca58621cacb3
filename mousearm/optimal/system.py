"""What is controlled: N copies of a system that is stepped, and linearised; an arm is one, a linear toy another."""

from typing import NamedTuple, Protocol

import mujoco
import numpy as np

from mousearm.config import Config
from mousearm.engine.check import with_time_step
from mousearm.engine.derivatives import DifferentiatedStep
from mousearm.errors import CompilerError, EngineError
from mousearm.model import Arm
from mousearm.registry import ACTION_MAPS
from mousearm.simulation import Simulation, build_simulation
from mousearm.trajectory import FOLLOWED, Snapshot, hold

_MM = 1e3  # per metre
_STATE_STEP = 1e-5  # of central differences, rad, rad/s and activation
_ARMS_AT_ONCE = 4096  # in a simulation for differences


class Linearisation(NamedTuple):
    """A step of K systems as it depends on state and control, and what is measured of the state before it."""

    by_state: np.ndarray  # (K, n, n), often called A
    by_ctrl: np.ndarray  # (K, n, nu), often called B
    measured_by_state: np.ndarray  # (K, m, n), often called C


class System(Protocol):
    """Something with a state, (n,), that controls, (nu,), change from step to step, and of which m numbers count."""

    ctrl_range: np.ndarray  # (nu, 2)
    columns: np.ndarray  # (nu,) of the state, of the activation that a control leads; -1 for controls without one

    def progress(self, activation: np.ndarray) -> np.ndarray:
        """Share of the way from activations (..., nu) to controls that a step does, (2, ..., nu): above, and below."""
        ...

    def begin(self, state: np.ndarray) -> np.ndarray:
        """Put M copies into states (M, n); returns what is measured there, (M, m)."""
        ...

    def advance(self, ctrl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do one step with controls (M, nu); returns the states and what is measured there."""
        ...

    def linearise(self, state: np.ndarray, ctrl: np.ndarray) -> Linearisation:
        """Linearise a step at K states (K, n) and controls (K, nu)."""
        ...


class Remembering:
    """A system whose state ends with the controls of the step before, (nu,), for costs that ask for them."""

    def __init__(self, system: System):
        self._system = system
        self.ctrl_range, self.columns, self.progress = system.ctrl_range, system.columns, system.progress

    def begin(self, state: np.ndarray) -> np.ndarray:
        """As `System.begin`."""
        return self._system.begin(state[:, : -len(self.ctrl_range)])

    def advance(self, ctrl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `System.advance`."""
        state, measured = self._system.advance(ctrl)
        return np.concatenate([state, ctrl], axis=1), measured

    def linearise(self, state: np.ndarray, ctrl: np.ndarray) -> Linearisation:
        """As `System.linearise`."""
        nu = ctrl.shape[1]
        inner = self._system.linearise(state[:, :-nu], ctrl)
        by_state = np.pad(inner.by_state, ((0, 0), (0, nu), (0, nu)))
        remembered = np.broadcast_to(np.eye(nu), (len(ctrl), nu, nu))
        by_ctrl = np.concatenate([inner.by_ctrl, remembered], axis=1)
        return Linearisation(by_state, by_ctrl, np.pad(inner.measured_by_state, ((0, 0), (0, 0), (0, nu))))


class Measuring:
    """A system of which other numbers are measured: some of its own, times a factor, then ``rows`` (k, n) @ state."""

    def __init__(self, system: System, rows: np.ndarray, kept: slice = slice(None), factor: float = 1.0):
        self._system, self._rows, self._kept, self._factor = system, rows, kept, factor
        self.ctrl_range, self.columns, self.progress = system.ctrl_range, system.columns, system.progress

    def begin(self, state: np.ndarray) -> np.ndarray:
        """As `System.begin`."""
        return self._measured(state, self._system.begin(state))

    def advance(self, ctrl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `System.advance`."""
        state, measured = self._system.advance(ctrl)
        return state, self._measured(state, measured)

    def linearise(self, state: np.ndarray, ctrl: np.ndarray) -> Linearisation:
        """As `System.linearise`."""
        found = self._system.linearise(state, ctrl)
        rows = np.broadcast_to(self._rows, (len(state), *self._rows.shape))
        own = self._factor * found.measured_by_state[:, self._kept]
        return found._replace(measured_by_state=np.concatenate([own, rows], axis=1))

    def _measured(self, state: np.ndarray, measured: np.ndarray) -> np.ndarray:
        return np.concatenate([self._factor * measured[:, self._kept], state @ self._rows.T], axis=1)


class ArmSystem:
    """An arm at the control rate, of which the positions of elbow and paw are measured, (6,) mm.

    A state is (qpos, qvel, activation), and controls are those that actions reach. Derivatives are exact where the
    engine can be generated, and else central differences of the simulation.
    """

    def __init__(self, arm: Arm, config: Config):
        """Prepare; the arm is stepped by ``config.engine``."""
        ends = np.ones((2, arm.nu)) * [[-1], [1]]
        self.arm, self.ctrl_range = arm, ACTION_MAPS[config.model.action_map](ends, arm.ctrl_range).T
        self._config, self._n = config, 0
        self._built: dict[int, Simulation] = {}  # by the number of arms
        model = with_time_step(arm, config.env.control_dt, config.env.n_substeps)
        self.columns, self._progress = activation_columns(model), ActivationProgress(model, config.env.control_dt)
        try:
            self._exact = DifferentiatedStep(model, arm.landmarks, config.env.n_substeps, config.threads)
        except (EngineError, CompilerError):
            self._exact = None

    def begin(self, state: np.ndarray) -> np.ndarray:
        """As `System.begin`."""
        self._n = len(state)
        room = 1 << (self._n - 1).bit_length()  # a power of two, so that searches, whose numbers vary, share them
        if room not in self._built:
            self._built[room] = self._simulations(room)
        self._simulation = self._built[room]
        filled = hold(state, self._simulation.n)
        self._simulation.reset(np.arange(len(filled)), *self.parts(filled))
        return _measured(self._simulation.snapshot())[: self._n]

    def advance(self, ctrl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `System.advance`."""
        self._simulation.step(hold(ctrl, self._simulation.n))
        snapshot = self._simulation.snapshot()
        return _state(snapshot)[: self._n], _measured(snapshot)[: self._n]

    def linearise(self, state: np.ndarray, ctrl: np.ndarray) -> Linearisation:
        """As `System.linearise`."""
        if self._exact is None:
            return self._by_differences(state, ctrl)
        found = self._exact(*self.parts(state), ctrl)
        measured = np.zeros((len(state), 6, state.shape[1]))
        measured[:, :, : self.arm.nq] = _MM * found.landmarks_by_qpos[:, FOLLOWED].reshape(len(state), 6, -1)
        return Linearisation(found.by_state, found.by_ctrl, measured)

    def progress(self, activation: np.ndarray) -> np.ndarray:
        """As `System.progress`; 1 for motors."""
        return self._progress(activation)

    def parts(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions, velocities and activations of states (..., n)."""
        nq = self.arm.nq
        return state[..., :nq], state[..., nq : 2 * nq], state[..., 2 * nq :]

    def _simulations(self, n: int) -> Simulation:
        env = self._config.env
        threads = self._config.threads if n > 1 else 1
        return build_simulation(self.arm, n, env.control_dt, env.n_substeps, threads, self._config.engine)

    def _by_differences(self, state: np.ndarray, ctrl: np.ndarray) -> Linearisation:
        """Central differences of a step, within the ranges of controls and activations."""
        n, nu = state.shape[1], ctrl.shape[1]
        at_once = max(1, _ARMS_AT_ONCE // (2 * (n + nu)))
        parts = [
            self._differences(state[i : i + at_once], ctrl[i : i + at_once]) for i in range(0, len(state), at_once)
        ]
        return Linearisation(*map(np.concatenate, zip(*parts, strict=True)))

    def _differences(self, state: np.ndarray, ctrl: np.ndarray) -> Linearisation:
        n, rows = state.shape[1], np.concatenate([state, ctrl], axis=1)
        low, high = np.full((2, rows.shape[1]), [[-np.inf], [np.inf]])
        low[2 * self.arm.nq : n], high[2 * self.arm.nq : n] = 0, 1
        low[n:], high[n:] = self.ctrl_range.T
        moved = np.stack([rows[:, None] + sign * _STATE_STEP * np.eye(len(low)) for sign in (-1, 1)], axis=1)
        moved = np.clip(moved, low, high)  # (K, 2, n + nu, n + nu)
        width = np.diagonal(moved[:, 1] - moved[:, 0], axis1=1, axis2=2)[:, :, None]
        flat = moved.reshape(-1, len(low))
        simulation = self._simulations(len(flat))
        simulation.reset(np.arange(len(flat)), *self.parts(flat[:, :n]))
        before = _measured(simulation.snapshot())
        simulation.step(flat[:, n:])
        after = _state(simulation.snapshot())
        slope, seen = ((np.diff(x.reshape(*moved.shape[:3], -1), axis=1)[:, 0] / width).mT for x in (after, before))
        return Linearisation(slope[:, :, :n], slope[:, :, n:], seen[:, :, :n])


def activation_columns(model: mujoco.MjModel) -> np.ndarray:
    """(nu,) where in the state the activations of muscles are; -1 for other actuators."""
    is_muscle = model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE
    return np.where(is_muscle, model.nq + model.nv + model.actuator_actadr, -1)


class ActivationProgress:
    """Share of the way from activation to control that a step does, for controls above and below; 1 for motors.

    With the time constants of MuJoCo's muscles at the activation a: t_act (0.5 + 1.5 a) and t_deact / (0.5 + 1.5 a).
    """

    def __init__(self, model: mujoco.MjModel, control_dt: float):
        self._is_muscle = model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE
        self._times = np.where(self._is_muscle, model.actuator_dynprm[:, :2].T, 1.0)
        self._dt = control_dt

    def __call__(self, activation: np.ndarray) -> np.ndarray:
        """(2, ..., nu) of activations (..., nu)."""
        slowness = 0.5 + 1.5 * activation
        times = np.stack([self._times[0] * slowness, self._times[1] / slowness])
        return np.where(self._is_muscle, -np.expm1(-self._dt / times), 1.0)


def _state(snapshot: Snapshot) -> np.ndarray:
    return np.concatenate([snapshot.qpos, snapshot.qvel, snapshot.activation], axis=1)


def _measured(snapshot: Snapshot) -> np.ndarray:
    return _MM * snapshot.landmarks[:, FOLLOWED].reshape(len(snapshot.qpos), -1)


class Inputs(NamedTuple):
    """Inputs w that stand for controls u of steps from states with activations a: w = a + (u - a) p.

    p is the share of the way from a to u that a step does, and it jumps where u crosses a, because muscles relax more
    slowly than they are activated (MuJoCo's have 0.085 against 0.72 with a = 0.02, time constants of 10 and 40 ms and
    steps of 1/150 s). So the next state has a kink as a function of u, which no model of second order can follow; as
    a function of w, which is nearly the next activation, it has none. A control without such dynamics is its own input.
    """

    columns: np.ndarray  # (nu,) of the state, where the activation is; -1 for controls without
    up: np.ndarray  # (..., nu) the share p for controls above the activation, at the states of a path
    down: np.ndarray  # (..., nu) and below

    @classmethod
    def around(cls, system: System, state: np.ndarray) -> "Inputs":
        """Inputs that are smooth near states (..., n)."""
        return cls(system.columns, *system.progress(_activation(state, system.columns)))

    def at(self, index: np.ndarray | tuple[np.ndarray, int]) -> "Inputs":
        """Those of some of the states."""
        return Inputs(self.columns, self.up[index], self.down[index])

    def of(self, state: np.ndarray, ctrl: np.ndarray) -> np.ndarray:
        """Inputs (..., nu) that stand for controls in states."""
        activation = _activation(state, self.columns)
        return activation + (ctrl - activation) * np.where(ctrl > activation, self.up, self.down)

    def ctrl(self, state: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Controls (..., nu) that inputs stand for in states."""
        activation = _activation(state, self.columns)
        return activation + (inputs - activation) / np.where(inputs > activation, self.up, self.down)

    def slopes(self, state: np.ndarray, ctrl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of the controls by inputs, (..., nu), a diagonal, and by states, (..., nu, n)."""
        slope = 1 / np.where(ctrl > _activation(state, self.columns), self.up, self.down)
        by_state, led = np.zeros((*ctrl.shape, state.shape[-1])), np.flatnonzero(self.columns >= 0)
        by_state[..., led, self.columns[led]] = 1 - slope[..., led]
        return slope, by_state


def _activation(state: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.where(columns >= 0, state[..., columns], 0.0)
