"""Files of MATLAB of versions 5 to 7.3: the same variables from all of them, and words for what is damaged."""

from contextlib import suppress
from threading import Thread

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mousearm.errors import EmgError, MouseArmError, NeuralError
from mousearm.matlab import CellArray, OpaqueError, read_matlab
from mousearm.neural.alignment import read_session

MOST = 10**6
TIMES = [np.array([0.1, 1.2, 3.3]), np.array([1.4]), np.array([2.5, 3.6])]


def cell(*rows):
    """A cell of rows of values, as scipy writes it."""
    made = np.empty((len(rows), len(rows[0])), dtype=object)
    made[:] = [[*row] for row in rows]
    return made


def old(path, packed=True):
    session = {
        "spikes": cell(*([of] for of in TIMES)),
        "reach": cell(["reach_1", "no"]),
        "area": np.array(["M1", "S", "V1"]),
    }
    savemat(
        path,
        {
            **session,
            "trial_start": [1.0, 3.0],
            "trial_stop": [2.0, 4.0],
            "s": {"a": {"b": np.arange(6.0).reshape(2, 3)}},
        },
        do_compression=packed,
    )
    return path


def new(path):
    """The same as version 7.3 lays it out."""
    with h5py.File(path, "w", userblock_size=512) as file:

        def put(name, values, kind, **attrs):
            item = file.create_dataset(name, data=values)
            item.attrs.update({"MATLAB_class": np.bytes_(kind), **attrs})
            return item.ref

        def text(name, *rows):
            return put(name, np.array([[ord(row[i]) for row in rows] for i in range(len(rows[0]))], np.uint16), "char")

        spikes = [put(f"#refs#/{i}", of[:, None], "double") for i, of in enumerate(TIMES)]
        names = [text(f"#refs#/n{i}", name) for i, name in enumerate(("reach_1", "no"))]
        put("spikes", np.array([spikes], h5py.ref_dtype), "cell")
        put("reach", np.array([[name] for name in names], h5py.ref_dtype), "cell")
        text("area", "M1", "S ", "V1")
        put("trial_start", np.array([[1.0], [3.0]]), "double")
        put("trial_stop", np.array([[2.0], [4.0]]), "double")
        put("s/a/b", np.arange(6.0).reshape(2, 3).T, "double")
        put("none", np.zeros(2, np.uint64), "double", MATLAB_empty=1)
        for name in ("s", "s/a"):
            file[name].attrs["MATLAB_class"] = np.bytes_("struct")
    return as_matlab(path)


def as_matlab(path):
    """HDF5 with the words of MATLAB at its beginning."""
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")
    return path


@pytest.mark.parametrize("write", [old, lambda path: old(path, packed=False), new])
def test_cells_structures_texts_and_numbers_are_the_same_from_every_version(tmp_path, write):
    found = read_matlab(path := write(tmp_path / "a.mat"), MOST, EmgError)
    assert isinstance(found["spikes"], CellArray)
    assert (found["spikes"].shape, found["reach"].shape) == ((3, 1), (1, 2))
    for true, read in zip(TIMES, found["spikes"], strict=True):
        np.testing.assert_array_equal(np.ravel(read), true)
    assert (found["reach"], found["area"]) == (["reach_1", "no"], ["M1", "S", "V1"])
    np.testing.assert_array_equal(found["s"]["a"]["b"], np.arange(6.0).reshape(2, 3))
    assert np.size(found.get("none", ())) == 0
    session = read_session(path)
    assert ([of.name for of in session.trials], session.areas) == (["reach_1", "no"], ("M1", "S", "V1"))
    np.testing.assert_array_equal(session.spikes[2], TIMES[2])


@pytest.mark.parametrize("write", [old, lambda path: old(path, packed=False), new])
def test_damaged_files_end_in_words(tmp_path, write):
    """A file with bytes that are others is read or refused, and the error of a session names it."""
    content, random, path = write(tmp_path / "a.mat").read_bytes(), np.random.default_rng(0), tmp_path / "b.mat"
    for i in range(60):
        damaged = bytearray(content[: random.integers(130, len(content))] if i % 5 == 0 else content)
        for place in random.integers(116, len(damaged), 1 + i // 4):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with suppress(EmgError, ValueError):
            read_matlab(path, MOST, EmgError)
        assert str(path) in told(path)


def told(path):
    """What is said of a session that cannot be read, or its name."""
    try:
        return read_session(path).source
    except MouseArmError as error:
        return str(error)


def test_what_would_fill_the_memory_or_is_no_data_is_refused(tmp_path):
    savemat(path := tmp_path / "a.mat", {"a": np.zeros(10**6)}, do_compression=True)
    with pytest.raises(ValueError, match="unpacks to more than 1 MB"):
        read_matlab(path, MOST, EmgError)
    with h5py.File(path, "w", userblock_size=512) as file:  # a cell that holds itself, and again
        item = file.create_dataset("a", shape=(1, 4), dtype=h5py.ref_dtype)
        item[:] = item.ref
        item.attrs["MATLAB_class"] = np.bytes_("cell")
    with pytest.raises(ValueError, match=r"too deep|more than a session"):
        read_matlab(as_matlab(path), MOST, EmgError)
    with h5py.File(path, "a") as file:
        file["a"].attrs["MATLAB_class"] = np.bytes_("table")
    with pytest.raises(OpaqueError) as kept:
        read_matlab(path, MOST, EmgError)
    other = Thread(target=lambda: h5py.File(path).close(), daemon=True)  # waits if the error keeps h5py's lock
    other.start()
    other.join(300)
    assert not other.is_alive(), kept
    with pytest.raises(NeuralError, match="a table of MATLAB"):
        read_session(path)
