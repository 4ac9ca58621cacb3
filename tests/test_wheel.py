"""The wheel: all of the program outside a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mousearm.evaluate.evaluation import Evaluation

ROOT = Path(__file__).parents[1]
SHORT = ["name=first", "algo.timesteps=196", "env.num_envs=2", "algo.batch_size=98", "video=false", "policy=lstm_small"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A function that runs Python in an empty folder, with the package as its wheel alone has it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("mousearm-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (work := folder / "work").mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)  # somebody's own repository around it
    environment = {**os.environ, "PYTHONPATH": str(folder / "site"), "HOME": str(work)}

    def run(*words):
        ended = subprocess.run(
            [sys.executable, *map(str, words)], cwd=work, env=environment, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    run.work = work
    assert str(folder) in run("-c", "import mousearm; print(mousearm.__file__)")
    return run


@pytest.mark.slow
def test_trains_evaluates_and_resumes_outside_a_checkout(installed):
    """The program and the scripts work as modules, and what they print names these."""
    installed("-m", "mousearm", *SHORT)
    run = installed.work / "outputs" / "first"
    before = Evaluation.load(run / "evaluation.json")
    assert "(not a git checkout)" in (run / "environment.txt").read_text()
    assert f"{before.objective:.3f}" in installed("-m", "mousearm.scripts.evaluate", "outputs/first")
    assert "0.147" in installed("-m", "mousearm.scripts.evaluate", "package:example_torque")
    assert "python -m mousearm " in installed("-m", "mousearm", "--help").splitlines()[0]
    installed("-m", "mousearm", "resume=outputs/first", "algo.timesteps=392")
    assert (run / "checkpoints" / "392").is_dir()


@pytest.mark.slow
def test_sweeps_outside_a_checkout(installed):
    """Jobs of processes of their own run a copy of the package, which has its configuration."""
    installed("-m", "mousearm", "-m", "hydra/launcher=local", *SHORT[1:], "name=both", "seed=0,1")
    done = sorted((installed.work / "outputs" / "both").glob("*/evaluation.json"))
    assert len(done) == 2
    assert "both" in installed("-m", "mousearm.scripts.compare", "outputs/both")


@pytest.mark.slow
def test_every_script_is_a_module(installed):
    """Each script of the checkout tells of its arguments from the wheel."""
    for script in sorted((ROOT / "scripts").glob("*.py")):
        assert "usage" in installed("-m", f"mousearm.scripts.{script.stem}", "--help"), script.name
