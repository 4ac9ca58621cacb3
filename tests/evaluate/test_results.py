"""What a reach asks of the paw, by hand, and mean errors by it."""

import json

import numpy as np
import pytest

from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Errors, ErrorScale, PawMovement, ReachResult, breakdown

# World axes x, y, z are right, forward, up for the animal (OpenSim's z, x, y).
WAYS = {"right": (1, 0, 0), "left": (-1, 0, 0), "forward": (0, 1, 0), "back": (0, -1, 0), "up": (0, 0, 1)}
WAYS["down"] = (0, 0, -1)


@pytest.mark.parametrize("name", WAYS)
def test_direction_is_the_nearest_axis(name):
    way = np.array(WAYS[name], dtype=float)
    aside = np.roll(way, 1) * 0.9
    paw = np.linspace(0, 1, 10)[:, None] * (way + aside) * 0.01 + [0.1, 0.2, 0.3]
    assert PawMovement.of(paw, 0.01).direction == name


def test_there_and_back_counts_the_farthest_point():
    paw = np.zeros((5, 3))
    paw[:, 1] = np.array([0, 3, 8, 5, 1]) / 1000
    movement = PawMovement.of(paw, 0.01)
    assert movement.distance_mm == pytest.approx(8)
    assert movement.direction == "forward"
    # Central differences: 3, (8 - 0) / 2, (5 - 3) / 2, (1 - 8) / 2, -4 mm a frame of 10 ms.
    assert movement.peak_speed_m_s == pytest.approx(0.4)


def test_a_paw_that_stays():
    movement = PawMovement.of(np.ones((4, 3)), 0.01)
    assert (movement.distance_mm, movement.peak_speed_m_s) == (0, 0)


def test_where_the_reach_happens_and_how_fast_time_runs():
    paw = np.random.default_rng(0).normal(size=(20, 3)) / 100
    one, slower = PawMovement.of(paw, 0.01), PawMovement.of(paw, 0.02)
    shifted = PawMovement.of(paw + np.array([1, 2, 3]), 0.01)
    assert shifted.distance_mm == pytest.approx(one.distance_mm)
    assert shifted.direction == one.direction
    assert slower.peak_speed_m_s == pytest.approx(one.peak_speed_m_s / 2)
    assert slower.distance_mm == one.distance_mm


def result(name, split, mm, movement, steps=10):
    return ReachResult(name, split, steps, True, Errors(mm, mm, mm), Errors(mm / 2, mm, mm), 0.0, movement)


@pytest.fixture
def results():
    """Nine reaches of 2, 4, ... 18 mm with errors of 1 to 9 mm, the longest the slowest; the last three to test."""
    return [
        result(
            f"r{i}",
            "test" if i > 6 else "train",
            float(i),
            PawMovement(2.0 * i, 1 - i / 10, "up" if i % 2 else "left"),
            steps=100 if i == 2 else 10,
        )
        for i in range(1, 10)
    ]


def test_thirds_by_hand(results):
    kinds = {(kind.by, kind.kind): kind.splits for kind in breakdown(results)}
    assert list(kinds) == [
        ("distance", "2.0 to 6.0 mm"),
        ("distance", "8.0 to 12.0 mm"),
        ("distance", "14.0 to 18.0 mm"),
        ("peak speed", "0.10 to 0.30 m/s"),
        ("peak speed", "0.40 to 0.60 m/s"),
        ("peak speed", "0.70 to 0.90 m/s"),
        ("direction", "left"),
        ("direction", "up"),
    ]
    near = kinds["distance", "2.0 to 6.0 mm"]
    assert set(near) == {"train"}
    # 1, 2 and 3 mm over 10, 100 and 10 steps; the elbow half of that.
    assert near["train"] == pytest.approx({"reaches": 3, "paw_mm": 240 / 120, "elbow_mm": 120 / 120})
    assert kinds["distance", "14.0 to 18.0 mm"] == kinds["peak speed", "0.10 to 0.30 m/s"]
    up = kinds["direction", "up"]
    assert (up["train"]["reaches"], up["test"]["reaches"]) == (3, 2)
    assert up["test"]["paw_mm"] == pytest.approx(8)


def test_every_reach_is_of_one_kind_each(results):
    for by in ("distance", "peak speed", "direction"):
        counts = [errors["reaches"] for kind in breakdown(results) if kind.by == by for errors in kind.splits.values()]
        assert sum(counts) == len(results)


def test_ranges_are_in_the_order_of_numbers(results):
    far = [result(f"f{i}", "train", 1.0, PawMovement(8.0 + i, 0.1, "up")) for i in range(9)]
    assert [kind.kind for kind in breakdown(far) if kind.by == "distance"] == [
        "8.0 to 10.0 mm",
        "11.0 to 13.0 mm",
        "14.0 to 16.0 mm",
    ]


def test_equal_reaches_are_of_one_kind(results):
    same = [result(f"s{i}", "train", 1.0, PawMovement(5.0, 0.2, "up")) for i in range(7)]
    assert [(kind.by, kind.kind, kind.splits["train"]["reaches"]) for kind in breakdown(same)] == [
        ("distance", "5.0 to 5.0 mm", 7),
        ("peak speed", "0.20 to 0.20 m/s", 7),
        ("direction", "up", 7),
    ]


def test_few_reaches_have_no_kinds(results):
    assert breakdown(results[:5]) == []


def test_table_and_json(results):
    pooled = {name: Errors(1.0, 1.0, 1.0) for name in ("paw_mm", "elbow_mm")}
    evaluation = Evaluation(
        ErrorScale("arm", "segments", "none", 12.0, 17.0), results, {"train": pooled, "test": pooled}
    )
    lines = evaluation.table().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("kind "))
    rows = lines[first + 2 : first + 10]
    assert len({len(line) for line in [*lines[first : first + 2], *rows]}) == 1  # columns stand below each other
    assert rows[0].split() == ["distance", "2.0", "to", "6.0", "mm", "3", "2.000", "1.000", "0", "-", "-"]
    assert rows[7].split() == ["direction", "up", "3", "3.000", "1.500", "2", "8.000", "4.000"]
    content = json.loads(json.dumps(evaluation.as_json()))["kinds"]
    assert len(content) == 8
    assert content[7] == {
        "by": "direction",
        "kind": "up",
        "train": {"reaches": 3, "paw_mm": 3.0, "elbow_mm": 1.5},
        "test": {"reaches": 2, "paw_mm": 8.0, "elbow_mm": 4.0},
    }
    assert "test" not in content[0]
