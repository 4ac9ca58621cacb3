import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from mousearm.errors import ConfigError, NonFiniteError, RunError
from mousearm.files import write_json
from mousearm.rundir.status import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    NO_STATUS,
    PRUNED,
    RUNNING,
    Pruned,
    Status,
    ending,
    is_held,
    locked,
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "status.json"


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "lock"


def test_nothing_yet_and_what_was_written(file, lock):
    assert Status.read(file, lock) == Status(NO_STATUS)
    Status(FAILED, 12, "because", "env.observation").write(file)
    status = Status.read(file, lock)
    assert (status.state, status.steps, status.reason) == ("failed", 12, "because")
    assert (status.key, status.host, status.pid) == ("env.observation", socket.gethostname(), os.getpid())
    assert abs(datetime.now(UTC) - datetime.fromisoformat(status.heartbeat)) < timedelta(minutes=1)


def test_what_an_agent_from_the_hub_says_of_itself(file, lock):
    write_json(file, {"state": "finished", "steps": 300, "reason": "", "key": None})
    assert Status.read(file, lock) == Status(FINISHED, 300)


def test_a_run_whose_process_no_longer_exists_was_killed(file, lock):
    with locked(lock):
        Status(RUNNING, 12).write(file)
        assert Status.read(file, lock).state == "running"
    status = Status.read(file, lock)
    assert status.state == "killed"
    assert status.reason.startswith(f"process {status.pid} on {status.host} gave no sign of life since 20")


@pytest.mark.parametrize(("minutes", "state"), [(1, "running"), (10, "killed"), (-60, "running")])
def test_on_another_machine_the_heartbeat_tells(file, lock, minutes, state):
    beat = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
    write_json(file, {"state": "running", "steps": 12, "host": "elsewhere", "heartbeat": beat})
    assert Status.read(file, lock).state == state


@pytest.mark.parametrize("heartbeat", ["", "yesterday", "2026-01-01T00:00:00"])
def test_no_heartbeat_is_no_sign_of_life(file, lock, heartbeat):
    write_json(file, {"state": "running", "host": "elsewhere", "heartbeat": heartbeat})
    assert Status.read(file, lock).state == "killed"


def test_a_status_that_cannot_be_read(file, lock):
    file.write_text("{")
    with pytest.raises(RunError, match=r"status\.json cannot be read"):
        Status.read(file, lock)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt("SIGTERM"), Status(INTERRUPTED, 0, "SIGTERM")),
        (Pruned("above the median"), Status(PRUNED, 0, "above the median")),
        (ConfigError("seed: ..."), Status(FAILED, 0, "ConfigError: seed: ...")),
        (NonFiniteError("nan", "reward", {}), Status(FAILED, 0, "NonFiniteError: nan", "reward")),
    ],
)
def test_an_end_is_said_and_its_error_passes(error, status):
    said = []

    def end():
        with ending(said.append):
            raise error

    with pytest.raises(type(error)) as raised:
        end()
    assert raised.value is error
    assert said == [status]


def test_a_good_end_is_said_once():
    said = []
    with ending(said.append):
        assert said == []
    assert said == [Status(FINISHED)]


HOLD = """
import sys
from pathlib import Path
from mousearm.rundir.status import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock."""
    file = tmp_path / "lock"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(file)], text=True, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield file, process
        process.kill()


def test_the_second_process_is_refused_with_the_firsts_host_and_pid(holder):
    file, process = holder
    assert is_held(file)
    text = rf"is in use: the process {process.pid} on {socket.gethostname()} trains there\. Wait until it ends"
    with pytest.raises(RunError, match=text), locked(file):
        pass


def test_a_kill_releases_it(holder):
    file, process = holder
    process.kill()
    process.wait()
    assert not is_held(file)
    with locked(file):
        assert f'"pid": {os.getpid()}' in file.read_text()


def test_it_is_held_once_even_within_a_process(tmp_path):
    file = tmp_path / "lock"
    with locked(file), pytest.raises(RunError, match=f"the process {os.getpid()} on"), locked(file):
        pass
    assert not is_held(file)


def test_where_no_lock_can_be_made(tmp_path):
    assert not is_held(tmp_path / "none")
    with pytest.raises(RunError, match="gone/lock cannot be written"), locked(tmp_path / "gone" / "lock"):
        pass


def test_advice_on_a_status_that_has_changed(file, lock):
    Status(FINISHED, 1200, "because").write(file)
    whole = file.read_text()
    before = Status.read(file, lock)
    for i in range(len(whole)):
        file.write_text(whole[:i] + chr(1 + ord(whole[i])) + whole[i + 1 :])
        try:
            assert Status.read(file, lock) == before
        except RunError as error:
            assert str(file) in str(error)  # noqa: PT017
    for content in ({"state": "flying"}, {"steps": "12"}, {"steps": None}, {"pid": []}, {"reason": 3}, {"key": {}}):
        write_json(file, {"state": "finished", **content})
        with pytest.raises(RunError, match="Remove it"):
            Status.read(file, lock)
    file.unlink()
    assert Status.read(file, lock) == Status(NO_STATUS)
