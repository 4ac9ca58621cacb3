import contextlib
import json
import os
import resource
import socket
from pathlib import Path

import h5py
import numpy as np
import pytest

from mousearm.door import (
    check_file,
    inside,
    open_hdf5,
    read_bytes,
    read_json,
    read_text,
    sha256,
    verify_folder,
)
from mousearm.errors import ModelError, RunError
from mousearm.files import write_bytes, write_folder, write_json, write_text


@pytest.mark.parametrize(("text", "problem"), [("{", "cannot be read"), ("[1]", "holds no JSON object")])
def test_what_is_no_json_object_is_named(tmp_path, text, problem):
    write_text(tmp_path / "a.json", text)
    with pytest.raises(RunError, match=rf"a\.json.*{problem}"):
        read_json(tmp_path / "a.json")


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    write_bytes(tmp_path / "a", b"abc")
    assert sha256(tmp_path / "a") == sha256(b"abc")


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
