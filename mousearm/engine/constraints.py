"""Joint limits: MuJoCo's soft constraints, solved exactly.

A limit that a joint has passed pushes with ``D (aref - a)`` where the acceleration a, along the way back, is less than
aref. The accelerations of its optimum solve ``(M + sum D) a = f + sum D aref`` over the limits that push, which are
found by trying: those that would push at the solution are the next set.
"""

import mujoco
import numpy as np

from mousearm.engine.expressions import Code, Scalar, Value, literal

Disable = mujoco.mjtDisableBit
MIN_IMPEDANCE, MAX_IMPEDANCE = 0.0001, 0.9999  # mjMINIMP, mjMAXIMP


def limited_joints(model: mujoco.MjModel) -> list[int]:
    """Joints whose limits count."""
    off = model.opt.disableflags & (Disable.mjDSBL_LIMIT | Disable.mjDSBL_CONSTRAINT)
    return [] if off else [joint for joint in range(model.njnt) if model.jnt_limited[joint]]


def write_limits(model: mujoco.MjModel, code: Code) -> None:
    """Write the rows of all limits into ``limits``: where each pushes to, how hard, and what it aims at."""
    for row, joint in enumerate(limited_joints(model)):
        low, high = (literal(float(end)) for end in model.jnt_range[joint])
        code.title("limits of joint", model.joint(joint).name, joint)
        margin = literal(float(model.jnt_margin[joint]))
        code.write(f"limits[{row}] = limit<T>(q[{joint}] - {low}, {high} - q[{joint}], v[{joint}], {margin},")
        code.write(f"    {_stiffness(model, joint)}, {_impedance(model, joint)}, {literal(_weight(model, joint))});")


def _weight(model: mujoco.MjModel, joint: int) -> float:
    return float(model.dof_invweight0[model.jnt_dofadr[joint]])


def _stiffness(model: mujoco.MjModel, joint: int) -> str:
    """Stiffness and damping of the reference acceleration, of MuJoCo's solref."""
    first, second = (float(value) for value in model.jnt_solref[joint])
    dmax = float(np.clip(model.jnt_solimp[joint, 1], MIN_IMPEDANCE, MAX_IMPEDANCE))
    tiny = mujoco.mjMINVAL
    if first > 0:
        if not model.opt.disableflags & Disable.mjDSBL_REFSAFE:
            first = max(first, 2 * model.opt.timestep)
        stiffness = 1 / max(tiny, dmax**2 * first**2 * second**2)
        damping = 2 / max(tiny, dmax * first)
    else:
        stiffness, damping = -first / max(tiny, dmax**2), -second / max(tiny, dmax)
    return f"{literal(stiffness)}, {literal(damping)}"


def _impedance(model: mujoco.MjModel, joint: int) -> str:
    """The five numbers of MuJoCo's solimp, within their bounds."""
    dmin, dmax, width, middle, power = (float(value) for value in model.jnt_solimp[joint])
    dmin, dmax, middle = (float(np.clip(value, MIN_IMPEDANCE, MAX_IMPEDANCE)) for value in (dmin, dmax, middle))
    width, power = max(0.0, width), max(1.0, power)
    if dmin == dmax or width <= mujoco.mjMINVAL:
        dmin = dmax = (dmin + dmax) / 2
        width = 1.0
    numbers = ", ".join(literal(value) for value in (dmin, dmax, 1 / width, middle))
    return f"Impedance<T, {_power(power)}>{{{numbers}, {literal(power)}}}"


def _power(power: float) -> str:
    return {1.0: "LINEAR", 2.0: "QUADRATIC"}.get(power, "GENERAL")


def factor(entries: dict[tuple[int, int], Value], size: int) -> str:
    """Functions that solve with the joint-space inertia and a diagonal added to it, from the tips to the root.

    M = L' D L without fill-in, as joints of different branches have no entry in common (Featherstone 2008, 6.5).
    """
    code = Code()
    rows = {i: [j for j in range(i) if (i, j) in entries] for i in range(size)}
    index = {entry: number for number, entry in enumerate(sorted(entries))}
    current: dict[tuple[int, int], Value] = {entry: Scalar(f"inertia[{index[entry]}]") for entry in index}
    for k in range(size):
        current[k, k] = current[k, k] + Scalar(f"added[{k}]")
    inverse: dict[int, Value] = {}
    for k in reversed(range(size)):
        inverse[k] = code.let(f"inverse{k}", Scalar(f"T(1.0) / {current[k, k]}", False))
        for i in reversed(rows[k]):
            scaled = code.let(f"low{k}_{i}", current[k, i] * inverse[k])
            for j in [*rows[i], i]:
                current[i, j] = code.let(f"rest{k}_{i}_{j}", current[i, j] - scaled * current[k, j])
            current[k, i] = scaled
    solution: list[Value] = [Scalar(f"right[{i}]") for i in range(size)]
    for k in reversed(range(size)):
        for i in rows[k]:
            solution[i] = code.let(f"up{k}_{i}", solution[i] - current[k, i] * solution[k])
    for k in range(size):
        value = solution[k] * inverse[k]
        for i in rows[k]:
            value = value - current[k, i] * solution[i]
        solution[k] = code.let(f"solved{k}", value)
        code.write(f"result[{k}] = {literal(solution[k])};")
    head = "template<class T> ONE_COPY void solve(const T* inertia, const T* added, const T* right, T* result) {"
    return f"{head}\n{code}\n}}"
