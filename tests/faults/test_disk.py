"""A disk that is full, read-only or gone: a message, and the newest checkpoint as it was."""

import contextlib
import resource
import shutil
import subprocess

import pytest
from short_runs import QUICK, at_call, result

from mousearm.errors import RunError
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder


@contextlib.contextmanager
def largest_file(size):
    """No file may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def remount(place, how):
    subprocess.run(["mount", "-o", f"remount,{how}", place], check=True)


def test_a_checkpoint_that_cannot_be_written_costs_nothing_but_itself(tmp_path, configure, unbroken, stopped):
    folder = RunFolder(shutil.copytree(stopped, tmp_path / "r"))
    complete = folder.complete_checkpoints()
    with (
        largest_file((complete[-1] / "state.pt").stat().st_size // 2),
        pytest.raises(RunError, match=r"state\.pt cannot be written: File too large\. Raise the limit.*ulimit -f"),
    ):
        run(configure(*QUICK), folder.path)
    assert folder.complete_checkpoints() == complete
    status = folder.status()
    assert status.state == "failed"
    assert "File too large" in status.reason
    run(configure(*QUICK), folder.path)
    assert result(folder) == unbroken(QUICK)[0]


def test_a_full_disk(small_disk, configure, unbroken, stopped):
    folder = RunFolder(shutil.copytree(stopped, small_disk / "r"))
    complete = folder.complete_checkpoints()
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    with pytest.raises(RunError, match=r"cannot be written: No space left on device\. Free some space there"):
        run(configure(*QUICK), folder.path)
    assert folder.complete_checkpoints() == complete
    ballast.unlink()
    run(configure(*QUICK), folder.path)
    assert result(folder) == unbroken(QUICK)[0]


def test_a_read_only_folder(small_disk, configure, stopped):
    folder = RunFolder(shutil.copytree(stopped, small_disk / "r"))
    remount(small_disk, "ro")
    with pytest.raises(RunError, match=r"lock cannot be written: Read-only file system\. Make the file"):
        run(configure(*QUICK), folder.path)
    with pytest.raises(RunError, match=r"new cannot be written: Read-only file system"):
        run(configure(*QUICK), small_disk / "new")
    remount(small_disk, "rw")
    run(configure(*QUICK), folder.path)
    assert folder.status().state == "finished"


def test_a_folder_that_vanishes(tmp_path, configure, stopped):
    folder = RunFolder(shutil.copytree(stopped, tmp_path / "r"))
    with (
        at_call(5, lambda: shutil.rmtree(folder.path)),
        pytest.raises(RunError, match="cannot be written: No such file or directory"),
    ):
        run(configure(*QUICK), folder.path)
    assert not folder.path.exists()
