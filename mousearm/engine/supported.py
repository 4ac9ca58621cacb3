"""Limits of the generated engine: a refusal that names everything in a model that it does not simulate.

What is not here has no influence on the movement, or is computed: tests/engine/test_supported.py holds the list of all
fields and flags of MuJoCo against these.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

import mujoco
import numpy as np

from mousearm.engine.constraints import limited_joints
from mousearm.errors import EngineError
from mousearm.model.arm import geom_name

Disable, Enable, Option = mujoco.mjtDisableBit, mujoco.mjtEnableBit, mujoco.mjtIntegrator
_INTEGRATORS = (Option.mjINT_RK4, Option.mjINT_EULER, Option.mjINT_IMPLICITFAST)
_HARMLESS = sum(
    map(int, (Enable.mjENBL_OVERRIDE, Enable.mjENBL_ENERGY, Enable.mjENBL_FWDINV, Enable.mjENBL_INVDISCRETE))
)
_SHOWN = 4  # names of one kind


def check_supported(model: mujoco.MjModel) -> None:
    """Refuse a model with anything that is not computed as MuJoCo does; EngineError names all of it."""
    if reasons := [*_reasons(model)]:
        listed = "; ".join(reasons)
        raise EngineError(f"The generated engine does not simulate: {listed}. Use engine=mujoco.", reasons)


def _reasons(model: mujoco.MjModel) -> Iterator[str]:
    for part in (_options, _bodies, _joints, _constraints, _tendons, _actuators):
        yield from part(model)


def _named(what: str, kind: Callable, which: Iterable | np.ndarray) -> Iterator[str]:
    """One reason with the names of all that have it, if any."""
    numbers = np.flatnonzero(np.asarray(which))
    names = [f"'{kind(int(i)).name}'" if kind(int(i)).name else f"number {i}" for i in numbers]
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"{what} ({', '.join(names[:_SHOWN])}{more})"


def _options(model: mujoco.MjModel) -> Iterator[str]:
    option = model.opt
    if option.integrator not in _INTEGRATORS:
        yield f"the integrator {Option(option.integrator).name[6:].lower()}"
    known = (1 << int(Disable.mjNDISABLE)) - 1
    if option.disableflags & int(Disable.mjDSBL_ACTUATION) or option.disableflags & ~known:
        yield f"the disable flags {option.disableflags}"
    if strange := option.enableflags & ~_HARMLESS:
        yield f"the enable flags {strange}"
    if option.density or option.viscosity:
        yield "a fluid (density or viscosity)"
    if limited_joints(model) and option.solver != mujoco.mjtSolver.mjSOL_NEWTON:
        yield f"limits by the solver {mujoco.mjtSolver(option.solver).name[6:]}"
    if limited_joints(model) and (min(option.iterations, option.ls_iterations) < 20 or option.tolerance > 1e-6):
        yield "a solver that stops early (iterations, ls_iterations or tolerance)"
    if option.disableactuator:
        groups = np.clip(model.actuator_group, 0, 31)
        yield from _named("actuators that are switched off", model.actuator, option.disableactuator >> groups & 1)
    for count, what in ((model.nflex, "flexes"), (model.nplugin, "plugins"), (model.nplastic, "plastic springs")):
        if count:
            yield f"{what} ({count})"


def _bodies(model: mujoco.MjModel) -> Iterator[str]:
    yield from _named("bodies that mocap moves", model.body, model.body_mocapid >= 0)
    yield from _named("compensated gravity of bodies", model.body, model.body_gravcomp)


def _joints(model: mujoco.MjModel) -> Iterator[str]:
    kinds = (mujoco.mjtJoint.mjJNT_FREE, mujoco.mjtJoint.mjJNT_BALL)
    for kind, what in zip(kinds, ("free joints", "ball joints"), strict=True):
        yield from _named(what, model.joint, model.jnt_type == kind)
    if model.nv != model.njnt:
        return
    yield from _named("springs that are not linear", model.joint, model.jnt_stiffnesspoly.any(axis=1))
    yield from _named("dampers that are not linear", model.joint, model.dof_dampingpoly.any(axis=1))
    off = model.opt.disableflags & int(Disable.mjDSBL_FRICTIONLOSS | Disable.mjDSBL_CONSTRAINT)
    if not off:
        yield from _named("friction of joints", model.joint, model.dof_frictionloss > 0)
    narrow = np.zeros(model.njnt, dtype=bool)
    limited = limited_joints(model)
    narrow[limited] = np.diff(model.jnt_range[limited])[:, 0] <= 2 * model.jnt_margin[limited]
    yield from _named("both limits of a joint at once (range <= 2 margin)", model.joint, narrow)
    if _damping_actuators(model).any():
        yield from _named("actuatorfrcrange with implicitfast", model.joint, model.jnt_actfrclimited)


def _constraints(model: mujoco.MjModel) -> Iterator[str]:
    off = model.opt.disableflags
    if off & Disable.mjDSBL_CONSTRAINT:
        return
    if not off & Disable.mjDSBL_EQUALITY:
        yield from _named("equality constraints", model.equality, model.eq_active0)
    if not off & Disable.mjDSBL_CONTACT and (pairs := _touching_geoms(model)):
        more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        yield f"contacts ({', '.join(pairs[:_SHOWN])}{more})"


def _touching_geoms(model: mujoco.MjModel) -> list[str]:
    """Pairs of geoms that MuJoCo would test for contact, as text: those that pass the filters before any distance."""
    pairs = [(int(a), int(b)) for a, b in zip(model.pair_geom1, model.pair_geom2, strict=True)]
    willing = [i for i in range(model.ngeom) if model.geom_contype[i] or model.geom_conaffinity[i]]
    pairs += [(a, b) for a, b in combinations(willing, 2) if _are_tested(model, a, b)]
    return [f"{geom_name(model, a)} with {geom_name(model, b)}" for a, b in pairs]


def _are_tested(model: mujoco.MjModel, a: int, b: int) -> bool:
    types, affinities = model.geom_contype, model.geom_conaffinity
    if not (types[a] & affinities[b] or types[b] & affinities[a]):
        return False
    bodies = sorted(int(model.geom_bodyid[geom]) for geom in (a, b))
    if (bodies[0] << 16) + bodies[1] in model.exclude_signature:
        return False
    first, second = (int(model.body_weldid[body]) for body in bodies)
    if first == second:
        return False
    parents = [int(model.body_weldid[model.body_parentid[body]]) for body in (first, second)]
    are_neighbours = first and second and (first == parents[1] or second == parents[0])
    filters = not model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT
    return not (filters and are_neighbours)


def _tendons(model: mujoco.MjModel) -> Iterator[str]:
    if not model.ntendon:
        return
    off = model.opt.disableflags
    if not off & (Disable.mjDSBL_LIMIT | Disable.mjDSBL_CONSTRAINT):
        yield from _named("limits of tendons", model.tendon, model.tendon_limited)
    if not off & (Disable.mjDSBL_FRICTIONLOSS | Disable.mjDSBL_CONSTRAINT):
        yield from _named("friction of tendons", model.tendon, model.tendon_frictionloss > 0)
    polynomials = model.tendon_stiffnesspoly.any(axis=1) | model.tendon_dampingpoly.any(axis=1)
    passive = (model.tendon_stiffness != 0) | (model.tendon_damping != 0) | polynomials
    yield from _named("springs or dampers of tendons", model.tendon, passive)
    yield from _named("armature of tendons", model.tendon, model.tendon_armature != 0)
    yield from _named("actuatorfrcrange of tendons", model.tendon, model.tendon_actfrclimited)
    pulled = {int(model.actuator_trnid[i, 0]) for i in range(model.nu) if _is_on_tendon(model, i)}
    used = np.isin(np.arange(model.ntendon), list(pulled))
    is_spatial = model.tendon_type == mujoco.mjtTendon.mjTENDON_SPATIAL
    yield from _named("actuators of fixed tendons", model.tendon, used & ~is_spatial)
    paths = [range(first, first + count) for first, count in zip(model.tendon_adr, model.tendon_num, strict=True)]
    pulleys = [bool((model.wrap_type[path] == mujoco.mjtWrap.mjWRAP_PULLEY).any()) for path in paths]
    yield from _named("pulleys", model.tendon, used & pulleys)
    inside = [
        spatial and any(_may_wrap_inside(model, i) for i in path)
        for spatial, path in zip(is_spatial, paths, strict=True)
    ]
    yield from _named("wrapping inside a geom, or a side site on another body", model.tendon, used & inside)


def _is_on_tendon(model: mujoco.MjModel, actuator: int) -> bool:
    return bool(model.actuator_trntype[actuator] == mujoco.mjtTrn.mjTRN_TENDON)


def _may_wrap_inside(model: mujoco.MjModel, wrap: int) -> bool:
    """True if a side site is in its geom, or could get there."""
    kind, side = int(model.wrap_type[wrap]), round(float(model.wrap_prm[wrap]))
    if kind not in (int(mujoco.mjtWrap.mjWRAP_SPHERE), int(mujoco.mjtWrap.mjWRAP_CYLINDER)) or side < 0:
        return False
    geom = int(model.wrap_objid[wrap])
    if model.site_bodyid[side] != model.geom_bodyid[geom]:
        return True
    return bool(np.linalg.norm(model.site_pos[side] - model.geom_pos[geom]) <= model.geom_size[geom, 0])


def _actuators(model: mujoco.MjModel) -> Iterator[str]:
    kinds = {
        "transmissions other than joint and tendon": (model.actuator_trntype, ("JOINT", "JOINTINPARENT", "TENDON")),
        "dynamics": (model.actuator_dyntype, ("NONE", "INTEGRATOR", "FILTER", "MUSCLE")),
        "gains": (model.actuator_gaintype, ("FIXED", "AFFINE", "MUSCLE")),
        "biases": (model.actuator_biastype, ("NONE", "AFFINE", "MUSCLE")),
    }
    enums = (mujoco.mjtTrn, mujoco.mjtDyn, mujoco.mjtGain, mujoco.mjtBias)
    for (what, (values, known)), enum in zip(kinds.items(), enums, strict=True):
        codes = [int(value) for name, value in enum.__members__.items() if name.partition("_")[2] in known]
        yield from _named(what, model.actuator, ~np.isin(values, codes))
    if model.nactuator != model.nu:
        yield "actuators of several controls"
        return
    yield from _named("several activations of one actuator", model.actuator, model.actuator_actnum > 1)
    yield from _named("activations that act early", model.actuator, model.actuator_actearly)
    yield from _named(
        "delays of actuators", model.actuator, (model.actuator_delay > 0) | (model.actuator_historyadr >= 0)
    )
    damped = (model.actuator_damping != 0) | model.actuator_dampingpoly.any(axis=1)
    yield from _named("damping of actuators", model.actuator, damped)
    yield from _named("armature of actuators", model.actuator, model.actuator_armature != 0)
    clamped = _damping_actuators(model) & model.actuator_forcelimited
    yield from _named("forcerange with implicitfast", model.actuator, clamped)


def _damping_actuators(model: mujoco.MjModel) -> np.ndarray:
    """(nactuator,) whether a force depends on velocity in a way that the integrator takes at the new velocity."""
    gains, biases = model.actuator_gaintype, model.actuator_biastype
    by_gain = (gains == mujoco.mjtGain.mjGAIN_AFFINE) & (model.actuator_gainprm[:, 2] != 0)
    by_bias = (biases == mujoco.mjtBias.mjBIAS_AFFINE) & (model.actuator_biasprm[:, 2] != 0)
    is_implicit = model.opt.integrator == Option.mjINT_IMPLICITFAST
    return is_implicit & (by_gain | by_bias | (gains == mujoco.mjtGain.mjGAIN_MUSCLE))
