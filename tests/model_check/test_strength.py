import numpy as np
import pytest

from mousearm.mechanics import Motion, motions_of, random_poses
from mousearm.model_check.strength import (
    Strength,
    gravity_check,
    gravity_strength,
    reach_checks,
    strength,
    strength_table,
)

DT = 1 / 150
GEAR = '<motor name="shoulder" joint="shoulder" gear="1e-4"'


def test_margin_is_available_over_needed(hanging):
    # Stretched: shoulder 5e-5 of 1e-4 N m, elbow 2e-5 of 1e-4 N m.
    found = gravity_strength(hanging, np.zeros((1, 2)))
    np.testing.assert_allclose(found.margins(), [[2, 5]])
    np.testing.assert_allclose(found.relative_residual(), 0, atol=1e-4)


def test_margin_looks_in_the_needed_direction(hanging):
    # Turned over, the arm needs -5e-5 and -2e-5; the elbow's motor gives only -0.5e-4 that way.
    found = gravity_strength(hanging, np.array([[np.pi, 0.0]]))
    np.testing.assert_allclose(found.margins(), [[2, 2.5]])


def test_a_joint_that_needs_nothing_has_no_margin():
    needed = np.array([[1e-5, 0.0], [1e-9, 0.0]])
    found = Strength(needed, np.full((2, 2, 2), 3e-5), np.zeros((2, 2)))
    np.testing.assert_allclose(found.margins(), [[3, np.inf], [np.inf, np.inf]])


def test_a_missing_antagonist_has_no_margin():
    available = np.array([[[0.0, 5.0]], [[0.0, 5.0]]])
    found = Strength(np.array([[1.0], [-1.0]]), available, np.zeros((2, 1)))
    np.testing.assert_allclose(found.margins(), [[5], [0]])


def test_too_weak_motors_fail(build_hanging):
    weak = build_hanging(GEAR, GEAR.replace("1e-4", "1e-5"))  # gives a fifth of the 5e-5 N m that it needs
    still = Motion(*np.zeros((3, 4, 2)))
    found = strength(weak, still)
    alone, together = reach_checks(weak, found)
    assert not alone.passed
    assert alone.measured == "available / needed 0.20: shoulder"
    assert not together.passed
    assert together.measured == "residual 80 % of the largest need: shoulder (100 % of frames over the limit)"


def test_joints_that_cannot_be_held_fail(build_hanging):
    weak = build_hanging(GEAR, GEAR.replace("1e-4", "1e-5"))
    result = gravity_check(weak, gravity_strength(weak, random_poses(weak, 100, 0)))
    assert not result.passed
    assert result.measured.endswith("% of poses: shoulder")


def test_joints_that_are_strong_alone_may_be_too_weak_together(build_hanging):
    # One motor drives both joints through a fixed tendon with equal coefficients: 5e-5 and 2e-5 cannot both be met.
    coupled = build_hanging(
        '<motor name="elbow" joint="elbow" gear="1e-4" ctrlrange="-0.5 1"/>',
        "",
        GEAR,
        '<motor name="both" tendon="both" gear="1e-4"',
        "<actuator>",
        '<tendon><fixed name="both"><joint joint="shoulder" coef="1"/><joint joint="elbow" coef="1"/></fixed></tendon>'
        "<actuator>",
    )
    found = gravity_strength(coupled, np.zeros((1, 2)))
    assert [result.passed for result in reach_checks(coupled, found)] == [True, False]


@pytest.mark.parametrize("name", ["torque_arm", "muscle_arm"])
def test_shipped_arms_are_strong_enough(name, request, demo):
    arm = request.getfixturevalue(name)
    reaches = strength(arm, motions_of([demo.qpos, demo.qpos], DT))
    gravity = gravity_strength(arm, random_poses(arm, 100, 0))
    assert len(reaches.needed) == 2 * len(demo.paw)
    for result in (*reach_checks(arm, reaches), gravity_check(arm, gravity)):
        assert result.passed, result
    table = strength_table(arm, reaches, gravity).splitlines()
    assert [line.split()[0] for line in table[2:8]] == [line.split()[0] for line in table[11:]] == [*arm.joint_names]
