import numpy as np
import pytest

from mousearm.mechanics import random_poses
from mousearm.model_check.muscles import FibreLengths, fibre_check, fibre_lengths, pull_check


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
