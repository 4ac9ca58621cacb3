import numpy as np
import pytest

from mousearm.model import load_arm
from mousearm.pretrain.cmc import MOTOR_INTERVAL, MUSCLE_INTERVAL, Excitation
from mousearm.simulation import MujocoSimulation

DT = 1 / 150
HOLDS = pytest.mark.parametrize("hold", [MOTOR_INTERVAL, MUSCLE_INTERVAL], ids=["step", "ramp"])


def transition(hold):
    """State (position, speed, acceleration) to its next value, and what the chosen acceleration adds."""
    (p0, p1), (s0, s1) = hold.position, hold.speed
    return np.array([[1, DT, p0 * DT**2], [0, 1, s0 * DT], [0, 0, 0]]), np.array([p1 * DT**2, s1 * DT, 1])


def test_a_constant_acceleration_by_hand():
    # Half of 2 s, from 1 rad at 3 rad/s with 4 rad/s2: 1 + 3 + 4 / 2 = 6 rad and 3 + 4 = 7 rad/s. That before is past.
    assert MOTOR_INTERVAL.ahead(np.array(1.0), np.array(3.0), np.array(99.0), np.array(4.0), dt=2.0) == (6.0, 7.0)


def test_a_rising_acceleration_is_integrated_exactly():
    # From 2 to 8 rad/s2 in 1 s: speed 3 + 2 t + 3 t^2 is 8 at the end, position 1 + 3 t + t^2 + t^3 is 6.
    assert MUSCLE_INTERVAL.ahead(np.array(1.0), np.array(3.0), np.array(2.0), np.array(8.0), dt=1.0) == (6.0, 8.0)


@HOLDS
def test_errors_die_out_as_fast_as_stated(hold):
    a, b = transition(hold)
    poles = np.linalg.eigvals(a - np.outer(b, hold.gains(DT)))
    pole = np.exp(-hold.bandwidth * DT)
    # A multiple root is found only to the root of the rounding error.
    np.testing.assert_allclose(np.sort(np.abs(poles)), [pole if hold is MUSCLE_INTERVAL else 0, pole, pole], atol=1e-3)


def test_gains_of_a_held_torque_by_hand():
    # Both poles at p: (1 - p)^2 / dt^2 and (3 - 2 p - p^2) / (2 dt).
    p = np.exp(-MOTOR_INTERVAL.bandwidth * DT)
    np.testing.assert_allclose(
        MOTOR_INTERVAL.gains(DT), [(1 - p) ** 2 / DT**2, (3 - 2 * p - p**2) / (2 * DT), 0], atol=1e-9
    )


DT, N = 1 / 150, 40


@pytest.fixture(scope="module", params=["published", "uniform"])
def dynamics(request):
    """Time constants of the muscles: 15 ms up and 60 down, or more; 10 up and 40 down, which is harder to foresee."""
    return request.param


@pytest.fixture(scope="module")
def muscle_arm(configure, dynamics):
    return load_arm(configure("model=muscle", f"model.muscle_dynamics={dynamics}").model)


@pytest.fixture(scope="module")
def excitation(muscle_arm):
    return Excitation(muscle_arm, DT, muscle_arm.ctrl_range)


@pytest.fixture(scope="module")
def activation(muscle_arm):
    return np.random.default_rng(0).uniform(0, 1, (N, muscle_arm.na)) ** 2


@pytest.fixture(scope="module")
def after(muscle_arm):
    """What MuJoCo makes of activations in a control interval."""

    def after(activation, ctrl):
        simulation = MujocoSimulation(muscle_arm, N, DT, n_substeps=8, threads=1)
        everyone = np.arange(N)
        still = np.zeros((N, muscle_arm.nq))
        simulation.reset(everyone, still + muscle_arm.rest_qpos, still, activation)
        np.testing.assert_array_equal(simulation.snapshot().activation, activation)
        simulation.step(ctrl)
        return simulation.snapshot().activation

    return after


def test_controls_lead_to_the_wanted_activations(excitation, activation, after, dynamics):
    within = {"published": 0.012, "uniform": 0.02}[dynamics]
    low, high = excitation.reachable(activation)
    wanted = low + (high - low) * np.random.default_rng(1).uniform(0.02, 0.98, low.shape)
    np.testing.assert_allclose(after(activation, excitation.control(activation, wanted)), wanted, atol=within)


def test_reachable_is_what_full_controls_reach(excitation, activation, after, muscle_arm, dynamics):
    below, above = {"published": (4e-3, 0.025), "uniform": (6e-3, 0.035)}[dynamics]
    low, high = excitation.reachable(activation)
    np.testing.assert_allclose(low, after(activation, np.zeros((N, muscle_arm.nu))), atol=below)
    np.testing.assert_allclose(high, after(activation, np.ones((N, muscle_arm.nu))), atol=above)


def test_muscles_rise_fast_and_fall_slowly(excitation, muscle_arm, dynamics):
    low, high = excitation.reachable(np.full((1, muscle_arm.na), 0.3))
    assert (high > 0.5).all()
    assert (low > 0.25).all()
    slowest = {"published": ["Biceps_Long_Head"], "uniform": list(muscle_arm.actuator_names)}[dynamics]
    assert [muscle_arm.actuator_names[i] for i in np.flatnonzero(low[0] > low.max() - 1e-9)] == slowest


def test_limits_of_the_controls_are_kept(muscle_arm, activation):
    limits = np.tile([0.1, 0.6], (muscle_arm.nu, 1))
    narrow = Excitation(muscle_arm, DT, limits)
    ctrl = narrow.control(activation, np.random.default_rng(1).uniform(-1, 2, activation.shape))
    assert ctrl.min() == pytest.approx(0.1)
    assert ctrl.max() == pytest.approx(0.6)
    low, high = narrow.reachable(activation)
    whole = Excitation(muscle_arm, DT, muscle_arm.ctrl_range).reachable(activation)
    assert (low > whole[0]).all()
    assert (high < whole[1]).all()


def test_motors_follow_at_once(hanging):
    # Of the elbow's range, -0.5 to 1, a share of 0.5 is the control 0.25; limits of 0 and 1 are the shares 1/3 and 1.
    limits = np.array([[-1.0, 1.0], [0.0, 1.0]])
    motors, none = Excitation(hanging, DT, limits), np.zeros((1, 0))
    assert len(motors.muscles) == 0
    np.testing.assert_allclose(motors.control(none, np.array([[0.5, 0.5]])), [[0.0, 0.25]])
    np.testing.assert_allclose(motors.reachable(none), [[[0, 1 / 3]], [[1, 1]]])
