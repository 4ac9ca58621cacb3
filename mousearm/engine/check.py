"""The generated engine of one model, held against MuJoCo before it is used.

Random states in the joint ranges and a little beyond them, random velocities, activations and controls over their whole
ranges; both engines then advance them by some control steps, in which limits are hit. What is compared is all that a
`Simulation` shows. The result is kept beside the library. The fibres of muscles are a library of their own, compiled
where a simulation is asked for them, and are held against `Fibres` in the same way.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

import mujoco
import numpy as np
from mujoco.batch import Batch

from mousearm.door import check_seal, read_json
from mousearm.engine.build import Library, build
from mousearm.engine.source import engine_source, fibres_source
from mousearm.errors import EngineError, MouseArmError, OutputError
from mousearm.files import to_json, write_sealed
from mousearm.model.arm import Arm, Landmark, positions
from mousearm.model.muscles import Fibres, FibreState
from mousearm.trajectory import LANDMARKS

TOLERANCE = 1e-8
"""Largest difference, in the units of `EngineCheck`; MuJoCo's own solver stops at about 1e-8 of the accelerations."""

_SIMULATIONS, _STEPS = 32, 6
_BEYOND = 0.05  # of a joint's range, past its ends
_FREE = 1.0  # rad (m), half the range of a joint without limits
_SPEED = 5.0  # rad/s (m/s), s.d.
_MAX_SPEED = 1e4  # MuJoCo's own solution is of no use above it
_FILE = "check.json"
_FIBRE_STATES, _FIBRE_SPEED = 16, 3.0  # rad/s, s.d. of joints
_FIBRE_TOLERANCE = 1e-6  # of lengths, velocities and tensions, relative to the largest


@dataclass(frozen=True, slots=True)
class EngineCheck:
    """Largest differences between the generated engine and MuJoCo over all simulations and steps of a check."""

    qpos: float  # rad (m for slides)
    landmarks: float  # m
    qvel: float  # relative to the largest speed of the joint
    activation: float  # of muscles, 0 to 1
    force: float  # relative to the largest force of the actuator
    torque: float  # relative to the largest torque at the joint

    @property
    def landmarks_mm(self) -> float:
        """Largest distance of a landmark from where MuJoCo has it, mm."""
        return 1e3 * self.landmarks

    @property
    def passed(self) -> bool:
        """True if nothing differs by more than `TOLERANCE`."""
        return all(0 <= value <= TOLERANCE for value in asdict(self).values())


class Engine(NamedTuple):
    """Compiled functions of one model, and how near to MuJoCo they are."""

    library: Library
    check: EngineCheck


def with_time_step(arm: Arm, control_dt: float, n_substeps: int) -> mujoco.MjModel:
    """A copy of what is simulated of an arm with the time step of its substeps, never reset by itself."""
    model = copy.copy(arm.physics)
    model.opt.timestep = control_dt / n_substeps
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    return model


def load_engine(model: mujoco.MjModel, landmarks: Mapping[str, Landmark], n_substeps: int) -> Engine:
    """Generate, compile and check the engine of a model, or take it from the cache.

    The model has the time step of a substep; ``landmarks`` are those of an `Arm`, by name.

    Raises:
        EngineError: the model holds something that is not generated, or the check fails.
        CompilerError: there is no compiler that works.
    """
    library = build(engine_source(model, landmarks, n_substeps))
    check = _saved(library) or compare(library.on_arrays, model, landmarks, n_substeps)
    demand(check)
    _save(library, check)
    return Engine(library, check)


def demand(check: EngineCheck) -> None:
    """Raise EngineError if a check has failed."""
    if not check.passed:
        worst, value = max(asdict(check).items(), key=lambda one: np.nan_to_num(one[1], nan=np.inf))
        raise EngineError(
            f"The generated engine differs from MuJoCo by {value:.2g} ({worst}; at most {TOLERANCE:g} is allowed), so "
            "it is not used. Use engine=mujoco.",
            [worst],
        )


def _saved(library: Library) -> EngineCheck | None:
    """An earlier check against this version of MuJoCo; None where none is kept, or it is damaged."""
    if library.folder is None:
        return None
    with suppress(MouseArmError, KeyError, TypeError, ValueError):
        check_seal(file := library.folder / _FILE)
        content = read_json(file)
        if content["mujoco"] == mujoco.__version__:
            return EngineCheck(**{field.name: float(content[field.name]) for field in fields(EngineCheck)})
    return None


def _save(library: Library, check: EngineCheck) -> None:
    if library.folder is not None:
        with suppress(OutputError):
            write_sealed(library.folder / _FILE, to_json({"mujoco": mujoco.__version__, **asdict(check)}))


def compare(
    on_arrays: Callable[[str, Sequence[np.ndarray]], Callable[[], None]],
    model: mujoco.MjModel,
    landmarks: Mapping[str, Landmark],
    n_substeps: int,
) -> EngineCheck:
    """Advance random states of a model by a library and by MuJoCo; see the module, and `load_engine`.

    ``on_arrays`` makes a function of a library, by name, ready for arrays that it then works on at each call.
    """
    random, n = np.random.default_rng(0), _SIMULATIONS
    judge = Batch(model, nsim=n, nthread=1)
    names = ("qpos", "qvel", "act", "ctrl", "actuator_force", "qfrc_actuator")
    judged = {name: judge.bind(name) for name in names}
    points = {mark.field: judge.bind(mark.field) for mark in landmarks.values()}
    judge.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
    judged["qpos"][:], judged["qvel"][:], judged["act"][:] = _random_states(model, random, n)
    ours = {name: np.ascontiguousarray(judged[name]).copy() for name in names}
    ours["marks"] = np.zeros((n, 3 * len(LANDMARKS)))
    step = on_arrays("step_f64", list(ours.values()))
    low, high = model.actuator_ctrlrange.T
    largest = {name: np.zeros(ours[name].shape[1]) for name in ours}
    differences = {name: np.zeros(ours[name].shape[1]) for name in ours}
    sound = np.ones(n, dtype=bool)
    for _ in range(_STEPS):
        ours["ctrl"][:] = judged["ctrl"][:] = random.uniform(low, high, (n, model.nu))
        judge.step(nstep=n_substeps, stage=mujoco.mjtStage.mjSTAGE_VEL)
        step()
        sound &= (np.abs(judged["qvel"]) < _MAX_SPEED).all(axis=1)  # and no NaN
        found = {**judged, "marks": positions(points, landmarks).reshape(n, -1)}
        for name in ours:
            of_both = np.abs(ours[name] - found[name])[sound], np.abs(found[name])[sound]
            differences[name] = np.maximum(differences[name], of_both[0].max(axis=0, initial=0.0))
            largest[name] = np.maximum(largest[name], of_both[1].max(axis=0, initial=0.0))

    def worst(name: str, relative: bool = False) -> float:
        scale = np.maximum(largest[name], 1e-12) if relative else 1.0
        return float((differences[name] / scale).max(initial=0.0))

    absolute = {"qpos": worst("qpos"), "landmarks": worst("marks"), "activation": worst("act")}
    relative = {"qvel": "qvel", "force": "actuator_force", "torque": "qfrc_actuator"}
    return EngineCheck(**absolute, **{name: worst(field, relative=True) for name, field in relative.items()})


def _random_states(model: mujoco.MjModel, random: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    """Positions, velocities, activations: (n, nq), (n, nv), (n, na)."""
    limited = model.jnt_limited[:, None] > 0
    low, high = np.where(limited, model.jnt_range, model.qpos0[:, None] + np.array([-_FREE, _FREE])).T
    margin = _BEYOND * (high - low)
    qpos = random.uniform(low - margin, high + margin, (n, model.nq))
    return qpos, _SPEED * random.standard_normal((n, model.nv)), random.uniform(0, 1, (n, model.na))


def build_fibres(arm: Arm) -> Library:
    """Generate and compile ``fibres_f64`` of an arm, or take it from the cache, and hold it against MuJoCo.

    Raises:
        EngineError: the model holds something that is not generated, or the two differ.
        CompilerError: there is no compiler that works.
    """
    library, model, random = build(fibres_source(arm.physics), "muscle fibres"), arm.physics, np.random.default_rng(0)
    judge = Batch(model, nsim=_FIBRE_STATES, nthread=1)
    state = {name: judge.bind(name) for name in ("qpos", "qvel", "act")}
    paths = judge.bind("actuator_length"), judge.bind("actuator_velocity")
    judge.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
    low, high = np.clip(arm.qpos_range, arm.rest_qpos[:, None] - np.pi, arm.rest_qpos[:, None] + np.pi).T
    state["qpos"][:] = arm.couplings.complete(random.uniform(low, high, (_FIBRE_STATES, arm.nq)))
    state["qvel"][:], state["act"][:] = (
        random.normal(0, _FIBRE_SPEED, (_FIBRE_STATES, arm.nq)),
        random.random((_FIBRE_STATES, arm.na)),
    )
    judge.forward(stage=mujoco.mjtStage.mjSTAGE_VEL)
    expected, found = Fibres(arm).of(paths[0], paths[1], state["act"]), np.empty((3, _FIBRE_STATES, arm.nu))
    arrays = [*map(np.ascontiguousarray, state.values()), *found]
    library.on_arrays("fibres_f64", arrays)()
    for name, ours, theirs in zip(FibreState._fields, found, expected, strict=True):
        difference = np.abs(ours - theirs).max(initial=0.0) / max(np.abs(theirs).max(initial=0.0), mujoco.mjMINVAL)
        if not difference <= _FIBRE_TOLERANCE:
            raise EngineError(
                f"The generated {name} of muscle fibres differs from MuJoCo by {difference:.2g}, so it is not used. "
                "Use engine=mujoco.",
                [name],
            )
    return library
