import contextlib
import json
import resource
import signal

import pytest

from mousearm.door import read_json, verify_folder
from mousearm.errors import OutputError, RunError, os_errors_as
from mousearm.files import (
    append_text,
    check_room,
    clean_up,
    make_folder,
    new_output,
    recover_folder,
    remove_folder,
    staged,
    to_json,
    unknown_as_null,
    write_bytes,
    write_folder,
    write_json,
)


@contextlib.contextmanager
def largest_file(size):
    """No file may grow beyond a number of bytes, as on a disk that is full; not even what a test runner writes."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_writing_replaces_at_once_and_leaves_nothing_beside(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    write_json(file, {"a": 2})
    assert read_json(file) == {"a": 2}
    append_text(file, "\n")
    assert file.read_text() == '{\n  "a": 2\n}\n\n'
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_what_cannot_be_written_is_explained_and_what_was_there_stays(tmp_path):
    file = tmp_path / "a"
    write_bytes(file, b"1")
    message = r"/a cannot be written: File too large\. Raise the limit on the size of files \(ulimit -f\)\.$"
    with largest_file(1024), pytest.raises(OutputError, match=message):
        write_bytes(file, bytes(2000))
    assert file.read_bytes() == b"1"


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_bytes(path, b""),
        lambda path: append_text(path, ""),
        lambda path: contextlib.ExitStack().enter_context(staged(path)),
    ],
)
def test_a_folder_that_has_vanished_is_named(tmp_path, write):
    with pytest.raises(OutputError, match=r"/gone/a cannot be written: No such file or directory\. Make the folder"):
        write(tmp_path / "gone" / "a")


def test_a_kind_of_error_and_advice_are_added_to_those_of_the_system_and_of_writers(tmp_path):
    for write in (lambda path: path.write_bytes(b""), lambda path: write_bytes(path, b"")):
        with (
            pytest.raises(RunError, match=r"^/\S*/gone/a cannot be \w+: No such .* away\. Then try again\.$"),
            os_errors_as(RunError, tmp_path, "used", "Then try again."),
        ):
            write(tmp_path / "gone" / "a")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(OutputError, match=r"/a/b cannot be made: Not a directory"):
        make_folder(tmp_path / "a" / "b")
    assert make_folder(tmp_path / "b" / "c").is_dir()


def test_a_file_appears_when_all_went_well(tmp_path):
    out = tmp_path / "new" / "file.h5"
    with new_output(out) as path:
        path.write_text("whole")
        assert path.name == out.name
        assert not out.exists()
    assert out.read_text() == "whole"
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_takes_the_place_of_an_empty_one(tmp_path):
    (tmp_path / "out").mkdir()
    with new_output(tmp_path / "out") as path:
        path.mkdir()
        (path / "a").write_text("a")
    assert [file.name for file in tmp_path.rglob("*")] == ["out", "a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_whatever_goes_wrong_nothing_is_left_and_nothing_lost(tmp_path, error):
    out = tmp_path / "file"
    out.write_text("before")

    def fail():
        with new_output(out, overwrite=True) as path:
            path.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("write", "what"), [(write_bytes, "/out/part"), (lambda path, content: path.write_bytes(content), "/out")]
)
def test_a_full_disk_is_said_of_what_was_asked_for(tmp_path, write, what):
    def fill():
        with largest_file(1000), new_output(tmp_path / "out") as path:
            path.mkdir()
            write(path / "part", bytes(2000))

    with pytest.raises(OutputError, match=f"{what} cannot be written: File too large"):
        fill()
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path):
    (tmp_path / "file").write_text("before")
    with (
        pytest.raises(OutputError, match=r"file \(--out\) exists already\. Give another name"),
        new_output(tmp_path / "file"),
    ):
        pass
    with pytest.raises(OutputError, match="nothing in it is to be overwritten or mixed"), new_output(tmp_path, True):
        pass
    assert (tmp_path / "file").read_text() == "before"


def test_a_file_is_replaced_where_that_is_asked_for(tmp_path):
    (tmp_path / "file").write_text("before")
    with new_output(tmp_path / "file", overwrite=True) as path:
        path.write_text("after")
    assert (tmp_path / "file").read_text() == "after"


def test_room_is_looked_for_behind_what_is_there(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(bytes(1000))
    check_room(file, 10_000)
    check_room(tmp_path / "new", 10_000)
    with pytest.raises(OSError, match=r"No space left|File too large"):
        check_room(file, 1 << 60)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


FILES = {"a.txt": b"one", "b.bin": bytes(range(256))}


@pytest.fixture
def written(tmp_path):
    write_folder(tmp_path / "best", FILES, "run 1")
    return tmp_path / "best"


def test_a_folder_is_whole(written):
    verify_folder(written)
    verify_folder(written, "run 1")
    assert sorted(path.name for path in written.iterdir()) == ["a.txt", "b.bin", "manifest.json"]


def test_another_one_takes_its_place(written):
    write_folder(written, {"c": b""}, "run 1")
    verify_folder(written)
    assert sorted(path.name for path in written.iterdir()) == ["c", "manifest.json"]
    assert [path.name for path in written.parent.iterdir()] == ["best"]


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("damage", ["truncated", "emptied", "flipped", "deleted"])
def test_damage_is_found_and_named(written, name, damage):
    file = written / name
    content = bytearray(file.read_bytes())
    if damage == "deleted":
        file.unlink()
    elif damage == "flipped":
        for i in range(0, 8 * len(content), 13):
            flipped = bytearray(content)
            flipped[i // 8] ^= 1 << i % 8
            file.write_bytes(flipped)
            if name != "manifest.json":
                with pytest.raises(RunError, match=f"{name} is damaged"):
                    verify_folder(written, "run 1")
            elif b"a.txt" in flipped and b"b.bin" in flipped:  # otherwise it lists other files, which are not there
                with pytest.raises(RunError):
                    verify_folder(written, "run 1")
        return
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"")
    with pytest.raises(RunError, match=name):
        verify_folder(written)


def test_a_folder_of_another_run(written):
    with pytest.raises(RunError, match="best is of another run"):
        verify_folder(written, "run 2")


def test_a_kill_between_the_renames_loses_nothing(written):
    written.rename(written.with_name("best.before"))
    recover_folder(written)
    verify_folder(written)
    # A kill a little later leaves the old one beside the new one, which counts.
    write_folder(written.with_name("best.before"), {"old": b""}, "run 1")
    recover_folder(written)
    verify_folder(written, "run 1")
    assert (written / "a.txt").is_file()
    write_folder(written, FILES, "run 1")
    assert [path.name for path in written.parent.iterdir()] == ["best"]


def test_what_kills_left_behind_is_removed(written):
    for name in ("best.partial", "best.before", "200.partial", "100.before"):
        (written.with_name(name)).mkdir()
    clean_up(written.parent)
    assert sorted(path.name for path in written.parent.iterdir()) == ["100", "best"]


def test_removed(written):
    remove_folder(written)
    assert list(written.parent.iterdir()) == []


def test_what_is_no_number_in_json_is_null():
    content = {"a": [1.5, float("nan")], "b": (float("inf"), {"c": "nan", "d": True, "e": 2})}
    assert json.loads(to_json(unknown_as_null(content))) == {
        "a": [1.5, None],
        "b": [None, {"c": "nan", "d": True, "e": 2}],
    }
