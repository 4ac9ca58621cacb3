"""Recordings in many dialects: each gives its reach, or is refused with advice that works."""

import os

import numpy as np
import pytest
from dialects import DIALECTS, OWN, RATE, REFUSED, TRUTH, T
from tracked_files import POINTS

from mousearm.errors import MouseArmError
from mousearm.kinematics.imports import ImportOptions, import_reaches


def bring(path, case, **changes):
    """Import a file of a dialect; gives its notes and its points (T, 3, 3) [m] in OpenSim's axes."""
    options = {"points": case.points or POINTS, "axes": "x y z", **case.say, **changes}
    (item,) = import_reaches([path], path.parent / "out", ImportOptions(**options))
    (reach,) = item.reaches
    return item.text(), reach.time, reach.landmarks[:, :, [1, 2, 0]]


def written(folder, name, case):
    path = folder / f"take.{case.suffix}"
    case.write(path)
    return path


def check(case, time, points):
    """The points are those of the reach, but for what the case says."""
    first = case.gap[1] if case.gap and case.gap[0] == 0 else 0
    truth = TRUTH[first:]
    assert points.shape == truth.shape
    np.testing.assert_allclose(np.diff(time), 1 / RATE, rtol=2e-3)
    far = np.linalg.norm(points - truth, axis=-1)
    if case.gap and first == 0:
        inside = np.zeros(T, bool)
        inside[slice(*case.gap)] = True
        assert far[inside].max() < 2e-4
        far = far[~inside]
    assert far.max() <= case.far * 3**0.5


@pytest.mark.parametrize("name", DIALECTS)
def test_the_reach_of_every_dialect(tmp_path, name):
    case = DIALECTS[name]
    _, time, points = bring(written(tmp_path, name, case), case)
    check(case, time, points)


@pytest.mark.parametrize("name", REFUSED)
def test_advice_for_what_cannot_be_read(tmp_path, name):
    advice, broken, followed = REFUSED[name]
    with pytest.raises(MouseArmError) as caught:
        bring(written(tmp_path, name, broken), broken)
    assert f"take.{broken.suffix}" in str(caught.value)
    assert advice in str(caught.value)
    assert not (tmp_path / "out").exists()
    _, time, points = bring(written(tmp_path, name, followed), followed)
    check(followed, time, points)


@pytest.mark.parametrize("suffix", ["csv", "trc", "sto", "h5", "nc", "nwb", "c3d", "xyz"])
def test_what_is_no_regular_file(tmp_path, suffix):
    folder, pipe = tmp_path / f"folder.{suffix}", tmp_path / f"pipe.{suffix}"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe, tmp_path / f"missing.{suffix}"):
        with pytest.raises(MouseArmError) as caught:
            bring(path, OWN)
        assert str(path) in str(caught.value)


def test_there_are_enough():
    assert len(DIALECTS) >= 60
