from pathlib import Path

import numpy as np
import pytest

from mousearm.config import compose
from mousearm.model import load_arm
from mousearm.model.muscles import optimal_and_slack
from mousearm.model_check.anatomy import (
    describe_arm,
    gyration_check,
    landmarks_check,
    segment_extents,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "model.md"


def rows(text, first):
    """Cells of the first row that begins with a word."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {first} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_segment_reaches_the_next_joint_or_the_farthest_site_or_geom(hanging):
    # Both end 10 mm from their joint, where a mass of radius 0.1 mm sits.
    for body in ("upper", "fore"):
        assert segment_extents(hanging.model)[hanging.model.body(body).id] == pytest.approx(0.0101)


def test_child_joints_are_found_through_a_turned_frame(build_hanging):
    # The forearm's frame lies 10 mm out and is turned by 90 degrees about z; its joint stands 5 mm along its own x.
    turned = build_hanging(
        '<body name="fore" pos="0.01 0 0"><joint name="elbow"',
        '<body name="fore" pos="0.01 0 0" euler="0 0 1.5707963"><joint name="elbow" pos="0.005 0 0"',
    )
    expected = np.hypot(0.01, 0.005)  # farther than the mass, at 10.1 mm
    assert segment_extents(turned.model)[turned.model.body("upper").id] == pytest.approx(expected)


def test_radius_of_gyration_of_a_sphere(hanging):
    # sqrt(0.4) of its radius, 0.1 mm, about its middle; both segments end 10.1 mm from their joint.
    assert gyration_check(hanging).measured == "0.01 of the length: upper 0.0632 mm in 10.1 mm"


def test_shipped_bodies_are_possible(torque_arm):
    for check in (landmarks_check, gyration_check):
        assert check(torque_arm).passed, check(torque_arm)


def test_published_inertia_is_caught(published_inertia):
    arm = load_arm(compose([f"model.file={published_inertia}"]).model)
    result = gyration_check(arm)
    assert not result.passed
    assert "humerus 113 mm in 1" in result.measured  # sqrt(9e-6 kg m2 / 0.71e-3 kg) = 0.1126 m
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


def test_inertias_that_no_mass_has_are_refused_by_mujoco(build_hanging):
    hinge = '<joint name="elbow" range="-2 2"/>'
    for scale in ("-9", "-15"):
        inertial = f'<inertial pos="0 0 0" mass="1e-4" diaginertia="2e{scale} 2e{scale} 6e{scale}"/>'
        with pytest.raises(ValueError, match="must satisfy A"):
            build_hanging(hinge, hinge + inertial)


def test_millimetres_instead_of_metres_are_caught(build_hanging):
    huge = build_hanging("0.01 0 0", "10 0 0")
    result = landmarks_check(huge)
    assert not result.passed
    assert "upper arm 10000.00 mm" in result.measured


def test_the_two_link_arm(two_link):
    text = describe_arm(two_link)
    # Ranges of 1.5 and 2 rad; both hinges turn about z.
    assert rows(text, "shoulder")[:5] == ["shoulder", "upper", "hinge", "-85.9 to 85.9 °", "0.0 °"]
    assert rows(text, "elbow")[5] == "0.000, 0.000, 1.000"
    # A capsule of radius 1 mm and 10 mm between the middles of its caps, 1000 kg/m3: pi (10 + 4/3) mg.
    assert rows(text, "fore")[1:3] == ["11.00", f"{np.pi * (10 + 4 / 3):.1f}"]
    assert "| elbow    | -1 to 1 |                  1e-05 |" in text
    assert "muscle" not in text


def test_a_slide_is_given_in_millimetres(build_two_link):
    arm = build_two_link('name="shoulder" range="-1.5 1.5"', 'name="shoulder" type="slide" range="-0.002 0.002"')
    assert rows(describe_arm(arm), "shoulder")[2:5] == ["slide", "-2.0 to 2.0 mm", "0.0 mm"]


def test_published_lengths_come_out(muscle_arm):
    optimal, slack = optimal_and_slack(muscle_arm)
    index = muscle_arm.actuator_names.index("Biceps_Long_Head")
    # As published: optimal fibre length 14.8953 mm, tendon slack length 0.35048 mm, pennation 0.1 rad. Along the tendon
    # that is a fibre of 14.8953 / cos 0.1, and at its optimum a muscle of 0.35048 + 14.8953 cos 0.1.
    np.testing.assert_allclose(optimal[index], 0.0148953 / np.cos(0.1), atol=1e-7)
    np.testing.assert_allclose(slack[index] + optimal[index], 0.00035048 + 0.0148953 * np.cos(0.1), atol=1e-7)
    cells = rows(describe_arm(muscle_arm), "Biceps_Short_Head")
    # It runs from the humerus to the ulna: the elbow is the only joint that it crosses.
    assert [bool(cell) for cell in cells[5:]] == [False, False, False, True, False, False]


def test_the_documented_tables_are_those_of_the_shipped_models(muscle_arm, torque_arm):
    document = DOCUMENT.read_text(encoding="utf-8")
    for table in [*describe_arm(muscle_arm).split("\n\n"), describe_arm(torque_arm).split("\n\n")[-1]]:
        assert table in document, f"docs/model.md is not up to date: python scripts/describe_model.py gives\n{table}"
