import numpy as np
import pytest

from mousearm.evaluate.movement import Movement

# World axes x, y, z are right, forward, up for the animal (OpenSim's z, x, y).
WAYS = {"right": (1, 0, 0), "left": (-1, 0, 0), "forward": (0, 1, 0), "back": (0, -1, 0), "up": (0, 0, 1)}
WAYS["down"] = (0, 0, -1)


@pytest.mark.parametrize("name", WAYS)
def test_direction_is_the_nearest_axis(name):
    way = np.array(WAYS[name], dtype=float)
    aside = np.roll(way, 1) * 0.9
    paw = np.linspace(0, 1, 10)[:, None] * (way + aside) * 0.01 + [0.1, 0.2, 0.3]
    assert Movement.of(paw, 0.01).direction == name


def test_there_and_back_counts_the_farthest_point():
    paw = np.zeros((5, 3))
    paw[:, 1] = np.array([0, 3, 8, 5, 1]) / 1000
    movement = Movement.of(paw, 0.01)
    assert movement.distance_mm == pytest.approx(8)
    assert movement.direction == "forward"
    # Central differences: 3, (8 - 0) / 2, (5 - 3) / 2, (1 - 8) / 2, -4 mm a frame of 10 ms.
    assert movement.peak_speed_m_s == pytest.approx(0.4)


def test_a_paw_that_stays():
    movement = Movement.of(np.ones((4, 3)), 0.01)
    assert (movement.distance_mm, movement.peak_speed_m_s) == (0, 0)


def test_where_the_reach_happens_and_how_fast_time_runs():
    paw = np.random.default_rng(0).normal(size=(20, 3)) / 100
    one, slower = Movement.of(paw, 0.01), Movement.of(paw, 0.02)
    shifted = Movement.of(paw + np.array([1, 2, 3]), 0.01)
    assert shifted.distance_mm == pytest.approx(one.distance_mm)
    assert shifted.direction == one.direction
    assert slower.peak_speed_m_s == pytest.approx(one.peak_speed_m_s / 2)
    assert slower.distance_mm == one.distance_mm
