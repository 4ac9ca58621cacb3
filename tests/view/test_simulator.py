import numpy as np
import pytest

from mousearm.env.references import References
from mousearm.env.task import Task
from mousearm.evaluate.rollout import roll_out
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.pretrain.controllers import TaskController
from mousearm.view import Simulator, simulator_of_config
from mousearm.view.performers import driven_at


def test_the_reference_is_performed_without_error(build_simulator, swing, two_link):
    trial = build_simulator().simulate(0)
    assert (trial.name, trial.n_frames, trial.diverged) == ("long", 10, False)
    np.testing.assert_allclose(trial.qpos, swing(two_link, 10).qpos)
    np.testing.assert_allclose(trial.qpos, trial.reference)
    np.testing.assert_allclose(trial.errors_mm, 0, atol=1e-9)
    assert trial.end == pytest.approx(9 / 150)


def test_a_controller_does_what_it_does_in_evaluation(configure, demo, torque_arm):
    config = configure()

    def controlled():
        task = Task(torque_arm, References([demo]), config, 1)
        control = ComputedMuscleControl(torque_arm, task.references, config.env.control_dt, config.model.action_map)
        return task, TaskController(task, control)

    (evaluated,) = roll_out(*controlled())
    trial = Simulator(*controlled(), config.model.action_map).simulate(0)
    for name in ("qpos", "activation", "ctrl", "landmarks"):
        np.testing.assert_array_equal(getattr(trial, name), getattr(evaluated, name))
    np.testing.assert_array_equal(trial.errors_mm, evaluated.errors_mm)


@pytest.mark.parametrize(
    ("switches", "driven"),
    [([], [1, 1, 1, 1]), ([0], [0, 0, 0, 0]), ([2], [1, 1, 0, 0]), ([1, 3], [1, 0, 0, 1])],
)
def test_switches_alternate(switches, driven):
    assert [driven_at(switches, frame) for frame in range(4)] == driven


def test_an_arm_that_is_let_go_goes_on_from_where_it_is(build_simulator, hanging):
    driven = build_simulator(arm=hanging).simulate(0)
    trial = build_simulator(arm=hanging).simulate(0, [2])
    assert trial.driven.tolist() == [True, True] + [False] * (len(trial.qpos) - 2)
    np.testing.assert_array_equal(trial.qpos[:3], driven.qpos[:3])
    np.testing.assert_array_equal(trial.ctrl[3:], 0)
    # The speed of the reference, some 10 rad/s, changes by gravity, not at once.
    moved = (trial.qpos[3] - trial.qpos[2]) * 150
    speed = (driven.qpos[3] - driven.qpos[1]) * 150 / 2
    np.testing.assert_allclose(moved, speed, atol=5)


def test_it_falls_as_it_must(torque_config, follow, hanging):
    """Two masses at rest on weightless rods that lie level: at first nothing holds them, and both fall by g t^2 / 2.

    In 8 steps of the symplectic Euler method it is 9 / 8 of that.
    """
    task = Task(hanging, References([follow(hanging, np.zeros((10, 2)))]), torque_config, 1)
    trial = Simulator(task, None, "direct").simulate(0, [0])
    fallen = trial.landmarks[0, 1:, 2] - trial.landmarks[1, 1:, 2]
    np.testing.assert_allclose(fallen, 9 / 8 * 10 / 150**2 / 2, rtol=0.01)


def test_controls_at_rest_are_the_nearest_to_none(build_simulator, build_two_link, still):
    arm = build_two_link(
        'name="elbow" joint="elbow" gear="1e-5" ctrlrange="-1 1"',
        'name="elbow" joint="elbow" gear="1e-5" ctrlrange="0.2 1"',
    )
    trial = build_simulator(still([1.0, 1.0]), arm).simulate(0, [4])
    np.testing.assert_allclose(trial.ctrl[1:5], 1.0)
    np.testing.assert_allclose(trial.ctrl[5:], [[0.0, 0.2]] * (len(trial.ctrl) - 5), atol=1e-12)


def test_the_network_goes_on_seeing_while_it_does_not_drive(build_simulator, still):
    controller = still([0.5, -0.5])
    trial = build_simulator(controller).simulate(0, [3, 5])
    assert controller.n_seen == len(trial.qpos) - 1
    np.testing.assert_allclose(trial.ctrl[[3, 4, 5, 6]], [[0.5, -0.5], [0, 0], [0, 0], [0.5, -0.5]])


def test_what_follows_a_switch_is_long_enough_to_see(build_simulator):
    trial = build_simulator().simulate(1, [5])
    assert trial.n_frames == 6
    assert len(trial.qpos) == 5 + 60 + 1  # 0.4 s at 150 frames per second
    np.testing.assert_array_equal(trial.at(trial.end).targets, trial.targets[5])


def test_a_trial_does_not_depend_on_those_before(build_simulator, still):
    simulator = build_simulator(still([0.3, 0.1]))
    first = simulator.simulate(0, [4])
    simulator.simulate(1)
    np.testing.assert_array_equal(simulator.simulate(0, [4]).qpos, first.qpos)


@pytest.mark.usefixtures("quiet_log")
def test_a_trial_ends_where_the_simulation_comes_apart(build_simulator, explosive, still):
    trial = build_simulator(still([0.0, 1.0]), explosive).simulate(0)
    assert trial.diverged
    assert 1 <= len(trial.qpos) < 10
    assert np.isfinite(trial.qpos).all()


def test_between_frames_moments_are_linear(build_simulator):
    trial = build_simulator().simulate(0, [4])
    moment = trial.at(3.25 / 150)
    np.testing.assert_allclose(moment.qpos, 0.75 * trial.qpos[3] + 0.25 * trial.qpos[4])
    assert moment.driven
    assert not trial.at(4 / 150).driven
    assert trial.at(-1).time == 0
    assert trial.at(99).time == pytest.approx(trial.end)
    np.testing.assert_allclose(trial.at(2 / 150).errors_mm, trial.errors_mm[2], atol=1e-9)


@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_a_model_without_a_run_follows_the_shipped_reach(configure, model):
    simulator = simulator_of_config(configure(f"model={model}"))
    trial = simulator.simulate(0)
    assert (simulator.names, simulator.driver) == (["demo"], "reference")
    assert trial.errors_mm.max() < 1e-3
    assert trial.activation.shape[1] == simulator.arm.na
    # Let go, it misses.
    assert simulator.simulate(0, [10]).errors_mm[-1].max() > 1


def test_computed_muscle_control_needs_no_run(configure):
    simulator = simulator_of_config(configure(), controller="cmc")
    assert simulator.driver == "controller"
    assert simulator.simulate(0).errors_mm.max() < 0.1
