"""Wrap objects in the segments of muscle paths, and the side of each on which the path stays.

OpenSim lets a path bend around any of its wrap objects in any segment; MuJoCo takes one geom between two sites. So
poses are sampled and a pair is kept where the straight segment enters the object in some pose. OpenSim takes the
shorter way round, as MuJoCo does without a side site; where a segment always passes on one side, a side site keeps it
there between the samples. A path whose end enters a wrap object can jump, in OpenSim too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.model.arm import at_pose
from mousearm.model.opensim.elements import OsimModel, WrapObject

# Distance of a side site from the middle of its object, in radii: outside, so that the path stays outside.
_SIDE_RADII = 2.8


@dataclass(frozen=True, eq=False)
class Bend:
    """In segment ``segment`` (from that point to the next) a path bends around ``wrap``, past the site ``side``."""

    segment: int
    wrap: str
    side: str | None


@dataclass(frozen=True, eq=False)
class Side:
    """A side site: (3,) m in the axes of the wrap object's body."""

    name: str
    body: str
    location: np.ndarray


@dataclass(frozen=True, eq=False)
class Passage:
    """Position of a straight segment relative to an object in n poses.

    Attributes:
        nearest: (n, 3) m, its nearest point to the axis of a cylinder (from the axis) or to the middle of a sphere.
        depth: (n,) m that it enters, below 0 where it passes outside.
        free: (n,) True where both ends are outside; neither program bends a segment with an end inside.
        enters: (n,) True where the path bends.
    """

    nearest: np.ndarray
    depth: np.ndarray
    free: np.ndarray
    enters: np.ndarray


@dataclass(frozen=True, eq=False)
class Bends:
    """Bends by muscle, the side sites they need, and lines on bends that were not kept and on lengths that can jump."""

    of_muscle: dict[str, list[Bend]]
    sides: list[Side]
    dropped: list[str]
    jumps: list[str]


def find_bends(
    model: OsimModel, compiled: mujoco.MjModel, poses: np.ndarray, site_of: Mapping[tuple[str, int], str]
) -> Bends:
    """Bends of every muscle's path in poses, (n, nq) rad.

    ``compiled`` is the model as MuJoCo has it, with all wrap objects as geoms, and all path points as sites: (muscle,
    number of the point) -> site.
    """
    wraps = {wrap.name: wrap for wrap in model.wraps}
    tracks = _positions(compiled, poses)
    bends: dict[str, list[Bend]] = {}
    sides: list[Side] = []
    dropped: list[str] = []
    jumps: list[str] = []
    for muscle in model.muscles:
        chosen: dict[int, tuple[int, WrapObject, Passage]] = {}
        for item in {item.wrap: item for item in muscle.wraps}.values():
            wrap = wraps[item.wrap]
            passages = {}
            for segment in range(item.first, item.last):
                ends = [compiled.site(site_of[muscle.name, segment + i]).id for i in (0, 1)]
                start, end = (_local(tracks, compiled.geom(wrap.name).id, site) for site in ends)
                passages[segment] = _passage(wrap, start, end)
            for segment, count in _segments_that_bend(passages).items():
                found = (count, wrap, passages[segment])
                other = chosen.get(segment, found)
                if other is not found:
                    loser = min(other, found, key=lambda entry: entry[0])[1].name
                    dropped.append(
                        f"muscle {muscle.name}: MuJoCo bends a segment around one object only; between points "
                        f"{segment + 1} and {segment + 2} the wrap object {loser} is left out"
                    )
                chosen[segment] = max(other, found, key=lambda entry: entry[0])
        bends[muscle.name] = []
        for segment, (_, wrap, passage) in sorted(chosen.items(), key=lambda entry: entry[0]):
            side = _side(f"{muscle.name}-side{segment + 1}", wrap, passage)
            bends[muscle.name].append(Bend(segment, wrap.name, side.name if side else None))
            sides += [side] if side else []
            entered = 1 - passage.free.mean()
            if entered > 0:
                jumps.append(
                    f"muscle {muscle.name}: an end of its path enters {wrap.name} in {100 * entered:.2g} % of the "
                    "poses; its length can jump there, in OpenSim as in MuJoCo (see scripts/check_model.py)"
                )
    return Bends(bends, sides, dropped, jumps)


def _segments_that_bend(passages: Mapping[int, Passage]) -> dict[int, int]:
    """Segments in which a path bends around an object, with the number of poses.

    OpenSim bends a path around an object in one segment only, the one that is lengthened least: here, the one that
    enters least deep. A segment is kept where it is that one in at least half of the poses in which it enters.
    """
    if not passages:
        return {}
    order = list(passages)
    depth = np.stack([np.where(passages[i].enters, passages[i].depth, np.inf) for i in order])
    least = depth.argmin(axis=0)
    kept = {}
    for row, segment in enumerate(order):
        enters = int(passages[segment].enters.sum())
        wins = int((passages[segment].enters & (least == row)).sum())
        if enters and wins >= enters / 2:
            kept[segment] = wins
    return kept


def _positions(compiled: mujoco.MjModel, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every pose: sites (n, nsite, 3), geoms (n, ngeom, 3) and their axes (n, ngeom, 3, 3)."""
    data = mujoco.MjData(compiled)
    rows = []
    for qpos in poses:
        at_pose(compiled, data, qpos)
        rows.append((data.site_xpos.copy(), data.geom_xpos.copy(), data.geom_xmat.reshape(-1, 3, 3).copy()))
    sites, geoms, axes = (np.stack(items) for items in zip(*rows, strict=True))
    return sites, geoms, axes


def _local(tracks: tuple[np.ndarray, np.ndarray, np.ndarray], geom: int, site: int) -> np.ndarray:
    """(n, 3) positions of a site in the axes of a geom."""
    sites, geoms, axes = tracks
    return np.einsum("nji,nj->ni", axes[:, geom], sites[:, site] - geoms[:, geom])


def _passage(wrap: WrapObject, start: np.ndarray, end: np.ndarray) -> Passage:
    """Positions of straight segments relative to a wrap object; ``start`` and ``end`` (n, 3) in its axes."""
    across = slice(0, 2 if wrap.kind == "cylinder" else 3)
    a, way = start[:, across], (end - start)[:, across]
    along = np.clip(-(a * way).sum(1) / np.maximum((way**2).sum(1), 1e-18), 0, 1)
    nearest = start + along[:, None] * (end - start)
    depth = wrap.radius - np.linalg.norm(nearest[:, across], axis=1)
    ends = np.minimum(np.linalg.norm(a, axis=1), np.linalg.norm(end[:, across], axis=1))
    within = np.abs(nearest[:, 2]) <= wrap.length / 2 if wrap.kind == "cylinder" else np.full(len(start), True)
    free = ends > wrap.radius
    if wrap.kind == "cylinder":
        nearest[:, 2] = 0
    return Passage(nearest, depth, free, (depth > 0) & free & within)


def _side(name: str, wrap: WrapObject, passage: Passage) -> Side | None:
    """A site on the side on which a path stays; None where it changes sides.

    MuJoCo makes a path that passes on the other side go all the way round, even if it does not touch. So all poses must
    agree, unless the file itself names the side.
    """
    direction = np.zeros(3)
    if wrap.side:
        direction["xyz".index(wrap.side[1])] = -1.0 if wrap.side[0] == "-" else 1.0
    else:
        direction = passage.nearest[passage.enters].mean(axis=0)
        length = np.linalg.norm(direction)
        if length < 1e-9 or (passage.nearest[passage.free] @ direction).min() <= 0:
            return None
        direction /= length
    location = wrap.pose[:3, :3] @ (_SIDE_RADII * wrap.radius * direction) + wrap.pose[:3, 3]
    return Side(name, wrap.body, location)
