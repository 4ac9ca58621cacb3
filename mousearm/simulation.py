"""N arms stepped together: by MuJoCo, or by the engine that is generated from the model; above are only arrays."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import mujoco
import numpy as np
from mujoco.batch import Batch

from mousearm.engine.build import processor_name
from mousearm.engine.check import EngineCheck, load_engine, with_time_step
from mousearm.engine.fibres import build_fibres
from mousearm.errors import CompilerError, EngineError
from mousearm.model.arm import Arm, body_of, positions
from mousearm.model.muscles import Fibres
from mousearm.trajectory import LANDMARKS, PAW, Snapshot

MUJOCO, GENERATED, AUTO = "mujoco", "generated", "auto"


def log_warnings_to(file: Path) -> None:
    """Let MuJoCo write its warnings to a file instead of the console and MUJOCO_LOG.TXT in the working directory."""
    log = mujoco.MjLogConfig.get()
    log.logfile, log.logto_console = str(file), False
    log.set()


class Simulation(Protocol):
    """N simulations of one arm in one process, on several threads.

    A simulation that diverges is seen as it is, with numbers that are not finite, and disturbs no other. Copies, and
    those in other processes, go on from the same state.
    """

    arm: Arm
    model: mujoco.MjModel  # with the time step of the simulation
    n: int
    control_dt: float  # s
    n_substeps: int
    fibres: bool  # whether snapshots have those of muscles

    def reset(self, ids: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray | float = 0.0) -> None:
        """Put simulations (K,), in rising order, back to their defaults, and then into a state.

        Positions are (K, nq) rad, velocities (K, nq) rad/s, activations (K, na) or one for all. What an engine keeps
        of the past is forgotten.
        """

    def step(self, ctrl: np.ndarray, force: np.ndarray | None = None, viscosity: float = 0.0) -> None:
        """Hold controls, (N, nu) within the actuators' range, for one control interval.

        In it a force, (N, 3) N in the world frame, less viscosity, N s/m, x the velocity of the paw, acts on the paw,
        if one is given. EngineError if the engine knows no such force.
        """

    @property
    def torque(self) -> np.ndarray:
        """(N, nq) joint torques of all actuators in the last substep, N m; a copy, like a snapshot's ``force``."""
        ...

    def state(self) -> np.ndarray:
        """(N, n) all that the next step depends on, as MuJoCo's mjSTATE_INTEGRATION; perhaps live, to be copied."""
        ...

    def restore(self, state: np.ndarray) -> None:
        """Restore what ``state`` of any engine returned, or ValueError.

        Actuator forces are not known before the next step.
        """

    def snapshot(self) -> Snapshot:
        """The state of all simulations now."""
        ...


class MujocoSimulation:
    """A `Simulation` by MuJoCo, on C++ threads.

    Its automatic reset is switched off, so that a diverged simulation is seen as it is instead of as a fresh one.
    """

    def __init__(self, arm: Arm, n: int, control_dt: float, n_substeps: int, threads: int = 0, fibres: bool = False):
        """Build n simulations of a copy of the arm's model, with ``n_substeps`` physics steps in each ``control_dt`` s.

        They have as many threads, the caller's included; 0 means all processors. Snapshots have the fibres of muscles
        if asked for.
        """
        model = with_time_step(arm, control_dt, n_substeps)
        self.arm, self.model, self.n = arm, model, n
        self.control_dt, self.n_substeps, self.fibres = control_dt, n_substeps, fibres
        self._made_of = arm, n, control_dt, n_substeps, threads, fibres
        self._fibres = Fibres(arm) if fibres else None
        self._batch = Batch(model, nsim=n, nthread=threads)
        self._fields = {mark.field: self._batch.bind(mark.field) for mark in arm.landmarks.values()}
        self._qpos, self._qvel = self._batch.bind("qpos"), self._batch.bind("qvel")
        self._act, self._ctrl = self._batch.bind("act"), self._batch.bind("ctrl")
        self._force, self._torque = self._batch.bind("actuator_force"), self._batch.bind("qfrc_actuator")
        self._paths = tuple(map(self._batch.bind, ("actuator_length", "actuator_velocity") if fibres else ()))
        self._batch.reset(stage=mujoco.mjtStage.mjSTAGE_VEL)
        self._paw: _Paw | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies, and other processes, build it anew: what the engine holds cannot be copied."""
        return MujocoSimulation, self._made_of, self.state().copy()

    def __setstate__(self, state: np.ndarray) -> None:
        self.restore(state)

    def reset(self, ids: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray | float = 0.0) -> None:
        """As `Simulation.reset`; time and warm start go back too."""
        self._batch.reset(ids, stage=mujoco.mjtStage.mjSTAGE_NONE)
        self._qpos[ids], self._qvel[ids], self._act[ids] = qpos, qvel, activation
        self._batch.forward(ids, stage=mujoco.mjtStage.mjSTAGE_VEL)

    def step(self, ctrl: np.ndarray, force: np.ndarray | None = None, viscosity: float = 0.0) -> None:
        """As `Simulation.step`; the force follows the paw from substep to substep."""
        self._ctrl[:] = ctrl
        if force is None:
            self._batch.step(nstep=self.n_substeps, stage=mujoco.mjtStage.mjSTAGE_VEL)
            return
        self._paw = self._paw or _Paw(self.arm, self.model, self._batch)
        for _ in range(self.n_substeps):
            self._paw.push(force, viscosity)
            self._batch.step(nstep=1, stage=mujoco.mjtStage.mjSTAGE_VEL)
        self._paw.release()

    @property
    def torque(self) -> np.ndarray:
        """As `Simulation.torque`."""
        return self._torque.copy()

    def state(self) -> np.ndarray:
        """As `Simulation.state`; a live view."""
        return self._batch.state

    def restore(self, state: np.ndarray) -> None:
        """As `Simulation.restore`."""
        _check_shape(state, self._batch.state.shape)
        self._batch.state[:] = state
        self._batch.forward(stage=mujoco.mjtStage.mjSTAGE_VEL)

    def snapshot(self) -> Snapshot:
        """As `Simulation.snapshot`."""
        state = (part.copy() for part in (self._qpos, self._qvel, self._act, self._ctrl, self._force))
        marks = positions(self._fields, self.arm.landmarks)
        if self._fibres is None:
            return Snapshot(*state, landmarks=marks)
        length, velocity, tension = self._fibres.of(self._paths[0], self._paths[1], self._act)
        return Snapshot(*state, landmarks=marks, fibre_length=length, fibre_velocity=velocity, tension=tension)


class _Paw:
    """What acts on the paws of a batch, as MuJoCo has it: a force and a torque at the centre of mass of a body."""

    def __init__(self, arm: Arm, model: mujoco.MjModel, batch: Batch):
        paw = arm.landmarks[LANDMARKS[PAW]]
        self._body, self._index = body_of(model, paw), paw.index
        self._root = int(model.body_rootid[self._body])
        self._point, self._applied = batch.bind(paw.field), batch.bind("xfrc_applied")
        self._centre, self._of_tree = batch.bind("xipos"), batch.bind("subtree_com")
        self._velocity = batch.bind("cvel")  # of bodies: angular, then linear where the tree's centre of mass is
        batch.forward(stage=mujoco.mjtStage.mjSTAGE_VEL)

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


class GeneratedSimulation:
    """A `Simulation` by the engine that is generated from the model, in float64."""

    def __init__(self, arm: Arm, n: int, control_dt: float, n_substeps: int, threads: int = 0, fibres: bool = False):
        """As `MujocoSimulation`; EngineError or CompilerError as of `load_engine`."""
        model = with_time_step(arm, control_dt, n_substeps)
        self.arm, self.model, self.n = arm, model, n
        self.control_dt, self.n_substeps, self.fibres = control_dt, n_substeps, fibres
        self._made_of = arm, n, control_dt, n_substeps, threads, fibres
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

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies, and other processes, build it anew, with memory of their own."""
        return GeneratedSimulation, self._made_of, self.state()

    def __setstate__(self, state: np.ndarray) -> None:
        self.restore(state)

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
            raise EngineError(_KNOWS_NO_FORCE)
        self._ctrl[:] = ctrl
        self._advance()

    @property
    def torque(self) -> np.ndarray:
        """As `Simulation.torque`."""
        return self._torque.copy()

    def state(self) -> np.ndarray:
        """As `Simulation.state`; a copy, which holds MuJoCo's defaults where this engine has nothing."""
        state = np.tile(self._defaults, (self.n, 1))
        for columns, part in zip(self._columns, (self._qpos, self._qvel, self._act, self._ctrl), strict=True):
            state[:, columns] = part
        return state

    def restore(self, state: np.ndarray) -> None:
        """As `Simulation.restore`."""
        _check_shape(state, (self.n, len(self._defaults)))
        for columns, part in zip(self._columns, (self._qpos, self._qvel, self._act, self._ctrl), strict=True):
            part[:] = state[:, columns]
        self._force[:] = self._torque[:] = 0.0
        self._marks[:] = self._landmarks(self._qpos)

    def snapshot(self) -> Snapshot:
        """As `Simulation.snapshot`."""
        state = (part.copy() for part in (self._qpos, self._qvel, self._act, self._ctrl, self._force))
        marks = self._marks.reshape(self.n, len(LANDMARKS), 3).copy()
        if not self.fibres:
            return Snapshot(*state, landmarks=marks)
        self._find_fibres()
        length, velocity, tension = self._fibres.copy()
        return Snapshot(*state, landmarks=marks, fibre_length=length, fibre_velocity=velocity, tension=tension)

    def _landmarks(self, qpos: np.ndarray) -> np.ndarray:
        """(K, 9) m, shoulder, elbow and paw of poses (K, nq), which are contiguous."""
        marks = np.empty((len(qpos), 3 * len(LANDMARKS)))
        self._library.bind("marks_f64", len(qpos), [qpos.ctypes.data, marks.ctypes.data])()
        return marks


_KNOWS_NO_FORCE = "The generated engine knows no force on the paw. Give engine=auto."


class EngineChoice(NamedTuple):
    """What steps the arms, and how that was decided."""

    name: str  # ``mujoco`` or ``generated``
    text: str  # one line for people
    compiler: str = ""  # of the generated engine
    check: EngineCheck | None = None  # of it against MuJoCo

    @property
    def record(self) -> dict[str, Any]:
        """What a run folder keeps of a generated engine; empty for MuJoCo, which environment.txt names."""
        if self.check is None:
            return {}
        facts = {"engine": self.name, "compiler": self.compiler, "processor": processor_name()}
        return {**facts, "mujoco": mujoco.__version__, "largest_difference": asdict(self.check)}


BY_MUJOCO = EngineChoice(MUJOCO, "MuJoCo")


def choose_engine(arm: Arm, control_dt: float, n_substeps: int, wanted: str, pushing: str = "") -> EngineChoice:
    """Decide what ``auto`` is for an arm: the generated engine, or MuJoCo where that cannot be.

    ``pushing`` names what is to act on the paw, if anything is. EngineError or CompilerError if the generated engine is
    wanted and cannot be.
    """
    if wanted == MUJOCO:
        return BY_MUJOCO
    if pushing and wanted == AUTO:
        return EngineChoice(MUJOCO, f"MuJoCo, for {pushing} acts on the paw")
    if pushing:
        raise EngineError(f"{pushing} acts on the paw. {_KNOWS_NO_FORCE}")
    try:
        library, check = load_engine(with_time_step(arm, control_dt, n_substeps), arm.landmarks, n_substeps)
    except (EngineError, CompilerError) as error:
        if wanted == GENERATED:
            raise
        return EngineChoice(MUJOCO, f"MuJoCo. {error}")
    near = f"{max(check.qpos, 1e-16):.0e} rad and {max(check.landmarks_mm, 1e-13):.0e} mm"
    text = f"generated, within {near} of MuJoCo; {library.compiler}"
    return EngineChoice(GENERATED, text, library.compiler, check)


def build_simulation(
    arm: Arm,
    n: int,
    control_dt: float,
    n_substeps: int,
    threads: int = 0,
    engine: str = MUJOCO,
    fibres: bool = False,
) -> Simulation:
    """N simulations by an engine: ``mujoco``, ``generated`` or ``auto``; others as of `MujocoSimulation`.

    EngineError or CompilerError as of `choose_engine`.
    """
    chosen = choose_engine(arm, control_dt, n_substeps, engine).name if engine == AUTO else engine
    kind = GeneratedSimulation if chosen == GENERATED else MujocoSimulation
    return kind(arm, n, control_dt, n_substeps, threads, fibres)


def _state_layout(model: mujoco.MjModel) -> tuple[list[slice], np.ndarray]:
    """Where mjSTATE_INTEGRATION has positions, velocities, activations and controls; the state of a fresh simulation.

    Its parts stand in the order of their bits.
    """
    state = mujoco.mjtState
    whole, columns = state.mjSTATE_INTEGRATION, []
    for part in (state.mjSTATE_QPOS, state.mjSTATE_QVEL, state.mjSTATE_ACT, state.mjSTATE_CTRL):
        begin = mujoco.mj_stateSize(model, int(whole) & (int(part) - 1))
        columns.append(slice(begin, begin + mujoco.mj_stateSize(model, int(part))))
    defaults = np.empty(mujoco.mj_stateSize(model, int(whole)))
    mujoco.mj_getState(model, mujoco.MjData(model), defaults, int(whole))
    return columns, defaults


def _check_shape(state: np.ndarray, shape: tuple[int, ...]) -> None:
    if state.shape != shape:
        raise ValueError(f"states of simulations of the shape {state.shape}, here {shape}")
