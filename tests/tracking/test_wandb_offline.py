import json
import subprocess
import sys

import pytest
from omegaconf import OmegaConf
from PIL import Image
from short_tracked import OFFLINE, QUICK, ROLLOUT, ROOT, terminating_after_rows, wait_for_rows

from mousearm.config import load, to_yaml
from mousearm.errors import Interrupted
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.wandb_parts import parts_of
from mousearm.tracking.wandb_study import publish_study


def history(part):
    return [content["item"] for kind, content in part if kind == "history"]


def summary(part):
    values = {}
    for kind, content in part:
        if kind == "summary":
            values |= content["update"]
    return values


def the_exit(part):
    return [content.get("exit_code", 0) for kind, content in part if kind == "exit"]


@pytest.mark.slow
def test_a_run_that_is_interrupted_resumed_and_extended_is_one_curve(tmp_path, configure, fresh, records, logged):
    endless = (*OFFLINE, "algo.timesteps=100000000")
    with pytest.raises(Interrupted), terminating_after_rows(tmp_path / "r" / "metrics.csv", 3):
        run(configure(*endless), tmp_path / "r", endless)
    folder = RunFolder(tmp_path / "r")
    stopped_at = folder.status().steps
    for rollouts in (2, 3):
        more = (f"algo.timesteps={stopped_at + rollouts * ROLLOUT}",)
        run(configure(*OFFLINE, *more), folder.path, more)

    parts = records(folder.path)
    assert len(parts) == 3
    runs = [content for part in parts for kind, content in part if kind == "run"]
    assert {one["run_id"] for one in runs} == {folder.id}
    assert (runs[0]["project"], runs[0]["job_type"], runs[0]["display_name"]) == ("mousearm", "train", "test")
    assert [one["config"]["update"]["algo"]["timesteps"] for one in runs] == [
        100000000,
        stopped_at + 2 * ROLLOUT,
        stopped_at + 3 * ROLLOUT,
    ]
    assert runs[0]["config"]["update"]["reward"]["sigma_mm"] == [0.3, 1, 4, 16]
    # Every row once, at its number of steps, with the numbers of metrics.csv.
    rows = [row for part in parts for row in history(part)]
    expected = logged(folder.path)
    assert [row["_step"] for row in rows] == [row["steps"] for row in rows] == list(expected)
    for row in rows:
        values = expected[row["steps"]]
        assert {key: row[key] for key in values} == pytest.approx(values)
    assert {"eval/train_paw_mm", "reward/paw", "reward_raw/paw", "rollout/elbow_mm", "time/fps"} <= set(rows[-1])
    # How each part ended.
    assert [the_exit(part) for part in parts] == [[255], [0], [0]]
    assert [any(kind == "preempting" for kind, _ in part) for part in parts] == [True, False, False]
    ends = [summary(part) for part in parts]
    assert [(end["status"], end["reason"]) for end in ends] == [("interrupted", "SIGTERM"), *2 * [("finished", "")]]
    result = json.loads(folder.evaluation.read_text())["train"]
    assert ends[-1]["result/train_paw_mm_mean"] == pytest.approx(result["paw_mm"]["mean"])
    assert ends[-1]["result/train_elbow_mm_max"] == pytest.approx(result["elbow_mm"]["max"])


@pytest.mark.slow
def test_a_run_looks_the_same_to_the_last_bit_with_and_without_it(tmp_path, configure, fresh, records):
    run(configure(*QUICK), tmp_path / "plain", QUICK)
    words = (*QUICK, "tracking=wandb_offline", "tracking.pictures_percent=100")
    run(configure(*words), tmp_path / "tracked", words)
    plain, tracked = RunFolder(tmp_path / "plain"), RunFolder(tmp_path / "tracked")
    assert plain.metrics.read_bytes() == tracked.metrics.read_bytes()
    weights = [folder.find_checkpoint("latest") / "policy.safetensors" for folder in (plain, tracked)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    # What it shows, besides.
    (part,) = records(tracked.path)
    rows = history(part)
    evaluated = [row for row in rows if "eval/train_paw_mm" in row]
    assert len(evaluated) == 3
    for row in evaluated:
        # 49 controls of 6 motors
        assert sum(row["eval/actions.values"]) == 49 * 6
        assert row["eval/reach.caption"] == "demo"
        assert (parts_of(tracked.path)[0].file.parent / "files" / row["eval/reach.path"]).is_file()
    assert rows[-1]["result/demo._type"] == "image-file"
    assert "result/reaches.path" in rows[-1]
    metrics = {content.get("glob_name") or content["name"]: content for kind, content in part if kind == "metric"}
    assert metrics["*"]["step_metric"] == "steps"
    files = parts_of(tracked.path)[0].file.parent / "files"
    assert (files / "environment.txt").read_text() == tracked.environment.read_text()
    assert json.loads((files / "evaluation.json").read_text()) == json.loads(tracked.evaluation.read_text())


@pytest.mark.slow
def test_a_run_that_was_followed_late_has_its_whole_curve(tmp_path, configure, fresh, records, logged):
    run(configure(*QUICK), tmp_path / "r", QUICK)
    more = ("tracking=wandb_offline", "algo.timesteps=2352")
    run(configure(*QUICK, *more), tmp_path / "r", more)
    (part,) = records(tmp_path / "r")
    assert [row["_step"] for row in history(part)] == list(logged(tmp_path / "r")) == [0, 784, 1568, 2352]
    assert history(part)[1]["reward/paw"] == pytest.approx(logged(tmp_path / "r")[784]["reward/paw"])


@pytest.mark.slow
def test_a_run_that_was_killed_sends_no_row_twice(tmp_path, configure, fresh, records, logged):
    words = (*OFFLINE, "name=r", "algo.timesteps=100000000", "algo.eval_freq=100000000")  # a checkpoint at 0 alone
    process = subprocess.Popen([sys.executable, ROOT / "run.py", *words], cwd=tmp_path)
    folder = RunFolder(tmp_path / "outputs" / "r")
    assert wait_for_rows(folder.metrics, 6, lambda: process.poll() is None)
    while parts_of(folder.path)[0].last_step() < ROLLOUT:  # W&B has two rows on the disk, a second after they came
        assert process.poll() is None
    process.kill()
    process.wait()
    before = len(logged(folder.path))
    more = (f"algo.timesteps={(before + 1) * ROLLOUT}", "algo.eval_freq=100000000")
    run(configure(*OFFLINE, *more), folder.path, more[:1])
    first, second = (history(part) for part in records(folder.path))
    assert len(first) >= 2
    assert [row["_step"] for row in [*first, *second]] == list(logged(folder.path))


@pytest.mark.slow
def test_a_study_is_kept_with_its_tables_and_pictures(tmp_path, configure, fresh, records):
    Image.new("RGB", (8, 4)).save(tmp_path / "severity.png")
    tables = {"effects": [{"measure": "paw_mm", "p": 0.01}, {"measure": "effort", "p": 1.0}], "none": []}
    config = configure("tracking=wandb_offline", "tracking.group=mice")
    said = publish_study(config, "two networks", tmp_path, tables, [tmp_path / "severity.png"], "whatif")
    assert "wandb sync" in said
    (part,) = records(tmp_path)
    (begun,) = (content for kind, content in part if kind == "run")
    assert (begun["display_name"], begun["run_group"], begun["job_type"]) == ("two networks", "mice", "whatif")
    (row,) = history(part)
    assert (row["effects.nrows"], row["effects.ncols"]) == (2, 2)
    assert (row["severity.width"], row["severity.height"]) == (8, 4)
    assert {name.partition(".")[0] for name in row if name[0] != "_"} == {"effects", "severity"}
    assert publish_study(configure("tracking=local"), "two", tmp_path, tables, [], "whatif") == ""


@pytest.mark.slow
def test_a_failure_is_marked_with_its_reason(tmp_path, configure, fresh, records, monkeypatch):
    def fail(*arguments):
        raise OSError("the disk is gone")

    monkeypatch.setattr("mousearm.checkpoint.load_policy", fail)
    with pytest.raises(Exception, match="the disk is gone"):
        run(configure(*OFFLINE), tmp_path / "r", OFFLINE)
    (part,) = records(tmp_path / "r")
    assert the_exit(part) == [1]
    assert (summary(part)["status"], summary(part)["reason"]) == ("failed", "OSError: the disk is gone")


def test_a_configuration_of_before_has_the_defaults(configure):
    old = "\n".join(
        line for line in to_yaml(configure()).splitlines() if "pictures_percent" not in line and "films" not in line
    )
    assert load(OmegaConf.create(old)).tracking == configure().tracking
