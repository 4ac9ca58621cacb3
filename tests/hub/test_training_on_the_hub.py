"""Runs on models and reaches of the Hub; the repositories have the names that conf/ has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import TOKEN

from mousearm import experiment
from mousearm.errors import ModelError
from mousearm.rundir.folder import RunFolder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def model(hub, own_model):
    return hub.add("AlBornoLab/MouseArmModel", contents(own_model.parent))


@pytest.fixture
def recorded(hub, reaches):
    reach = (reaches / "mouse_1" / "one.csv").read_bytes()
    return hub.add("AlBornoLab/MouseArmKinematics", {"one.csv": reach}, "dataset")


def contents(folder):
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture
def train(configure, quick):
    def run(folder, *overrides):
        words = [*quick, "name=first", *overrides]
        return experiment.run(configure(*words), folder, words)

    return run


@pytest.mark.slow
def test_the_run_keeps_the_commit_and_goes_on_with_it(hub, model, recorded, train, tmp_path):
    folder = tmp_path / "outputs" / "first"
    where = ("model.file=hf://AlBornoLab/MouseArmModel/torque.xml", "kinematics=hub", "env.path_steps=1")
    train(folder, *where)
    config = RunFolder(folder).saved_config()
    assert config.model.file == f"hf://models/AlBornoLab/MouseArmModel@{model.refs['main']}/torque.xml"
    assert config.kinematics.path == f"hf://datasets/AlBornoLab/MouseArmKinematics@{recorded.refs['main']}"
    recorded.commit({"other.csv": b"another one"})
    hub.requests.clear()
    train(folder, *where, "algo.timesteps=1568")
    assert hub.requests == []
    assert RunFolder(folder).saved_config().kinematics == config.kinematics


def test_models_from_the_hub_are_looked_through_as_all_are(hub, train, tmp_path):
    evil = b'<mujoco><extension><plugin plugin="evil"/></extension></mujoco>'
    hub.add("lab/evil", {"arm.xml": evil})
    with pytest.raises(ModelError, match="plugins are code"):
        train(tmp_path / "run", "model.file=hf://lab/evil")
    hub.add("lab/out", {"a/arm.xml": b'<mujoco><include file="../b.xml"/></mujoco>', "b.xml": b"<mujoco/>"})
    with pytest.raises(ModelError, match="is not in the model's folder"):
        train(tmp_path / "run", "model.file=hf://lab/out/a/arm.xml")
    assert not (tmp_path / "run").exists()


def test_of_several_models_one_must_be_named(hub, model, train, tmp_path):
    with pytest.raises(ModelError, match=r"is a folder with 2 files of .xml .*There are: forelimb.xml, torque.xml"):
        train(tmp_path / "run", "model=hub")


@pytest.mark.slow
def test_commands_from_beginning_to_end(hub, model, recorded, quick, tmp_path):
    """Train on the Hub's, share, reproduce, each in a process of its own."""

    def command(*words, token="", status=0):
        where = {"cwd": tmp_path, "env": {**os.environ, "HF_TOKEN": token}, "timeout": 600}
        line = [sys.executable, str(ROOT / words[0]), *words[1:]]
        done = subprocess.run(line, **where, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        assert TOKEN not in done.stdout + done.stderr
        return done.stdout + done.stderr

    place = "hf://AlBornoLab/MouseArmModel/torque.xml"
    command("run.py", *quick, "name=first", f"model.file={place}", "kinematics=hub", "env.path_steps=1")
    told = command("scripts/download.py", "kinematics", "--out", "reaches")
    assert f"commit       {recorded.refs['main']} (main)" in told
    assert "CSV files: 1." in told
    hub.add("AlBornoLab/Welle", {"welle.zip": b"PK"}, gated=True)
    told = command("scripts/download.py", "agent", status=1)
    assert f"Visit {hub.url}/AlBornoLab/Welle" in told
    told = command("scripts/download.py", "agent", token=TOKEN)
    assert "scripts/import_agent.py" in told
    told = command("scripts/share.py", "outputs/first", "jane/agent", "--private", token=TOKEN)
    assert "config.yaml" in told
    assert "Pushed: " in told
    told = command("scripts/reproduce.py", "jane/agent", status=1)
    assert told.startswith("error: There is no folder jane/agent, and on the Hub: ")
    assert "to the last bit" in command("scripts/reproduce.py", "jane/agent", token=TOKEN)
    assert "scripts/reproduce.py" in hub.repositories["model", "jane/agent"].files["README.md"].decode()
