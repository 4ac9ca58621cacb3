"""Actuators: from controls and activations to forces on joints and links, and rates of activation."""

from dataclasses import dataclass, field

import mujoco
import numpy as np

from mousearm.engine.expressions import Code, Scalar, Value, bare, constant, literal
from mousearm.engine.tendons import tendon
from mousearm.engine.tree import LinkMotion, Tree, onto_joints

Gain, Bias, Dynamics, Disable = mujoco.mjtGain, mujoco.mjtBias, mujoco.mjtDyn, mujoco.mjtDisableBit


@dataclass
class Pull:
    """Forces of all actuators: on links (6,) through tendons, and on joints."""

    links: dict[int, np.ndarray] = field(default_factory=dict)
    joints: dict[int, Value] = field(default_factory=dict)


def actuate(tree: Tree, motion: LinkMotion) -> list[Value]:
    """Write forces and rates of activation; the force of all actuators on every joint, MuJoCo's qfrc_actuator."""
    model, code, pull = tree.model, tree.code, Pull()
    for number in range(model.nu):
        code.write(f"// actuator {model.actuator(number).name or number}")
        target, gear = int(model.actuator_trnid[number, 0]), float(model.actuator_gear[number, 0])
        lines: dict[int, np.ndarray] = {}
        length, rate = Scalar(f"q[{target}]"), Scalar(f"v[{target}]")
        if model.actuator_trntype[number] == mujoco.mjtTrn.mjTRN_TENDON:
            path = tendon(tree, motion.velocities, target)
            length, rate, lines = path.length, path.rate, path.lines
        force = _force(model, code, number, length * gear, rate * gear)
        code.write(f"force[{number}] = {literal(force)};")
        if model.actuator_trntype[number] == mujoco.mjtTrn.mjTRN_TENDON:
            for link, line in lines.items():
                pull.links[link] = pull.links.get(link, constant(np.zeros(6))) + line * (force * gear)
        else:
            pull.joints[target] = pull.joints.get(target, 0.0) + force * gear
    through_links = onto_joints(tree, pull.links, "tension")
    torques = [pull.joints.get(joint, 0.0) + through_links.get(joint, 0.0) for joint in range(model.nv)]
    return [code.let(f"torque{joint}", _limited(model, joint, torque)) for joint, torque in enumerate(torques)]


def _limited(model: mujoco.MjModel, joint: int, torque: Value) -> Value:
    """Within the range that the joint gives to all its actuators together."""
    if not model.jnt_actfrclimited[joint]:
        return torque
    return within(torque, model.jnt_actfrcrange[joint])


def within(value: Value, limits: np.ndarray) -> Scalar:
    """A value clamped to a range (2,)."""
    return Scalar(f"within({bare(value)}, {literal(float(limits[0]))}, {literal(float(limits[1]))})")


def _force(model: mujoco.MjModel, code: Code, number: int, length: Value, rate: Value) -> Value:
    """Force of one actuator, MuJoCo's actuator_force; writes the rate of its activation, if it has one."""
    driven: Value = Scalar(f"ctrl[{number}]")
    if model.actuator_ctrllimited[number] and not model.opt.disableflags & Disable.mjDSBL_CLAMPCTRL:
        driven = code.let(f"control{number}", within(driven, model.actuator_ctrlrange[number]))
    state = int(model.actuator_actadr[number])
    if state >= 0:
        control, driven = driven, Scalar(f"act[{state}]")
        code.write(f"actdot[{state}] = {literal(_activation_rate(model, number, control, driven))};")
    gain = _gain(model, code, number, length, rate)
    force = code.let(f"pull{number}", gain * driven + _bias(model, code, number, length, rate))
    if model.actuator_forcelimited[number]:
        force = code.let(f"limited{number}", within(force, model.actuator_forcerange[number]))
    return force


def _activation_rate(model: mujoco.MjModel, number: int, control: Value, activation: Value) -> Value:
    """Rate of an activation, 1/s."""
    kind, values = model.actuator_dyntype[number], [float(value) for value in model.actuator_dynprm[number]]
    if kind == Dynamics.mjDYN_INTEGRATOR:
        return control
    if kind == Dynamics.mjDYN_FILTER:
        return (control - activation) / max(mujoco.mjMINVAL, values[0])
    rise, fall, smoothing = values[:3]
    constants = f"{literal(rise)}, {literal(fall)}"
    if smoothing < mujoco.mjMINVAL:
        return Scalar(f"activation_rate({control}, {activation}, {constants})")
    return Scalar(f"smooth_activation_rate({control}, {activation}, {constants}, {literal(1 / smoothing)})")


def _gain(model: mujoco.MjModel, code: Code, number: int, length: Value, rate: Value) -> Value:
    """Force per unit of control or activation."""
    kind, values = model.actuator_gaintype[number], [float(value) for value in model.actuator_gainprm[number]]
    if kind == Gain.mjGAIN_FIXED:
        return values[0]
    if kind == Gain.mjGAIN_AFFINE:
        return values[0] + values[1] * length + values[2] * rate
    fibre, speed = _fibre(model, number, values, length, rate)
    peak, (lmin, lmax, _, _, fvmax) = _peak_force(model, number, values), values[4:9]
    fibre, speed = code.let(f"fibre{number}", fibre), code.let(f"speed{number}", speed)
    shape = ", ".join(literal(value) for value in (lmin, lmax, fvmax))
    return -peak * Scalar(f"muscle_gain({fibre}, {speed}, {shape})")


def _bias(model: mujoco.MjModel, code: Code, number: int, length: Value, rate: Value) -> Value:
    """Force without any control."""
    kind, values = model.actuator_biastype[number], [float(value) for value in model.actuator_biasprm[number]]
    if kind == Bias.mjBIAS_NONE:
        return 0.0
    if kind == Bias.mjBIAS_AFFINE:
        return values[0] + values[1] * length + values[2] * rate
    fibre, _ = _fibre(model, number, values, length, rate)
    peak, lmax, fpmax = _peak_force(model, number, values), values[5], values[7]
    return -peak * Scalar(f"muscle_bias({fibre}, {literal(lmax)}, {literal(fpmax)})")


def _peak_force(model: mujoco.MjModel, number: int, values: list[float]) -> float:
    """Peak isometric force in N: scale / acc0 where the file's is negative."""
    force, scale = values[2:4]
    return force if force >= 0 else scale / max(mujoco.mjMINVAL, float(model.actuator_acc0[number]))


def _fibre(model: mujoco.MjModel, number: int, values: list[float], length: Value, rate: Value) -> tuple[Value, Value]:
    """Length relative to the optimal fibre, and speed relative to the fastest shortening."""
    shortest, longest = (float(end) for end in model.actuator_lengthrange[number])
    optimal = (longest - shortest) / max(mujoco.mjMINVAL, values[1] - values[0])
    fibre = values[0] + (length - shortest) * (1 / max(mujoco.mjMINVAL, optimal))
    return fibre, rate * (1 / max(mujoco.mjMINVAL, optimal * values[6]))
