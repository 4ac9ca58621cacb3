"""How well reaches of one kind were performed: the near and the far ones, the slow and the fast, by direction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mousearm.evaluate.movement import DIRECTIONS
from mousearm.evaluate.results import SPLITS, ReachResult

_FEWEST = 6  # with fewer reaches a third of them says nothing


@dataclass(frozen=True, slots=True)
class KindErrors:
    """Errors of the reaches of one kind and split.

    Attributes:
        reaches: how many.
        paw_mm: mean over all their steps.
        elbow_mm: likewise.
    """

    reaches: int
    paw_mm: float
    elbow_mm: float

    @staticmethod
    def of(results: Sequence[ReachResult]) -> "KindErrors":
        """Those of some results."""
        steps = [result.steps for result in results]
        elbow, paw = ([getattr(r, name).mean for r in results] for name in ("elbow_mm", "paw_mm"))
        return KindErrors(len(results), float(np.average(paw, weights=steps)), float(np.average(elbow, weights=steps)))


@dataclass(frozen=True, slots=True)
class Kind:
    """Reaches that have something in common.

    Attributes:
        by: ``distance``, ``peak speed`` or ``direction``.
        kind: what they have in common, such as ``4.1 to 6.3 mm``.
        splits: errors by ``train`` and ``test``, where there are such reaches.
    """

    by: str
    kind: str
    splits: dict[str, KindErrors]


def kinds_of(results: Sequence[ReachResult]) -> list[Kind]:
    """Group reaches by distance and peak speed, in thirds, and by direction; none for fewer than six reaches."""
    if len(results) < _FEWEST:
        return []
    movements = [result.movement for result in results]
    return [
        *_kinds("distance", _thirds([movement.distance_mm for movement in movements], "{:.1f} to {:.1f} mm"), results),
        *_kinds("peak speed", _thirds([m.peak_speed_m_s for m in movements], "{:.2f} to {:.2f} m/s"), results),
        *_kinds("direction", [(DIRECTIONS.index(m.direction), m.direction) for m in movements], results),
    ]


def _thirds(values: Sequence[float], text: str) -> list[tuple[int, str]]:
    """For each value the number and the range of the third that it lies in; equal values lie in one."""
    array = np.asarray(values)
    third = np.searchsorted(np.quantile(array, [1 / 3, 2 / 3]), array)
    return [(int(i), text.format(array[third == i].min(), array[third == i].max())) for i in third]


def _kinds(by: str, labels: Sequence[tuple[int, str]], results: Sequence[ReachResult]) -> list[Kind]:
    """One kind for each label, in the order of their numbers."""
    members = {
        label: [r for r, own in zip(results, labels, strict=True) if own == label] for label in sorted({*labels})
    }
    return [Kind(by, name, _by_split(some)) for (_, name), some in members.items()]


def _by_split(results: Sequence[ReachResult]) -> dict[str, KindErrors]:
    by_split = {split: [result for result in results if result.split == split] for split in SPLITS}
    return {split: KindErrors.of(some) for split, some in by_split.items() if some}
