"""Recordings that are opened again: with their arm, in a player, in a film, and moved to another machine."""

import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from mousearm.errors import ConfigError, RecordingError
from mousearm.files import write_text
from mousearm.paths import resolve
from mousearm.record import Recording, record
from mousearm.record.files import seal_recording, write_hdf5
from mousearm.record.filming import film_runs
from mousearm.record.opened import open_recording
from mousearm.text import NO_VALUE
from mousearm.view import Playback, performer_of_recording
from mousearm.view.playback import status_text


def written(recording, path):
    write_hdf5(recording.reaches, recording.about, path)
    return path


@pytest.fixture(scope="module")
def agent(build_agent):
    return build_agent(only="demo")


@pytest.fixture(scope="module")
def recording(agent):
    return record(agent)


@pytest.fixture(scope="module")
def file(recording, tmp_path_factory):
    return written(recording, tmp_path_factory.mktemp("opened") / "it.h5")


def test_its_arm_and_its_trials_are_those_that_were_recorded(file, agent):
    opened, ((_, (trial,))) = open_recording(file), agent.evaluate()
    assert (opened.names, opened.scale) == (["demo"], agent.evaluator.scale)
    assert opened.arm.source == agent.arm.source
    for name in ("landmarks", "targets", "qpos", "qvel", "ctrl"):
        np.testing.assert_array_equal(getattr(opened.trial(0), name), getattr(trial, name))


def test_a_player_shows_it_and_lets_the_arm_fall(file):
    player = performer_of_recording(file)
    as_it_was, again, fallen = (player.simulate(0, switches) for switches in ([], [5, 5], [5]))
    n = len(as_it_was)
    np.testing.assert_array_equal(again.qpos[:n], as_it_was.qpos)  # MuJoCo does it again from there, to the bit
    np.testing.assert_array_equal(fallen.qpos[:6], as_it_was.qpos[:6])
    assert (fallen.ctrl[6:] == 0).all()
    assert (fallen.driven[:5].all(), fallen.driven[5:].any()) == (True, False)


@pytest.mark.slow
def test_a_point_to_go_to_has_neither_an_elbow_nor_poses(recording, tmp_path):
    """Nothing is drawn or said of what is not known."""
    (reach,) = recording.reaches
    target, poses = (reach.signals[name].values.copy() for name in ("target", "reference_qpos"))
    target[:, 0], poses[:] = np.nan, np.nan
    known = {"target": target, "reference_qpos": poses}
    signals = {**reach.signals, **{name: replace(reach.signals[name], values=of) for name, of in known.items()}}
    path = written(Recording([replace(reach, signals=signals)], recording.about), tmp_path / "point.h5")
    lines = status_text(Playback(performer_of_recording(path)))
    assert (lines["elbow error"], lines["paw error"][-3:]) == (NO_VALUE, " mm")
    film = film_runs([path], tmp_path / "point.gif", slowmo=1, fps=5, size=(96, 72))
    assert film.stat().st_size > 0


def test_an_arm_of_ones_own_lies_beside_it(build_agent, tmp_path, monkeypatch):
    """No path of the machine is in the file; elsewhere the model is looked for beside the recording, by its hash."""
    (home := tmp_path / "home_of_somebody").mkdir()
    for name in ("torque.xml", "forelimb.xml"):
        shutil.copy(resolve(f"package:{name}", "model"), home)
    mine = build_agent(f"model.file={home}/torque.xml", only="demo")
    (there := tmp_path / "there").mkdir()
    path = written(record(mine), there / "mine.h5")
    assert b"home_of_somebody" not in path.read_bytes()
    with pytest.raises(RecordingError) as refused:
        open_recording(path)
    assert "beside the recording; or, of an arm that" in str(refused.value)
    for name in ("torque.xml", "forelimb.xml"):
        shutil.copy(home / name, there)
    assert open_recording(path).arm.nq == mine.arm.nq
    write_text(there / "torque.xml", (there / "torque.xml").read_text() + "<!-- -->\n")
    with pytest.raises(RecordingError, match="another one is here"):
        open_recording(path)


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        (None, "Record again to look at it, or "),
        ("{", "Record again to look at it, or "),
        ('{"model": {"file": "../x.xml"}, "files": {}, "retarget": "segments"}', "x.xml"),
        ('{"model": {"file": "${oc.env:HOME}"}, "files": {}, "retarget": "segments"}', "its arm cannot be built"),
        ('{"model": {"fil": "package:torque.xml"}, "files": {}, "retarget": "segments"}', "its arm cannot be built"),
    ],
)
def test_what_says_nothing_or_something_bad_of_its_arm_is_refused(file, tmp_path, arm, says):
    path = Path(shutil.copy(file, tmp_path / "bad.h5"))
    assert open_recording(path).names == ["demo"]  # one that was recorded again
    with h5py.File(path, "r+") as content:
        del content.attrs["arm"]
        if arm is not None:
            content.attrs["arm"] = arm
    seal_recording(path)
    with pytest.raises(RecordingError) as refused:
        open_recording(path)
    assert says in str(refused.value)


def test_recordings_have_their_reaches(file, tmp_path):
    with pytest.raises(ConfigError) as refused:
        film_runs([file], tmp_path / "it.gif", kinematics="demo.csv")
    assert "leave --kinematics out, or give a run folder." in str(refused.value)
