import psutil
import pytest
import wandb
from short_tracked import OFFLINE, ROLLOUT, terminating_after_rows
from wandb.sdk.wandb_run import Run

from mousearm.errors import Interrupted, RunError
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.wandb_parts import forget_service, parts_of, sync_runs


@pytest.fixture
def kept(tmp_path):
    """A run folder with a part that was never uploaded, of which nothing can be read."""
    part = tmp_path / "outputs" / "r" / "wandb" / "offline-run-20260101_120000-abc" / "run-abc.wandb"
    part.parent.mkdir(parents=True)
    part.write_bytes(20 * b"no record")
    (tmp_path / "outputs" / "r" / "config.yaml").touch()
    return tmp_path / "outputs" / "r"


@pytest.fixture
def sync(run_script, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_script("sync", *arguments)


def test_parts_are_in_the_order_of_time_whether_online_or_offline(tmp_path):
    names = [
        "run-20260101_120000-a",
        "offline-run-20260101_130000-a",
        "run-20260102_110000-a",
        "run-20260102_110000-a-1",
    ]
    for name in reversed(names):
        (tmp_path / "wandb" / name).mkdir(parents=True)
        (tmp_path / "wandb" / name / "run-a.wandb").touch()
    parts = parts_of(tmp_path)
    assert [part.file.parent.name for part in parts] == names
    assert [part.is_offline for part in parts] == [False, True, False, False]
    assert all(part.is_empty and part.last_step() == -1 and not part.mark.is_file() for part in parts)


def test_what_there_is_nothing_to_upload_of(kept):
    (part,) = parts_of(kept)
    part.mark.touch()
    (kept / "wandb" / "empty-run-1").mkdir()
    assert sync_runs([kept]) == {kept: (True, "is uploaded already")}
    assert sync_runs([kept.parent]) == {kept.parent: (True, "kept nothing for Weights & Biases")}


def test_a_run_that_is_at_work_is_left_alone(kept):
    folder = RunFolder(kept)
    with folder.locked():
        folder.set_status("running", 0)
        assert sync_runs([kept]) == {kept: (False, "is being trained; its turn comes when it has ended")}


def test_without_login_it_says_what_to_do(kept, fresh):
    with pytest.raises(
        RunError, match=r"cannot be used: nobody is logged in\. Log in with `wandb login`, or set WANDB_"
    ):
        sync_runs([kept])


def services():
    """Processes of W&B that this one has started and that have not ended."""
    children = psutil.Process().children()
    return {child for child in children if "wandb-core" in child.name() and child.status() != psutil.STATUS_ZOMBIE}


@pytest.mark.slow
def test_a_process_that_does_not_end_is_not_waited_for_without_end(fresh):
    fresh.setattr("mousearm.tracking.wandb_parts._PATIENCE_S", 0.5)
    before = services()
    wandb.setup().ensure_service()
    (service,) = services() - before
    service.suspend()
    try:
        forget_service()
        assert service in services()
        wandb.setup().ensure_service()  # another one
        (second,) = services() - before - {service}
        fresh.setattr("mousearm.tracking.wandb_parts._PATIENCE_S", 30.0)
        forget_service()
        assert second not in services()
    finally:
        service.kill()


@pytest.mark.slow
def test_a_server_out_of_reach_is_named(sync, kept, server):
    server.__exit__()
    answer = sync(kept)
    assert answer.status == 1
    assert answer.err.startswith("error: Weights & Biases cannot be used: Failed to authenticate with http://127.0")
    assert "Traceback" not in answer.err


@pytest.mark.slow
def test_a_part_that_cannot_be_read_is_named_and_tried_again(kept, server):
    for _ in range(2):
        ((good, text),) = sync_runs([kept]).values()
        assert not good
        assert text.startswith('1 of 1 parts could not be uploaded: Failed to read "')


@pytest.mark.slow
def test_the_parts_of_a_run_become_one_run_and_are_uploaded_once(
    sync, tmp_path, configure, server, logged, monkeypatch, capsys
):
    def late(*arguments, finish=Run.finish, **options):
        finish(*arguments, **options)
        raise TimeoutError

    sweep = tmp_path / "outputs"
    endless = (*OFFLINE, "algo.timesteps=100000000")
    with pytest.raises(Interrupted), terminating_after_rows(sweep / "r" / "metrics.csv", 3):
        run(configure(*endless), sweep / "r", endless)
    folder = RunFolder(sweep / "r")
    more = (f"algo.timesteps={folder.status().steps + 2 * ROLLOUT}",)
    with monkeypatch.context() as patch:
        patch.setattr(Run, "finish", late)
        run(configure(*OFFLINE, *more), folder.path, more)
    assert "not everything could be uploaded yet. python scripts/sync.py RUN uploads it." in capsys.readouterr().out
    with monkeypatch.context() as patch:
        patch.delenv("WANDB_API_KEY")
        forget_service()
        assert "or set WANDB_API_KEY; the computer must reach the server." in sync("outputs").err
    assert server.runs == {}

    first = sync("outputs")
    assert first.status == 0, first.out + first.err
    assert first.out == f"{folder.path}: 2 parts uploaded to {server.url}/lab/mousearm/runs/{folder.id}\n"
    (stored,) = server.runs.values()
    assert [row["_step"] for row in stored.history] == [row["steps"] for row in stored.history]
    assert [row["steps"] for row in stored.history] == list(logged(folder.path))
    assert stored.exit_codes == [255, 0]
    assert stored.summary["status"] == "finished"
    assert any(name.startswith("media/images/result/demo") for name in stored.files)

    asked = len(server.requests)
    again = sync("outputs")
    assert again.out == f"{folder.path}: is uploaded already\n"
    assert len(server.requests) == asked
    # Unless it is asked for, as after the server lost it.
    server.runs.clear()
    assert sync("outputs", "--again").status == 0
    assert [row["steps"] for row in server.runs[folder.id].history] == list(logged(folder.path))
