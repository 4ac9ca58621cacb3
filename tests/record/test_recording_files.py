"""Files hold the recording, with units and names; whole or not at all."""

import json
import re
import resource
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from mousearm.errors import ConfigError, OutputError, RecordingError, UnknownNameError
from mousearm.record import read_recording, record, write_recording
from mousearm.record.files import seal_recording

SCRIPT = Path(__file__).parents[2] / "scripts" / "record.py"


@pytest.fixture(scope="module")
def agent(build_agent):
    return build_agent("model=muscle")


@pytest.fixture(scope="module")
def noisy(agent):
    return record(agent, 2, noise=0.1, seed=1)


@pytest.fixture(scope="module")
def files(agent, tmp_path_factory):
    """Path of the recording ``noisy``, written in every format."""
    folder = tmp_path_factory.mktemp("written")
    paths = {"hdf5": folder / "a.h5", "nwb": folder / "a.nwb", "sto": folder / "a"}
    for kind, path in paths.items():
        if kind == "nwb":
            pytest.importorskip("pynwb")
        written = write_recording(agent, path, kind, 2, 0.1, 1)
        assert written.trials == 6
    return paths


def replaced(group, name, value):
    attributes = dict(group[name].attrs)
    del group[name]
    group[name] = value
    if isinstance(value, np.ndarray):
        group[name].attrs.update(attributes)


class TestHdf5:
    def test_it_holds_every_value_with_its_unit_and_names(self, noisy, files):
        with h5py.File(files["hdf5"]) as file:
            assert dict(file.attrs) == noisy.about
            for reach in noisy.reaches:
                group = file[f"reaches/{reach.name}/repeat_{reach.repeat}"]
                assert set(group) == set(reach.signals)
                assert (group.attrs["split"], group.attrs["completed"]) == ("test", True)
                for name, signal in reach.signals.items():
                    np.testing.assert_array_equal(group[name][:], signal.values)
                    said = group[name].attrs
                    assert (said["unit"], said["description"]) == (signal.unit, signal.description)
                    assert tuple(said.get("columns", ())) == signal.columns
                    assert tuple(said.get("rows", ())) == signal.rows

    def test_trials_lead_to_the_performances(self, noisy, files):
        with h5py.File(files["hdf5"]) as file:
            trials = {name: column[:].tolist() for name, column in file["trials"].items()}
            assert [name.decode() for name in trials["reach"]] == 2 * ["demo", "mouse/long", "short"]
            assert trials["repeat"] == [0, 0, 0, 1, 1, 1]
            for path, frames, reach in zip(trials["path"], trials["frames"], noisy.reaches, strict=True):
                assert len(file[path]["qpos"]) == frames == len(reach.signals["qpos"].values)

    def test_what_was_written_is_read(self, noisy, files):
        read = read_recording(files["hdf5"])
        assert read.about == noisy.about
        for one, other in zip(read.reaches, noisy.reaches, strict=True):
            for field in ("name", "split", "repeat", "completed"):
                assert getattr(one, field) == getattr(other, field)
            assert set(one.signals) == set(other.signals)
            for name, signal in one.signals.items():
                np.testing.assert_array_equal(signal.values, other.signals[name].values)
                for field in ("unit", "description", "columns", "rows"):
                    assert getattr(signal, field) == getattr(other.signals[name], field)

    def test_what_is_not_there_or_no_hdf5_is_named(self, tmp_path):
        (tmp_path / "text.h5").write_text("no HDF5")
        for name in ("missing.h5", "text.h5"):
            with pytest.raises(RecordingError, match=rf"{name} (cannot be read: No such|has changed .*record\.py)"):
                read_recording(tmp_path / name)

    @pytest.mark.parametrize(
        ("damage", "text"),
        [
            (lambda f: f["reaches/short/repeat_0"].pop("error"), "has no signal error of the reach short"),
            (lambda f: f.pop("trials"), "Give an HDF5 file that"),
            (lambda f: f["reaches/short"].pop("repeat_0"), "Give an HDF5 file that"),
            (lambda f: f["reaches/short/repeat_0/qpos"].attrs.pop("unit"), "Give an HDF5 file that"),
            (lambda f: f["reaches/short/repeat_0"].attrs.pop("split"), "Give an HDF5 file that"),
            (lambda f: f["reaches/short/repeat_0"].attrs.update(reach="../../x"), "no name of something in a folder"),
            (lambda f: f["trials/path"].__setitem__(..., "/etc"), "Give an HDF5 file that"),
            (lambda f: replaced(f["reaches/short/repeat_0"], "landmarks", np.zeros((3, 3, 3))), "do not fit"),
            (lambda f: replaced(f["reaches/short/repeat_0"], "qpos", h5py.ExternalLink("a.h5", "/x")), "another file"),
            (lambda f: f.create_dataset("more", (10**9,), "f8"), "says that it holds"),
            (lambda f: f["reaches/short/repeat_0"].create_group("more"), "more is not a dataset"),
        ],
    )
    def test_damage_is_named(self, files, tmp_path, damage, text):
        copy = shutil.copy(files["hdf5"], tmp_path / "copy.h5")
        with h5py.File(copy, "a") as content:
            damage(content)
        with pytest.raises(RecordingError, match=r"copy\.h5 has changed since it was written"):
            read_recording(copy)
        seal_recording(copy)  # by somebody who means it
        with pytest.raises(RecordingError, match=text):
            read_recording(copy)

    def test_any_byte_that_changes_is_found(self, files, tmp_path):
        whole = files["hdf5"].read_bytes()
        copy = tmp_path / "copy.h5"
        for at in [*range(0, 512, 16), *np.random.default_rng(0).integers(512, len(whole), 20)]:
            copy.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(RecordingError, match="has changed"):
                read_recording(copy)
        for part in (whole[:-1], whole + b"\0", whole[512:-8], whole[100:], b""):
            copy.write_bytes(part)
            with pytest.raises(RecordingError):
                read_recording(copy)
        copy.write_bytes(whole)
        assert read_recording(copy).reaches


class TestTables:
    @pytest.fixture
    def table(self, files):
        def read(name):
            text = (files["sto"] / "mouse/long/repeat_1" / f"{name}.sto").read_text()
            rows = [line.split("\t") for line in text.splitlines()]
            end = rows.index(["endheader"])
            return rows[:end], rows[end + 1], np.array(rows[end + 2 :], dtype=float)

        return read

    @pytest.fixture
    def reach(self, noisy):
        return next(reach for reach in noisy.reaches if (reach.name, reach.repeat) == ("mouse/long", 1))

    def test_joint_angles_have_the_names_of_opensims_coordinates(self, table, reach):
        header, columns, numbers = table("coordinates")
        values = reach.signals["qpos"].values
        assert header == [["coordinates"], ["version=1"], [f"nRows={len(values)}"], ["nColumns=7"], ["inDegrees=no"]]
        assert columns[:4] == ["time", "elv_angle", "extension_angle", "rotation_angle"]
        np.testing.assert_allclose(numbers[:, 0], reach.signals["time"].values, atol=1e-12)
        np.testing.assert_allclose(numbers[:, 1:], values, atol=1e-11)

    def test_muscles_are_in_si_units(self, table, reach):
        for name, signal, factor in (
            ("activations", "activation", 1),
            ("forces", "force", 1),
            ("fibre_lengths", "fibre_length", 1e-3),
            ("fibre_velocities", "fibre_velocity", 1e-3),
        ):
            _, columns, numbers = table(name)
            assert tuple(columns[1:]) == reach.signals[signal].columns
            np.testing.assert_allclose(numbers[:, 1:], factor * reach.signals[signal].values, rtol=1e-10, atol=1e-12)

    def test_points_are_in_opensims_axes(self, table, reach):
        _, columns, numbers = table("points")
        paw = [columns.index(f"paw_{axis}") for axis in "xyz"]
        right, forward, up = reach.signals["landmarks"].values[:, 2].T
        np.testing.assert_allclose(numbers[:, paw], np.stack([forward, up, right], axis=1), atol=1e-12)

    def test_the_folder_says_what_was_recorded(self, noisy, files):
        assert json.loads((files["sto"] / "recording.json").read_text()) == noisy.about


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "kind", "error", "text"),
        [
            ("a", None, OutputError, r"ends with none of \.h5, \.hdf5, \.nwb, \.sto: change it, or say --format"),
            ("a.h5", "nwb", OutputError, r"must end with \.nwb for --format nwb"),
            ("a", "hdf5", OutputError, r"must end with \.h5 or \.hdf5"),
            ("a.sto", "sto", OutputError, r"must be a folder for --format sto: leave \.sto out"),
            ("a.mat", "mat", UnknownNameError, "There is no format of recordings .*named 'mat'"),
        ],
    )
    def test_names_that_do_not_fit(self, agent, tmp_path, name, kind, error, text):
        with pytest.raises(error, match=text):
            write_recording(agent, tmp_path / name, kind)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(("name", "kind"), [("a.h5", None), ("a.nwb", None), ("a", "sto")])
    def test_a_failure_on_the_way_leaves_nothing(self, agent, tmp_path, monkeypatch, name, kind):
        whole = agent.evaluator.task.observe
        calls = []

        def breaks():
            calls.append(0)
            if len(calls) > 100:  # in the second repeat
                raise ConfigError("broken on purpose")
            return whole()

        monkeypatch.setattr(agent.evaluator.task, "observe", breaks)
        with pytest.raises(ConfigError, match="broken on purpose"):
            write_recording(agent, tmp_path / name, kind, repeats=2, noise=0.1)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(("name", "kind"), [("a.h5", None), ("a.nwb", None), ("a", "sto")])
    def test_no_room_is_said_and_leaves_nothing(self, agent, tmp_path, name, kind):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000 if kind == "sto" else 5_000_000, hard))
        try:
            with pytest.raises(OutputError, match=r"cannot be written: File too large"):
                write_recording(agent, tmp_path / name, kind, repeats=20, noise=0.1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert not list(tmp_path.iterdir())

    def test_what_is_there_stays_unless_it_is_to_be_replaced(self, agent, tmp_path):
        out = tmp_path / "a.h5"
        out.write_text("before")
        with pytest.raises(OutputError, match="exists already"):
            write_recording(agent, out)
        assert out.read_text() == "before"
        write_recording(agent, out, overwrite=True)
        assert h5py.is_hdf5(out)

    def test_without_pynwb(self, agent, tmp_path, monkeypatch):
        monkeypatch.delitem(sys.modules, "mousearm.record.nwb", raising=False)
        monkeypatch.setitem(sys.modules, "pynwb", None)
        with pytest.raises(OutputError, match=r"needs pynwb.*pip install 'mousearm\[nwb\]'"):
            write_recording(agent, tmp_path / "a.nwb")


class TestScript:
    @pytest.fixture
    def call(self, run_script):
        return lambda *words: run_script("record", *words)

    def test_it_says_what_it_wrote(self, call, trained, tmp_path):
        done = call(trained, "--out", tmp_path / "a.h5", "--noise", "0.1", "--repeats", "2", "--checkpoint", "latest")
        assert done.out.startswith(f"{tmp_path}/a.h5: 6 trials, 2.1 s, ")
        with h5py.File(tmp_path / "a.h5") as file:
            assert (file.attrs["checkpoint"], file.attrs["noise"], len(file["trials/path"])) == ("1568", 0.1, 6)

    def test_other_reaches(self, call, trained, tmp_path, reach_folder):
        call(trained, "--out", tmp_path / "a.h5", "--kinematics", reach_folder / "short.csv")
        with h5py.File(tmp_path / "a.h5") as file:
            assert [(name, file["trials/split"][0]) for name in file["reaches"]] == [("short", b"test")]

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (("--repeats", "2"), "error: 2 repeats without noise would be the same.*\\n"),
            (("--checkpoint", "7"), "error: .* has no checkpoint '7'.*\\n"),
            (("--format", "sto"), r"error: .*must be a folder for --format sto.*\n"),
        ],
    )
    def test_what_is_wrong_is_said_in_a_line(self, call, trained, tmp_path, words, text):
        refused = call(trained, "--out", tmp_path / "a.h5", *words)
        assert refused.status == 1
        assert re.fullmatch(text, refused.err)

    def test_a_folder_that_is_no_run(self, call, tmp_path):
        assert call(tmp_path, "--out", tmp_path / "a.h5").err.startswith("error: There is no run in")
