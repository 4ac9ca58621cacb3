import numpy as np
import pytest

from mousearm.config import compose
from mousearm.model import load_arm
from mousearm.model_check.anatomy import (
    gyration_check,
    gyration_radii,
    landmarks_check,
    segment_length,
    triangle_check,
)


def test_segment_reaches_the_next_joint_or_the_farthest_site_or_geom(hanging):
    # Both end 10 mm from their joint, where a mass of radius 0.1 mm sits.
    for body in ("upper", "fore"):
        assert segment_length(hanging.model, hanging.model.body(body).id) == pytest.approx(0.0101)


def test_child_joints_are_found_through_a_turned_frame(build_hanging):
    # The forearm's frame lies 10 mm out and is turned by 90 degrees about z; its joint stands 5 mm along its own x.
    turned = build_hanging(
        '<body name="fore" pos="0.01 0 0"><joint name="elbow"',
        '<body name="fore" pos="0.01 0 0" euler="0 0 1.5707963"><joint name="elbow" pos="0.005 0 0"',
    )
    expected = np.hypot(0.01, 0.005)  # farther than the mass, at 10.1 mm
    assert segment_length(turned.model, turned.model.body("upper").id) == pytest.approx(expected)


def test_radius_of_gyration_of_a_sphere(hanging):
    radii = gyration_radii(hanging.model, hanging.model.body("fore").id)
    np.testing.assert_allclose(radii, 0.0001 * np.sqrt(0.4))


def test_shipped_bodies_are_possible(torque_arm):
    for check in (landmarks_check, gyration_check, triangle_check):
        assert check(torque_arm).passed, check(torque_arm)


def test_published_inertia_is_caught(published_inertia):
    arm = load_arm(compose([f"model.file={published_inertia}"]).model)
    # sqrt(9e-6 kg m2 / 0.71e-3 kg) = 0.1126 m
    radius = gyration_radii(arm.model, arm.model.body("humerus").id)
    np.testing.assert_allclose(radius, 0.1126, atol=1e-4)
    result = gyration_check(arm)
    assert not result.passed
    assert "humerus 113 mm in 1" in result.measured
    assert "The inertia of humerus belongs to a far larger body" in result.remedy


def test_published_inertia_of_the_ulna_is_caught(build_hanging):
    # sqrt(3.9e-6 / 2.4e-3) = 40.3 mm in a rod of 10.1 mm
    heavy = build_hanging(
        '<joint name="elbow" range="-2 2"/>',
        '<joint name="elbow" range="-2 2"/>'
        '<inertial pos="0.005 0 0" mass="0.0024" diaginertia="3.9e-6 3.9e-6 3.9e-6"/>',
    )
    result = gyration_check(heavy)
    assert not result.passed
    assert result.measured.startswith("3.99 of the length: fore 40.3 mm in 10.1 mm")


def test_impossible_inertia_triangle_is_caught(build_hanging):
    arm = build_hanging()
    arm.model.body_inertia[arm.model.body("fore").id] = [1e-9, 1e-9, 3e-9]  # MuJoCo's compiler would refuse it
    result = triangle_check(arm)
    assert not result.passed
    assert "1.500: fore" in result.measured


def test_millimetres_instead_of_metres_are_caught(build_hanging):
    huge = build_hanging("0.01 0 0", "10 0 0")
    result = landmarks_check(huge)
    assert not result.passed
    assert "upper arm 10000.00 mm" in result.measured
