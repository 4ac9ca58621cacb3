"""Computed muscle control: the classical model-based controller that follows a reach, by muscles or by motors.

After Thelen et al. 2003 (J Biomech 36:321-328): the acceleration that leads back to the reach, the torque that it
takes, the least activation that gives this torque, the excitation that leads to this activation.
"""

import numpy as np

from mousearm.action import INVERSE_MAPS
from mousearm.env.references import References
from mousearm.errors import UnknownNameError
from mousearm.mechanics import ArmDynamics, Motion, motion_of
from mousearm.model import Arm
from mousearm.pretrain.control_interval import MOTOR_INTERVAL, MUSCLE_INTERVAL, Excitation
from mousearm.registry import ACTION_MAPS
from mousearm.trajectory import Snapshot

# Largest speed at which a joint goes back to its reach, rad/s: an arm that is far off does not throw itself about.
_MAX_RETURN = 7.0
# What an error of the torque costs: mm that elbow and paw miss by before feedback sets in, and for each joint:
_JOINT_MM = 1.5  # mm per rad
# What that is weighed against: full activation of a muscle as strong as the strongest, that relaxes in _RELAXATION_S.
_EFFORT_MM = 0.5
_RELAXATION_S = 0.06
# Full control of a motor leaves nothing behind; it only decides between equals.
_LEAST_EFFORT_MM = 1e-4


class ComputedMuscleControl:
    """Follows reaches with N arms; its actions depend on their states and frames alone."""

    def __init__(self, arm: Arm, references: References, control_dt: float, action_map: str = "direct"):
        """Prepare.

        Args:
            arm: the arm.
            references: the reaches, at one frame per control step.
            control_dt: how long a control is held, s.
            action_map: ``model.action_map`` of the task.

        Raises:
            UnknownNameError: if there is no such action map.
        """
        if action_map not in INVERSE_MAPS:
            raise UnknownNameError("action map", action_map, INVERSE_MAPS)
        self._arm, self._dt, self._dynamics = arm, control_dt, ArmDynamics(arm)
        self._to_action = INVERSE_MAPS[action_map]
        ends = np.ones((2, arm.nu)) * [[-1], [1]]
        self._excitation = Excitation(arm, control_dt, ACTION_MAPS[action_map](ends, arm.ctrl_range).T)
        self._interval = MUSCLE_INTERVAL if len(self._excitation.muscles) else MOTOR_INTERVAL
        self._gains = self._interval.gains(control_dt)
        self._effort = _effort(arm, self._excitation.muscles)
        motions = [
            motion_of(qpos[:n], control_dt) for qpos, n in zip(references.qpos, references.n_frames, strict=True)
        ]
        self._last_frame = references.n_frames - 1
        self._reach = Motion(*(np.concatenate(parts) for parts in zip(*motions, strict=True)))
        self._start = np.cumsum(references.n_frames) - references.n_frames

    def __call__(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Actions of the task, (N, nu) in [-1, 1]; arguments as ``control``."""
        return self._to_action(self.control(snapshot, reach, frame), self._arm.ctrl_range)

    def control(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Controls, (N, nu), for the interval that begins now.

        Args:
            snapshot: N arms.
            reach: (N,) which reach each of them follows.
            frame: (N,) in which frame of it each is.

        Raises:
            ModelError: if a state is not finite.
        """
        activation, dt = snapshot.activation, self._dt
        qacc = self._dynamics.acceleration(snapshot.qpos, snapshot.qvel, activation, snapshot.ctrl)
        wanted = self._wanted(Motion(snapshot.qpos, snapshot.qvel, qacc), reach, frame)
        then = self._dynamics.dynamics(*self._interval.ahead(snapshot.qpos, snapshot.qvel, qacc, wanted, dt))
        share = then.bounds.static_optimization(
            then.needed(wanted), self._weight(snapshot, then.mass), self._effort, self._excitation.reachable(activation)
        )
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

    def _weight(self, snapshot: Snapshot, mass: np.ndarray) -> np.ndarray:
        """(N, k, nv) mm that elbow and paw (and joints) move per N m in the time that feedback takes."""
        jacobian = self._dynamics.landmark_jacobian(snapshot.qpos, snapshot.landmarks)
        joints = np.broadcast_to(1e-3 * _JOINT_MM * np.eye(self._arm.nq), mass.shape)
        per_acceleration = 1e3 / self._interval.bandwidth**2
        return per_acceleration * np.concatenate([jacobian, joints], axis=1) @ np.linalg.inv(mass)


def _effort(arm: Arm, muscles: np.ndarray) -> np.ndarray:
    """(nu,) mm that full control of each actuator counts for.

    Its square is proportional to the impulse that a muscle still gives after its excitation ends, peak force times time
    constant: what is strong and relaxes slowly must be fought by others, and is called last.
    """
    effort = np.full(arm.nu, _LEAST_EFFORT_MM)
    strength = arm.peak_force[muscles] / arm.peak_force[muscles].max(initial=0)
    effort[muscles] = _EFFORT_MM * np.sqrt(strength * arm.model.actuator_dynprm[muscles, 1] / _RELAXATION_S)
    return effort
