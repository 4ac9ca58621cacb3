"""Movements to a point, which nobody recorded: the least effort that brings the paw there, and to rest there."""

import time
import warnings
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from mousearm.config import Config
from mousearm.env.references import References, prepare
from mousearm.errors import KinematicsError
from mousearm.evaluate.measuring import mean_squared_control
from mousearm.kinematics import Split
from mousearm.model import Arm, load_arm
from mousearm.optimal.cost import Cost
from mousearm.optimal.solver import Solution, solve
from mousearm.optimal.system import ArmSystem, Measuring, Remembering, System
from mousearm.optimal.trajectories import OptimalTrajectory, reach_cost, trajectory_of
from mousearm.planning.solving import replayed
from mousearm.pretrain.cmc import in_equilibrium
from mousearm.pretrain.optimal_teacher import followed
from mousearm.record.signals import Recording
from mousearm.retarget import Reference
from mousearm.setup import Setup
from mousearm.text import facts
from mousearm.trajectory import ELBOW, PAW, SHOULDER, errors_mm

NAME = "to_target"
NOT_CONVERGED = "The search for the movement of least effort did not converge: it may not be the best."
_INSTANT_S = 1e-5  # over which a speed is measured
_NEAR_MM = 0.05  # by which a pose may miss a point and still reach it
_STARTS = 6  # random poses that the search for a pose begins from too
_MOST_POSES, _POSE_STEP = 60, 1e-6  # that are tried from each; rad, of derivatives
_AXES = [2, 0, 1]  # the world's x, y, z among OpenSim's: to the right, forward, up
_BACK = [1, 2, 0]  # and the way back
# At the end a mm counts as much as the last of _MISSES times its square in the sums of a frame, and the way of _REST_S
# at the speed then, of joints _RADIUS_MM from what they turn, as much as a miss of that size. The search begins with
# less of it: an end that may hardly be missed leaves room for tiny steps alone, far above the least effort.
_MISSES, _REST_S, _RADIUS_MM = (0.3, 3.0, 30.0), 0.05, 10.0


class PointMovement(NamedTuple):
    """A movement to a point, as MuJoCo performs it."""

    trajectory: OptimalTrajectory
    recording: Recording
    miss_mm: float  # of the paw at the end
    speed: float  # of the paw there, m/s
    effort: float  # mean squared excitation
    seconds: float  # that the search took, by the clock

    def table(self) -> str:
        """A line per figure."""
        found = self.trajectory
        search = f"{'converged' if found.converged else 'not converged'} after {found.iterations} steps"
        return facts(
            {
                "end": f"{self.miss_mm:.3f} mm from the target, at {1e3 * self.speed:.1f} mm/s",
                "effort": f"{self.effort:.4f}, mean squared excitation (of motors, control)",
                "search": f"{search}, {found.left:.1%} left, cost {found.cost:.3f}, {self.seconds:.1f} s",
            }
        )


class PointPlan(NamedTuple):
    """A movement that is to be found; ``setup`` has a smooth way there, from which the search begins."""

    setup: Setup
    target: np.ndarray  # (3,) m, world frame

    def solve(self) -> PointMovement:
        """The movement of least effort; in its recording the target is the point, and elbow and pose have none.

        It warns if the search did not converge.
        """
        begun = time.perf_counter()
        arm, config, references = self.setup.arm, self.setup.config, References(self.setup.references)
        start = np.concatenate([references.qpos[:, 0], references.qvel[:, 0], references.activation[:, 0]], axis=1)
        if config.optimal.w_smooth:
            start = np.pad(start, ((0, 0), (0, arm.nu)))
        simulated, ctrl, steps = ArmSystem(arm, config), followed(arm, references, config), 0
        *softer, last = _MISSES
        for miss in softer:
            before = self._search(simulated, miss, start, ctrl)
            ctrl, steps = before.ctrl, steps + before.iterations
        solution = self._search(simulated, last, start, ctrl)
        solution = solution._replace(iterations=steps + solution.iterations)
        found = trajectory_of(arm, NAME, solution, 0, int(references.n_frames[0]))
        if not found.converged:
            warnings.warn(NOT_CONVERGED, stacklevel=2)
        return self._performed(found, time.perf_counter() - begun)

    def _search(self, simulated: ArmSystem, miss: float, start: np.ndarray, ctrl: np.ndarray) -> Solution:
        """Search from controls, with what it costs to miss the point by a mm at the end."""
        arm, config = self.setup.arm, self.setup.config
        system: System = point_system(simulated, miss)
        cost = point_cost(reach_cost(arm, References(self.setup.references), config), self.target, arm.nq, miss)
        return solve(Remembering(system) if config.optimal.w_smooth else system, cost, start, ctrl)

    def _performed(self, found: OptimalTrajectory, seconds: float) -> PointMovement:
        (trial,), recording = replayed(self.setup, References(self.setup.references), [found])
        signals = recording.reaches[0].signals
        target, error = signals["target"].values.copy(), signals["error"].values.copy()
        target[:], error[:] = np.nan, np.nan
        target[:, PAW - ELBOW] = self.target
        error[:, PAW - ELBOW] = errors_mm(trial.landmarks[:, PAW], self.target)
        known = {"target": target, "error": error, "reference_qpos": np.full_like(trial.reference, np.nan)}
        signals.update({name: replace(signals[name], values=values) for name, values in known.items()})
        ahead = trial.qpos[-1] + _INSTANT_S * np.array([[-1.0], [1.0]]) * trial.qvel[-1]
        way = np.linalg.norm(np.diff(self.setup.arm.landmark_positions(ahead)[:, PAW], axis=0))
        effort = mean_squared_control(trial)
        assert effort is not None
        return PointMovement(
            found, recording, float(error[-1, PAW - ELBOW]), float(way / (2 * _INSTANT_S)), effort, seconds
        )


def plan_to_point(config: Config, from_reach: bool, point: tuple[float, float, float], duration: float) -> PointPlan:
    """Plan a movement of a duration, s, to a point in metres from the arm's shoulder, in OpenSim's axes.

    It begins at rest in the first pose of the first reach of a configuration, or in the arm's rest pose.
    KinematicsError if the arm cannot get there, with the nearest point that it can; others as of `prepare`.
    """
    if from_reach:
        config, arm, (first, *_) = prepare(config)
        begin = first.qpos[0]
    else:
        arm = load_arm(config.model)
        begin = arm.rest_qpos
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, SHOULDER]
    target = shoulder + np.asarray(point)[_AXES]
    end = _pose_at(arm, target, begin)
    steps = round(duration / config.env.control_dt)
    reference = smooth_way(arm, begin, end, steps, config.env.control_dt)
    if config.env.initial_activation != "zero":  # of muscles that hold the arm where it is
        activation = in_equilibrium(arm, reference.qpos, reference.qvel, config.env.control_dt)
        reference = replace(reference, activation=activation)
    return PointPlan(Setup(config, arm, [reference], Split([], [NAME], {}), []), target)


def _pose_at(arm: Arm, target: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """A pose with the paw at a point, (3,) m, searched from the first pose on; KinematicsError if there is none."""
    free = np.flatnonzero(arm.couplings.free)
    low, high = arm.qpos_range[free].T
    bounded = np.where(np.isfinite(low), low, -np.pi), np.where(np.isfinite(high), high, np.pi)

    def pose(q: np.ndarray) -> np.ndarray:
        full = begin.copy()
        full[free] = q
        return arm.couplings.complete(full)

    def misses(q: np.ndarray) -> np.ndarray:
        return 1e3 * (arm.landmark_positions(np.array([pose(one) for one in q]))[:, PAW] - target)

    def by_differences(q: np.ndarray) -> np.ndarray:
        sides = q + _POSE_STEP * np.concatenate([np.eye(len(q)), -np.eye(len(q))])
        ahead, behind = np.split(misses(sides), 2)
        return (ahead - behind).T / (2 * _POSE_STEP)

    slope: Any = by_differences  # whose stub knows names alone
    random = np.random.default_rng(0).uniform(*bounded, (_STARTS, len(free)))
    found: list[tuple[float, np.ndarray]] = []
    for start in np.clip([begin[free], arm.rest_qpos[free], *random], *bounded):
        end = least_squares(lambda q: misses(q[None])[0], start, jac=slope, bounds=bounded, max_nfev=_MOST_POSES).x
        found.append((float(np.linalg.norm(misses(end[None]))), end))
        if found[-1][0] <= _NEAR_MM:
            return pose(end)
    miss_mm, end = min(found, key=lambda one: one[0])
    nearest = arm.landmark_positions(pose(end)[None])[0, PAW]
    raise KinematicsError(_out_of_reach(arm, nearest, miss_mm, begin))


def _out_of_reach(arm: Arm, nearest: np.ndarray, miss_mm: float, begin: np.ndarray) -> str:
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, SHOULDER]
    points = nearest, arm.landmark_positions(begin[None])[0, PAW]
    texts = [",".join(f"{number:.4f}" for number in (point - shoulder)[_BACK]) for point in points]
    return (
        f"The target is out of reach of {arm.source}: its paw comes as near as {miss_mm:.2f} mm. "
        f"Take the nearest, --target={texts[0]}, or another near where the paw begins, {texts[1]} (metres from the "
        "shoulder: x forward, y up, z to the right)."
    )


def smooth_way(arm: Arm, begin: np.ndarray, end: np.ndarray, steps: int, dt: float) -> Reference:
    """The way between two poses of least jerk, joint by joint (Flash and Hogan 1985, J Neurosci 5:1688-1703)."""
    s = np.linspace(0, 1, steps + 1)[:, None]
    qpos = begin + (end - begin) * s**3 * (10 - 15 * s + 6 * s**2)
    points = arm.landmark_positions(qpos)
    qvel = np.gradient(qpos, dt, axis=0)
    qvel[0] = 0
    return Reference(
        NAME, points[:, ELBOW], points[:, PAW], qpos, qvel, np.zeros((steps + 1, arm.na)), np.zeros(steps + 1)
    )


def point_system(arm: ArmSystem, miss: float) -> Measuring:
    """An arm of which the paw's position, mm, and the joints' velocities are measured, as far as an end counts them."""
    nq, root = arm.arm.nq, np.sqrt(miss)
    rows = np.eye(nq, 2 * nq + arm.arm.na, nq)  # of positions, velocities, activations
    return Measuring(arm, root * _REST_S * _RADIUS_MM * rows, kept=slice(3, None), factor=root)


def point_cost(cost: Cost, target: np.ndarray, nq: int, miss: float) -> Cost:
    """The cost of a movement to a point, (3,) m: nothing counts but the end, and the effort on the way of a cost."""
    end = np.concatenate([np.sqrt(miss) * 1e3 * target, np.zeros(nq)])
    targets = np.broadcast_to(end, (*cost.targets.shape[:2], len(end)))
    return Cost(targets, cost.n_frames, cost.drive, at_end=True)
