"""Settings of the launchers, and what becomes of them."""

import subprocess
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.plugins import Plugins

from mousearm.config import CONF
from mousearm.errors import ConfigError, RunError, UnknownNameError
from mousearm.rundir.logs import CODE
from mousearm.sweep.executor import build_executor, copies, remedy, snapshot, with_environment
from mousearm.sweep.launcher import examine, to_slurm
from mousearm.sweep.plugins import register, slurm_settings


def test_slurm_has_what_the_command_line_and_the_file_say():
    asked = slurm_settings(["hydra.launcher.partition=gpu", "hydra/launcher=slurm_gpu", "name=a"])
    expected = {"partition": "gpu", "gpus_per_node": 1, "name": "a", "max_num_timeout": 20, "wait": True}
    assert {key: asked[key] for key in expected} == expected
    assert asked["additional_parameters"] == {"requeue": True}


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONF / "hydra" / "launcher").glob("*.yaml")))
def test_every_launcher_is_built_from_its_file(tmp_path, monkeypatch, name):
    (tmp_path / "sbatch").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [f"hydra/launcher={name}", "name=a"], return_hydra_config=True)
    config.hydra.sweep.dir = str(tmp_path)
    no_context: Any = None
    launcher = Plugins.instance().instantiate_launcher(no_context, no_context, config)
    if name == "side_by_side":
        assert launcher.parallel == 8
    else:
        assert launcher.cluster == name.split("_")[0]


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'partition'"):
        slurm_settings(["hydra.launcher.partitoin=gpu"])


def test_slurm_is_chosen_unless_something_like_it_is():
    assert to_slurm(["seed=0,1"]) == ["hydra/launcher=slurm", "seed=0,1"]
    assert to_slurm(["hydra/launcher=slurm_gpu"]) == ["hydra/launcher=slurm_gpu"]
    with pytest.raises(ConfigError, match=r"hydra/launcher=local does not queue.*run.py -m hydra/launcher=local"):
        to_slurm(["hydra/launcher=local", "seed=0,1"])


def test_advice_without_slurm_names_the_other_launcher_and_nothing_is_written(tmp_path, monkeypatch, run_script):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    refused = run_script("run", "-m", "hydra/launcher=slurm", "seed=0,1", "name=a")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("error: SLURM does not answer")
    assert refused.err.endswith("On one computer: hydra/launcher=local.\n")
    assert not list(tmp_path.iterdir())
    with pytest.raises(RunError, match="hydra/launcher=slurm cannot be used: Could not detect"):
        build_executor("slurm", tmp_path, slurm_settings(["name=a"]))


@pytest.mark.parametrize(
    ("complaint", "settings"),
    [
        ("Memory specification can not be satisfied", ["mem_gb (null where a cluster does not count memory)"]),
        ("Invalid account or account/partition combination specified", ["partition", "account"]),
        ("Requested time limit is invalid (missing or exceeds some limit)", ["timeout_min"]),
        ("CPU count per node can not be satisfied", ["cpus_per_task"]),
        ("Invalid generic resource (gres) specification", ["gpus_per_node"]),
    ],
)
def test_words_of_sbatch_lead_to_settings(complaint, settings):
    assert remedy(f"sbatch: error: {complaint}") == ". To be changed: " + ", ".join(
        f"hydra.launcher.{setting}" for setting in settings
    )
    assert remedy("sbatch: error: Unable to contact slurm controller") == ""


def test_the_doctor_says_what_is_missing_and_stops_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    ((question, good, answer),) = examine(slurm_settings(["name=a"]), tmp_path, 1.0)
    assert (question, good) == ("scheduler", False)
    assert "SLURM does not answer" in answer
    assert "hydra/launcher=local" in answer


def test_advice_to_copy_files_of_another_folder_to_where_jobs_find_them(tmp_path, monkeypatch, run_script):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "x.yaml").write_text("# @package _global_\nseed: 3\n")
    monkeypatch.chdir(tmp_path)
    refused = run_script("run", "-m", "hydra/launcher=local", "--config-dir=mine", "experiment=x", "seed=0,1", "name=a")
    assert refused.status == 1
    assert str(CONF) in refused.err
    assert not (tmp_path / "outputs").exists()


def test_jobs_run_the_snapshot_with_their_share_of_threads(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    setup = with_environment({"setup": ["module load x"]}, tmp_path, 3)["setup"]
    assert setup[0] == "module load x"
    assert f"export PYTHONPATH={tmp_path}:/elsewhere" in setup
    assert "export PYTHONSAFEPATH=1" in setup
    assert "export OMP_NUM_THREADS=3" in setup


def test_a_copy_is_what_is_running_and_later_ones_stand_beside_it(tmp_path):
    first, second = snapshot(tmp_path), snapshot(tmp_path)
    assert [path.resolve() for path in copies(tmp_path)] == [first, second]
    for name in ("run.py", "mousearm/sweep/executor.py", "conf/config.yaml", "mousearm/model/forelimb.xml"):
        assert (first / name).read_bytes() == (CODE / name).read_bytes()
    assert not list(first.rglob("__pycache__"))


def test_a_copy_that_git_refuses_to_make_is_a_copy_and_says_so(tmp_path, monkeypatch, capsys):
    (tmp_path / "git").write_text("#!/bin/sh\necho fatal: by hand >&2; exit 128\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    copy = snapshot(tmp_path)
    assert (copy / "run.py").read_bytes() == (CODE / "run.py").read_bytes()
    assert ("(git says: fatal: by hand)" in capsys.readouterr().out) == (CODE / ".git").exists()


def test_a_copy_of_a_checkout_knows_its_commit(tmp_path):
    def commit(folder):
        command = ["git", "-C", str(folder), "rev-parse", "--show-prefix", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    assert commit(snapshot(tmp_path)) == commit(CODE)
