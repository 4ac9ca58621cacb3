"""From a compiled model to the C++ and CUDA text of its physics: one control step of many arms."""

from collections.abc import Mapping
from importlib.resources import files

import mujoco
import numpy as np

from mousearm.engine.actuators import actuate, within
from mousearm.engine.constraints import factor, limited_joints, write_limits
from mousearm.engine.expressions import Code, Scalar, Value, literal
from mousearm.engine.supported import check_supported
from mousearm.engine.tree import Tree, joint_inertia, move, onto_joints
from mousearm.model.arm import Landmark
from mousearm.trajectory import LANDMARKS


def engine_source(model: mujoco.MjModel, landmarks: Mapping[str, Landmark], n_substeps: int) -> str:
    """The text that simulates a model for control steps of ``n_substeps`` of its time steps.

    Compiled as C++ it exports ``step_f64``, ``forward_f64``, ``marks_f64``, and the same for ``_f32``; as CUDA
    ``step_f64`` and ``marks_f64`` are kernels. Arrays have one arm per row; see entry_cpu.h and entry_cuda.h beside
    this file. Shoulder, elbow and paw are given in the world frame, in this order.

    Raises:
        EngineError: if the model has anything that is not computed as MuJoCo does; names all of it.
    """
    check_supported(model)
    evaluation, entries = _forward(model)
    head = _sizes(model, n_substeps)
    parts = [
        _header("numbers.h"),
        "#ifndef __CUDACC__",
        _header("lanes.h"),
        "#endif",
        _header("physics.h"),
        head,
        factor(entries, model.nv),
        _push(model),
        evaluation,
        _clamps(model),
        _landmarks(model, landmarks),
        "}  // namespace arm",
        _header("rk4.h"),
        _header("step.h"),
        "#ifdef __CUDACC__",
        _header("entry_cuda.h"),
        "#else",
        _header("entry_cpu.h"),
        "#endif",
    ]
    return "\n".join(parts) + "\n"


def _header(name: str) -> str:
    return files("mousearm.engine").joinpath(name).read_text(encoding="utf-8")


def _sizes(model: mujoco.MjModel, n_substeps: int) -> str:
    rows = len(limited_joints(model))
    return f"""namespace arm {{
enum {{ NV = {model.nv}, NU = {model.nu}, NA = {model.na}, LIMITS = {rows}, SUBSTEPS = {n_substeps} }};
#define ATLEAST1(n) ((n) > 0 ? (n) : 1)
#define TIMESTEP {model.opt.timestep!r}

// Everything at one state: accelerations, rates of activation, forces of actuators and their joint torques.
template<class T> struct Evaluation {{
  T acceleration[NV], act_rate[ATLEAST1(NA)], force[NU], torque[NV];
}};
"""


def _forward(model: mujoco.MjModel) -> tuple[str, dict[tuple[int, int], Value]]:
    """The function from state and controls to accelerations; the entries of the joint-space inertia."""
    code = Code()
    tree = Tree(model, code)
    gravity = np.array(model.opt.gravity)
    motion = move(tree, gravity)
    torques = actuate(tree, motion)
    for joint, torque in enumerate(torques):
        code.write(f"now.torque[{joint}] = {literal(torque)};")
    bias = onto_joints(tree, motion.forces, "total")
    for joint, torque in enumerate(torques):
        damping = Scalar(f"v[{joint}]") * float(model.dof_damping[joint])
        stiffness = float(model.jnt_stiffness[joint])
        spring = (Scalar(f"q[{joint}]") - float(model.qpos_spring[joint])) * stiffness
        code.write(f"smooth[{joint}] = {literal(torque - bias.get(joint, 0.0) - damping - spring)};")
    entries = joint_inertia(tree, motion)
    for joint in range(model.nv):
        entries[joint, joint] = entries.get((joint, joint), 0.0) + float(model.dof_armature[joint])
    for number, entry in enumerate(sorted(entries)):
        code.write(f"inertia[{number}] = {literal(entries[entry])};")
    write_limits(model, code)
    head = f"""template<class T>
FORWARD void forward(const T* q, const T* v, const T* act, const T* ctrl, Evaluation<T>& now) {{
  T* force = now.force;
  T* actdot = now.act_rate;
  T inertia[{len(entries)}], smooth[NV];
  Limit<T> limits[ATLEAST1(LIMITS)];
"""
    return f"{head}{code}\n  accelerate(inertia, smooth, limits, now.acceleration);\n}}\n", entries


def _push(model: mujoco.MjModel) -> str:
    joints = limited_joints(model)
    listed = ", ".join(map(str, joints)) or "0"
    return f"""
template<class T> INLINE void accelerate(const T* inertia, const T* smooth, const Limit<T>* limits, T* result) {{
  T added[NV], right[NV];
  UNROLL for (int i = 0; i < NV; i++) added[i] = T(0.0);
  solve(inertia, added, smooth, result);
  const int joint[] = {{{listed}}};
  auto near = limits[0].weight != limits[0].weight;
  UNROLL for (int i = 0; i < LIMITS; i++) near = near | (limits[i].weight > T(0.0));
  if (!any(near)) return;
  T pushes[ATLEAST1(LIMITS)];
  UNROLL for (int i = 0; i < LIMITS; i++) pushes[i] = T(0.0);
  for (int round = 0; round < 12; round++) {{
    auto changed = limits[0].weight != limits[0].weight;
    UNROLL for (int i = 0; i < NV; i++) added[i] = T(0.0), right[i] = smooth[i];
    UNROLL for (int i = 0; i < LIMITS; i++) {{
      const T needed = limits[i].aim - limits[i].sign * result[joint[i]];
      const T weight = select(needed > T(0.0), limits[i].weight, T(0.0));
      changed = changed | (weight != pushes[i]);
      pushes[i] = weight;
      added[joint[i]] = added[joint[i]] + weight;
      right[joint[i]] = right[joint[i]] + limits[i].sign * weight * limits[i].aim;
    }}
    if (!any(changed)) return;
    solve(inertia, added, right, result);
  }}
}}
"""


def _clamps(model: mujoco.MjModel) -> str:
    """The function that keeps activations in their ranges."""
    code = Code()
    for number in np.flatnonzero(model.actuator_actlimited):
        state = int(model.actuator_actadr[number])
        if state >= 0:
            code.write(f"act[{state}] = {within(Scalar(f'act[{state}]'), model.actuator_actrange[number])};")
    return f"template<class T> INLINE void clamp_activations(T* act) {{\n{code}\n}}\n"


def _landmarks(model: mujoco.MjModel, landmarks: Mapping[str, Landmark]) -> str:
    code = Code()
    tree = Tree(model, code)
    for row, name in enumerate(LANDMARKS):
        for axis, value in enumerate(_position(tree, landmarks[name])):
            code.write(f"marks[{3 * row + axis}] = {literal(value + float(tree.origin[axis]))};")
    return f"template<class T> LEAN void landmarks(const T* q, T* marks) {{\n{code}\n}}\n"


def _position(tree: Tree, mark: Landmark) -> np.ndarray:
    """Where a landmark is, from the origin."""
    model, i = tree.model, mark.index
    if mark.field == "xanchor":
        return tree.anchors[i]
    if mark.field == "site_xpos":
        return tree.point(int(model.site_bodyid[i]), model.site_pos[i])[1]
    if mark.field == "geom_xpos":
        return tree.point(int(model.geom_bodyid[i]), model.geom_pos[i])[1]
    return tree.point(i, np.zeros(3))[1]
