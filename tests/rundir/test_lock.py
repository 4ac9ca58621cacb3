import os
import socket
import subprocess
import sys

import pytest

from mousearm.errors import RunError
from mousearm.rundir.lock import is_held, locked

HOLD = """
import sys, time
from pathlib import Path
from mousearm.rundir.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock."""
    file = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
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
