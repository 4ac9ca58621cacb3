"""Feedback around planted trajectories."""

import numpy as np

from mousearm.optimal.trajectories import OptimalFeedback, OptimalTrajectory
from mousearm.trajectory import Snapshot

DT = 1 / 150


def planted(arm, frames, ctrl, cross=None, curvature=None, slope=0.0, activation=0.2):
    """A trajectory that stays where it is, with the same control and the same costs in all its steps."""
    state = np.zeros((frames, arm.nq)), np.zeros((frames, arm.nq)), np.full((frames, arm.na), activation)
    steps = np.ones((frames - 1, 1))
    cross = np.zeros((arm.nu, 2 * arm.nq + arm.na)) if cross is None else np.asarray(cross)
    curvature = np.eye(arm.nu) if curvature is None else np.asarray(curvature)
    costs = steps * np.broadcast_to(slope, arm.nu), steps[..., None] * cross, steps[..., None] * curvature
    return OptimalTrajectory("planted", *state, steps * ctrl, *costs, 0.0, 0.0, 0.0, 0, True)


def at(arm, qpos=0.0, activation=0.2):
    """One arm in a state at rest."""
    points = np.zeros((1, 3, 3))
    rest, act = np.full((1, arm.nq), qpos), np.full((1, arm.na), activation)
    return Snapshot(rest, np.zeros((1, arm.nq)), act, np.zeros((1, arm.nu)), np.zeros((1, arm.nu)), points)


def control(feedback, snapshot, reach=0, frame=0):
    return feedback.control(snapshot, np.array([reach]), np.array([frame]))[0]


def test_where_one_motor_is_at_its_bound_the_other_takes_over(two_link):
    # Cost w (4 w1 + 2 w2) / 2 ... + 8 dq w1 of w = (w1, w2): curvature (4 2; 2 4), cross 8 of the first by joint 0.
    cross = np.zeros((2, 4))
    cross[0, 0] = 8.0
    plan = planted(two_link, 5, [0.0, 0.0], cross, [[4.0, 2.0], [2.0, 4.0]])
    wide = OptimalFeedback(two_link, [plan], DT, np.array([[-9.0, 9.0], [-9.0, 9.0]]))
    np.testing.assert_array_equal(control(wide, at(two_link)), [0, 0])
    # Free: w = -(4 2; 2 4)^-1 (8 dq, 0) = (-8/3, 4/3) dq.
    np.testing.assert_allclose(control(wide, at(two_link, qpos=0.3)), [-0.8, 0.4])
    # The first held at -0.5: 4 w2 + 2 (-0.5) = 0.
    narrow = OptimalFeedback(two_link, [plan], DT, np.array([[-0.5, 0.5], [-9.0, 9.0]]))
    np.testing.assert_allclose(control(narrow, at(two_link, qpos=0.3)), [-0.5, 0.25])


def test_each_reach_has_its_own_plan_and_the_last_frame_that_of_the_last_step(two_link):
    plans = [planted(two_link, 5, [0.1, 0.3]), planted(two_link, 3, [0.2, -0.1])]
    feedback = OptimalFeedback(two_link, plans, DT, two_link.ctrl_range)
    for reach, frame, expected in [(0, 4, [0.1, 0.3]), (1, 1, [0.2, -0.1]), (1, 2, [0.2, -0.1]), (1, 4, [0.2, -0.1])]:
        np.testing.assert_allclose(control(feedback, at(two_link), reach, frame), expected)


def test_what_a_muscle_is_led_to_is_reached_by_the_time_constant_of_its_direction(muscle_arm):
    # On the plan, from activation 0.2 with the control 0.5: time constant 0.01 s (0.5 + 1.5 x 0.2) = 0.008 s.
    up = 1 - np.exp(-DT / 0.008)
    lead = 0.2 + 0.3 * up
    feedback = OptimalFeedback(muscle_arm, [planted(muscle_arm, 4, 0.5)], DT, muscle_arm.ctrl_range)
    np.testing.assert_allclose(control(feedback, at(muscle_arm)), 0.5)
    # From 0.42, above the goal: 0.04 s / (0.5 + 1.5 x 0.42) downwards.
    down = 1 - np.exp(-DT * (0.5 + 1.5 * 0.42) / 0.04)
    assert lead < 0.42
    np.testing.assert_allclose(control(feedback, at(muscle_arm, activation=0.42)), 0.42 + (lead - 0.42) / down)


def test_what_a_bound_holds_stays_there_until_it_pays_to_leave_it(muscle_arm):
    # At rest with slope 1: only what is worth more than 1 per input moves it. The first joint is worth 10 per rad.
    cross = np.zeros((muscle_arm.nu, 2 * muscle_arm.nq + muscle_arm.na))
    cross[:, 0] = -10.0
    plan = planted(muscle_arm, 4, 0.0, cross, 5 * np.eye(muscle_arm.nu), slope=1.0, activation=0.0)
    feedback = OptimalFeedback(muscle_arm, [plan], DT, muscle_arm.ctrl_range)
    np.testing.assert_array_equal(control(feedback, at(muscle_arm, activation=0.0)), 0)
    up = 1 - np.exp(-DT / 0.005)  # input by control, from activation 0
    for angle, expected in [(0.1, 0.0), (0.3, (10 * 0.3 - 1) / 5)]:
        found = control(feedback, at(muscle_arm, angle, 0.0))
        np.testing.assert_allclose(found, expected / up, atol=1e-12)


def test_the_controls_stay_in_their_range_far_away(muscle_arm):
    random = np.random.default_rng(0)
    cross = random.normal(0, 50, (muscle_arm.nu, 2 * muscle_arm.nq + muscle_arm.na))
    ends = np.array([[0.01, 0.9]] * muscle_arm.nu)
    feedback = OptimalFeedback(muscle_arm, [planted(muscle_arm, 4, 0.3, cross)], DT, ends)
    found = control(feedback, at(muscle_arm, 0.8, 0.6))
    assert ((found >= 0.01) & (found <= 0.9)).all()
    assert np.unique(found).size > 1
