import resource

import pytest

from mousearm.errors import OutputError
from mousearm.output import check_room, new_output


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


def test_a_full_disk_is_said(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with (
            pytest.raises(OutputError, match=r"file \(--out\) cannot be written \(File too large\)"),
            new_output(tmp_path / "file") as path,
        ):
            path.write_bytes(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
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
