"""Actuators: from controls and activations to forces on joints and links, and rates of activation."""

from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.engine.expressions import Code, Scalar, Value, bare, constant, literal
from mousearm.engine.motion import LinkMotion, move, onto_joints
from mousearm.engine.tendons import Tendon, tendon
from mousearm.engine.tree import Tree

Gain, Bias, Dynamics, Disable = mujoco.mjtGain, mujoco.mjtBias, mujoco.mjtDyn, mujoco.mjtDisableBit


@dataclass
class Actuation:
    """Forces of actuators on joints, and their derivatives by velocities, by pairs of joints (i >= j)."""

    torques: list[Value]
    slopes: dict[tuple[int, int], Value]


def actuate(tree: Tree, motion: LinkMotion, with_slopes: bool, with_lengths: bool = False) -> Actuation:
    """Write forces and rates of activation; gives MuJoCo's qfrc_actuator and, if asked for, its slope in velocity.

    ``with_lengths`` writes MuJoCo's actuator_length too, of which the slopes by joint positions are moment arms.
    """
    model, code = tree.model, tree.code
    on_links: dict[int, np.ndarray] = {}
    on_joints: dict[int, Value] = {}
    moments: list[tuple[Value, dict[int, Value]]] = []
    for number in range(model.nu):
        code.title("actuator", model.actuator(number).name, number)
        gear, joint = float(model.actuator_gear[number, 0]), int(model.actuator_trnid[number, 0])
        path = _transmission(tree, motion, number)
        is_on_joint = model.actuator_trntype[number] == mujoco.mjtTrn.mjTRN_JOINT
        actuator = _Actuator(model, code, number, path.length * gear, path.rate * gear)
        force = actuator.force()
        code.write(f"force[{number}] = {literal(force)};")
        if with_lengths:
            code.write(f"now.length[{number}] = {literal(path.length * gear)};")
        for link, line in path.lines.items():
            on_links[link] = on_links.get(link, constant(np.zeros(6))) + line * (force * gear)
        if is_on_joint:
            on_joints[joint] = on_joints.get(joint, 0.0) + force * gear
        if with_slopes:
            arms: dict[int, Value] = {joint: 1.0} if is_on_joint else onto_joints(tree, path.lines, f"moment{number}_")
            moments.append((actuator.slope() * gear**2, arms))
    through_links = onto_joints(tree, on_links, "tension")
    torques = [on_joints.get(joint, 0.0) + through_links.get(joint, 0.0) for joint in range(model.nv)]
    torques = [code.let(f"torque{joint}", _limited(model, joint, torque)) for joint, torque in enumerate(torques)]
    return Actuation(torques, _slopes(tree, moments))


def write_fibres(model: mujoco.MjModel) -> str:
    """The function from a state to lengths, velocities and tensions of fibres; see `Snapshot`."""
    code = Code()
    tree = Tree(model, code)
    motion = move(tree, np.zeros(3))
    for number in range(model.nu):
        path, gear = _transmission(tree, motion, number), float(model.actuator_gear[number, 0])
        _Actuator(model, code, number, path.length * gear, path.rate * gear).write_fibre()
    arguments = "const T* q, const T* v, const T* act, T* length, T* velocity, T* tension"
    return f"template<class T> LEAN void fibres({arguments}) {{\n{code}\n}}\n"


def _transmission(tree: Tree, motion: LinkMotion, number: int) -> Tendon:
    """Length, rate and lines of what an actuator pulls at; a joint has no lines."""
    model, target = tree.model, int(tree.model.actuator_trnid[number, 0])
    if model.actuator_trntype[number] == mujoco.mjtTrn.mjTRN_TENDON:
        return tendon(tree, motion.velocities, target)
    return Tendon(Scalar(f"q[{target}]"), Scalar(f"v[{target}]"), {})


def _slopes(tree: Tree, moments: list[tuple[Value, dict[int, Value]]]) -> dict[tuple[int, int], Value]:
    """Sum of slope x moment arm x moment arm, of joints on one way to the root (as MuJoCo's qDeriv has them)."""
    slopes: dict[tuple[int, int], Value] = {}
    for number, (slope, arms) in enumerate(moments):
        if not isinstance(slope, Scalar) and slope == 0:
            continue
        arms = {joint: tree.code.let(f"lever{number}_{joint}", arm) for joint, arm in arms.items()}
        for joint, arm in arms.items():
            scaled = tree.code.let(f"scaled{number}_{joint}", slope * arm)
            for other in tree.ancestors(int(tree.model.jnt_bodyid[joint])):
                if other <= joint and other in arms:
                    slopes[joint, other] = slopes.get((joint, other), 0.0) + scaled * arms[other]
    return {pair: tree.code.let(f"slope{pair[0]}_{pair[1]}", slope) for pair, slope in slopes.items()}


def _limited(model: mujoco.MjModel, joint: int, torque: Value) -> Value:
    """Within the range that the joint gives to all its actuators together."""
    return within(torque, model.jnt_actfrcrange[joint]) if model.jnt_actfrclimited[joint] else torque


def within(value: Value, limits: np.ndarray) -> Scalar:
    """A value clamped to a range (2,)."""
    return Scalar(f"within({bare(value)}, {literal(float(limits[0]))}, {literal(float(limits[1]))})")


class _Actuator:
    """One actuator at a length and rate of its transmission."""

    def __init__(self, model: mujoco.MjModel, code: Code, number: int, length: Value, rate: Value):
        self.model, self.code, self.number = model, code, number
        self.length, self.rate = length, rate
        self.gains = [float(value) for value in model.actuator_gainprm[number]]
        self.biases = [float(value) for value in model.actuator_biasprm[number]]
        self.driven: Value = 0.0

    def force(self) -> Value:
        """MuJoCo's actuator_force; writes the rate of the activation, if there is one."""
        model, number, code = self.model, self.number, self.code
        control: Value = Scalar(f"ctrl[{number}]")
        if model.actuator_ctrllimited[number] and not model.opt.disableflags & Disable.mjDSBL_CLAMPCTRL:
            control = code.let(f"control{number}", within(control, model.actuator_ctrlrange[number]))
        self.driven, state = control, int(model.actuator_actadr[number])
        if state >= 0:
            self.driven = Scalar(f"act[{state}]")
            code.write(f"actdot[{state}] = {bare(self._activation_rate(control))};")
        return self._force()

    def write_fibre(self) -> None:
        """Write length, velocity and tension of the fibre of a muscle with an activation; of another actuator, 0."""
        parts: tuple[Value, Value, Value] = 0.0, 0.0, 0.0
        state = int(self.model.actuator_actadr[self.number])
        if state >= 0 and self.model.actuator_gaintype[self.number] == Gain.mjGAIN_MUSCLE:
            self.driven = Scalar(f"act[{state}]")
            length, speed, _ = self._fibre(self.gains)
            parts = length, speed * self.gains[6], 0.0 - self._force()
        for name, part in zip(("length", "velocity", "tension"), parts, strict=True):
            self.code.write(f"{name}[{self.number}] = {literal(part)};")

    def _force(self) -> Value:
        """MuJoCo's actuator_force of what drives it."""
        number, code = self.number, self.code
        force = code.let(f"pull{number}", self._gain() * self.driven + self._bias())
        if self.model.actuator_forcelimited[number]:
            force = code.let(f"limited{number}", within(force, self.model.actuator_forcerange[number]))
        return force

    def slope(self) -> Value:
        """Derivative of the force by the rate of length."""
        slope: Value = 0.0
        if self.model.actuator_gaintype[self.number] == Gain.mjGAIN_MUSCLE:
            fibre, speed, per_rate = self._fibre(self.gains)
            lmin, lmax, fvmax = (literal(self.gains[i]) for i in (4, 5, 8))
            shape = f"force_by_length({bare(fibre)}, {lmin}, {lmax}) * slope_by_speed({bare(speed)}, {fvmax})"
            slope = -self._peak(self.gains) * per_rate * self.driven * Scalar(shape, False)
        elif self.model.actuator_gaintype[self.number] == Gain.mjGAIN_AFFINE:
            slope = self.gains[2] * self.driven
        if self.model.actuator_biastype[self.number] == Bias.mjBIAS_AFFINE:
            slope = slope + self.biases[2]
        return self.code.let(f"per_rate{self.number}", slope)

    def _activation_rate(self, control: Value) -> Value:
        """Rate of the activation, 1/s."""
        kind, number = self.model.actuator_dyntype[self.number], self.number
        first, fall, smoothing = (float(value) for value in self.model.actuator_dynprm[number, :3])
        if kind == Dynamics.mjDYN_INTEGRATOR:
            return control
        if kind == Dynamics.mjDYN_FILTER:
            return (control - self.driven) * (1 / max(mujoco.mjMINVAL, first))
        arguments = f"{bare(control)}, {self.driven}, {literal(first)}, {literal(fall)}"
        if smoothing < mujoco.mjMINVAL:
            return Scalar(f"activation_rate({arguments})")
        return Scalar(f"smooth_activation_rate({arguments}, {literal(1 / smoothing)})")

    def _gain(self) -> Value:
        """Force per unit of control or activation."""
        kind, gains = self.model.actuator_gaintype[self.number], self.gains
        if kind == Gain.mjGAIN_FIXED:
            return gains[0]
        if kind == Gain.mjGAIN_AFFINE:
            return gains[0] + gains[1] * self.length + gains[2] * self.rate
        fibre, speed, _ = self._fibre(gains)
        lmin, lmax, fvmax = (literal(gains[i]) for i in (4, 5, 8))
        shape = f"force_by_length({bare(fibre)}, {lmin}, {lmax}) * force_by_speed({bare(speed)}, {fvmax})"
        return -self._peak(gains) * Scalar(shape, False)

    def _bias(self) -> Value:
        """Force without any control."""
        kind, biases = self.model.actuator_biastype[self.number], self.biases
        if kind == Bias.mjBIAS_NONE:
            return 0.0
        if kind == Bias.mjBIAS_AFFINE:
            return biases[0] + biases[1] * self.length + biases[2] * self.rate
        fibre = self._fibre(biases)[0]
        return -self._peak(biases) * Scalar(f"muscle_bias({bare(fibre)}, {literal(biases[5])}, {literal(biases[7])})")

    def _peak(self, values: list[float]) -> float:
        """Peak isometric force in N: scale / acc0 where the file's is negative."""
        force, scale = values[2:4]
        return force if force >= 0 else scale / max(mujoco.mjMINVAL, float(self.model.actuator_acc0[self.number]))

    def _fibre(self, values: list[float]) -> tuple[Value, Value, float]:
        """Length relative to the optimal fibre, speed relative to the fastest shortening, and that per rate."""
        shortest, longest = (float(end) for end in self.model.actuator_lengthrange[self.number])
        optimal = (longest - shortest) / max(mujoco.mjMINVAL, values[1] - values[0])
        per_rate = 1 / max(mujoco.mjMINVAL, optimal * values[6])
        fibre = values[0] + (self.length - shortest) * (1 / max(mujoco.mjMINVAL, optimal))
        return self.code.let(f"fibre{self.number}", fibre), self.rate * per_rate, per_rate
