import numpy as np
import pytest

from mousearm.env import References, Task
from mousearm.evaluate import roll_out
from mousearm.pretrain import ComputedMuscleControl, TaskController
from mousearm.view import Performer, performer_of_config
from mousearm.view.performance import driven_at


def test_the_reference_is_performed_without_error(perform, swing, two_link):
    performance = perform().perform(0)
    assert (performance.name, performance.n_frames, performance.diverged) == ("long", 10, False)
    np.testing.assert_allclose(performance.qpos, swing(two_link, 10).qpos)
    np.testing.assert_allclose(performance.qpos, performance.reference)
    np.testing.assert_allclose(performance.errors_mm, 0, atol=1e-9)
    assert performance.end == pytest.approx(9 / 150)


def test_a_controller_does_what_it_does_in_evaluation(configure, demo, torque_arm):
    config = configure()

    def controlled():
        task = Task(torque_arm, References([demo]), config, 1)
        control = ComputedMuscleControl(torque_arm, task.references, config.env.control_dt, config.model.action_map)
        return task, TaskController(task, control)

    rollout = roll_out(*controlled())
    performance = Performer(*controlled(), config.model.action_map).perform(0)
    for name in ("qpos", "activation", "ctrl", "landmarks"):
        np.testing.assert_array_equal(getattr(performance, name), getattr(rollout, name)[0])
    np.testing.assert_array_equal(performance.errors_mm[:, 1:], rollout.errors_mm()[0])


@pytest.mark.parametrize(
    ("switches", "driven"),
    [([], [1, 1, 1, 1]), ([0], [0, 0, 0, 0]), ([2], [1, 1, 0, 0]), ([1, 3], [1, 0, 0, 1])],
)
def test_switches_alternate(switches, driven):
    assert [driven_at(switches, frame) for frame in range(4)] == driven


def test_an_arm_that_is_let_go_goes_on_from_where_it_is(perform, hanging):
    driven = perform(arm=hanging).perform(0)
    performance = perform(arm=hanging).perform(0, [2])
    assert performance.driven.tolist() == [True, True] + [False] * (len(performance.qpos) - 2)
    np.testing.assert_array_equal(performance.qpos[:3], driven.qpos[:3])
    np.testing.assert_array_equal(performance.ctrl[3:], 0)
    # The speed of the reference, some 10 rad/s, changes by gravity, not at once.
    moved = (performance.qpos[3] - performance.qpos[2]) * 150
    speed = (driven.qpos[3] - driven.qpos[1]) * 150 / 2
    np.testing.assert_allclose(moved, speed, atol=5)


def test_it_falls_as_it_must(torque_config, follow, hanging):
    """Two masses at rest on weightless rods that lie level: at first nothing holds them, and both fall by g t^2 / 2.

    In 8 steps of the symplectic Euler method it is 9 / 8 of that.
    """
    task = Task(hanging, References([follow(hanging, np.zeros((10, 2)))]), torque_config, 1)
    performance = Performer(task, None, "direct").perform(0, [0])
    fallen = performance.landmarks[0, 1:, 2] - performance.landmarks[1, 1:, 2]
    np.testing.assert_allclose(fallen, 9 / 8 * 10 / 150**2 / 2, rtol=0.01)


def test_controls_at_rest_are_the_nearest_to_none(perform, build_two_link, still):
    arm = build_two_link(
        'name="elbow" joint="elbow" gear="1e-5" ctrlrange="-1 1"',
        'name="elbow" joint="elbow" gear="1e-5" ctrlrange="0.2 1"',
    )
    performance = perform(still([1.0, 1.0]), arm).perform(0, [4])
    np.testing.assert_allclose(performance.ctrl[1:5], 1.0)
    np.testing.assert_allclose(performance.ctrl[5:], [[0.0, 0.2]] * (len(performance.ctrl) - 5), atol=1e-12)


def test_the_network_goes_on_seeing_while_it_does_not_drive(perform, still):
    controller = still([0.5, -0.5])
    performance = perform(controller).perform(0, [3, 5])
    assert controller.n_seen == len(performance.qpos) - 1
    np.testing.assert_allclose(performance.ctrl[[3, 4, 5, 6]], [[0.5, -0.5], [0, 0], [0, 0], [0.5, -0.5]])


def test_what_follows_a_switch_is_long_enough_to_see(perform):
    performance = perform().perform(1, [5])
    assert performance.n_frames == 6
    assert len(performance.qpos) == 5 + 60 + 1  # 0.4 s at 150 frames per second
    np.testing.assert_array_equal(performance.targets[6:], np.broadcast_to(performance.targets[5], (60, 3, 3)))


def test_a_performance_does_not_depend_on_those_before(perform, still):
    performer = perform(still([0.3, 0.1]))
    first = performer.perform(0, [4])
    performer.perform(1)
    np.testing.assert_array_equal(performer.perform(0, [4]).qpos, first.qpos)


@pytest.mark.usefixtures("quiet_log")
def test_a_performance_ends_where_the_simulation_comes_apart(perform, explosive, still):
    performance = perform(still([0.0, 1.0]), explosive).perform(0)
    assert performance.diverged
    assert 1 <= len(performance.qpos) < 10
    assert np.isfinite(performance.qpos).all()


def test_between_frames_moments_are_linear(perform):
    performance = perform().perform(0, [4])
    moment = performance.at(3.25 / 150)
    np.testing.assert_allclose(moment.qpos, 0.75 * performance.qpos[3] + 0.25 * performance.qpos[4])
    assert moment.driven
    assert not performance.at(4 / 150).driven
    assert performance.at(-1).time == 0
    assert performance.at(99).time == pytest.approx(performance.end)
    np.testing.assert_allclose(performance.at(2 / 150).errors_mm, performance.errors_mm[2], atol=1e-9)


@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_a_model_without_a_run_follows_the_shipped_reach(configure, model):
    performer = performer_of_config(configure(f"model={model}"))
    performance = performer.perform(0)
    assert (performer.names, performer.driver) == (["demo"], "reference")
    assert performance.errors_mm.max() < 1e-3
    assert performance.activation.shape[1] == performer.arm.na
    # Let go, it misses.
    assert performer.perform(0, [10]).errors_mm[-1].max() > 1


def test_computed_muscle_control_needs_no_run(configure):
    performer = performer_of_config(configure(), cmc=True)
    assert performer.driver == "controller"
    assert performer.perform(0).errors_mm.max() < 0.1
