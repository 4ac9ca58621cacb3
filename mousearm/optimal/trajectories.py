"""Optimal trajectories of reaches: what an arm can do at best, with what is best near them."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mousearm.config import Config
from mousearm.emg.envelope import EmgTarget
from mousearm.env.emg import emg_target
from mousearm.env.references import References
from mousearm.errors import ConfigError, UnknownNameError
from mousearm.model import Arm
from mousearm.model.muscles import muscles_of, optimal_and_slack
from mousearm.optimal.cache import TrajectoryCache
from mousearm.optimal.cost import Cost, Effort, with_electrodes, with_emg
from mousearm.optimal.model import box_minimum
from mousearm.optimal.solver import ENOUGH, Solution, solve
from mousearm.optimal.system import ActivationProgress, ArmSystem, Inputs, Remembering, System, activation_columns
from mousearm.paths import cache_folder
from mousearm.trajectory import Snapshot, hold

_DIGITS = 6
_DETOUR, _ROUGHLY = 1.0, 1e-3  # mm^2, and what is enough there; see `optimal_trajectories`


class OptimalTrajectory(NamedTuple):
    """The movement of least cost on a reach of T frames, and what is best near it.

    A state is (qpos, qvel, activation), of length n = 2 nv + na, in SI units.
    """

    name: str  # of the reach
    qpos: np.ndarray  # (T, nq) rad
    qvel: np.ndarray  # (T, nv) rad/s
    activation: np.ndarray  # (T, na), 0 to 1
    ctrl: np.ndarray  # (T - 1, nu)
    # All cost to come near it, by changes w of `Inputs` and x of states: w (slope + cross x + curvature w / 2), mm^2.
    slope: np.ndarray  # (T - 1, nu), 0 but where a bound is in the way
    cross: np.ndarray  # (T - 1, nu, n)
    curvature: np.ndarray  # (T - 1, nu, nu)
    cost: float  # mm^2, see `mousearm.optimal.cost`
    effort: float  # mean squared excitation, over frames and actuators
    left: float  # share of the cost that the best plan still promises to gain, if the arm were as its derivatives say
    iterations: int
    # Whether nothing is left to gain, or less than 1 % that no plan brings, see `optimal.solver.solve`: at a joint's
    # limit the cost jumps where it is reached a substep earlier or later, and beside a jump a search ends.
    converged: bool


def optimal_trajectories(
    arm: Arm,
    references: References,
    config: Config,
    initial_ctrl: np.ndarray,
    chooses_start: bool = False,
    emg: EmgTarget | None = None,
    detour: bool = False,
) -> list[OptimalTrajectory]:
    """Solve all reaches side by side, from controls (R, T - 1, nu); what was solved before comes from the cache.

    Arms begin with the activations of the references or, with ``chooses_start``, with the best ones, whose effort
    counts like that of a step. With ``optimal.w_emg`` muscles follow ``emg``, or the EMG of the configuration. With a
    ``detour`` the search goes first, roughly, to the best movement with a weight of effort of 1 mm^2: it ends in a
    valley, and from there mostly in a lower one. Warns, with their names, of reaches on which the search did not
    converge.
    """
    ctrl = np.round(initial_ctrl, _DIGITS)  # so that it is the same from every engine
    if config.optimal.w_emg == 0:
        emg = None
    elif emg is None:
        emg = emg_target(config, arm, references)
    cache = TrajectoryCache(arm, config, cache_folder(), emg)
    detour = detour and config.optimal.w_effort < _DETOUR
    keys = [cache.key(references, i, ctrl[i], chooses_start, detour) for i in range(len(references))]
    known = [cache.read(key) for key in keys]
    missing = np.array([i for i, arrays in enumerate(known) if arrays is None], dtype=int)
    if len(missing):
        first = ctrl[missing]
        if detour:
            dear = replace(config, optimal=replace(config.optimal, w_effort=_DETOUR))
            first = _solve(arm, references, dear, first, missing, chooses_start, emg, _ROUGHLY).ctrl
        solution = _solve(arm, references, config, first, missing, chooses_start, emg)
        for row, i in enumerate(missing):
            known[i] = _arrays(arm, solution, row, int(references.n_frames[i]))
            cache.write(keys[i], known[i])
    found = [_trajectory(name, arrays) for name, arrays in zip(references.names, known, strict=True) if arrays]
    if names := [one.name for one in found if not one.converged]:
        text = f"Optimal control did not converge on {len(names)} of {len(found)} reaches: {', '.join(names)}."
        warnings.warn(text, stacklevel=2)
    return found


def reach_cost(arm: Arm, references: References, config: Config, chooses_start: bool = False) -> Cost:
    """The cost of all reaches of a task, by ``config.optimal``."""
    chosen, columns, weight = config.optimal, activation_columns(arm.model), np.ones(arm.nu)
    if chosen.weighting == "volume":
        muscles = muscles_of(arm)
        volume = arm.peak_force[muscles] * optimal_and_slack(arm)[0]
        weight[muscles] = volume / volume.mean()
    weight *= actuator_factors(arm, chosen.muscle_weights)
    largest = np.abs(arm.ctrl_range).max(axis=1)
    weight *= chosen.w_effort / largest**chosen.power
    level = np.where(columns >= 0, chosen.level * largest, 0) if chosen.level else None
    made_of = columns if chosen.effort == "activation" else np.full(arm.nu, -1)
    effort = Effort(weight, made_of, chosen.power, columns if chooses_start else None, chosen.w_smooth, level)
    targets = 1e3 * references.targets.reshape(*references.targets.shape[:2], -1)
    return Cost(targets, references.n_frames, effort)


def actuator_factors(arm: Arm, named: Sequence[str]) -> np.ndarray:
    """(nu,) factors of the effort of actuators, 1 where none is named.

    ConfigError if one is not ``NAME:FACTOR`` with a factor of at least 0, UnknownNameError if the arm lacks it.
    """
    factors = np.ones(arm.nu)
    for text in named:
        name, _, number = text.rpartition(":")
        try:
            factor = float(number)
        except ValueError:
            factor = -1.0
        if not name or not 0 <= factor < np.inf:
            raise ConfigError(
                f"optimal.muscle_weights has '{text[:80]}', which is no NAME:FACTOR with a factor of at least 0. Write "
                f"it as optimal.muscle_weights=[{arm.actuator_names[0]}:2].",
                "optimal.muscle_weights",
            )
        if name not in arm.actuator_names:
            raise UnknownNameError("actuator for optimal.muscle_weights", name, arm.actuator_names)
        factors[arm.actuator_names.index(name)] = factor
    return factors


def _solve(
    arm: Arm,
    references: References,
    config: Config,
    ctrl: np.ndarray,
    rows: np.ndarray,
    chooses_start: bool,
    emg: EmgTarget | None,
    enough: float = ENOUGH,
) -> Solution:
    """Solve some of the reaches, from controls of these."""
    system: System = ArmSystem(arm, config)
    cost = reach_cost(arm, references, config, chooses_start).of(rows)
    parts = (references.qpos, references.qvel, references.activation)
    start = np.concatenate([part[rows, 0] for part in parts], axis=1)
    low, high = start.copy(), start.copy()
    if chooses_start:
        led = activation_columns(arm.model)
        low[:, led[led >= 0]], high[:, led[led >= 0]] = 0, 1
    if config.optimal.w_smooth or (emg is not None and emg.signal == "excitation"):
        system = Remembering(system)
        start, low, high = (np.pad(state, ((0, 0), (0, arm.nu))) for state in (start, low, high))
    if emg is not None:
        system = with_electrodes(system, emg, config.optimal.w_emg, start.shape[1])
        cost = with_emg(cost, emg.of(rows), config.optimal.w_emg)
    return solve(system, cost, start, ctrl, np.stack([low, high]), enough)


def trajectory_of(arm: Arm, name: str, solution: Solution, row: int, frames: int) -> OptimalTrajectory:
    """One of the trajectories of a solution, of so many frames."""
    return _trajectory(name, _arrays(arm, solution, row, frames))


def _arrays(arm: Arm, solution: Solution, row: int, frames: int) -> dict[str, np.ndarray]:
    """What the cache keeps of a trajectory: the fields of `OptimalTrajectory` but the name."""
    nq, na = arm.nq, arm.na
    state, ctrl = solution.state[row, :frames, : 2 * nq + na], solution.ctrl[row, : frames - 1]
    qpos, qvel, activation = np.split(state, [nq, 2 * nq], axis=1)
    slope, cross = solution.slope[row, : frames - 1], solution.cross[row, : frames - 1, :, : 2 * nq + na]
    effort = np.square(ctrl / np.abs(arm.ctrl_range).max(axis=1)).mean()
    figures = (effort, solution.left[row], solution.iterations[row], solution.converged[row])
    curvature = solution.curvature[row, : frames - 1]
    values = (qpos, qvel, activation, ctrl, slope, cross, curvature, solution.cost[row], *figures)
    return dict(zip(OptimalTrajectory._fields[1:], map(np.asarray, values), strict=True))


def _trajectory(name: str, arrays: dict[str, np.ndarray]) -> OptimalTrajectory:
    return OptimalTrajectory._make([name, *(value if value.ndim else value.item() for value in arrays.values())])


class OptimalFeedback:
    """Controls of N arms near optimal trajectories: the least cost to come, to second order, within what is possible.

    In a state x near x* of that frame, inputs change from w* by the w that minimises w (slope + cross (x - x*) +
    curvature w / 2), as in the solver's own roll-out (Tassa, Mansard and Todorov 2014), within what controls in their
    range reach from the activations as they are. Where one muscle is at its bound others take over; linear gains, for
    which it stays there, throw an arm off whose muscles are nearly all at rest. On x* it does u*.
    It holds where the model around x* does, within some tenths of a millimetre.
    """

    def __init__(self, arm: Arm, trajectories: Sequence[OptimalTrajectory], control_dt: float, ctrl_range: np.ndarray):
        """Prepare for reaches, whose indices are those of the trajectories.

        Controls are held for ``control_dt`` s, within ``ctrl_range``, (nu, 2).
        """
        self._range, self._progress = ctrl_range, ActivationProgress(arm.model, control_dt)
        self._columns = activation_columns(arm.model)
        n = max(len(one.ctrl) for one in trajectories)
        states = [np.concatenate([one.qpos, one.qvel, one.activation], axis=1)[:-1] for one in trajectories]
        self.state = np.stack([hold(state, n) for state in states])  # (R, T - 1, nq + nq + na), x*
        self._slope = np.stack([hold(one.slope, n) for one in trajectories])
        self._cross = np.stack([hold(one.cross, n) for one in trajectories])
        self._curvature = np.stack([hold(one.curvature, n) for one in trajectories])
        ctrl = np.stack([hold(one.ctrl, n) for one in trajectories])
        self._inputs = self._around(self.state).of(self.state, ctrl)  # (R, T - 1, nu), w*

    def control(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Controls, (N, nu), of N arms, each in a frame (N,) of a reach (N,); in the last frame, those before it."""
        at = reach, np.minimum(frame, self.state.shape[1] - 1)
        state = np.concatenate([snapshot.qpos, snapshot.qvel, snapshot.activation], axis=1)
        inputs, best = self._around(state), self._inputs[at]
        low, high = (inputs.of(state, np.broadcast_to(end, best.shape)) - best for end in self._range.T)
        slope = self._slope[at] + np.matvec(self._cross[at], state - self.state[at])
        change, _ = box_minimum(self._curvature[at], slope, low, high)
        return np.clip(inputs.ctrl(state, best + change), *self._range.T)

    def _around(self, state: np.ndarray) -> Inputs:
        """Inputs of states (..., n), with the time constants of muscles there."""
        activation = np.where(self._columns >= 0, state[..., self._columns], 0)
        return Inputs(self._columns, *self._progress(np.clip(activation, 0, 1)))
