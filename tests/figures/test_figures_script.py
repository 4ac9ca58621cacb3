import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from mousearm.record.hdf5 import write_hdf5

SCRIPT = Path(__file__).parents[2] / "scripts" / "figures.py"


@pytest.fixture
def call(monkeypatch):
    """The script's main, with a command line."""
    spec = importlib.util.spec_from_file_location("figures_script", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["figures.py", *map(str, arguments)])
        script.main()

    return run


def test_a_recording_is_drawn_beside_it(recorded, call, tmp_path, capsys):
    recording = recorded("policy=ffn", n=1)
    write_hdf5(recording.reaches, recording.about, tmp_path / "one.h5")
    call(tmp_path / "one.h5")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(tmp_path / "one_figures" / "reach_00" / "trajectory.png")
    assert lines[-1] == "No principal components of a state: this network has no memory."
    assert all(Path(line).is_file() for line in lines[:-2])


def test_an_unknown_reach_is_named(motors, call, tmp_path):
    write_hdf5(motors.reaches, motors.about, tmp_path / "one.h5")
    with pytest.raises(SystemExit, match="error: There is no recorded reach named 'reach_99'"):
        call(tmp_path / "one.h5", "--reach", "reach_99")


def test_a_recording_has_its_reaches(call, tmp_path, capsys):
    with pytest.raises(SystemExit):
        call(tmp_path / "one.h5", "--kinematics", "other")
    assert "are for a run folder" in capsys.readouterr().err


def test_what_is_not_there_is_told_without_a_traceback(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "none.h5"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
