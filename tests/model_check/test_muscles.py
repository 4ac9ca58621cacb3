import numpy as np
import pytest

from mousearm.mechanics import random_poses
from mousearm.model_check.muscles import (
    FibreLengths,
    Jump,
    fibre_check,
    fibre_lengths,
    paths_check,
    pull_check,
    sweep,
)


def test_fibre_length_of_a_known_path(cable):
    # lengthrange 5 to 15 mm for range 0.5 to 1.5: l0 = 10 mm, no slack. Path 10 sqrt 2 mm at q = 0, 20 mm at -90 deg.
    fibres = fibre_lengths(cable, np.array([[0.0, 0.0], [-np.pi / 2, 0.0]]))
    assert fibres.names == ["lift"]
    np.testing.assert_allclose(fibres.lengths[:, 0], [np.sqrt(2), 2])
    np.testing.assert_allclose(fibres.active, [[0.5, 1.6]])
    assert fibres.outside() == pytest.approx([0.5])


def test_a_muscle_that_hardly_works_is_caught():
    lengths = np.array([[1.0, 2.0], [1.0, 0.1], [1.0, 1.0]])
    result = fibre_check(FibreLengths(["good", "bad"], lengths, np.array([[0.5, 1.6], [0.5, 1.6]])))
    assert not result.passed
    assert "66.7 % of poses: bad (0.10 to 2.00 l0)" in result.measured


def test_published_muscles_pull_within_their_range(muscle_arm):
    poses = random_poses(muscle_arm, 30, 0)
    assert pull_check(muscle_arm, poses).passed
    assert fibre_check(fibre_lengths(muscle_arm, poses)).passed


def test_a_pushing_cable_is_caught(build_hanging):
    pushing = build_hanging(
        '<motor name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1"/>',
        '<motor name="shoulder" tendon="lift" ctrlrange="0 1"/>',
        '<body name="upper">',
        '<site name="above" pos="0 0 0.01"/><body name="upper"><site name="end" pos="0.01 0 0"/>',
        "<actuator>",
        '<tendon><spatial name="lift"><site site="above"/><site site="end"/></spatial></tendon><actuator>',
    )
    result = pull_check(pushing, np.zeros((1, 2)))
    assert not result.passed
    assert "100 % of the peak force: shoulder" in result.measured.replace("1e+02", "100")


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


def test_what_acts_on_a_site_has_no_path(build_hanging):
    arm = build_hanging("<actuator>", '<actuator><motor site="paw" gear="0 0 1 0 0 0" ctrlrange="-1 1"/>')
    assert paths_check(arm, sweep(arm, np.zeros((1, 2)))).passed


def test_motors_have_no_paths(torque_arm):
    result = paths_check(torque_arm, sweep(torque_arm, torque_arm.rest_qpos[None]))
    assert result.passed
    assert result.measured == "no paths, only actuators at joints, sites or bodies"


def test_moment_arms_that_are_not_finite_are_caught(torque_arm):
    zeros = np.zeros(torque_arm.nu)
    jump = Jump(zeros, zeros, zeros + 1, zeros.astype(int), finite=False)
    result = paths_check(torque_arm, jump)
    assert not result.passed
    assert "some are not finite" in result.measured
