import contextlib
import resource
import signal

import pytest

from mousearm.errors import RunError
from mousearm.rundir import read_json, write_bytes, write_json, write_text


def test_writing_replaces_at_once_and_leaves_nothing_beside(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    write_json(file, {"a": 2})
    assert read_json(file) == {"a": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(("text", "problem"), [("{", "cannot be read"), ("[1]", "holds no JSON object")])
def test_what_is_no_json_object_is_named(tmp_path, text, problem):
    write_text(tmp_path / "a.json", text)
    with pytest.raises(RunError, match=rf"a\.json.*{problem}"):
        read_json(tmp_path / "a.json")


@contextlib.contextmanager
def largest_file(size):
    """No file may grow beyond so many bytes, as on a disk that is full; not even what a test runner writes."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_what_cannot_be_written_is_explained_and_what_was_there_stays(tmp_path):
    file = tmp_path / "a"
    write_bytes(file, b"1")
    message = r"/a cannot be written: File too large\. Raise the limit on the size of files"
    with largest_file(1024), pytest.raises(RunError, match=message):
        write_bytes(file, bytes(2000))
    assert file.read_bytes() == b"1"


def test_a_folder_that_has_vanished_is_named(tmp_path):
    with pytest.raises(
        RunError, match=r"/gone/a\.partial cannot be written: No such file or directory\. Bring the folder"
    ):
        write_bytes(tmp_path / "gone" / "a", b"")
