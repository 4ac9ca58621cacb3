"""What EMG, a level of co-contraction and weights of single muscles do to the cost of a reach."""

import numpy as np
import pytest
from test_solver import Mass, Muscle

from mousearm.emg.envelope import EmgTarget
from mousearm.errors import ConfigError, UnknownNameError
from mousearm.optimal.cost import Cost, Effort, with_electrodes, with_emg
from mousearm.optimal.solver import solve
from mousearm.optimal.system import Remembering
from mousearm.optimal.trajectories import actuator_factors

FRAMES = np.array([4])


def target(values, signal="activation"):
    """EMG of one muscle in a channel."""
    return EmgTarget(np.array(values, dtype=float)[None, :, None], np.ones((1, 1)), ("one",), signal)


def cost_of(weight, w_emg, emg, **more):
    plain = Cost(np.zeros((1, 4, 1)), FRAMES, Effort(np.array([weight]), np.array([-1]), **more))
    return with_emg(plain, emg, w_emg)


def test_emg_costs_its_weight_times_squared_differences_where_it_is_known():
    emg = target([9, 0.5, np.nan, 0.25])
    system = with_electrodes(Muscle(), emg, 4.0, 3)
    state = np.zeros((1, 3))
    state[0, 2] = 0.75  # activation
    np.testing.assert_allclose(system.begin(state), [[0, 1.5]])  # the root of 4 times it
    states, measured = np.zeros((1, 4, 3)), np.zeros((1, 4, 2))
    states[0, :, 2] = measured[0, :, 1] = [0.7, 0.75, 0.9, 0.75]
    measured[0, :, 1] *= 2
    # Frame 0 does not count, nor what is not known: 4 (0.25^2 + 0.5^2). Effort: 3 controls of 1, 0.8 above the level.
    cost = cost_of(0.0, 4.0, emg)(states, np.ones((1, 3, 1)), measured)
    assert cost == pytest.approx([1.25])
    level = cost_of(1.0, 4.0, emg, level=np.array([0.2]))(states, np.ones((1, 3, 1)), measured)
    assert level == pytest.approx([1.25 + 3 * 0.64])


@pytest.mark.parametrize("signal", ["activation", "excitation"])
def test_muscles_follow_emg_when_nothing_else_counts(signal):
    """Errors of the position cost nothing, for they have no target."""
    asked = target([np.nan, 0.3, 0.6, 0.4], signal)
    system = Muscle() if signal == "activation" else Remembering(Muscle())
    n = 3 if signal == "activation" else 4
    cost = Cost(np.full((1, 4, 1), np.nan), FRAMES, Effort(np.array([1e-9]), np.array([-1])))
    measuring, cost = with_electrodes(system, asked, 1.0, n), with_emg(cost, asked, 1.0)
    found = solve(measuring, cost, np.zeros((1, n)), np.zeros((1, 3, 1)))
    done = found.state[0, 1:, 2] if signal == "activation" else found.ctrl[0, :, 0]
    # An activation falls by a tenth a step at most: a that makes (a - 0.6)^2 + (0.9 a - 0.4)^2 least is 0.96 / 1.81.
    expected = [0.3, 0.96 / 1.81, 0.864 / 1.81] if signal == "activation" else [0.3, 0.6, 0.4]
    np.testing.assert_allclose(done, expected, atol=2e-3)


def test_a_level_is_what_controls_fall_to_and_derivatives_know_it():
    cost = Cost(np.full((1, 4, 1), np.nan), FRAMES, Effort(np.array([1.0]), np.array([-1]), level=np.array([0.25])))
    found = solve(Mass(), cost, np.zeros((1, 2)), np.zeros((1, 3, 1)))
    np.testing.assert_allclose(found.ctrl, 0.25, atol=1e-6)


def test_weights_of_muscles_are_named_and_what_is_no_weight_is_refused(muscle_arm):
    arm = muscle_arm
    factors = actuator_factors(arm, ["Anconeus:3", "Brachioradialis:0"])
    assert (factors[arm.actuator_names.index("Anconeus")], factors.sum()) == (3, arm.nu + 1)
    with pytest.raises(ConfigError, match=r"Write it as optimal.muscle_weights=\[(.*)\]") as refused:
        actuator_factors(arm, ["Anconeus=3"])
    assert actuator_factors(arm, [str(refused.value).partition("[")[2].partition("]")[0]]).sum() == arm.nu + 1
    for wrong in ("Anconeus:-1", "Anconeus:nan", "Anconeus:inf", ":2"):
        with pytest.raises(ConfigError):
            actuator_factors(arm, [wrong])
    with pytest.raises(UnknownNameError):
        actuator_factors(arm, ["Anconeo:3"])
