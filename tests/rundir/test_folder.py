import contextlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mousearm import formats
from mousearm.door import MANIFEST, SEAL, check_seal, read_json, sha256
from mousearm.errors import FormatError, MouseArmError, RunError
from mousearm.files import seal, write_json, write_sealed
from mousearm.kinematics import Split
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.runs import resumed

SPLIT = Split(["a", "m/b"], ["c"], {"a": "1f", "m/b": "2f", "c": "3f"})


@pytest.fixture
def started(tmp_path, configure):
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        folder.create(configure("algo.timesteps=1000"), ["algo.timesteps=1000"], SPLIT, {"arm.xml": "1f"})
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
        RunFolder(tmp_path).create(configure(), [], SPLIT, {})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_a_killed_start_left_behind_is_in_nobodys_way(started, configure):
    started.config.rename(started.path / "config.yaml.partial")
    assert not started.exists
    started.create(configure(), [], SPLIT, {})
    assert started.saved_config() == configure()
    with pytest.raises(RunError, match="Another process began a run"):
        started.create(configure(), [], SPLIT, {})


def test_resuming_without_overrides_takes_the_saved_configuration(started, configure):
    wanted = configure("model=muscle")  # what stands in the files now does not matter: nothing was said
    assert resumed(started, wanted, []) == started.saved_config()


def test_budget_and_tracking_may_change(started, configure):
    overrides = ["algo.timesteps=2000", "tracking=wandb_offline"]
    config = resumed(started, configure(*overrides), overrides)
    assert config.algo.timesteps == 2000
    assert config.tracking.wandb == "offline"
    saved = started.saved_config()
    assert replace(config, algo=saved.algo, tracking=saved.tracking) == saved


def test_an_override_that_repeats_the_saved_value_is_accepted(started, configure):
    assert resumed(started, configure("seed=0", "model=torque"), ["seed=0", "model=torque"]) == started.saved_config()


def test_a_contradiction_is_refused_and_shown(started, configure):
    overrides = ["model=muscle", "seed=3"]
    with pytest.raises(RunError) as refusal:
        resumed(started, configure(*overrides), overrides)
    text = str(refusal.value)
    assert "model.file: saved package:torque.xml, wanted package:muscle.xml" in text
    assert "model.action_map: saved direct, wanted sigmoid" in text
    assert "seed: saved 0, wanted 3" in text
    assert "Only name, algo.timesteps, max_minutes, tracking, video, threads," in text


def test_no_run_and_unreadable_configuration(tmp_path, started):
    with pytest.raises(RunError, match=r"There is no run in .*none: it has no config\.yaml"):
        RunFolder(tmp_path / "none").saved_config()
    saved = started.config.read_text()
    started.config.write_text(saved.replace("w_paw: 1.0", "w_paw: 9.0"))
    with pytest.raises(RunError, match=r"config\.yaml has changed since it was written.*remove .*sha256sums\.txt"):
        started.saved_config()
    (started.path / SEAL).unlink()
    started.config.write_text("a: [1\n")
    with pytest.raises(RunError, match=r"config\.yaml cannot be read"):
        started.saved_config()
    started.config.write_text("- 1\n")
    with pytest.raises(RunError, match="holds no configuration"):
        started.saved_config()


def test_checkpoints_are_ordered_by_number_and_found_by_name(started):
    for steps in (900, 1000, 50, 200):
        started.seal(started.checkpoint(steps), {"a": b"1"})
    started.checkpoint(1000).with_name("1000.partial").mkdir()
    assert [path.name for path in started.checkpoints()] == ["50", "200", "900", "1000"]
    started.drop_superseded()
    assert [path.name for path in started.checkpoints()] == ["200", "900", "1000"]
    assert started.find_checkpoint("latest").name == "1000"
    assert started.find_checkpoint("200").name == "200"
    with pytest.raises(RunError, match=r"has no checkpoint 'best'. Those that exist: 200, 900, 1000, latest\."):
        started.find_checkpoint("best")
    (started.checkpoint(200) / MANIFEST).unlink()
    with pytest.raises(RunError, match=r"'200' cannot be used: .*manifest\.json"):
        started.find_checkpoint("200")


def test_a_split_that_was_never_written(tmp_path):
    with pytest.raises(RunError, match="the run never began to train"):
        RunFolder(tmp_path).saved_split()


def test_a_split_comes_back_as_it_was(started):
    assert started.saved_split() == SPLIT
    assert read_json(started.split) == {
        **formats.stamp(formats.SPLIT),
        **{"train": ["a", "m/b"], "test": ["c"], "sha256": SPLIT.sha256},
    }


def test_a_split_that_was_saved_before_there_were_hashes(started):
    started.origin.unlink()
    write_json(started.split, {"train": ["a"], "test": []})
    assert started.saved_split() == Split(["a"], [], {})


def test_a_split_that_is_none(started):
    write_json(started.split, {"train": ["a"], "tset": []})
    with pytest.raises(RunError, match=r"split\.json is no split: it has sha256, train, tset, but needs train, test"):
        started.saved_split()


def test_a_split_that_was_changed(started):
    write_json(started.split, {"train": ["a", "m/b", "c"], "test": [], "sha256": SPLIT.sha256})
    with pytest.raises(RunError, match=r"split\.json has changed since the run began"):
        started.saved_split()


def test_another_model_is_refused(started):
    started.check_model({"arm.xml": "1f"})
    with pytest.raises(
        RunError, match=r"is not the one that .*run began with. Changed, missing or new: arm\.xml, hand"
    ):
        started.check_model({"arm.xml": "2f", "hand.stl": "1f"})
    started.origin.unlink()  # saved before there were hashes
    started.check_model({"arm.xml": "2f"})


def test_older_runs_recorded_what_comments_name_and_not_all_that_is_included(started):
    hashes = {"arm.xml": "1f", "only_in_a_comment.stl": "2f"}
    origin = read_json(started.origin)
    write_json(started.origin, {**origin, "format": 2, "model": hashes})
    (started.path / SEAL).unlink()
    started.check_model({"arm.xml": "1f", "of_an_included_file.stl": "3f"})
    for other in ({"arm.xml": "1f", "more.xml": "3f"}, {"arm.xml": "4f"}, {"other.osim": "1f"}):
        with pytest.raises(RunError, match="is not the one"):
            started.check_model(other)
    write_json(started.origin, {**origin, "model": hashes})
    with pytest.raises(RunError, match=r"Changed, missing or new: only_in_a_comment\.stl"):
        started.check_model({"arm.xml": "1f"})


def test_the_newest_complete_checkpoint_is_used_and_damaged_ones_are_named(started, capsys):
    for steps in (100, 200, 300):
        started.seal(started.checkpoint(steps), {"a": b"1", "b": b"2"})
    assert [path.name for path in started.complete_checkpoints()] == ["100", "200", "300"]
    assert capsys.readouterr().out == ""
    (started.checkpoint(300) / "b").write_bytes(b"3")
    assert [path.name for path in started.complete_checkpoints()] == ["100", "200"]
    assert "checkpoints/300 is passed over: " in capsys.readouterr().out
    with pytest.raises(
        RunError, match=r"'latest' cannot be used: .*300/b is damaged: its hash is not that of manifest"
    ):
        started.find_checkpoint("latest")
    shutil.rmtree(started.checkpoint(100))
    (started.checkpoint(200) / "a").unlink()
    with pytest.raises(
        RunError, match=r"No checkpoint of .* can be used\. Bring .*checkpoints back from a copy, or remove"
    ):
        started.complete_checkpoints()


def test_a_checkpoint_of_another_run_is_passed_over(started, tmp_path, configure, capsys):
    other = RunFolder(tmp_path / "other")
    with other.locked():
        other.create(configure(), [], SPLIT, {})
    other.seal(other.checkpoint(900), {"a": b"1"})
    started.seal(started.checkpoint(100), {"a": b"1"})
    shutil.copytree(other.checkpoint(900), started.checkpoint(900))
    assert [path.name for path in started.complete_checkpoints()] == ["100"]
    assert "900 is of another run" in capsys.readouterr().out
    shutil.copytree(other.checkpoint(900), started.best)
    assert "best is of another run" in started.best_problem()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("config", RunFolder.saved_config),
        ("overrides", RunFolder.saved_overrides),
        ("origin", RunFolder.saved_split),
        ("split", RunFolder.saved_split),
    ],
)
def test_advice_on_what_has_changed_since_it_was_written(started, name, read):
    file = getattr(started, name)
    before, whole = read(started), file.read_text()
    for i in range(0, len(whole), max(1, len(whole) // 40)):
        file.write_text(whole[:i] + chr(1 + ord(whole[i])) + whole[i + 1 :])
        try:
            assert read(started) == before  # as a version or the number of a format, which nothing here depends on
        except FormatError as error:  # a later number
            assert str(started.path) in str(error)  # noqa: PT017
        except MouseArmError as error:
            assert str(file) in str(error)  # noqa: PT017
    file.write_text(whole)  # brought back as it was
    assert read(started) == before


def test_hashes_are_those_that_sha256sum_checks(started):
    check = ["sha256sum", "--check", "--strict", "--quiet", SEAL]
    assert subprocess.run(check, cwd=started.path, check=True, capture_output=True).stdout == b""
    started.config.write_text("changed")
    assert subprocess.run(check, cwd=started.path, check=False, capture_output=True).returncode == 1


def test_advice_to_remove_hashes_where_a_change_was_meant(started):
    started.config.write_text(started.config.read_text().replace("seed: 0", "seed: 5"))
    with pytest.raises(RunError):
        started.saved_config()
    (started.path / SEAL).unlink()
    assert started.saved_config().seed == 5


@pytest.mark.parametrize("text", ["x", "\0", "0" * 64, f"{'0' * 64} config.yaml", f"{'g' * 64}  config.yaml", "\n\n"])
def test_hashes_that_are_damaged_are_no_reason_to_trust(started, text):
    (started.path / SEAL).write_text(text)
    with pytest.raises(RunError, match=r"sha256sums\.txt is damaged"):
        started.saved_config()


@pytest.mark.parametrize(
    "text",
    [
        *("", "a: 1", "- 1", "- [a]", "&a [*a]", "- !!python/object/apply:os.system [ls]", "- &a x\n- *a", "[" * 3000),
        "\n".join(["- &a0 [x, x]", *(f"- &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 200))]),
    ],
)
def test_overrides_are_a_plain_list_of_texts(started, text):
    started.overrides.write_text(text)
    (started.path / SEAL).unlink()
    with pytest.raises(RunError, match=r"overrides\.yaml"):
        started.saved_overrides()
    started.overrides.rename(started.path / "moved")  # as the message advises
    assert started.saved_overrides() == []


@pytest.mark.parametrize(
    "content", [{"run": 1}, {"run": None}, {"model": []}, {"model": {"a": 1}}, {"split": 3}, {"run": ["a"]}]
)
def test_what_a_run_began_with_is_in_texts(started, content):
    write_json(started.origin, {**read_json(started.origin), **content})
    (started.path / SEAL).unlink()
    for read in (started.saved_split, lambda: started.check_model({})):
        with pytest.raises(RunError, match=r"origin\.json does not say"):
            read()


def test_metrics_are_sealed_when_a_run_ends_and_open_when_it_goes_on(started, capsys):
    started.metrics.write_text("steps,a\n0,1\n10,2\n")
    started.close_logs()
    started.metrics.write_text("steps,a\n0,1\n10,3\n")
    with pytest.raises(RunError, match=r"metrics\.csv has changed"):
        read_metrics(started.metrics)
    (started.path / "metrics.csv.damaged_1").touch()
    started.open_logs()
    assert "A new metrics.csv begins, and metrics.csv.damaged_2 is what was there" in capsys.readouterr().out
    assert (started.path / "metrics.csv.damaged_2").read_text().endswith("10,3\n")
    started.metrics.write_text("steps,a\n20,5\n")
    assert read_metrics(started.metrics).column("a") == {20: 5.0}
    started.close_logs()
    seal(started.path, {"metrics.csv": sha256(started.metrics)})


class Killed(BaseException):
    """The end of a process, after which nothing of it happens."""


def test_a_kill_at_any_write_leaves_nothing_that_looks_damaged(tmp_path, configure, monkeypatch):
    """The kill comes when a file lies beside its place; one right after a rename leaves less."""
    config, rename = configure("algo.timesteps=1000"), Path.replace
    monkeypatch.setattr("mousearm.rundir.folder.describe_environment", lambda: "python")

    def work(folder):
        if not folder.exists:
            folder.create(config, ["seed=0"], SPLIT, {})
        check_seal(folder.config)
        folder.update_config(replace(config, max_minutes=5.0))
        folder.open_logs()
        folder.metrics.write_text("steps,a\n0,1\n")
        folder.close_logs()
        for text in ("first", "second"):
            write_sealed(folder.evaluation, text)

    for n in range(1000):
        left = n

        def replace_or_die(path, target):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return rename(path, target)

        folder = RunFolder(tmp_path / str(n))
        folder.path.mkdir()
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            patch.setattr(Path, "replace", replace_or_die)
            work(folder)
        for file in folder.path.iterdir():
            check_seal(file)
        work(folder)
        check_seal(folder.evaluation)
        if left >= 0:
            break
    assert n > 12
