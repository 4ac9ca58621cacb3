import socket
from datetime import UTC, datetime, timedelta

import pytest

from mousearm.errors import RunError
from mousearm.files import read_json, write_json
from mousearm.rundir import FAILED, RUNNING
from mousearm.rundir.lock import locked
from mousearm.rundir.status import read_status, write_status


@pytest.fixture
def file(tmp_path):
    return tmp_path / "status.json"


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "lock"


def test_nothing_yet_and_what_was_written(file, lock):
    assert read_status(file, lock) == {}
    write_status(file, FAILED, 12, "because", "env.observation")
    status = read_status(file, lock)
    assert (status["state"], status["steps"], status["reason"]) == ("failed", 12, "because")
    assert (status["key"], status["host"]) == ("env.observation", socket.gethostname())
    assert abs(datetime.now(UTC) - datetime.fromisoformat(status["heartbeat"])) < timedelta(minutes=1)


def test_a_run_whose_process_is_no_more_was_killed(file, lock):
    with locked(lock):
        write_status(file, RUNNING, 12)
        assert read_status(file, lock)["state"] == "running"
    status = read_status(file, lock)
    assert status["state"] == "killed"
    assert status["reason"].startswith(f"process {status['pid']} on {status['host']} gave no sign of life since 20")


@pytest.mark.parametrize(("minutes", "state"), [(1, "running"), (10, "killed"), (-60, "running")])
def test_on_another_machine_the_heartbeat_tells(file, lock, minutes, state):
    write_status(file, RUNNING, 12)
    beat = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
    write_json(file, {**read_json(file), "host": "elsewhere", "heartbeat": beat})
    assert read_status(file, lock)["state"] == state


@pytest.mark.parametrize("heartbeat", [None, "yesterday", "2026-01-01T00:00:00"])
def test_no_heartbeat_is_no_sign_of_life(file, lock, heartbeat):
    write_json(file, {"state": "running", "host": "elsewhere", "heartbeat": heartbeat})
    assert read_status(file, lock)["state"] == "killed"


def test_a_status_that_cannot_be_read(file, lock):
    file.write_text("{")
    with pytest.raises(RunError, match=r"status\.json cannot be read"):
        read_status(file, lock)
