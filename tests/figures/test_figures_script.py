from pathlib import Path

import pytest

from mousearm.figures import usual_place
from mousearm.record.files import write_hdf5


@pytest.fixture
def call(run_script):
    return lambda *arguments: run_script("figures", *arguments)


@pytest.mark.slow
def test_a_recording_is_drawn_beside_it(recorded, call, tmp_path):
    recording = recorded("policy=ffn", n=1)
    write_hdf5(recording.reaches, recording.about, tmp_path / "one.h5")
    lines = call(tmp_path / "one.h5").out.splitlines()
    assert lines[0] == str(tmp_path / "one_figures" / "reach_00" / "trajectory.png")
    assert lines[-1] == "No principal components of a state: this network has no memory."
    assert all(Path(line).is_file() for line in lines[:-2])


def test_figures_of_an_example_agent_go_into_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("package:example_torque").mkdir()
    assert usual_place(Path("package:example_torque")) == Path("example_torque_figures")
    Path("outputs").mkdir()
    assert usual_place(Path("outputs")) == Path("outputs/figures/recorded")


def test_an_unknown_reach_is_named(motors, call, tmp_path):
    write_hdf5(motors.reaches, motors.about, tmp_path / "one.h5")
    refused = call(tmp_path / "one.h5", "--reach", "reach_99")
    assert refused.status == 1
    assert "error: There is no recorded reach named 'reach_99'" in refused.err


def test_a_recording_has_its_reaches(call, tmp_path):
    assert "are for a run folder" in call(tmp_path / "one.h5", "--kinematics", "other").err


def test_what_is_not_there_is_told(call, tmp_path):
    refused = call(tmp_path / "none.h5")
    assert refused.status == 1
    assert refused.err.startswith("error: ")
