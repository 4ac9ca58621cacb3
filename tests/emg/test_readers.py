"""The same EMG, written as every program writes it, is read as the same numbers, names, units and times."""

from datetime import UTC, datetime

import emg_files as emg
import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mousearm.emg.readers import read_emg
from mousearm.errors import EmgError
from mousearm.kinematics.files import SECONDS

RAW = emg.signals(n=400)
BOTH = np.stack(list(RAW.values()), axis=1)
TIME = 3.0 + np.arange(400) / emg.RATE
SAID = {"time": True, "rate": False, "unit": "V"}


def csv(path):
    emg.write_csv(
        path,
        {"Time (milliseconds)": 1e3 * TIME, "biceps_mV": 1e3 * RAW["biceps"], "triceps [mV]": 1e3 * RAW["triceps"]},
    )
    return {**SAID, "unit": "mV"}


def tsv(path):
    """With a title, a comment and a row of units, decimal commas and semicolons, as a German Excel writes it."""
    lines = ["Recording of Monday", "# of mouse 1", "t;biceps;triceps", "s;uV;uV"]
    rows = np.column_stack([TIME, 1e6 * BOTH])
    lines += [";".join(f"{value:.9g}".replace(".", ",") for value in row) for row in rows]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("utf-8-sig"))
    return {**SAID, "unit": "uV"}


def sto(path):
    lines = ["EMG", "version=1", "nRows=400", "nColumns=3", "inDegrees=no", "endheader", "time\tbiceps\ttriceps"]
    rows = ["\t".join(f"{value:.12g}" for value in row) for row in np.column_stack([TIME, BOTH])]
    path.write_text("\n".join(lines + rows) + "\n")
    return {**SAID, "unit": ""}


def h5(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("session/emg")
        group["data"] = BOTH.T
        group["channel_names"] = ["biceps", "triceps"]
        group.attrs.update(sampling_rate=emg.RATE, unit="volts")
    return {"time": False, "rate": True, "unit": "V"}


def mat(path):
    savemat(path, {"emg": {**RAW, "Fs": emg.RATE, "time": TIME}}, do_compression=True)
    return {**SAID, "rate": True, "unit": ""}


def mat73(path):
    """As MATLAB 7.3 lays it out: a matrix (T, 2) with reversed axes, and a cell of names, which are UTF-16."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in (("data", BOTH.T), ("fs", np.array([[emg.RATE]]))):
            file.create_dataset(name, data=values).attrs["MATLAB_class"] = np.bytes_("double")
        texts = [file.create_dataset(f"#refs#/{n}", data=np.array([[ord(c)] for c in n], np.uint16)) for n in RAW]
        cell = file.create_dataset("labels", data=np.array([[of.ref for of in texts]], h5py.ref_dtype))
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
        for of in texts:
            of.attrs["MATLAB_class"] = np.bytes_("char")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    return {"time": False, "rate": True, "unit": ""}


def nwb(path, add=lambda file, series: None):
    """Counts of 16 bits with a conversion, of electrodes with labels, by pynwb."""
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed (pip install pynwb)")
    from pynwb.ecephys import ElectricalSeries

    file = pynwb.NWBFile("a", "b", datetime(2026, 1, 1, tzinfo=UTC))
    group = file.create_electrode_group("wires", "c", "arm", file.create_device("amplifier"))
    file.add_electrode_column("label", "of the muscle")
    for name in RAW:
        file.add_electrode(group=group, location="arm", label=name)
    region = file.create_electrode_table_region([0, 1], "both")
    counts = np.round(BOTH / 2e-8).astype(np.int16)
    timing = {"starting_time": 3.0, "rate": emg.RATE, "conversion": 2e-8, "channel_conversion": [1.0, 1.0]}
    file.add_acquisition(series := ElectricalSeries(name="EMG", data=counts, electrodes=region, **timing))
    add(file, series)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return {"time": False, "rate": True, "unit": "V", "start": 3.0}


WRITERS = {"csv": csv, "tsv": tsv, "sto": sto, "h5": h5, "mat": mat, "7.mat": mat73, "nwb": nwb}
VOLTS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "": 1.0}


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_the_same(tmp_path, suffix):
    path = tmp_path / f"demo_emg.{suffix}"
    said = WRITERS[suffix](path)
    found = read_emg(path, lambda names: [name for name in names if name in RAW])
    assert found.channels == ("biceps", "triceps")
    assert set(found.units) == {said["unit"]}
    np.testing.assert_allclose(found.values * VOLTS[said["unit"]], BOTH, atol=1.1e-8, rtol=1e-7)
    assert found.rate == (emg.RATE if said["rate"] else None)
    assert found.start == said.get("start")
    assert (found.time is not None) == said["time"]
    if found.time is not None:
        length = SECONDS[found.time_unit or "s"]
        np.testing.assert_allclose(found.time * length, TIME, atol=1e-8)


def test_advice_on_series_of_nwb(tmp_path):
    """A series of another rate is refused with the others, and read alone; what has no series is refused."""
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed (pip install pynwb)")
    path = tmp_path / "demo_emg.nwb"
    timing = {"name": "other", "rate": 100.0, "unit": "V"}
    nwb(path, lambda file, _: file.add_acquisition(pynwb.TimeSeries(data=np.zeros(400), **timing)))
    with pytest.raises(EmgError, match="Name channels of one of them by --muscles") as error:
        read_emg(path)
    assert error.value.fault == "time"
    assert read_emg(path, lambda _: ["other"]).rate == 100.0
    with h5py.File(path, "r+") as file:
        del file["acquisition"]
    with pytest.raises(EmgError, match="Give the file with the EMG"):
        read_emg(path)
    nwb(path)
    assert read_emg(path).channels == ("biceps", "triceps")


@pytest.mark.parametrize("suffix", ["csv", "h5", "mat", "7.mat", "sto"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, suffix):
    """A file that is cut off, or has bytes that are others, is refused or read; nothing else happens."""
    path = tmp_path / f"demo_emg.{suffix}"
    WRITERS[suffix](path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for i in range(8):
        damaged = bytearray(content[: len(content) // 3] if i == 0 else content)
        for place in rng.integers(0, len(damaged), 20 * i):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        assert said_of(path) in ("", str(path))


def said_of(path):
    """File that an error names, or nothing where the file can be read all the same."""
    try:
        read_emg(path)
    except EmgError as error:
        return str(path) if str(path) in str(error) else str(error)
    return ""


def test_advice_on_formats(tmp_path):
    good, time = emg.signals(), np.arange(1200) / emg.RATE
    for name, content, says in (
        ("demo_emg.xyz", b"1", "Give the file its proper suffix"),
        ("demo_emg.csv", b"1,2\n3,4\n", "Write the EMG as CSV: a row per sample"),
        ("demo_emg.h5", b"1,2\n", "is not HDF5. Give it with its proper suffix"),
        ("demo_emg.mat", b"MATLAB 5.0 " + b" " * 300, "Save it again"),
    ):
        (tmp_path / name).write_bytes(content)
        (error,) = emg.examined([tmp_path / name]).refusals
        assert says in str(error), error
    path = tmp_path / "demo_emg.mat"
    savemat(path, {"fs": 2000.0, "rate": 1000.0, **good})
    assert "several sampling rates" in str(emg.examined([path], rate=None).refusals[0])
    savemat(path, {"fs": 2000.0, **good})
    assert not emg.examined([path], rate=None).refusals
    assert "Leave --rate out, or correct the file" in str(emg.examined([path], rate=1000.0).refusals[0])
    savemat(path, {"fs": np.inf, **good})
    assert "Hz. Correct it." in str(emg.examined([path], rate=None).refusals[0])
    savemat(path, {"t": time, "a": {"t": time}, **good})
    assert "several vectors of times" in str(emg.examined([path], rate=None).refusals[0])
    savemat(path, {"t": time[1:], **good})
    assert "Save them together again" in str(emg.examined([path], rate=None).refusals[0])
    savemat(path, {"t": time, "fs": 1000.0, **good})
    assert "Correct the one that is wrong" in str(emg.examined([path], rate=None).refusals[0])
    savemat(path, {"t": time, **good, "triceps": time[1:]})
    assert "Name those of one rate by --muscles" in str(emg.examined([path], rate=None).refusals[0])
    assert not emg.examined([path], muscles=emg.MAP[:1], rate=None).refusals


def test_advice_on_tables_of_matlab(tmp_path):
    path = tmp_path / "demo_emg.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("T", data=np.zeros((1, 6), np.uint32)).attrs["MATLAB_class"] = np.bytes_("table")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")
    (error,) = emg.examined([path]).refusals
    assert "S = table2struct(T, 'ToScalar', true); save(" in str(error)
    savemat(path, emg.signals())  # as MATLAB's save with -struct does
    assert not emg.examined([path]).refusals
