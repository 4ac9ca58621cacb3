"""Wrap objects in the segments of muscle paths, and the side of each on which the path stays.

OpenSim lets a path bend around any of its wrap objects in any segment; MuJoCo takes one geom between two sites. So
poses are sampled and a pair is kept where the straight segment enters the object in some pose. OpenSim takes the
shorter way round, as MuJoCo does without a side site; where a segment always passes on one side, a side site keeps it
there between the samples. A path whose end enters a wrap object can jump, in OpenSim too.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.model.arm import at_poses
from mousearm.model.opensim.elements import Muscle, OsimModel, Point, WrapObject, placed

# Distance of a side site from the middle of its object, in radii: outside, so that the path stays outside.
_SIDE_RADII = 2.8


class Passage(NamedTuple):
    """Position of a straight segment of a path relative to an object in n poses."""

    wrap: WrapObject
    nearest: np.ndarray  # (n, 3) m, its nearest point to a cylinder's axis (from the axis), or to a sphere's middle
    depth: np.ndarray  # (n,) m that it enters, below 0 where it passes outside
    free: np.ndarray  # (n,) True where both ends are outside; neither program bends a segment with an end inside
    enters: np.ndarray  # (n,) True where the path bends


class Bends(NamedTuple):
    """Bends of paths."""

    of_muscle: dict[str, dict[int, dict[str, str]]]  # by muscle and segment, the attributes of ``<geom>``
    sides: list[Point]  # side sites that they need
    dropped: list[str]  # lines on bends that were not kept
    jumps: list[str]  # lines on lengths that can jump


def find_bends(model: OsimModel, compiled: mujoco.MjModel, poses: np.ndarray) -> Bends:
    """Bends of every muscle's path in poses, (n, nq) rad; segment i goes from point i to the next.

    ``compiled`` is the model as MuJoCo has it, with all wrap objects as geoms, and all path points as sites.
    """
    wraps = {wrap.name: wrap for wrap in model.wraps}
    local = _tracks(compiled, poses)
    found = Bends({}, [], [], [])
    for muscle in model.muscles:
        passing: dict[int, list[tuple[int, Passage]]] = {}
        for name, segments in dict(muscle.wraps).items():
            passages = {}
            for i in segments:
                ends = (local(name, point.name) for point in muscle.points[i : i + 2])
                passages[i] = _passage(wraps[name], *ends)
            for segment, count in _segments_that_bend(passages).items():
                passing.setdefault(segment, []).append((count, passages[segment]))
        bends = found.of_muscle[muscle.name] = {}
        for segment, counted in sorted(passing.items()):
            (_, kept), *others = sorted(counted, key=lambda entry: -entry[0])
            bends[segment] = _bend(found, muscle, segment, kept)
            found.dropped.extend(
                f"muscle {muscle.name}: MuJoCo bends a segment around one object only; between points {segment + 1} "
                f"and {segment + 2} the wrap object {other.wrap.name} is left out"
                for _, other in others
            )
    return found


def _bend(found: Bends, muscle: Muscle, segment: int, passage: Passage) -> dict[str, str]:
    """The geom of a segment, as MuJoCo has it; what there is to add or to say of it is added to the others."""
    wrap = passage.wrap
    entered = 1 - passage.free.mean()
    if entered > 0:
        found.jumps.append(
            f"muscle {muscle.name}: an end of its path enters {wrap.name} in {100 * entered:.2g} % of the poses; its "
            "length can jump there, in OpenSim as in MuJoCo (see scripts/check_model.py)"
        )
    direction = _side(passage)
    if direction is None:
        return {"geom": wrap.name}
    place = placed(wrap.pose, _SIDE_RADII * wrap.radius * direction)
    found.sides.append(Point(f"{muscle.name}-side{segment + 1}", wrap.body, place))
    return {"geom": wrap.name, "sidesite": found.sides[-1].name}


def _segments_that_bend(passages: Mapping[int, Passage]) -> dict[int, int]:
    """Segments in which a path bends around an object, with the number of poses.

    OpenSim bends a path around an object in one segment only, the one that is lengthened least: here, the one that
    enters least deep. A segment is kept where it is that one in at least half of the poses in which it enters.
    """
    if not passages:
        return {}
    depth = np.stack([np.where(passage.enters, passage.depth, np.inf) for passage in passages.values()])
    least = depth.argmin(axis=0)
    enters = {segment: int(passage.enters.sum()) for segment, passage in passages.items()}
    wins = {i: int((passages[i].enters & (least == row)).sum()) for row, i in enumerate(passages)}
    return {i: count for i, count in wins.items() if enters[i] and count >= enters[i] / 2}


def _tracks(compiled: mujoco.MjModel, poses: np.ndarray) -> Callable[[str, str], np.ndarray]:
    """Function that gives positions of a site in the axes of a geom, (n, 3), by the names of geom and site."""
    rows = (
        (data.site_xpos.copy(), data.geom_xpos.copy(), data.geom_xmat.reshape(-1, 3, 3).copy())
        for data in at_poses(compiled, poses)
    )
    sites, geoms, axes = (np.stack(items) for items in zip(*rows, strict=True))

    def local(geom_name: str, site_name: str) -> np.ndarray:
        geom, site = compiled.geom(geom_name).id, compiled.site(site_name).id
        return np.einsum("nji,nj->ni", axes[:, geom], sites[:, site] - geoms[:, geom])

    return local


def _passage(wrap: WrapObject, start: np.ndarray, end: np.ndarray) -> Passage:
    """Positions of straight segments relative to a wrap object; ``start`` and ``end`` (n, 3) in its axes."""
    across = slice(0, 2 if wrap.kind == "cylinder" else 3)
    a, way = start[:, across], (end - start)[:, across]
    along = np.clip(-(a * way).sum(1) / np.maximum((way**2).sum(1), 1e-18), 0, 1)
    nearest = start + along[:, None] * (end - start)
    depth = wrap.radius - np.linalg.norm(nearest[:, across], axis=1)
    free = np.minimum(np.linalg.norm(a, axis=1), np.linalg.norm(end[:, across], axis=1)) > wrap.radius
    enters = (depth > 0) & free
    if wrap.kind == "cylinder":
        enters &= np.abs(nearest[:, 2]) <= wrap.length / 2
        nearest[:, 2] = 0
    return Passage(wrap, nearest, depth, free, enters)


def _side(passage: Passage) -> np.ndarray | None:
    """(3,) the side on which a path stays, in the object's axes; None where it changes sides.

    MuJoCo makes a path that passes on the other side go all the way round, even if it does not touch. So all poses must
    agree, unless the file itself names the side.
    """
    if passage.wrap.side:
        sign, letter = passage.wrap.side
        return np.eye(3)["xyz".index(letter)] * float(f"{sign}1")
    direction = passage.nearest[passage.enters].mean(axis=0)
    length = np.linalg.norm(direction)
    if length < 1e-9 or (passage.nearest[passage.free] @ direction).min() <= 0:
        return None
    return direction / length
