"""The sweeper, and whole searches."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.plugins import Plugins

pytest.importorskip("optuna")

from mousearm.config import CONF
from mousearm.config import compose as compose_job
from mousearm.sweep.plugins import OptunaSweeper, register
from mousearm.sweep.progress import status
from mousearm.sweep.records import Sweep
from mousearm.sweep.study import Space, Study

ROOT = Path(__file__).parents[2]


@pytest.fixture
def build(tmp_path):
    """The sweeper as Hydra builds it of overrides."""

    def build(*overrides) -> OptunaSweeper:
        register()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            words = ["hydra/sweeper=optuna", f"hydra.sweep.dir={tmp_path}", "name=a", *overrides]
            config = compose("config", words, return_hydra_config=True)
        context: Any = type("Context", (), {"config_loader": None})
        sweeper = Plugins.instance().instantiate_sweeper(hydra_context=context, task_function=context, config=config)
        assert isinstance(sweeper, OptunaSweeper)
        return sweeper

    return build


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (["hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials=0 is out of range: a whole number, 1 or more."),
        (["hydra.sweeper.n_jobs=1.5"], "hydra.sweeper.n_jobs=1.5 is out of range"),
        (["hydra.sweeper.prune_after=2"], "hydra.sweeper.prune_after=2 is out of range: null, or 0 to 1."),
        (["hydra/launcher=slurm", "hydra.launcher.wait=false"], "A search waits for the results of its jobs"),
        ([], "There is nothing to search"),
    ],
)
def test_what_cannot_be_begun_is_explained(build, tmp_path, tmp_path_factory, monkeypatch, capsys, overrides, text):
    programs = tmp_path_factory.mktemp("programs")
    (programs / "sbatch").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(SystemExit):
        build(*overrides).sweep([])
    assert capsys.readouterr().err.startswith(f"error: {text}")
    assert not list(tmp_path.iterdir())


def test_without_optuna_the_extra_is_named(build, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "mousearm.sweep.study")
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SystemExit):
        build().sweep(["algo.gamma=interval(0,1)"])
    assert re.match(
        r"error: hydra/sweeper=optuna needs Optuna .*: pip install 'mousearm\[search\]'", capsys.readouterr().err
    )


def test_every_corner_of_the_ready_search_can_be_configured():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["experiment=hyperparameter_search", "name=a"], return_hydra_config=True)
    assert config.hydra.sweeper._target_.endswith(".OptunaSweeper")
    space = Space.of([f"{key}={value}" for key, value in config.hydra.sweeper.params.items()])
    assert len(space.searched) == 10
    for corner in space.corners():
        compose_job(["experiment=hyperparameter_search", *corner])


def test_a_corner_that_is_out_of_range_is_refused_before_anything_is_begun(run_script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = run_script("run", "-m", "hydra/sweeper=optuna", "algo.gamma=interval(0.9,1.1)", "name=s")
    assert refused.status == 1
    assert refused.err.endswith("error: algo.gamma=1.1 is out of range: 0 to 1.\n")
    assert [path.name for path in (tmp_path / "outputs" / "s").iterdir()] == ["sweep.json"]


def call(script, *arguments, cwd):
    command = [sys.executable, str(ROOT / script), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_a_search_goes_on_past_a_trial_that_fails_and_after_an_end_amid_one(tmp_path, launcher):
    quick = ("debug=quick", "policy.lstm_hidden_size=8", "algo.timesteps=784", "video=false", "name=s")
    words = (*quick, "algo.gamma=interval(0.8,0.99)", "kinematics.path=package:demo.csv,late.csv")
    command = ("run.py", "-m", "hydra/sweeper=optuna", f"hydra/launcher={launcher}", "hydra.sweeper.n_jobs=2", *words)
    folder = tmp_path / "outputs" / "s"

    first = call(*command, "hydra.sweeper.n_trials=2", cwd=tmp_path)
    assert "Traceback" not in first.stderr
    before = [one.overrides for one in Sweep(folder).jobs()]
    assert len(before) == 2

    (amid,) = Study(folder, Space.of(words), 0).draw(1).values()  # a search that ends before there is a result
    again = call(*command, "hydra.sweeper.n_trials=4", cwd=tmp_path)
    assert "Traceback" not in again.stderr
    assert [one.overrides for one in Sweep(folder).jobs()][:3] == [*before, amid]

    results = {}
    for job in Sweep(folder).jobs():
        if "kinematics.path=late.csv" in job.overrides:
            state, reason = job.ended
            assert state == "failed"
            assert reason.startswith("late.csv")
        else:
            results[job.number] = json.loads(job.run.evaluation.read_text())["train"]["paw_mm"]["mean"]
            assert f"gamma: {job.overrides[-2].split('=')[1]}" in job.run.config.read_text()
    assert 0 < len(results) < 4
    assert again.returncode == 1  # some jobs have no result
    best = min(results, key=lambda number: results[number])
    assert f"finished, 0 pruned. The best is trial {best}, {results[best]:.3f} mm:" in again.stdout
    assert len(status(folder).splitlines()) == 2 + 4 + 1 + (4 - len(results))  # a header, jobs, their number, reasons
    compared = call("scripts/compare.py", "outputs/s", cwd=tmp_path)
    assert compared.returncode == 0, compared.stderr


@pytest.mark.slow
def test_advice_to_wait_for_a_search(run_script, tmp_path, monkeypatch):
    """It is followed up to a SLURM that has no place for jobs."""
    (tmp_path / "sbatch").write_text("#!/bin/sh\n[ $1 = --version ] || { echo no partition >&2; exit 1; }\n")
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    words = ("run", "-m", "hydra/sweeper=optuna", "hydra/launcher=slurm", "name=a", "algo.gamma=interval(0.8,0.99)")
    refused = run_script(*words, "hydra.launcher.wait=false")  # as scripts/sweep.py submit adds it
    assert "use python run.py -m hydra/launcher=slurm, in a terminal that stays (tmux)" in refused.err
    assert not (tmp_path / "outputs").exists()
    assert "no partition" in run_script(*words).err


@pytest.mark.slow
def test_a_space_with_another_word_is_refused_without_a_traceback(tmp_path):
    words = ("-m", "hydra/sweeper=optuna", "name=s", "algo.gamma=interval(0.8,0.99)", "hydra.sweeper.n_trials=1")
    quick = ("debug=quick", "policy.lstm_hidden_size=8", "algo.timesteps=784", "video=false")
    assert call("run.py", *words, *quick, cwd=tmp_path).returncode == 0
    refused = call("run.py", *words, *quick, "env.path_steps=3", cwd=tmp_path)
    assert refused.returncode == 1
    assert "error: outputs/s holds a search of something else:\n  env.path_steps: saved nothing" in refused.stderr
