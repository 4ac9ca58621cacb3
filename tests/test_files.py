import contextlib
import json
import os
import resource
import signal
import socket
from pathlib import Path

import h5py
import numpy as np
import pytest

from mousearm.errors import ModelError, OutputError, RunError
from mousearm.files import (
    append_text,
    check_file,
    check_room,
    clean_up,
    inside,
    make_folder,
    new_output,
    open_hdf5,
    os_errors_as,
    read_bytes,
    read_json,
    read_text,
    recover_folder,
    remove_folder,
    sha256,
    staged,
    verify_folder,
    write_bytes,
    write_folder,
    write_json,
    write_text,
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


@pytest.mark.parametrize(("text", "problem"), [("{", "cannot be read"), ("[1]", "holds no JSON object")])
def test_what_is_no_json_object_is_named(tmp_path, text, problem):
    write_text(tmp_path / "a.json", text)
    with pytest.raises(RunError, match=rf"a\.json.*{problem}"):
        read_json(tmp_path / "a.json")


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


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    write_bytes(tmp_path / "a", b"abc")
    assert sha256(tmp_path / "a") == sha256(b"abc")


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


def strange_files(folder):
    """What else than a file can have a name, by what it is; and files that are larger than they should be."""
    folder.joinpath("here").mkdir()
    os.mkfifo(folder / "pipe")
    with contextlib.chdir(folder), socket.socket(socket.AF_UNIX) as listening:  # a short name
        listening.bind("socket")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "nowhere").symlink_to(folder / "gone")
    (folder / "to_zeros").symlink_to("/dev/zero")
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    return {
        folder / "here": "it is a folder",
        folder / "pipe": "it is a named pipe",
        folder / "socket": "it is a socket",
        Path("/dev/zero"): "it is a device",
        folder / "to_zeros": "it is a device",
        folder / "loop": "symbolic links",
        folder / "nowhere": "No such file",
        folder / "gone": "No such file",
        folder / "sparse" / "below": "Not a directory",
        folder / "sparse": "MB or more",
        folder / ("x" * 300): "name too long",
        folder / "nul\0nul": "null",
    }


@pytest.mark.parametrize("read", [check_file, read_bytes, read_text, read_json, open_hdf5, sha256])
def test_only_files_pass_the_door_and_nothing_is_waited_for(tmp_path, read):
    call = {
        check_file: lambda path: check_file(path, 1000, ModelError),
        read_bytes: lambda path: read_bytes(path, 1000, ModelError),
        read_text: lambda path: read_text(path, 1000, ModelError),
        read_json: lambda path: read_json(path, ModelError, 1000),
        open_hdf5: lambda path: contextlib.ExitStack().enter_context(open_hdf5(path, 1000, ModelError)),
        sha256: sha256,
    }[read]
    for path, text in strange_files(tmp_path).items():
        if read is sha256 and path.name == "sparse":
            continue
        with pytest.raises((OSError, ValueError) if read is sha256 else ModelError) as caught:
            call(path)
        if read is not sha256:
            assert text in str(caught.value)
            assert str(path) in str(caught.value) or repr(str(path)) in str(caught.value)


def test_a_file_that_has_more_than_it_says_is_bounded_too():
    assert os.stat("/proc/cpuinfo").st_size == 0
    with pytest.raises(RunError, match="MB or more"):
        read_bytes(Path("/proc/cpuinfo"), 10)


def test_text_is_utf_8_with_or_without_a_mark(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"\xef\xbb\xbfa\nb")
    assert read_text(file) == "a\nb"
    file.write_bytes(b"a\nb\nM\xfcller")
    with pytest.raises(RunError, match=r"a, line 3.*Save it as UTF-8"):
        read_text(file)
    file.write_bytes("a\nb\nMüller".encode())  # as the message advises
    assert read_text(file).endswith("Müller")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        '{"a": ' * 100_000,
        f'{{"a": {"9" * 5000}}}',
        '{"a": 1, "a": 2}',
        '{"b": {"a": 1, "a": 2}}',
        "[1]",
        "\0",
    ],
)
def test_json_that_is_no_plain_object_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(RunError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def hostile_hdf5(folder):
    """Files that lead elsewhere or claim to be large, by name."""
    other = folder / "other.h5"
    with h5py.File(other, "w") as file:
        file["a"] = np.arange(10.0)
    (folder / "secret").write_bytes(b"0123456789abcdef")

    def external_link(file):
        file["b"] = h5py.ExternalLink(str(other), "/a")

    def soft_link_through_another(file):
        file["x"] = h5py.ExternalLink(str(other), "/")
        file["b"] = h5py.SoftLink("/x/a")

    def virtual(file):
        layout = h5py.VirtualLayout((10,), "f8")
        layout[:] = h5py.VirtualSource(str(other), "a", (10,))
        file.create_virtual_dataset("b", layout)

    def bytes_of_another_file(file):
        file.create_dataset("b", (16,), "u1", external=[(str(folder / "secret"), 0, 16)])

    def never_written(file):
        file.create_dataset("b", (10**9,), "f8", chunks=(1000,))

    def compressed(file):
        file.create_dataset("b", data=np.zeros(10_000_000), compression="gzip", chunks=(1_000_000,))

    def one_large_chunk(file):
        file.create_dataset("b", (1,), "f8", maxshape=(None,), chunks=(10**8,), compression="gzip")

    def the_same_many_times(file):
        file["b"] = np.zeros(10_000)
        for i in range(200):
            file[f"c{i}"] = file["b"] if i % 2 else h5py.SoftLink("/b")

    def links_in_a_circle(file):
        file["b"] = h5py.SoftLink("/c")
        file["c"] = h5py.SoftLink("/b")
        file.create_group("d")["up"] = file["/"]
        file["e"] = h5py.ExternalLink("circle.h5", "/e")

    makers = (external_link, soft_link_through_another, virtual, bytes_of_another_file, never_written, compressed)
    for make in (*makers, one_large_chunk, the_same_many_times, links_in_a_circle):
        with h5py.File(folder / f"{make.__name__}.h5", "w") as file:
            make(file)
        yield folder / f"{make.__name__}.h5"


def test_no_hdf5_file_leads_elsewhere_or_fills_the_memory(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in hostile_hdf5(tmp_path):
        with (
            pytest.raises(ModelError, match=rf"{path.name}.*Do this"),
            open_hdf5(path, 10_000_000, ModelError, "Do this."),
        ):
            pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
    with open_hdf5(tmp_path / "other.h5", 10_000, ModelError) as file:
        assert file["a"][()].sum() == 45


def test_names_stay_below_their_folder(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "out").symlink_to(tmp_path)
    (tmp_path / "run" / "in").symlink_to(tmp_path / "run" / "there")
    for name in ("reach_1", "mouse 1/monday/reach-1", "Müller", "a..b", "in", "in/x", "=1", "x" * 250):
        assert inside(tmp_path / "run", name) == tmp_path / "run" / name
    outside = (
        "../x",
        "a/../../x",
        "/x",
        "",
        ".",
        "/",
        "..",
        "a\0",
        "a\nb",
        "\x1b[2J",
        "\ud800",
        "x" * 300,
        "out",
        "out/x",
    )
    for name in outside:
        with pytest.raises(ModelError):
            inside(tmp_path / "run", name, ModelError)


def test_a_manifest_that_lists_too_little_or_no_hashes_is_refused(tmp_path):
    write_folder(tmp_path / "a", {"x": b"1", "y": b"2"}, "run")
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    verify_folder(tmp_path / "a")
    hashes = manifest["sha256"]
    for strange in (
        {},
        None,
        [],
        "x",
        {"x": None, "y": None},
        {**hashes, "x": 1},
        {**hashes, "x": {}},
        {**hashes, "z": ""},
    ):
        write_json(tmp_path / "a" / "manifest.json", {**manifest, "sha256": strange})
        with pytest.raises(RunError):
            verify_folder(tmp_path / "a")
    for name in ("../b", "/etc/passwd", "x"):
        write_json(tmp_path / "a" / "manifest.json", {**manifest, "sha256": {name: hashes["x"]}})
        with pytest.raises(RunError, match=r"is missing|is not in"):
            verify_folder(tmp_path / "a")
