from dataclasses import replace

import pytest

from mousearm.errors import RunError
from mousearm.kinematics import Split
from mousearm.rundir import RunFolder, read_json, write_json, write_text


@pytest.fixture
def started(tmp_path, configure):
    folder = RunFolder(tmp_path / "run")
    folder.create(configure("algo.timesteps=1000"), ["algo.timesteps=1000"])
    return folder


def test_a_new_run_writes_its_configuration_overrides_and_environment(started, configure):
    assert started.exists
    assert started.saved_config() == configure("algo.timesteps=1000")
    assert (started.path / "overrides.yaml").read_text() == "- algo.timesteps=1000\n"
    environment = (started.path / "environment.txt").read_text()
    assert environment.startswith("python 3.")
    assert "mujoco==" in environment
    assert "git rev-parse HEAD" in environment


def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path, configure):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"is not empty and holds no run\. Choose another name="):
        RunFolder(tmp_path).create(configure(), [])
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_resuming_without_overrides_takes_the_saved_configuration(started, configure):
    wanted = configure("model=muscle")  # what stands in the files now does not matter: nothing was said
    assert started.resume(wanted, []) == started.saved_config()


def test_budget_and_tracking_may_change(started, configure):
    overrides = ["algo.timesteps=2000", "tracking=wandb_offline"]
    config = started.resume(configure(*overrides), overrides)
    assert config.algo.timesteps == 2000
    assert config.tracking.wandb == "offline"
    saved = started.saved_config()
    assert replace(config, algo=saved.algo, tracking=saved.tracking) == saved


def test_an_override_that_repeats_the_saved_value_is_accepted(started, configure):
    assert started.resume(configure("seed=0", "model=torque"), ["seed=0", "model=torque"]) == started.saved_config()


def test_a_contradiction_is_refused_and_shown(started, configure):
    overrides = ["model=muscle", "seed=3"]
    with pytest.raises(RunError) as refusal:
        started.resume(configure(*overrides), overrides)
    text = str(refusal.value)
    assert "model.file: saved package:torque.xml, wanted package:muscle.xml" in text
    assert "model.action_map: saved direct, wanted sigmoid" in text
    assert "seed: saved 0, wanted 3" in text
    assert "Only name, algo.timesteps, tracking, video may change" in text


def test_no_run_and_unreadable_configuration(tmp_path, started):
    with pytest.raises(RunError, match=r"There is no run in .*none: it has no config\.yaml"):
        RunFolder(tmp_path / "none").saved_config()
    started.config.write_text("a: [1\n")
    with pytest.raises(RunError, match=r"config\.yaml cannot be read"):
        started.saved_config()
    started.config.write_text("- 1\n")
    with pytest.raises(RunError, match="holds no configuration"):
        started.saved_config()


def test_status(started):
    assert started.status() == {}
    started.set_status("failed", 12, "because")
    status = started.status()
    assert (status["state"], status["steps"], status["reason"]) == ("failed", 12, "because")


def test_checkpoints_are_ordered_by_number_and_found_by_name(started):
    for steps in (900, 1000, 50, 200):
        started.checkpoint(steps).mkdir(parents=True)
    started.checkpoint(1000).with_name("1000.partial").mkdir()
    assert [path.name for path in started.checkpoints()] == ["50", "200", "900", "1000"]
    assert [path.name for path in started.superseded_checkpoints()] == ["50"]
    assert started.find_checkpoint("latest").name == "1000"
    assert started.find_checkpoint("200").name == "200"
    with pytest.raises(RunError, match=r"has no checkpoint 'best'. Those that exist: 50, 200, 900, 1000, latest\."):
        started.find_checkpoint("best")


def test_a_split_that_was_never_written(started):
    with pytest.raises(RunError, match="the run never began to train"):
        started.saved_split()


def test_a_split_comes_back_as_it_was(started):
    split = Split(["a", "m/b"], ["c"], {"a": "1f", "m/b": "2f", "c": "3f"})
    started.save_split(split)
    assert started.saved_split() == split
    assert read_json(started.split) == {"train": ["a", "m/b"], "test": ["c"], "sha256": split.sha256}


def test_a_split_that_was_saved_before_there_were_hashes(started):
    write_json(started.split, {"train": ["a"], "test": []})
    assert started.saved_split() == Split(["a"], [], {})


def test_a_split_that_is_none(started):
    write_json(started.split, {"train": ["a"], "tset": []})
    with pytest.raises(RunError, match=r"split\.json is no split: it has sha256, train, tset, but needs train, test"):
        started.saved_split()


def test_writing_replaces_at_once_and_leaves_nothing_beside(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    write_json(file, {"a": 2})
    assert read_json(file) == {"a": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    write_text(file, "{")
    with pytest.raises(RunError, match=r"a\.json cannot be read"):
        read_json(file)
