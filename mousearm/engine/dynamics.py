"""The function from a state and controls to accelerations, as text."""

from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.engine.actuators import Actuation, actuate
from mousearm.engine.constraints import write_limits
from mousearm.engine.expressions import Code, Scalar, Value, bare
from mousearm.engine.motion import joint_inertia, move, onto_joints
from mousearm.engine.tree import Tree

Integrator, Disable = mujoco.mjtIntegrator, mujoco.mjtDisableBit
Entries = dict[tuple[int, int], Value]
"""Entries (i, j), i >= j, of a symmetric matrix over joints, as far as they are not zero."""


@dataclass(frozen=True)
class ForwardText:
    """The text of ``forward``, and which entries of the joint-space inertia there are."""

    text: str
    inertia: Entries


def is_runge_kutta(model: mujoco.MjModel) -> bool:
    """True if velocities enter no matrix: the other integrators are implicit in damping."""
    return model.opt.integrator == Integrator.mjINT_RK4


def is_chained(model: mujoco.MjModel) -> bool:
    """True if chain.h differentiates a model: activations move it through the forces of actuators and nothing else."""
    return is_runge_kutta(model) and not model.jnt_actfrclimited.any()


def write_dynamics(model: mujoco.MjModel, chained: bool = False) -> ForwardText:
    """Write ``forward``: its formulas stand in the files beside this one, in the same order.

    ``chained`` keeps what chain.h needs: lengths of actuators, joint-space inertia, what limits add to it.
    """
    code, off = Code(), model.opt.disableflags
    tree = Tree(model, code)
    gravity = np.zeros(3) if off & Disable.mjDSBL_GRAVITY else np.array(model.opt.gravity)
    motion = move(tree, gravity)
    actuation = actuate(tree, motion, model.opt.integrator == Integrator.mjINT_IMPLICITFAST, chained)
    bias = onto_joints(tree, motion.forces, "total")
    for joint, torque in enumerate(actuation.torques):
        code.write(f"now.torque[{joint}] = {bare(torque)};")
        code.write(f"smooth[{joint}] = {bare(torque + _passive(model, joint) - bias.get(joint, 0.0))};")
    inertia = joint_inertia(tree, motion)
    for joint in range(model.nv):
        inertia[joint, joint] = inertia.get((joint, joint), 0.0) + float(model.dof_armature[joint])
    for number, entry in enumerate(sorted(inertia)):
        code.write(f"inertia[{number}] = {bare(inertia[entry])};")
    write_limits(model, code)
    total = "unused"
    if not is_runge_kutta(model):
        total = "now.total"
        damping = _damping(model, inertia, actuation)
        for number, entry in enumerate(sorted(inertia)):
            damped = Scalar(f"inertia[{number}]") + damping[entry] * float(model.opt.timestep)
            code.write(f"now.damped[{number}] = {bare(damped)};")
    return ForwardText(_function(code, len(inertia), total, chained), inertia)


def _function(code: Code, entries: int, total: str, chained: bool) -> str:
    kept = "T *inertia = now.inertia, *added = now.added;" if chained else f"T inertia[{entries}], added[NV];"
    return f"""
template<class T>
ONE_COPY void forward(const T* q, const T* v, const T* act, const T* ctrl, Evaluation<T>& now) {{
  T* force = now.force;
  T* actdot = now.act_rate;
  {kept}
  T smooth[NV], unused[NV];
  Limit<T> limits[ATLEAST1(LIMITS)];
{code}
  accelerate(inertia, smooth, limits, now.acceleration, {total}, added);
}}
"""


def _passive(model: mujoco.MjModel, joint: int) -> Value:
    """Force of a joint's own spring and damper."""
    stiffness = float(model.jnt_stiffness[joint]) * (not model.opt.disableflags & Disable.mjDSBL_SPRING)
    stretch = Scalar(f"q[{joint}]") - float(model.qpos_spring[joint])
    return 0.0 - stretch * stiffness - Scalar(f"v[{joint}]") * _damper(model, joint)


def _damper(model: mujoco.MjModel, joint: int) -> float:
    return float(model.dof_damping[joint]) * (not model.opt.disableflags & Disable.mjDSBL_DAMPER)


def _damping(model: mujoco.MjModel, inertia: Entries, actuation: Actuation) -> Entries:
    """Minus the slope of the forces in velocity, as far as the integrator takes it at the new velocity."""
    is_off = model.opt.integrator == Integrator.mjINT_EULER and model.opt.disableflags & Disable.mjDSBL_EULERDAMP
    damping: Entries = dict.fromkeys(inertia, 0.0)
    for joint in range(model.nv):
        damping[joint, joint] = 0.0 if is_off else _damper(model, joint)
    for entry, slope in actuation.slopes.items():
        damping[entry] = damping[entry] - slope
    return damping
