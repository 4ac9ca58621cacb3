"""Poses in which a path in OpenSim is valid: where OpenSim neither cuts through a wrap object nor jumps.

OpenSim draws a segment straight whose end is inside the wrap object, and where the end passes the surface the length
jumps. A wrap object that ends lets a path slip off. In such poses a path without jumps must differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mousearm.fidelity.reference import OpenSimModel, Surface, Vertex
from mousearm.model_check.muscles import STEP

MAX_UNEXPLAINED = 2e-5  # m: a length that changes by more than this beyond what the moment arms predict has jumped


@dataclass(frozen=True, slots=True)
class Validity:
    """Validity of the paths of M muscles in P poses."""

    inside: np.ndarray  # (P, M) whether an end of a segment which bends in other poses is inside the wrap object
    cuts: np.ndarray  # (P, M) whether, with both ends outside, the straight line of such a segment cuts through it
    # (P, M) m, largest change of length beyond the moment arms when one coordinate moves by 0.5 degrees (a translation:
    # 1 % of its range) either way.
    jump: np.ndarray
    by: np.ndarray  # (P, M) which coordinate that was
    slopes: np.ndarray  # (P, M, C) d length / d coordinate, by differences

    @property
    def causes(self) -> dict[str, np.ndarray]:
        """(P, M) of each cause why a path is not trusted, whether it holds."""
        return {"inside": self.inside, "cuts": self.cuts, "jumps": self.jump > MAX_UNEXPLAINED}

    @property
    def trusted(self) -> np.ndarray:
        """(P, M) none of the three."""
        return ~np.any([*self.causes.values()], axis=0)


def path_validity(model: OpenSimModel, poses: np.ndarray) -> Validity:
    """Judge every path in poses, (P, C)."""
    jump, by, slopes = (np.array(item) for item in zip(*(_jump(model, pose) for pose in poses), strict=True))
    inside, cuts = _through_surfaces(model, poses)
    return Validity(inside, cuts, jump, by, slopes)


def _jump(model: OpenSimModel, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(M,) largest unexplained change, (M,) the coordinate that made it, (M, C) slopes at the pose."""
    here = model.lengths(pose)
    slopes = np.array([model.slope(pose, c) for c in range(len(pose))])
    steps = np.where(model.turns, STEP, 0.01 * np.ptp(model.range, axis=1))
    unexplained = np.zeros_like(slopes)
    # A step of d changes a length by the integral of its slope m, by the trapezium rule d (m(0) + m(d)) / 2.
    for c, step in enumerate(steps):
        for signed in (step, -step):
            moved = pose.copy()
            moved[c] += signed
            predicted = signed * (slopes[c] + model.slope(moved, c)) / 2
            change = model.lengths(moved) - here
            unexplained[c] = np.maximum(unexplained[c], np.abs(change - predicted))
    return unexplained.max(axis=0), unexplained.argmax(axis=0), slopes.T


def _through_surfaces(model: OpenSimModel, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(P, M) whether an end is inside, and whether a line cuts with both ends outside, in segments that ever bend."""
    muscles = range(len(model.muscles))
    seen: dict[tuple[int, str, str, str], np.ndarray] = {}
    for row, pose in enumerate(poses):
        model.put(pose)
        for muscle in muscles:
            for surface in model.surfaces(muscle):
                for start, end, states in path_segments(model.path(muscle), surface):
                    table = seen.setdefault((muscle, surface.name, start, end), np.zeros((len(poses), 3), dtype=bool))
                    table[row] = states
    inside, cuts = np.zeros((2, len(poses), len(muscles)), dtype=bool)
    for (muscle, *_), table in seen.items():
        enters, crosses, bends = table.T
        if bends.any():  # or it is straight in all poses, and no reason to doubt it
            inside[:, muscle] |= enters
            cuts[:, muscle] |= crosses & ~enters
    return inside, cuts


def path_segments(path: list[Vertex], surface: Surface) -> Iterator[tuple[str, str, tuple[bool, bool, bool]]]:
    """Names of both ends of each segment, and whether an end is inside, a line cuts through, the segment bends."""
    turn, middle = surface.pose[:3, :3], surface.pose[:3, 3]
    local = [(vertex.location - middle) @ turn for vertex in path]
    fixed = [i for i, vertex in enumerate(path) if vertex.wrap is None]
    for first, last in pairwise(fixed):
        lines = [i for i in range(first, last) if path[i].wrap is None or path[i].wrap != path[i + 1].wrap]
        cuts = any(chord(local[i], local[i + 1], surface) > 1e-6 for i in lines)  # m: tangent points are not exact
        enters = contains(local[first], surface) or contains(local[last], surface)
        bends = any(vertex.wrap == surface.name for vertex in path[first:last])
        yield path[first].name, path[last].name, (enters, cuts, bends)


def contains(point: np.ndarray, surface: Surface) -> bool:
    """True if a point, (3,) m in the surface's axes, is inside it."""
    across = surface.across
    return bool(point[:across] @ point[:across] < surface.radius**2 and abs(point[2]) <= surface.length / 2)


def chord(start: np.ndarray, end: np.ndarray, surface: Surface) -> float:
    """Length in m of that part of a straight line, both ends (3,) m in the surface's axes, which is inside it."""
    # The share t of the way where |start + t way| = radius solves a quadratic equation, bounded by the ends.
    way, across = end - start, surface.across
    a, b = float(way[:across] @ way[:across]), float(start[:across] @ way[:across])
    discriminant = b * b - a * (float(start[:across] @ start[:across]) - surface.radius**2)
    if a <= 0 or discriminant <= 0:
        return 0.0
    low, high = max(0.0, (-b - discriminant**0.5) / a), min(1.0, (-b + discriminant**0.5) / a)
    if way[2] != 0:
        ends = sorted((side * surface.length / 2 - start[2]) / way[2] for side in (-1, 1))
        low, high = max(low, ends[0]), min(high, ends[1])
    elif abs(start[2]) > surface.length / 2:
        return 0.0
    return max(0.0, high - low) * float(np.linalg.norm(way))
