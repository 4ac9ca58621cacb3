"""Which geoms of a model could touch: the filters of MuJoCo's collision detection, before any distance is computed."""

from itertools import combinations

import mujoco

from mousearm.model.arm import geom_name


def touching_geoms(model: mujoco.MjModel) -> list[str]:
    """Pairs of geoms that MuJoCo would test for contact, as text."""
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
