import numpy as np
import pytest

from mousearm.mechanics import random_poses
from mousearm.model_check.muscles import Jump, paths_check, sweep


def test_a_straight_path_does_not_jump(cable):
    # Length 20 sin(pi / 4 - q / 2) mm, changing by 10 cos(pi / 4 - q / 2) mm per rad; from q = -3 to 1 the fastest is
    # 9.6 mm per rad at 1 (5.62 mm long), and the longest is 20 mm at -pi / 2.
    jump = sweep(cable, np.array([[0.0, 0.0]]))
    assert jump.finite
    assert jump.raw[0] == pytest.approx(0.0096 * np.deg2rad(0.5), rel=0.01)
    assert jump.unexplained[0] < 1e-4 * jump.raw[0]
    assert jump.span[0] == pytest.approx(0.02 - 0.00562, rel=1e-2)


def test_a_smaller_step_leaves_less_unexplained(muscle_arm):
    bases = random_poses(muscle_arm, 1, 0)
    coarse, fine = (sweep(muscle_arm, bases, np.deg2rad(degrees)) for degrees in (2.0, 0.5))
    assert np.median(fine.unexplained / coarse.unexplained) < 0.1


def test_shipped_paths_pass(muscle_arm, torque_arm):
    for arm in (muscle_arm, torque_arm):
        result = paths_check(arm, sweep(arm, random_poses(arm, 2, 0)))
        assert result.passed, result


def test_a_point_that_enters_its_wrap_surface_is_caught(build_hanging):
    # The path's end swings through a sphere that the path bends around: outside it wraps, inside it goes straight.
    jumping = build_hanging(
        '<motor name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1"/>',
        '<muscle name="lift" tendon="lift" force="0.1" lengthrange="0.005 0.015" range="0.5 1.5" ctrlrange="0 1"/>',
        '<body name="upper">',
        '<site name="above" pos="0 0 0.01"/><geom name="ball" size="0.004" pos="0.007 0 0.007" mass="0"/>'
        '<site name="ballside" pos="0.0015 0 0.0015"/>'
        '<body name="upper"><site name="end" pos="0.01 0 0"/>',
        "<actuator>",
        '<tendon><spatial name="lift"><site site="above"/><geom geom="ball" sidesite="ballside"/><site site="end"/>'
        "</spatial></tendon><actuator>",
    )
    result = paths_check(jumping, sweep(jumping, np.zeros((1, 2))))
    assert not result.passed
    assert "lift over shoulder" in result.measured


def test_motors_have_no_paths(torque_arm):
    result = paths_check(torque_arm, sweep(torque_arm, torque_arm.rest_qpos[None]))
    assert result.passed
    assert result.measured == "no paths, only actuators at joints"


def test_moment_arms_that_are_not_finite_are_caught(torque_arm):
    zeros = np.zeros(torque_arm.nu)
    jump = Jump(zeros, zeros, zeros + 1, zeros.astype(int), finite=False)
    result = paths_check(torque_arm, jump)
    assert not result.passed
    assert "some are not finite" in result.measured
