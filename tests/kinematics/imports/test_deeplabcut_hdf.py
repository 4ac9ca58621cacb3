"""HDF5 files of pandas are read as data: what a file holds is never run, and nothing beyond the file is read."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas
import pytest
from tracked_files import MARKS, arm, deeplabcut, write_dlc_h5

from mousearm.door import open_hdf5
from mousearm.errors import KinematicsError
from mousearm.kinematics.cameras import unpickle
from mousearm.kinematics.imports.hdf5 import pandas_table

KEY = "df_with_missing"


def read_table(path):
    with open_hdf5(path, 10**9, KinematicsError) as file:
        return pandas_table(file)


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


@pytest.fixture
def written(tmp_path):
    """A file as DeepLabCut writes it."""
    path = tmp_path / "a.h5"
    write_dlc_h5(path, 1e3 * arm(7), likelihood=np.ones((7, 3)))
    return path


def test_the_same_as_pandas_reads(tmp_path):
    table = deeplabcut(arm(9), likelihood=np.random.default_rng(0).uniform(size=(9, 3)), individual="maus ä")
    table.index = np.arange(9) + 100
    table.iloc[:, 3] = np.arange(9)  # a block of whole numbers beside the others
    table.to_hdf(tmp_path / "a.h5", key=KEY, format="table")
    ours, theirs = read_table(tmp_path / "a.h5"), pandas.read_hdf(tmp_path / "a.h5")
    assert ours.levels == tuple(theirs.columns.names)
    np.testing.assert_array_equal(ours.frames, theirs.index)
    assert set(ours.columns) == set(theirs.columns)
    for column, values in zip(ours.columns, ours.values.T, strict=True):
        np.testing.assert_array_equal(values, theirs[column])


@pytest.mark.parametrize("attribute", ["values_block_0_kind", "info", "non_index_axes", "TITLE"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_code_in_an_attribute_never_runs(written, attribute, protocol):
    proof = written.with_name("proof")
    evil = pickle.dumps([Touch(proof)], protocol)
    with h5py.File(written, "a") as file:
        owner = file[KEY] if attribute in file[KEY].attrs else file[KEY]["table"]
        owner.attrs[attribute] = np.bytes_(evil)
    if attribute in ("non_index_axes", "TITLE"):  # which we need not know
        assert len(read_table(written).columns) == 4 * len(MARKS)
    else:
        with pytest.raises(KinematicsError, match="more than data"):
            read_table(written)
    assert not proof.exists()
    pickle.loads(evil)
    assert proof.exists()  # it would have run


def test_the_file_would_run_code_in_pandas(written):
    proof = written.with_name("proof")
    with h5py.File(written, "a") as file:
        attributes = file[KEY].attrs
        attributes["info"] = np.bytes_(pickle.dumps({**unpickle(attributes["info"]), "more": Touch(proof)}, 0))
    with pytest.raises(KinematicsError):
        read_table(written)
    assert not proof.exists()
    pandas.read_hdf(written)
    assert proof.exists()


def test_arrays_of_objects_are_refused(tmp_path):
    proof = tmp_path / "proof"
    table = pandas.DataFrame({"a": [Touch(proof), 1.0]}, dtype=object)
    with pytest.warns(pandas.errors.PerformanceWarning):
        table.to_hdf(tmp_path / "a.h5", key=KEY)
    with pytest.raises(KinematicsError, match="it has 0 tables of pandas"):
        read_table(tmp_path / "a.h5")
    assert not proof.exists()


@pytest.mark.parametrize("kind", ["link to a file", "link to a table", "rows elsewhere", "rows of others"])
def test_other_files_are_not_read(written, kind):
    other = written.with_name("b.h5")
    with h5py.File(written) as source, h5py.File(other, "w") as file:
        if kind == "link to a file":
            file[KEY] = h5py.ExternalLink(str(written), KEY)
        else:
            source.copy(KEY, file)
            rows, names = file[KEY]["table"], dict(source[KEY]["table"].attrs)
            dtype, n = rows.dtype, len(rows)
            del file[KEY]["table"]
            if kind == "link to a table":
                file[KEY]["table"] = h5py.ExternalLink(str(written), f"{KEY}/table")
            elif kind == "rows elsewhere":
                file[KEY].create_dataset("table", (n,), dtype, external=[(str(written), 0, n * dtype.itemsize)])
            else:
                layout = h5py.VirtualLayout((n,), dtype)
                layout[:] = h5py.VirtualSource(str(written), f"{KEY}/table", (n,))
                file[KEY].create_virtual_dataset("table", layout)
            if kind != "link to a table":
                file[KEY]["table"].attrs.update(names)
    with pytest.raises(KinematicsError, match=r"lies in (another|other) files?, .*which (is|are) not read: copy it"):
        read_table(other)


def test_a_small_file_that_claims_to_be_large(written):
    with h5py.File(written, "a") as file:
        dtype = file[KEY]["table"].dtype
        del file[KEY]["table"]
        file[KEY].create_dataset("table", (10**12,), dtype, chunks=(1000,), fillvalue=np.zeros((), dtype))
    with pytest.raises(KinematicsError, match=r"holds 104000001\.9 MB or more"):
        read_table(written)


@pytest.mark.parametrize("value", [[(1, [("s", "paw", "x")])], {1: {"names": ["a", None]}}, [], -5, 2**70, "ü\n"])
def test_plain_pickles_as_pytables_writes_them(value):
    assert unpickle(pickle.dumps(value, 0)) == value


@pytest.mark.parametrize(
    "raw", [b"cos\nsystem\n(S'true'\ntR.", b"(ios\nsystem\n.", b"P1\n.", b"\x80\x02cos\nsystem\n.", b"(lb."]
)
def test_other_instructions_of_pickle(raw):
    with pytest.raises(ValueError, match="more than data"):
        unpickle(raw)


def test_pickles_that_would_fill_the_memory():
    with pytest.raises(ValueError, match="PUT 99999999999"):
        unpickle(b"(lp99999999999\n.")
