import re

import numpy as np
import pytest

from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach


def arrays(n_frames=5):
    """An arm of 12 and 14 mm: the upper arm along y, the forearm along x, the paw moving along z by 1 mm a frame."""
    shoulder = np.tile([-0.015, 0.017, 0.008], (n_frames, 1))
    elbow = shoulder + np.array([0, 0.012, 0])
    paw = elbow + np.column_stack([np.full(n_frames, 0.014), np.zeros(n_frames), 0.001 * np.arange(n_frames)])
    return {"time": np.arange(n_frames) * 0.01, "paw": paw, "elbow": elbow, "shoulder": shoulder}


def refused(text, **changes):
    with pytest.raises(KinematicsError, match=re.escape(text)):
        Reach("r", **(arrays() | changes))


def test_properties_by_hand():
    reach = Reach("r", **arrays())
    assert reach.n_frames == 5
    assert reach.duration == pytest.approx(0.04)  # 4 intervals of 10 ms
    assert reach.rate == pytest.approx(100)
    assert reach.upper_arm_length == pytest.approx(0.012)
    # Forearm lengths are sqrt(14^2 + k^2) mm for k = 0..4; the median is that of k = 2: sqrt(200) mm.
    assert reach.forearm_length == pytest.approx(np.sqrt(200) * 1e-3)


def test_rate_is_of_the_median_interval():
    assert Reach("r", **(arrays() | {"time": [0, 0.01, 0.02, 0.03, 0.07]})).rate == pytest.approx(100)


def test_arrays_are_copies_that_cannot_be_written():
    given = arrays()
    reach = Reach("r", **given)
    given["paw"][0, 0] = 7
    assert reach.paw[0, 0] != 7
    for array in (reach.time, reach.paw, reach.elbow, reach.shoulder):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_lists_are_accepted():
    assert Reach("r", **{name: array.tolist() for name, array in arrays().items()}).paw.shape == (5, 3)


@pytest.mark.parametrize("name", ["", "  ", 3])
def test_name_is_needed(name):
    with pytest.raises(KinematicsError, match="needs a name"):
        Reach(name, **arrays())


def test_shapes():
    refused("reach 'r': time has the shape (5, 1); it must be (T,).", time=np.zeros((5, 1)))
    refused("paw has the shape (4, 3); with 5 times it must be (5, 3).", paw=arrays(4)["paw"])
    refused("elbow has the shape (5, 2)", elbow=np.zeros((5, 2)))
    refused("shoulder is not an array of numbers", shoulder="where?")


def test_fewer_than_three_frames():
    with pytest.raises(KinematicsError, match="2 frames; a reach needs at least 3"):
        Reach("r", **arrays(2))
    assert Reach("r", **arrays(3)).n_frames == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    # Axis 0 of MuJoCo is z of the file, axis 1 is x, axis 2 is y.
    ("field", "axis", "column"),
    [("paw", 0, "paw_z"), ("elbow", 1, "elbow_x"), ("shoulder", 2, "shoulder_y")],
)
def test_not_finite(field, axis, column, value):
    broken = arrays()[field]
    broken[3, axis] = value
    refused(f"reach 'r', frame 4, column {column}: {value} is not a finite number", **{field: broken})


def test_time_not_finite():
    refused("frame 2, column time: nan is not a finite number", time=[0, np.nan, 0.02, 0.03, 0.04])


def test_time_must_increase():
    refused("frame 3, column time: time repeats: 0.01 s follows 0.01 s", time=[0, 0.01, 0.01, 0.02, 0.03])
    refused("frame 4, column time: time goes back: 0.005 s follows 0.02 s", time=[0, 0.01, 0.02, 0.005, 0.03])


def test_vanished_segment():
    swapped = arrays()["elbow"]
    swapped[1] = arrays()["paw"][1] + [5e-5, 0, 0]
    refused("reach 'r', frame 2: the forearm is 0.05 mm long, so it has no direction", elbow=swapped)
    refused("frame 1: the upper arm is 0 mm long", elbow=arrays()["shoulder"])


@pytest.mark.parametrize(
    ("factor", "hint"),
    [
        (1e3, "looks like millimetres: divide the positions by 1000"),
        (1e2, "looks like centimetres: divide the positions by 100"),
        (2e4, "looks like pixels"),
        (10, "too long for a mouse"),
        (1e-3, "too short for a mouse; were metres divided by 1000"),
    ],
)
def test_units(factor, hint):
    scaled = {name: array * factor for name, array in arrays().items() if name != "time"}
    refused(hint, **scaled)


@pytest.mark.parametrize("factor", [0.2, 1, 4])
def test_lengths_of_small_and_large_arms_pass(factor):
    scaled = {name: array * factor for name, array in arrays().items() if name != "time"}
    assert Reach("r", **(arrays() | scaled)).upper_arm_length == pytest.approx(0.012 * factor)


def test_far_from_the_origin():
    moved = {name: arrays()[name] + [0, 0, 3] for name in ("paw", "elbow", "shoulder")}
    # |(-0.001, 0.029, 3.008)| = 3.008 m
    refused("frame 1: the shoulder is 3.008 m from the origin", **moved)
