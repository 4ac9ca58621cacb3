import h5py
import numpy as np
import pytest

from mousearm.errors import RecordingError
from mousearm.record import read_recording, record, write_recording


@pytest.fixture
def file(build_agent, tmp_path):
    path = tmp_path / "one.h5"
    write_recording(build_agent("model=muscle", only="short"), path)
    return path


def test_what_was_written_is_read(build_agent, file):
    recording, read = record(build_agent("model=muscle", only="short")), read_recording(file)
    assert read.about == recording.about
    for one, other in zip(read.reaches, recording.reaches, strict=True):
        assert (one.name, one.split, one.repeat, one.completed) == ("short", "test", 0, True)
        assert set(one.signals) == set(other.signals)
        for name, signal in one.signals.items():
            np.testing.assert_array_equal(signal.values, other.signals[name].values)
            for field in ("unit", "description", "columns", "rows"):
                assert getattr(signal, field) == getattr(other.signals[name], field)


def test_a_name_with_a_slash_is_kept(build_agent, tmp_path):
    write_recording(build_agent(), tmp_path / "all.h5")
    assert [reach.name for reach in read_recording(tmp_path / "all.h5").reaches] == ["demo", "mouse/long", "short"]


def test_what_is_not_there_or_no_hdf5_is_named(tmp_path):
    (tmp_path / "text.h5").write_text("no HDF5")
    for name in ("missing.h5", "text.h5"):
        with pytest.raises(RecordingError, match=rf"{name} cannot be read as HDF5 .*scripts/record.py"):
            read_recording(tmp_path / name)


def test_another_hdf5_file_is_no_recording(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["df_with_missing"] = [1.0]
    with pytest.raises(RecordingError, match="is no recording, or is damaged"):
        read_recording(tmp_path / "other.h5")


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda f: f["reaches/short/repeat_0"].pop("error"), "has no signal error in /reaches/short/repeat_0"),
        (lambda f: f["reaches/short"].pop("repeat_0"), "is no recording, or is damaged"),
        (lambda f: f["reaches/short/repeat_0/qpos"].attrs.pop("unit"), "is no recording, or is damaged"),
        (lambda f: f["reaches/short/repeat_0"].attrs.pop("split"), "is no recording, or is damaged"),
        (lambda f: f["reaches/short/repeat_0"].create_group("more"), "more is no dataset"),
    ],
)
def test_damage_is_told(file, damage, text):
    with h5py.File(file, "a") as content:
        damage(content)
    with pytest.raises(RecordingError, match=text):
        read_recording(file)
