from pathlib import Path

import numpy as np
import pytest

from mousearm.env.references import References, Start, prepare
from mousearm.errors import ModelError, UnknownNameError
from mousearm.evaluate.rollout import roll_out
from mousearm.experiment import evaluate_controller
from mousearm.mechanics import random_poses
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.pretrain.controllers import TaskController
from mousearm.registry import ACTION_MAPS
from mousearm.simulation import MujocoSimulation
from mousearm.trajectory import FOLLOWED

DT = 1 / 150
RECORDED = Path(__file__).parents[3] / "shared" / "kinematics"


@pytest.fixture(scope="module")
def errors_mm(configure, build_task):
    """Elbow and paw errors, (T - 1, 2) mm, on the shipped reach in the task of a configuration."""

    def errors_mm(*overrides):
        config, arm, references = prepare(configure(*overrides))
        task = build_task(arm, references, 1, *overrides)
        control = ComputedMuscleControl(arm, task.references, config.env.control_dt, config.model.action_map)
        (trial,) = roll_out(task, TaskController(task, control))
        assert not trial.diverged
        return trial.errors_mm[1:, FOLLOWED]

    return errors_mm


def still(arm, pose, n=1):
    """A snapshot of n arms at rest in a pose."""
    simulation = MujocoSimulation(arm, n, DT, n_substeps=1, threads=1)
    simulation.reset(np.arange(n), np.tile(pose, (n, 1)), np.zeros((n, arm.nq)))
    return simulation.snapshot()


def moving(arm, n, seed=0):
    """A snapshot of n arms in random states."""
    random = np.random.default_rng(seed)
    simulation = MujocoSimulation(arm, n, DT, n_substeps=1, threads=1)
    states = random_poses(arm, n, seed), random.normal(size=(n, arm.nq)), random.uniform(size=(n, arm.na)) ** 3
    simulation.reset(np.arange(n), *states)
    return simulation.snapshot()


# The law


def test_an_arm_on_its_reach_is_given_the_torque_that_holds_it(hanging, follow):
    # Stretched along x it weighs 5e-5 and 2e-5 N m on motors of 1e-4 N m (see tests/test_mechanics.py).
    reach = References([follow(hanging, np.zeros((9, 2)))])
    control = ComputedMuscleControl(hanging, reach, DT).control(still(hanging, [0, 0]), np.array([0]), np.array([4]))
    np.testing.assert_allclose(control, [[0.5, 0.2]], rtol=1e-4)


def test_an_arm_on_its_reach_is_given_the_torque_that_accelerates_it(build_hanging, follow):
    # Without gravity the stretched arm turns about its shoulder at 200 rad/s2, and starts from rest: m l^2 is 1e-8 for
    # the upper mass and 8e-8 for the lower one, of which the elbow feels m l 2 l = 4e-8 kg m2; the spheres are points.
    floating = build_hanging('gravity="0 0 -10"', 'gravity="0 0 0"')
    t = DT * np.arange(9)
    reach = References([follow(floating, np.stack([100 * t**2, 0 * t], axis=1))])
    control = ComputedMuscleControl(floating, reach, DT).control(still(floating, [0, 0]), np.array([0]), np.array([0]))
    np.testing.assert_allclose(control, [[0.18, 0.08]], rtol=1e-3)


def test_an_arm_that_lags_is_pushed_forward(two_link, follow):
    reach = References([follow(two_link, np.zeros((9, 2)))])
    controller = ComputedMuscleControl(two_link, reach, DT)
    behind, ahead = (still(two_link, [shoulder, 0]) for shoulder in (-0.01, 0.01))
    lagging, leading = (controller.control(arm, np.array([0]), np.array([0])) for arm in (behind, ahead))
    assert lagging[0, 0] > 0.01
    assert leading[0, 0] == pytest.approx(-lagging[0, 0])


def test_an_arm_far_off_comes_back_without_haste(two_link, follow, build_task):
    task = build_task(two_link, [follow(two_link, np.zeros((80, 2)))], 1)
    task.simulation.reset(np.arange(1), np.array([[1.0, 0.0]]), np.zeros((1, 2)))
    task.snapshot = task.simulation.snapshot()
    controller = TaskController(task, ComputedMuscleControl(two_link, task.references, DT))
    speeds = []
    for _ in range(79):
        task.step(controller.act(task.observe()))
        speeds.append(np.abs(task.snapshot.qvel[0, 0]))
    assert max(speeds) < 7.5
    assert np.median(speeds[:10]) > 6.5
    np.testing.assert_allclose(task.snapshot.qpos, 0, atol=1e-3)


# Following


def test_motors_follow_a_feasible_movement_exactly(two_link, swing, build_task):
    task = build_task(two_link, [swing(two_link, 30)], 1)
    (trial,) = roll_out(task, TaskController(task, ComputedMuscleControl(two_link, task.references, DT)))
    assert trial.errors_mm.max() < 0.02


def test_motors_follow_the_shipped_reach(errors_mm):
    assert errors_mm("model=torque").max() < 0.1


@pytest.mark.parametrize("action_map", ACTION_MAPS)
def test_muscles_follow_the_shipped_reach(errors_mm, action_map):
    errors = errors_mm("model=muscle", f"model.action_map={action_map}")
    assert errors.mean() < 0.4
    assert errors.max() < 1.2


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded reaches are not here")
@pytest.mark.parametrize(("model", "bound_mm"), [("torque", 0.06), ("muscle", 0.25)])
def test_recorded_reaches_are_followed(configure, model, bound_mm):
    evaluation, _ = evaluate_controller("cmc", configure(f"model={model}"), kinematics=str(RECORDED))
    assert len(evaluation.reaches) == 6
    for reach in evaluation.reaches:
        assert max(reach.paw_mm.mean, reach.elbow_mm.mean) < bound_mm, reach


@pytest.mark.parametrize(("control_dt", "n_substeps"), [(0.004, 5), (0.01, 12)])
def test_other_control_rates_work(errors_mm, control_dt, n_substeps):
    assert errors_mm("model=muscle", f"env.control_dt={control_dt}", f"env.n_substeps={n_substeps}").mean() < 0.5


def test_muscles_come_back_after_a_push(configure, build_task):
    _, arm, references = prepare(configure("model=muscle"))
    task = build_task(arm, references, 8, "model=muscle")
    everyone = np.arange(8)
    task.reset(everyone, Start(np.zeros(8, int), np.zeros(8, int)))
    push = 0.05 * np.random.default_rng(0).uniform(-1, 1, (8, arm.nq))
    pose = np.clip(task.snapshot.qpos + push, *arm.qpos_range.T)
    task.simulation.reset(everyone, pose, task.snapshot.qvel)
    task.snapshot = task.simulation.snapshot()
    controller = TaskController(task, ComputedMuscleControl(arm, task.references, DT, "sigmoid"))
    errors = [task.step(controller.act(task.observe())).paw_mm for _ in range(49)]
    assert np.mean(errors[0]) > 0.5
    assert np.median(errors[-1]) < 0.1


# Many arms


def test_arms_do_not_touch_each_other(muscle_arm, demo):
    controller = ComputedMuscleControl(muscle_arm, References([demo, demo]), DT, "sigmoid")
    states, reach, frame = moving(muscle_arm, 8), np.arange(8) % 2, np.arange(8)
    together = controller(states, reach, frame)
    assert together.shape == (8, 21)
    for i in range(8):
        parts = (getattr(states, name) for name in states.__slots__)
        alone = type(states)(*(None if part is None else part[i : i + 1] for part in parts))
        np.testing.assert_allclose(controller(alone, reach[i : i + 1], frame[i : i + 1])[0], together[i], atol=1e-9)


def test_it_remembers_nothing(muscle_arm, demo):
    first, second = (ComputedMuscleControl(muscle_arm, References([demo]), DT) for _ in range(2))
    reach, frame = np.zeros(3, int), np.array([0, 5, 11])
    second(moving(muscle_arm, 3, seed=1), reach, frame)
    states = moving(muscle_arm, 3)
    np.testing.assert_array_equal(first(states, reach, frame), second(states, reach, frame))


@pytest.mark.parametrize("action_map", ACTION_MAPS)
def test_actions_become_the_controls(muscle_arm, demo, action_map):
    controller = ComputedMuscleControl(muscle_arm, References([demo]), DT, action_map)
    where = moving(muscle_arm, 16), np.zeros(16, int), np.zeros(16, int)
    action, control = controller(*where), controller.control(*where)
    assert np.abs(action).max() <= 1
    np.testing.assert_allclose(ACTION_MAPS[action_map](action, muscle_arm.ctrl_range), control, atol=1e-12)
    assert np.ptp(control) > 0.5


# What cannot be


def test_an_unknown_action_map_is_refused(two_link, swing):
    with pytest.raises(UnknownNameError, match="no action map named 'sigmod'"):
        ComputedMuscleControl(two_link, References([swing(two_link, 9)]), DT, "sigmod")


def test_a_state_that_is_not_finite_is_refused(two_link, swing, quiet_log):
    controller = ComputedMuscleControl(two_link, References([swing(two_link, 9)]), DT)
    states = still(two_link, [0, 0])
    states.qvel[:] = np.nan
    with pytest.raises(ModelError, match="cannot be shared out among the actuators: it or the state"):
        controller(states, np.array([0]), np.array([0]))
