"""Optimal control as an expert: what it does near x*, far from it, and in between."""

import numpy as np
import pytest

from mousearm.env.references import References
from mousearm.errors import UnknownNameError
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.pretrain.optimal_teacher import OptimalTeacher
from mousearm.registry import ACTION_MAPS
from mousearm.simulation import MujocoSimulation

DT = 1 / 150
REACH, FRAME = np.zeros(1, dtype=int), np.full(1, 4)


@pytest.fixture
def teacher(hanging, follow):
    """Expert on a reach that stays where it is, whose x* does, too, with controls of its own."""
    still, steps = np.zeros((9, 2)), np.ones((8, 1, 1))
    costs = np.zeros((8, 2)), steps * np.zeros((2, 4)), steps * np.eye(2)
    best = OptimalTrajectory(
        "still", still, still, np.zeros((9, 0)), np.full((8, 2), [0.3, -0.1]), *costs, 0, 0, 0, 0, True
    )
    references = References([follow(hanging, still)])
    return OptimalTeacher(hanging, references, [best], DT, "direct"), ComputedMuscleControl(hanging, references, DT)


def state(arm, shoulder, speed=0.0):
    simulation = MujocoSimulation(arm, 1, DT, n_substeps=1, threads=1)
    simulation.reset(np.array([0]), np.array([[shoulder, 0.0]]), np.array([[speed, 0.0]]))
    return simulation.snapshot()


def length_mm(arm):
    """Of the whole arm, stretched: what the paw moves per rad of the shoulder."""
    shoulder, _, paw = arm.landmark_positions(np.zeros((1, 2)))[0]
    return 1e3 * np.linalg.norm(paw - shoulder)


def test_the_distance_is_that_of_the_paw_in_space_and_by_its_speed(teacher, hanging):
    expert, length = teacher[0], length_mm(hanging)
    assert expert.distance_mm(state(hanging, 0.01), REACH, FRAME) == pytest.approx(0.01 * length)
    assert expert.distance_mm(state(hanging, 0.01, 2.0), REACH, FRAME) == pytest.approx((0.01 + 0.011 * 2) * length)


@pytest.mark.parametrize(("off_mm", "share"), [(0.0, 1), (0.3, 1), (0.65, 0.5), (1.0, 0), (3.0, 0)])
def test_the_optimal_controls_near_by_computed_muscle_control_far_away_and_shares_between(
    teacher, hanging, off_mm, share
):
    expert, far = teacher
    snapshot = state(hanging, off_mm / length_mm(hanging))
    expected = share * np.array([0.3, -0.1]) + (1 - share) * far.control(snapshot, REACH, FRAME)[0]
    np.testing.assert_allclose(expert.control(snapshot, REACH, FRAME)[0], expected, atol=1e-9)
    acted = ACTION_MAPS["direct"](expert(snapshot, REACH, FRAME), hanging.ctrl_range)
    np.testing.assert_allclose(acted[0], expected, atol=1e-9)


def test_an_unknown_action_map(hanging, follow):
    with pytest.raises(UnknownNameError) as caught:
        OptimalTeacher(hanging, References([follow(hanging, np.zeros((9, 2)))]), [], DT, "sigmoidal")
    assert "sigmoidal" in caught.value.name
