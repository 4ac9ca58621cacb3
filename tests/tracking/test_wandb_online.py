import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from short_tracked import OFFLINE, QUICK, ROLLOUT, ROOT, terminating_after_rows, wait_for_rows
from wandb_server import KEY

from mousearm.errors import Interrupted
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.logger import build_logger
from mousearm.tracking.wandb_parts import parts_of, without_credentials

ONLINE = (*QUICK, "tracking=wandb", "algo.eval_freq=1568")


def files_with(text, folder):
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_run_goes_on_where_the_server_has_it(tmp_path, configure, server, logged):
    endless = (*ONLINE, "algo.timesteps=100000000", "tracking.tags=[first,try]", "tracking.group=tests")
    with pytest.raises(Interrupted), terminating_after_rows(tmp_path / "r" / "metrics.csv", 3):
        run(configure(*endless), tmp_path / "r", endless)
    folder = RunFolder(tmp_path / "r")
    (stored,) = server.runs.values()
    assert (stored.preempting, stored.exit_codes) == (True, [255])
    more = (f"algo.timesteps={folder.status().steps + 2 * ROLLOUT}",)
    run(configure(*ONLINE, *more), folder.path, more)

    assert list(server.runs) == [folder.id]
    expected = logged(folder.path)
    assert [row["_step"] for row in stored.history] == [row["steps"] for row in stored.history] == list(expected)
    for row in stored.history:
        values = expected[row["steps"]]
        assert {key: row[key] for key in values} == pytest.approx(values)
    assert stored.exit_codes == [255, 0]
    assert (stored.summary["status"], stored.summary["steps"]) == ("finished", folder.status().steps)
    assert stored.config["reward"]["value"]["sigma_mm"] == [0.3, 1, 4, 16]
    assert stored.fields["tags"] == ["first", "try"]
    assert (stored.fields["groupName"], stored.fields["jobType"]) == ("tests", "train")
    assert stored.files["environment.txt"] == folder.environment.read_bytes()
    assert any(name.startswith("media/images/result/demo") for name in stored.files)
    assert all(part.mark.is_file() for part in parts_of(folder.path))
    # The key is nowhere: not in the run folder, not in W&B's own logs, not in what was sent.
    assert files_with(KEY, tmp_path) == []
    assert not any(KEY.encode() in content for content in stored.files.values())


def test_without_login_it_goes_on_offline(tmp_path, configure, fresh, capsys):
    folder = RunFolder(tmp_path / "r")
    folder.path.mkdir()
    folder.environment.write_text("python 3")
    build_logger(configure("tracking=wandb"), folder).end("finished")
    printed = capsys.readouterr().out
    assert "Weights & Biases: nobody is logged in. Going on offline; `wandb login` lets the next run go" in printed
    assert f"To upload it: python scripts/sync.py {folder.path}" in printed
    (part,) = parts_of(folder.path)
    assert part.is_offline


@pytest.mark.slow
def test_without_a_network_it_goes_on_offline_and_leaves_nothing_else(tmp_path, configure, server, capsys):
    os.environ["WANDB_BASE_URL"] = "http://127.0.0.1:9"
    folder = RunFolder(tmp_path / "r")
    folder.path.mkdir()
    folder.environment.write_text("python 3")
    build_logger(configure("tracking=wandb"), folder).end("finished")
    assert "connection refused. Going on offline." in capsys.readouterr().out
    (part,) = parts_of(folder.path)
    assert part.is_offline
    # What comes later waits for it, so that the parts stay in order.
    os.environ["WANDB_BASE_URL"] = server.url
    build_logger(configure("tracking=wandb"), folder).end("finished")
    assert "an earlier part of the run is not uploaded yet" in capsys.readouterr().out
    assert server.runs == {}


@pytest.mark.slow
def test_each_job_of_a_sweep_is_a_run_of_its_group(tmp_path, server):
    words = (*ONLINE, "algo.timesteps=784", "name=lab/rewards", "seed=0,1")
    swept = subprocess.run(
        [sys.executable, ROOT / "run.py", "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert swept.returncode == 0, swept.stderr
    first, second = (RunFolder(tmp_path / "outputs" / "lab" / "rewards" / job).id for job in "01")
    assert set(server.runs) == {first, second}
    for job, run_id in (("0", first), ("1", second)):
        fields = server.runs[run_id].fields
        assert (fields["groupName"], fields["displayName"]) == ("lab/rewards", f"lab/rewards/{job}")
        assert fields["notes"].endswith(f"seed={job}")
        assert server.runs[run_id].config["seed"]["value"] == int(job)
        assert [row["_step"] for row in server.runs[run_id].history] == [0, 784]


@pytest.mark.slow
def test_training_goes_on_when_wandb_dies(tmp_path, configure, fresh, capsys):
    def kill():
        (core,) = (
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/stat")
            if "wandb-core" in (text := path.read_text()) and int(text.rpartition(")")[2].split()[1]) == os.getpid()
        )
        os.kill(core, signal.SIGKILL)

    words = (*OFFLINE, "algo.timesteps=7840")
    threading.Thread(target=lambda: (wait_for_rows(tmp_path / "r" / "metrics.csv", 2), kill())).start()
    run(configure(*words), tmp_path / "r", words)
    assert RunFolder(tmp_path / "r").status().state == "finished"
    assert capsys.readouterr().out.count("Weights & Biases gave up, training continues without it") == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ghp_secret@github.com/lab/mousearm.git", "https://github.com/lab/mousearm.git"),
        ("https://secret:x-oauth-basic@github.com/lab/mousearm", "https://github.com/lab/mousearm"),
        ("https://git.lab.org:8443/mousearm?private_token=secret", "https://git.lab.org:8443/mousearm"),
        ("git@github.com:lab/mousearm.git", "git@github.com:lab/mousearm.git"),
        ("", ""),
    ],
)
def test_the_address_of_the_code_holds_no_credentials(url, shown):
    assert without_credentials(url) == shown
