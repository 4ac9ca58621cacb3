"""What the arm did, as signals: what the simulation had, and what follows from its state."""

import numpy as np

from mousearm.check.muscles import optimal_and_slack
from mousearm.evaluate import Rollout
from mousearm.mechanics import Probe, muscles_of
from mousearm.model import Arm
from mousearm.model.landmark import LANDMARKS
from mousearm.record.columns import AXES, activation_names
from mousearm.record.recording import Signal

_STEP = "in the last physics step before this frame; 0 at the start"


def arm_signals(rollout: Rollout, reach: int, force: np.ndarray, torque: np.ndarray, arm: Arm) -> dict[str, Signal]:
    """Signals of one arm at the T frames that it lived through.

    Args:
        rollout: what the arms did.
        reach: index of the reach.
        force: (T, nu) MuJoCo's ``actuator_force`` of the step that led to the frame.
        torque: (T, nq) N m, likewise.
        arm: the arm.
    """
    frames = slice(0, int(rollout.completed[reach]))
    qpos, qvel = rollout.qpos[reach, frames], rollout.qvel[reach, frames]
    joints = arm.joint_names
    return {
        "time": Signal(rollout.dt * np.arange(len(qpos)), "s", "time from the start of the reach"),
        "qpos": Signal(qpos, "rad", "joint positions", joints),
        "qvel": Signal(qvel, "rad/s", "joint velocities", joints),
        "torque": Signal(torque, "N m", f"joint torques of all actuators, {_STEP}", joints),
        **_point_signals(rollout, reach, frames),
        **_actuator_signals(rollout.ctrl[reach, frames], rollout.activation[reach, frames], force, arm),
        **_muscle_signals(qpos, qvel, arm),
    }


def _point_signals(rollout: Rollout, reach: int, frames: slice) -> dict[str, Signal]:
    where = "in the world frame: x to the right, y forward, z up"
    followed = LANDMARKS[1:]
    error = 1e3 * np.linalg.norm(rollout.landmarks[reach, frames, 1:] - rollout.targets[reach, frames], axis=-1)
    return {
        "landmarks": Signal(rollout.landmarks[reach, frames], "m", f"points of the arm, {where}", AXES, LANDMARKS),
        "target": Signal(rollout.targets[reach, frames], "m", f"where they should be, {where}", AXES, followed),
        "error": Signal(error, "mm", "distance of elbow and paw from their targets", followed),
    }


def _actuator_signals(ctrl: np.ndarray, activation: np.ndarray, force: np.ndarray, arm: Arm) -> dict[str, Signal]:
    """Control, activation and force; a muscle's control is its excitation, and its force is positive where it pulls."""
    names, muscles = arm.actuator_names, np.isin(np.arange(arm.nu), muscles_of(arm))
    name, what = ("excitation", "muscle excitations, 0 to 1") if muscles.all() else ("control", "actuator controls")
    unit = "N" if muscles.all() else "N, N m" if muscles.any() else "N m"
    text = f"of muscles the pull, of others actuator force times gear: a motor's torque about its joint; {_STEP}"
    signals = {
        name: Signal(ctrl, "1", f"{what}, in the control interval before this frame; 0 at the start", names),
        "force": Signal(np.where(muscles, 0 - force, force * arm.model.actuator_gear[:, 0]), unit, text, names),
    }
    if arm.na:
        signals["activation"] = Signal(activation, "1", "activations, of muscles 0 to 1", activation_names(arm))
    return signals


def _muscle_signals(qpos: np.ndarray, qvel: np.ndarray, arm: Arm) -> dict[str, Signal]:
    """Fibres and moment arms of muscles, in the state of the frame; empty where there are no muscles."""
    muscles = muscles_of(arm)
    if not len(muscles):
        return {}
    path, moment = Probe(arm).path(qpos)
    length = 1e3 * (path[:, muscles] - optimal_and_slack(arm)[1])
    slope = 1e3 * moment[:, muscles]
    names = tuple(arm.actuator_names[i] for i in muscles)
    fibre = "the path from origin to insertion (MuJoCo's actuator_length) less the tendon, which is rigid"
    arms = "moment arms, -d length / d joint position: positive where pull gives positive torque (OpenSim's sign)"
    return {
        "fibre_length": Signal(length, "mm", f"fibre lengths: {fibre}", names),
        "fibre_velocity": Signal(np.matvec(slope, qvel), "mm/s", "fibre velocities, positive: lengthening", names),
        "moment_arm": Signal(-slope, "mm", arms, arm.joint_names, names),
    }
