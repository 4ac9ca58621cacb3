"""From a compiled model to the C++ and CUDA text of its physics: one control step of many arms."""

from collections.abc import Mapping
from importlib.resources import files

import mujoco
import numpy as np

from mousearm.engine.actuators import within, write_fibres
from mousearm.engine.constraints import factor, limited_joints
from mousearm.engine.dynamics import ForwardText, is_chained, is_runge_kutta, write_dynamics
from mousearm.engine.expressions import Code, Scalar, literal
from mousearm.engine.supported import check_supported
from mousearm.engine.tree import Tree
from mousearm.model.arm import Landmark
from mousearm.trajectory import LANDMARKS


def engine_source(model: mujoco.MjModel, landmarks: Mapping[str, Landmark], n_substeps: int) -> str:
    """The text that simulates a model for control steps of ``n_substeps`` of its time steps.

    Compiled as C++ it exports ``step_f64``, ``reset_f64``, ``forward_f64``, ``marks_f64``, and the same for ``_f32``;
    as CUDA ``step_f64`` and ``reset_f64`` are kernels. Arrays have one arm per row; see entry_cpu.h and entry_cuda.h
    beside this file. Shoulder, elbow and paw are given in the world frame, in this order.

    Raises:
        EngineError: if the model has anything that is not computed as MuJoCo does; names all of it.
    """
    physics = _physics(model, landmarks, n_substeps)
    entries = [
        "#ifdef __CUDACC__",
        _header("entry_cuda.h"),
        "#else",
        _header("rows.h"),
        _header("entry_cpu.h"),
        "#endif",
    ]
    return "\n".join([*physics, *entries]) + "\n"


def fibres_source(model: mujoco.MjModel) -> str:
    """The text that exports ``fibres_f64``, the fibres of muscles as of a `Snapshot`, in C++; see entry_fibres.h.

    Raises:
        EngineError: as of `engine_source`.
    """
    check_supported(model)
    own = ["namespace arm {", _counts(model), write_fibres(model), "}  // namespace arm"]
    numbers = map(_header, ("numbers.h", "lanes.h", "physics.h"))
    return "\n".join([*numbers, *own, _header("rows.h"), _header("entry_fibres.h")]) + "\n"


def derivatives_source(model: mujoco.MjModel, landmarks: Mapping[str, Landmark], n_substeps: int) -> str:
    """The text of the same control step that exports its derivatives, ``derivatives_f64``; see entry_derivatives.h.

    They are exact for the steps that are computed, up to rounding. Where the step has a kink they are those of one
    side, as it is in each evaluation: of the limits that push, of the piece of a muscle's curve, of activation that
    rises or falls, of a tendon on or off its geom; at the ends of a control's range, of the side within.

    Raises:
        EngineError: as of `engine_source`.
    """
    chained = is_chained(model)
    physics = _physics(model, landmarks, n_substeps, chained)
    how = ["chain.h" if chained else "dual_step.h"]
    headers = map(_header, ["differentiate.h", *how, "entry_derivatives.h"])
    return "\n".join([*physics, *headers]) + "\n"


def _physics(
    model: mujoco.MjModel, landmarks: Mapping[str, Landmark], n_substeps: int, chained: bool = False
) -> list[str]:
    """Parts of the text up to the control step; ``chained`` as of `write_dynamics`."""
    check_supported(model)
    dynamics = write_dynamics(model, chained)
    return [
        _header("numbers.h"),
        "#ifndef __CUDACC__",
        _header("lanes.h"),
        "#endif",
        _header("dual.h"),
        _header("physics.h"),
        _sizes(model, n_substeps, dynamics, chained),
        "namespace arm {",
        factor(dynamics.inertia, model.nv),
        "}  // namespace arm",
        _header("limits.h"),
        "namespace arm {",
        dynamics.text,
        _clamps(model),
        _landmarks(model, landmarks),
        "}  // namespace arm",
        _header("sums.h"),
        _header("rk4.h" if is_runge_kutta(model) else "semi_implicit.h"),
        _header("step.h"),
    ]


def _header(name: str) -> str:
    return files("mousearm.engine").joinpath(name).read_text(encoding="utf-8")


def _sizes(model: mujoco.MjModel, n_substeps: int, dynamics: ForwardText, chained: bool) -> str:
    """Numbers of everything, and what is known of a state; the macros are for C arrays, of which none may be empty."""
    joints = limited_joints(model)
    kept, entries = "", len(dynamics.inertia)
    if not is_runge_kutta(model):
        kept = f"\n  T total[NV], damped[{entries}];"
    if chained:
        kept = f"\n  T length[NU], inertia[{entries}], added[NV];"
    return f"""namespace arm {{
{_counts(model)}
enum {{ LIMITS = {len(joints)}, SUBSTEPS = {n_substeps}, INERTIA = {entries} }};
#define LIMITED_JOINTS {{ {", ".join(map(str, joints)) or "0"} }}
#define STATE_OF_ACTUATORS {{ {", ".join(map(str, model.actuator_actadr)) or "-1"} }}
#define TIMESTEP {model.opt.timestep!r}

// Everything at one state: accelerations, rates of activation, forces of actuators and what they exert on joints.
template<class T> struct Evaluation {{
  T acceleration[NV], act_rate[ATLEAST1(NA)], force[NU], torque[NV];{kept}
}};
}}  // namespace arm
"""


def _counts(model: mujoco.MjModel) -> str:
    return f"enum {{ NV = {model.nv}, NU = {model.nu}, NA = {model.na} }};\n#define ATLEAST1(n) ((n) > 0 ? (n) : 1)"


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
    """Position of a landmark, from the origin."""
    model, i = tree.model, mark.index
    if mark.field == "xanchor":
        return tree.anchors[i]
    if mark.field == "site_xpos":
        return tree.point(int(model.site_bodyid[i]), model.site_pos[i])[1]
    if mark.field == "geom_xpos":
        return tree.point(int(model.geom_bodyid[i]), model.geom_pos[i])[1]
    return tree.point(i, np.zeros(3))[1]
