"""Feedback around planted trajectories."""

import numpy as np
import pytest

from mousearm.errors import UnknownNameError
from mousearm.optimal.feedback import OptimalFeedback
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.trajectory import Snapshot

DT = 1 / 150


def planted(arm, frames, ctrl, gains=None, activation=0.2):
    """A trajectory that stays where it is, with the same control in all its steps."""
    n = 2 * arm.nq + arm.na
    state = np.zeros((frames, arm.nq)), np.zeros((frames, arm.nq)), np.full((frames, arm.na), activation)
    gains = np.zeros((arm.nu, n)) if gains is None else gains
    steps = np.ones((frames - 1, 1))
    curvature = np.tile(np.eye(arm.nu), (frames - 1, 1, 1))
    moves = steps * ctrl, steps[..., None] * gains, curvature
    return OptimalTrajectory("planted", *state, *moves, 0.0, 0.0, 0.0, 0, True)


def at(arm, qpos=0.0, activation=0.2):
    """One arm in a state at rest."""
    points = np.zeros((1, 3, 3))
    rest, act = np.full((1, arm.nq), qpos), np.full((1, arm.na), activation)
    return Snapshot(rest, np.zeros((1, arm.nq)), act, np.zeros((1, arm.nu)), np.zeros((1, arm.nu)), points)


def control(feedback, snapshot, reach=0, frame=0):
    return feedback.control(snapshot, np.array([reach]), np.array([frame]))[0]


def test_motors_do_the_planned_control_and_the_gains_times_the_deviation_within_their_range(two_link):
    gains = np.zeros((2, 4))
    gains[0, 0], gains[1, 0] = -0.5, -9.0
    feedback = OptimalFeedback(two_link, [planted(two_link, 5, [0.1, 0.3], gains)], DT)
    np.testing.assert_allclose(control(feedback, at(two_link)), [0.1, 0.3])
    low = two_link.ctrl_range[1, 0]
    np.testing.assert_allclose(control(feedback, at(two_link, qpos=0.2)), [0.1 - 0.5 * 0.2, max(0.3 - 9 * 0.2, low)])


def test_each_reach_has_its_own_plan_and_the_last_frame_that_of_the_last_step(two_link):
    plans = [planted(two_link, 5, [0.1, 0.3]), planted(two_link, 3, [0.2, -0.1])]
    feedback = OptimalFeedback(two_link, plans, DT)
    for reach, frame, expected in [(0, 4, [0.1, 0.3]), (1, 1, [0.2, -0.1]), (1, 2, [0.2, -0.1]), (1, 4, [0.2, -0.1])]:
        np.testing.assert_allclose(control(feedback, at(two_link), reach, frame), expected)
    assert feedback.curvature.shape == (2, 4, 2, 2)


def test_what_a_muscle_is_led_to_is_reached_by_the_time_constant_of_its_direction(muscle_arm):
    # On the plan, from activation 0.2 with the control 0.5: time constant 0.01 s (0.5 + 1.5 x 0.2) = 0.008 s.
    up = 1 - np.exp(-DT / 0.008)
    lead = 0.2 + 0.3 * up
    # These gains keep the goal, whatever the activation: d(a + (u - a) up) / da = 0.
    n = 2 * muscle_arm.nq
    gains = np.zeros((muscle_arm.nu, n + muscle_arm.na))
    gains[:, n:] = (1 - 1 / up) * np.eye(muscle_arm.nu)
    feedback = OptimalFeedback(muscle_arm, [planted(muscle_arm, 4, 0.5, gains)], DT)
    np.testing.assert_allclose(control(feedback, at(muscle_arm)), 0.5)
    # From 0.4, above the goal: 0.04 s / (0.5 + 1.5 x 0.4) downwards.
    down = 1 - np.exp(-DT * 1.1 / 0.04)
    np.testing.assert_allclose(control(feedback, at(muscle_arm, activation=0.4)), 0.4 + (lead - 0.4) / down)


def test_an_unknown_action_map(two_link):
    with pytest.raises(UnknownNameError) as caught:
        OptimalFeedback(two_link, [planted(two_link, 4, [0.0, 0.0])], DT, "sigmoidal")
    assert "sigmoidal" in caught.value.name
