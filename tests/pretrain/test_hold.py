import numpy as np
import pytest

from mousearm.pretrain.hold import RAMP, STEP

DT = 1 / 150
HOLDS = pytest.mark.parametrize("hold", [STEP, RAMP], ids=["step", "ramp"])


def transition(hold):
    """State (position, speed, acceleration) to its next value, and what the chosen acceleration adds."""
    (p0, p1), (s0, s1) = hold.position, hold.speed
    return np.array([[1, DT, p0 * DT**2], [0, 1, s0 * DT], [0, 0, 0]]), np.array([p1 * DT**2, s1 * DT, 1])


def test_a_constant_acceleration_by_hand():
    # Half of 2 s, from 1 rad at 3 rad/s with 4 rad/s2: 1 + 3 + 4 / 2 = 6 rad and 3 + 4 = 7 rad/s. That before is past.
    assert STEP.ahead(np.array(1.0), np.array(3.0), np.array(99.0), np.array(4.0), dt=2.0) == (6.0, 7.0)


def test_a_rising_acceleration_is_integrated_exactly():
    # From 2 to 8 rad/s2 in 1 s: speed 3 + 2 t + 3 t^2 is 8 at the end, position 1 + 3 t + t^2 + t^3 is 6.
    assert RAMP.ahead(np.array(1.0), np.array(3.0), np.array(2.0), np.array(8.0), dt=1.0) == (6.0, 8.0)


@HOLDS
def test_errors_die_out_as_fast_as_stated(hold):
    a, b = transition(hold)
    poles = np.linalg.eigvals(a - np.outer(b, hold.gains(DT)))
    pole = np.exp(-hold.bandwidth * DT)
    # A multiple root is found only to the root of the rounding error.
    np.testing.assert_allclose(np.sort(np.abs(poles)), [pole if hold is RAMP else 0, pole, pole], atol=1e-3)


def test_gains_of_a_held_torque_by_hand():
    # Both poles at p: (1 - p)^2 / dt^2 and (3 - 2 p - p^2) / (2 dt).
    p = np.exp(-STEP.bandwidth * DT)
    np.testing.assert_allclose(STEP.gains(DT), [(1 - p) ** 2 / DT**2, (3 - 2 * p - p**2) / (2 * DT), 0], atol=1e-9)
