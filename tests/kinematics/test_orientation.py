"""Wrong axes and sides: every way to turn a recording by right angles, laws, and no false alarms."""

import re
from itertools import permutations, product

import numpy as np
import pytest

from mousearm.kinematics import generate, read_reaches
from mousearm.kinematics.imports.conversion import read_axes, to_metres
from mousearm.kinematics.orientation import BODY, find_orientation
from mousearm.paths import resolve

TURNS = [
    np.array(signs)[:, None] * np.eye(3)[list(order)]
    for order in permutations(range(3))
    for signs in product((1.0, -1.0), repeat=3)
]
MIRROR = np.diag([1.0, 1.0, -1.0])


@pytest.fixture(scope="module")
def shipped():
    """The synthetic reaches of the package: shoulder, elbow, paw (T, 3, 3) of each."""
    return [reach.landmarks for reach in read_reaches(resolve("package:synthetic", "kinematics/data"))]


def turned(points, turn):
    """The same reach in other axes: a matrix on (forward, up, right)."""
    result = np.empty_like(points)
    result[..., BODY] = points[..., BODY] @ turn.T
    return result


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: "".join(f"{int(x):+d}"[:2] for x in turn[turn != 0]))
def test_a_folder_that_is_turned_is_suspicious_and_the_right_way_is_found(shipped, turn):
    found = find_orientation([turned(points, turn) for points in shipped])
    np.testing.assert_array_equal(found.turn @ turn, np.eye(3))
    is_right = np.array_equal(turn, np.eye(3))
    assert found.suspicious.tolist() == [not is_right] * len(shipped)
    assert bool(found.evidence) is not is_right


def test_each_rotation_of_a_single_reach_is_found(shipped):
    for points in shipped:
        for turn in (turn for turn in TURNS if np.linalg.det(turn) > 0):
            found = find_orientation([turned(points, turn)])
            is_right = np.array_equal(turn, np.eye(3))
            assert found.suspicious.tolist() == [not is_right]
            if not is_right:  # up to left and right, which one synthetic reach in a hundred does not tell
                assert any(np.array_equal(side @ found.turn @ turn, np.eye(3)) for side in (np.eye(3), MIRROR))


@pytest.mark.parametrize(("rate", "n"), [(60, 200), (150, 200), (1000, 40)])
def test_synthetic_reaches_as_they_are_raise_no_doubt(torque_arm, rate, n):
    rng = np.random.default_rng(rate)
    reaches = [reach.landmarks for reach in generate(torque_arm, n, seed=17 + rate, dt=1 / rate)]
    noisy = [points + rng.normal(0, 0.3e-3, points.shape) for points in reaches]
    for recorded in (reaches, noisy):
        assert not any(find_orientation([points]).suspicious[0] for points in recorded)
        assert not find_orientation(recorded).suspicious.any()


def test_one_reach_that_is_turned_among_others_is_the_one(shipped):
    wrong = turned(shipped[1], read_axes("y z x"))
    found = find_orientation([shipped[0], wrong, *shipped[2:]])
    assert np.flatnonzero(found.suspicious).tolist() == [1]
    np.testing.assert_array_equal(found.turn, read_axes("y z x").T)


def test_size_and_place_of_an_animal_do_not_matter(shipped):
    for change in (lambda points: 2 * points, lambda points: points + 0.1):
        found = [find_orientation([turned(change(shipped[0]), turn)]).suspicious[0] for turn in TURNS]
        assert found == [find_orientation([turned(shipped[0], turn)]).suspicious[0] for turn in TURNS]


def test_joints_that_leave_the_range_of_recorded_reaches_count(shipped):
    doubtful = turned(shipped[0], MIRROR)
    assert [find_orientation([points], [1.0]).suspicious[0] for points in (shipped[0], doubtful)] == [False, True]


def test_nothing_is_found_in_nothing():
    found = find_orientation([])
    assert (len(found.suspicious), found.evidence) == (0, "")


def test_the_options_turn_the_file_the_right_way(shipped):
    """A file in any right-handed axes, imported with any others and either side: the options told are right."""
    rng = np.random.default_rng(0)
    rotations = [turn for turn in TURNS if np.linalg.det(turn) > 0]
    for arm in ("right", "left"):
        for _ in range(20):
            calibration, axes = rotations[rng.integers(24)], rotations[rng.integers(24)]
            side = ("right", "left")[rng.integers(2)]
            body = [points[..., BODY] @ (MIRROR if arm == "left" else np.eye(3)) for points in shipped[:5]]
            file = [points @ calibration for points in body]  # what a camera's axes make of it
            imported = [points @ axes.T @ (MIRROR if side == "left" else np.eye(3)) for points in file]
            given = find_orientation([points[..., [2, 0, 1]] for points in imported]).options(axes, side)
            told = re.fullmatch(r"--axes '(.+?)'(?: --side (right|left))?", given)
            assert told is not None
            assert (told[2] == "left") == (arm == "left")
            assert told[2] or side == "right"
            right = to_metres(file[0], "m", read_axes(told[1]), told[2] or "right")
            np.testing.assert_allclose(right, shipped[0][..., BODY], atol=1e-12)
