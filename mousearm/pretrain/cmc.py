"""Computed muscle control: the classical model-based controller that follows a reach, by muscles or by motors.

After Thelen et al. 2003 (J Biomech 36:321-328): the acceleration that leads back to the reach, the torque that it
takes, the least activation that gives this torque, the excitation that leads to this activation. By the same steps,
activations that hold an arm on a movement in every frame by itself.
"""

from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.action import INVERSE_MAPS
from mousearm.env.references import References
from mousearm.errors import UnknownNameError
from mousearm.mechanics import ArmDynamics, Motion, drive_range, motions_of
from mousearm.model import Arm
from mousearm.registry import ACTION_MAPS
from mousearm.trajectory import Snapshot, hold

_MAX_RETURN = 7.0  # rad/s at which a joint goes back to its reach: an arm that is far off does not throw itself about
# What an error of the torque costs: mm that elbow and paw miss by before feedback sets in, and for each joint:
_JOINT_MM = 1.5  # mm per rad
# What that is weighed against: full activation of a muscle as strong as the strongest, that relaxes in _RELAXATION_S.
_EFFORT_MM = 0.5
_RELAXATION_S = 0.06
_LEAST_EFFORT_MM = 1e-4  # full control of a motor leaves nothing behind; it only decides between equals
AHEAD_S = 0.025
"""Over which the torque of activations is meant: what fits one frame alone lets the shipped reach take 1.6 times the
effort, and be missed by 0.15 mm instead of 0.04."""
_FREE_MM = 1e-3  # in place of _EFFORT_MM in equilibrium, where effort only decides between what is as good
_REPETITIONS = 3  # that follow the time constant of a muscle, which changes on the way with the activation


class ControlInterval(NamedTuple):
    """One control interval of a joint whose acceleration goes from a to b, which is chosen.

    position' = position + dt speed + dt^2 (p0 a + p1 b), speed' = speed + dt (s0 a + s1 b).
    """

    position: tuple[float, float]  # (p0, p1)
    speed: tuple[float, float]  # (s0, s1)
    at: float  # the part of the interval after which the joint has the acceleration b
    bandwidth: float  # how fast errors are to die out, 1/s

    def ahead(
        self, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray, chosen: np.ndarray, dt: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Position and speed when the acceleration is the chosen one, from those and the acceleration now."""
        t = self.at * dt
        (p0, p1), (s0, s1) = self.position, self.speed
        return qpos + t * qvel + t**2 * (p0 * qacc + p1 * chosen), qvel + t * (s0 * qacc + s1 * chosen)

    def gains(self, dt: float) -> np.ndarray:
        """(3,) feedback of errors of position, speed and acceleration that makes them die out in time.

        Ackermann's formula: k = (0 0 1) C^-1 phi(A), with C = (B AB AAB), and phi the polynomial of the wanted poles.
        All of them are exp(-bandwidth dt); but where the acceleration now has no consequence, one is 0.
        """
        (p0, p1), (s0, s1) = self.position, self.speed
        a = np.array([[1, dt, p0 * dt**2], [0, 1, s0 * dt], [0, 0, 0]])
        b = np.array([p1 * dt**2, s1 * dt, 1])
        pole = np.exp(-self.bandwidth * dt)
        phi = (a - pole * np.eye(3)) @ (a - pole * np.eye(3)) @ (a - (pole if s0 else 0.0) * np.eye(3))
        reach = np.stack([b, a @ b, a @ a @ b], axis=1)
        return np.linalg.solve(reach.T, [0.0, 0.0, 1.0]) @ phi


MOTOR_INTERVAL = ControlInterval(position=(0.0, 1 / 2), speed=(0.0, 1.0), at=0.5, bandwidth=200.0)
"""Motors: the torque is there at once and stays; what is chosen is its mean, that of the middle of the interval."""

MUSCLE_INTERVAL = ControlInterval(position=(1 / 3, 1 / 6), speed=(1 / 2, 1 / 2), at=1.0, bandwidth=90.0)
"""Muscles: the activation needs the whole interval to get from one value to the next. Feedback of 60 or of 200 per
second misses the shipped reach by 0.07 mm, that of 90 by 0.04."""


def interval_of(arm: Arm) -> ControlInterval:
    """That of muscles if the arm has any, else that of motors."""
    return MUSCLE_INTERVAL if np.any(arm.model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE) else MOTOR_INTERVAL


class Excitation:
    """The activation dynamics of an arm's muscles over one control interval; motors follow at once.

    An activation a goes towards the excitation u as da/dt = (u - a) / tau, with tau = t_act (0.5 + 1.5 a) on its way up
    and t_deact / (0.5 + 1.5 a) on its way down (MuJoCo, mju_muscleDynamics). Here tau is that of the middle of the way;
    activations come out within 0.02, and 0.03 of muscles that rise in 10 ms.
    """

    def __init__(self, arm: Arm, control_dt: float, ctrl_limits: np.ndarray):
        """Prepare for controls within limits, (nu, 2), that are held for ``control_dt`` s."""
        model = arm.model
        # (M,) indices of the actuators that have such dynamics
        self.muscles = np.flatnonzero(model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE)
        self._dt = control_dt
        self._low, self._span = drive_range(arm)[:, 0], np.ptp(drive_range(arm), axis=1)
        self._ctrl_limits = ctrl_limits.T
        self._address = model.actuator_actadr[self.muscles]
        self._up, self._down = model.actuator_dynprm[self.muscles, :2].T

    def reachable(self, activation: np.ndarray) -> np.ndarray:
        """(2, N, nu) lowest and highest share at the end of the interval."""
        ends = np.repeat(self._ctrl_limits[:, None], len(activation), axis=1)
        now = activation[:, self._address]
        for end in ends:
            excitation, goal = np.clip(end[:, self.muscles], 0, 1), now
            for _ in range(_REPETITIONS):
                goal = now + (excitation - now) * self._progress(now, goal, excitation > now)
            end[:, self.muscles] = goal
        return (ends - self._low) / self._span

    def control(self, activation: np.ndarray, share: np.ndarray) -> np.ndarray:
        """(N, nu) controls that lead to shares, (N, nu), at the end of the interval."""
        control = self._low + share * self._span
        now, goal = activation[:, self._address], control[:, self.muscles]
        control[:, self.muscles] = now + (goal - now) / self._progress(now, goal, goal > now)
        return np.clip(control, *self._ctrl_limits)

    def _progress(self, now: np.ndarray, goal: np.ndarray, rising: np.ndarray) -> np.ndarray:
        """Share of the way to the excitation that is done in an interval between these activations."""
        slowness = 0.5 + 1.5 * np.clip((now + goal) / 2, 0, 1)
        return -np.expm1(-self._dt / np.where(rising, self._up * slowness, self._down / slowness))


class ComputedMuscleControl:
    """Follows reaches with N arms; its actions depend on their states and frames alone."""

    def __init__(self, arm: Arm, references: References, control_dt: float, action_map: str = "direct"):
        """Prepare for reaches at one frame per control step, whose controls are held for ``control_dt`` s.

        ``action_map`` is ``model.action_map`` of the task; UnknownNameError if there is no such one.
        """
        if action_map not in INVERSE_MAPS:
            raise UnknownNameError("action map", action_map, INVERSE_MAPS)
        self._arm, self._dt, self._dynamics = arm, control_dt, ArmDynamics(arm)
        self._to_action = INVERSE_MAPS[action_map]
        ends = np.ones((2, arm.nu)) * [[-1], [1]]
        self._excitation = Excitation(arm, control_dt, ACTION_MAPS[action_map](ends, arm.ctrl_range).T)
        self._interval = interval_of(arm)
        self._gains = self._interval.gains(control_dt)
        self._effort = _effort(arm, self._excitation.muscles)
        paths = [qpos[:n] for qpos, n in zip(references.qpos, references.n_frames, strict=True)]
        self._last_frame, self._reach = references.n_frames - 1, motions_of(paths, control_dt)
        self._start = np.cumsum(references.n_frames) - references.n_frames

    def __call__(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Actions of the task, (N, nu) in [-1, 1]; see ``control``."""
        return self._to_action(self.control(snapshot, reach, frame), self._arm.ctrl_range)

    def control(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Controls, (N, nu), of N arms, each in a frame (N,) of a reach (N,); ModelError if a state is not finite."""
        activation, dt = snapshot.activation, self._dt
        qacc = self._dynamics.acceleration(snapshot.qpos, snapshot.qvel, activation, snapshot.ctrl)
        wanted = self._wanted(Motion(snapshot.qpos, snapshot.qvel, qacc), reach, frame)
        wanted = self._dynamics.following(snapshot.qpos, snapshot.qvel, wanted)
        then = self._dynamics.dynamics(*self._interval.ahead(snapshot.qpos, snapshot.qvel, qacc, wanted, dt))
        jacobian = self._dynamics.landmark_jacobian(snapshot.qpos, snapshot.landmarks)
        weight = torque_weight(jacobian, then.mobility(), self._interval.bandwidth)
        reachable = self._excitation.reachable(activation)
        share = then.bounds.static_optimization(then.needed(wanted), weight, self._effort, reachable)
        return self._excitation.control(activation, share)

    def _wanted(self, now: Motion, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """(N, nv) rad/s2 that lead back to the reach, those of the reach included."""
        here = self._start[reach] + frame
        after = self._start[reach] + np.minimum(frame + 1, self._last_frame[reach])
        goal, qacc = Motion(*(part[here] for part in self._reach)), self._reach.qacc
        k_pos, k_vel, k_acc = self._gains
        largest = _MAX_RETURN * k_vel / k_pos
        return (
            (1 - self._interval.at) * goal.qacc
            + self._interval.at * qacc[after]
            + k_pos * np.clip(goal.qpos - now.qpos, -largest, largest)
            + k_vel * (goal.qvel - now.qvel)
            + k_acc * (goal.qacc - now.qacc)
        )


def _effort(arm: Arm, muscles: np.ndarray) -> np.ndarray:
    """(nu,) mm that full control of each actuator counts for.

    Its square is proportional to the impulse that a muscle still gives after its excitation ends, peak force times time
    constant: what is strong and relaxes slowly must be fought by others, and is called last.
    """
    effort = np.full(arm.nu, _LEAST_EFFORT_MM)
    strength = arm.peak_force[muscles] / arm.peak_force[muscles].max(initial=0)
    effort[muscles] = _EFFORT_MM * np.sqrt(strength * arm.model.actuator_dynprm[muscles, 1] / _RELAXATION_S)
    return effort


def in_equilibrium(arm: Arm, qpos: np.ndarray, qvel: np.ndarray, control_dt: float) -> np.ndarray:
    """Activations (T, na) that give a movement, (T, nq) rad and rad/s, its torque, in every frame by itself.

    Static optimisation (Crowninshield and Brand 1981, J Biomech 14:793-801): the least sum of squares with the torque
    by inverse dynamics, all passive forces included, which is the mean over the next ``AHEAD_S``. Where it is not to be
    had, elbow and paw come as close to their accelerations as can be. What needs no activation, such as a motor, is
    taken to help.
    """
    dynamics, driven = ArmDynamics(arm), np.flatnonzero(arm.model.actuator_actadr >= 0)
    qacc = dynamics.following(qpos, qvel, motions_of([qpos], control_dt).qacc)
    state = dynamics.dynamics(qpos, qvel)
    jacobian = dynamics.landmark_jacobian(qpos, arm.landmark_positions(qpos))
    weight = torque_weight(jacobian, state.mobility(), MUSCLE_INTERVAL.bandwidth)
    n = max(1, round(AHEAD_S / control_dt))
    torque = np.mean([hold(state.needed(qacc)[i:], len(qpos)) for i in range(min(n, len(qpos)))], axis=0)
    share = state.bounds.static_optimization(torque, weight, _FREE_MM)[:, driven]
    low, high = drive_range(arm)[driven].T
    activation = np.zeros((len(qpos), arm.na))
    column = arm.model.actuator_actadr[driven] + arm.model.actuator_actnum[driven] - 1
    activation[:, column] = low + share * (high - low)
    return activation


def torque_weight(jacobian: np.ndarray, mobility: np.ndarray, bandwidth: float) -> np.ndarray:
    """(N, k, nv) mm that elbow and paw (and joints) move per N m in the time that feedback takes.

    By the Jacobian of elbow and paw, (N, 6, nv) m/rad, and accelerations per torque, (N, nv, nv).
    """
    joints = np.broadcast_to(1e-3 * _JOINT_MM * np.eye(mobility.shape[-1]), mobility.shape)
    return 1e3 / bandwidth**2 * np.concatenate([jacobian, joints], axis=1) @ mobility
