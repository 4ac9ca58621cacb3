"""The command lines, as a user calls them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
QUICK = ("debug=quick", "threads=1", "policy.lstm_hidden_size=8", "algo.timesteps=784")


def call(script, *arguments, cwd):
    command = [sys.executable, str(ROOT / script), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_train_then_evaluate(here, run_script):
    reach = (ROOT / "mousearm" / "kinematics" / "data" / "demo.csv").read_text().splitlines()
    (here / "demo.csv").write_text("\n".join(reach[:12]) + "\n")  # of a short reach, for films are slow to make
    trained = call("run.py", *QUICK, "kinematics.path=demo.csv", "name=first", cwd=here)
    assert trained.returncode == 0, trained.stderr
    assert "split  paw mm" in trained.stdout
    assert "paw" in trained.stderr  # the progress bar
    assert "Traceback" not in trained.stderr
    folder = here / "outputs" / "first"
    assert (folder / "figures" / "demo.png").is_file()
    assert (folder / "videos" / "demo.mp4").is_file() or "No video:" in trained.stdout
    evaluated = run_script("evaluate", "outputs/first", "--json", "again.json")
    assert evaluated.status == 0, evaluated.err
    assert json.loads((here / "again.json").read_text()) == json.loads((folder / "evaluation.json").read_text())


@pytest.mark.slow
def test_an_experiment_sweeps_the_number_of_reaches_and_draws_the_curve(tmp_path):
    words = ("experiment=generalisation_curve", "kinematics.train_reaches=2,4", "pretrain.rounds=1", "video=false")
    swept = call("run.py", *QUICK, *words, "pretrain.num_envs=4", "name=curve", cwd=tmp_path)
    assert swept.returncode == 0, swept.stderr
    folder = tmp_path / "outputs" / "curve"
    results = [json.loads((folder / job / "evaluation.json").read_text()) for job in ("0", "1")]
    assert [len(json.loads((folder / job / "split.json").read_text())["train"]) for job in ("0", "1")] == [2, 4]
    assert results[0]["test"] != results[1]["test"]
    means = [f"{result['test']['paw_mm']['mean']:.3f}" for result in results]
    rows = [line.split() for line in swept.stdout.splitlines() if line.split()[-1:] == ["1"]]
    assert [(row[0], row[2]) for row in rows] == [("2", means[0]), ("4", means[1])]
    assert (folder / "generalisation_curve.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reward.w_pwa=1"], "There is no configuration key in reward named 'w_pwa'. Did you mean 'w_paw'?"),
        (["reward=paw_hevy"], "There is no choice of the group reward named 'paw_hevy'. Did you mean 'paw_heavy'?"),
        (["env.n_substeps=0"], "env.n_substeps=0 is out of range: 1 to 1000."),
        (["env.n_substeps=many"], "env.n_substeps=many is not of its type: integer, 1 to 1000."),
        (["kinematics.path=nowhere.csv"], "nowhere.csv"),
        (["model.file=nowhere.xml"], "there is no file nowhere.xml. Give the path of an MJCF"),
        (["env.observation=[qpos,sight]"], "no choice for env.observation named 'sight'"),
    ],
)
def test_wrong_input_is_explained_without_a_traceback_or_a_folder(here, run_script, arguments, message):
    refused = run_script("run", *QUICK, *arguments, "name=r")
    assert refused.status == 1
    assert message in refused.err
    assert "Traceback" not in refused.err
    assert not (here / "outputs" / "r").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["algo.timesteps=100"], "has done 300 steps already, and algo.timesteps=100 would say less"),
        (["experiment=any_reach", "algo.timesteps=300"], "env.path_steps: saved 0, wanted 6"),
        (["seed=4"], "seed: saved 0, wanted 4"),
    ],
)
def test_what_contradicts_a_run_is_refused_and_the_run_stays_as_it_was(here, run_script, words, message):
    shutil.copytree(ROOT / "tests" / "golden" / "3" / "run", here / "run")
    before = {file: file.read_bytes() for file in (here / "run").rglob("*") if file.is_file()}
    refused = run_script("run", "resume=run", *words)
    assert refused.status == 1
    assert message in refused.err
    assert "Traceback" not in refused.err
    assert {file: file.read_bytes() for file in before if file.name != "lock"} == before


def test_folders_that_hold_no_run_or_cannot_be(here, run_script):
    (here / "taken").touch()
    refused = run_script("run", "hydra.run.dir=taken/first")
    assert "taken/first cannot be written: Not a directory. A file is where a folder should be" in refused.err
    refused = run_script("evaluate", "outputs/none")
    assert refused.status == 1
    assert refused.err.startswith("error: There is no run in outputs/none")


@pytest.mark.slow
def test_jobs_in_one_process_do_not_touch_each_other_even_if_one_fails(tmp_path):
    swept = call("run.py", "-m", *QUICK, "video=false", "name=sweep", "seed=-1,0,1", cwd=tmp_path)
    assert swept.returncode == 1
    assert (
        "outputs/sweep: 2 of 3 jobs finished, 1 failed\nJob 0 (seed=-1): failed, seed=-1 is out of range"
        in swept.stdout
    )
    assert "sweep.py retry outputs/sweep" in swept.stderr
    assert "Traceback" not in swept.stderr
    assert not (tmp_path / "outputs" / "sweep" / "0").exists()
    alone = call("run.py", *QUICK, "video=false", "name=alone", "seed=1", cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    metrics = [tmp_path / "outputs" / name / "metrics.csv" for name in ("sweep/1", "sweep/2", "alone")]
    first, second, single = (path.read_bytes() for path in metrics)
    assert second == single
    assert first != second


@pytest.mark.slow
def test_a_sweep_in_parallel_ends_without_the_job_that_fails_and_goes_on_when_asked(tmp_path):
    words = ("video=false", "name=sweep", "kinematics.path=package:demo.csv,late.csv")
    quick = [word for word in QUICK if not word.startswith("threads=")]
    refused = call("scripts/sweep.py", "submit", "hydra/launcher=local", *quick, *words, cwd=tmp_path)
    assert "to wait for jobs on this computer: python run.py -m hydra/launcher=local ..." in refused.stderr
    swept = call("run.py", "-m", "hydra/launcher=local", *quick, *words, cwd=tmp_path)
    assert swept.returncode == 1
    assert "1 of 2 jobs finished" in swept.stdout
    assert "Job 1 (kinematics.path=late.csv): failed" in swept.stdout
    assert "Traceback" not in swept.stderr
    folder = tmp_path / "outputs" / "sweep"
    share = max(1, len(os.sched_getaffinity(0)) // 2)
    assert f"\nthreads: {share}\n" in (folder / "0" / "config.yaml").read_text()
    before = (folder / "0" / "evaluation.json").stat().st_mtime_ns
    demo = ROOT / "mousearm" / "kinematics" / "data" / "demo.csv"
    (tmp_path / "late.csv").write_bytes(demo.read_bytes())
    again = call("scripts/sweep.py", "retry", "outputs/sweep", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("job 1: finished ")
    assert (folder / "0" / "evaluation.json").stat().st_mtime_ns == before
    errors = [json.loads((folder / job / "evaluation.json").read_text())["train"] for job in ("0", "1")]
    assert errors[0] == errors[1]
