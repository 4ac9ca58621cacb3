"""Recordings of one reach in the dialects of many programs, as these really write them; used by the tests alone.

A `Dialect` writes a file, and says what the user must say of it and how far from the truth [m] it may be. What is in
`REFUSED` cannot be read as it is; with it stand words of the advice, and the file that results when it is followed.
"""

import csv
import gzip
import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas
from scipy.interpolate import CubicSpline
from tracked_files import MARKS, RATE, arm, deeplabcut, write_anipose, write_simm, write_table, write_trc, write_vec3

T = 46
TRUTH = arm(T)
"""The reach (T, 3, 3): shoulder, elbow, paw [m] in OpenSim's axes, at 150 Hz."""

MM = 1e3 * TRUTH
FLAT = MM.reshape(T, 9)
TIME = np.arange(T) / RATE
NAMES = [f"{mark}_{axis}" for mark in MARKS for axis in "xyz"]
EXACT = 5.1e-8
"""Half of the last digit [m] that is written."""

SPLINED = 2e-6
"""What a cubic spline misses of the reach [m] in uneven times."""


@dataclass
class Dialect:
    """One way to write the reach.

    Attributes:
        write: writes the file of a path.
        suffix: of the file.
        say: options of the import beside points and axes.
        far: the largest distance from the truth [m].
        gap: frames of the paw, which the file does not hold; filled within 0.2 mm.
    """

    write: Callable[[Path], Any]
    suffix: str = "csv"
    say: Mapping[str, Any] = field(default_factory=lambda: {"unit": "mm", "rate": None})
    far: float = EXACT
    gap: tuple[int, int] | None = None
    points: Mapping[str, str] | None = None


DIALECTS: dict[str, Dialect] = {}
REFUSED: dict[str, tuple[str, Dialect, Dialect]] = {}
RATED = {"unit": "mm", "rate": RATE}
SILENT = {"unit": None, "rate": None}


def dialect(name, **options):
    """Add what writes a dialect."""

    def add(write):
        DIALECTS[name] = Dialect(write, **options)
        return write

    return add


def text(name, content, encoding="utf-8", **options):
    """Add a dialect of text; content is a function of nothing."""
    DIALECTS[name] = Dialect(lambda path: path.write_bytes(content().encode(encoding)), **options)


def frame(values=FLAT, **first):
    """A table of pandas with the points' columns after others."""
    return pandas.DataFrame({**first, **dict(zip(NAMES, values.T, strict=True))})


def lines(header, rows, separator="\t", end="\n"):
    return end.join([*header, *(separator.join(map(str, row)) for row in rows)]) + end


def cells(values=FLAT, time=TIME, form="{:.10f}"):
    return [[f"{t:.6f}", *map(form.format, row)] for t, row in zip(time, values, strict=True)]


def missing(first=12, last=15):
    """Points with the paw unseen in some frames, as NaN."""
    points = MM.copy()
    points[first:last, 2] = np.nan
    return points.reshape(T, 9)


# OpenSim

V1 = ["positions", "version=1", f"nRows={T}", "nColumns=10", "inDegrees=no", ""]
SI = ["Units are S.I. units (second, meters, Newtons, ...)", "", "endheader"]
LABELS = "\t".join(["time", *NAMES])

text("sto 1, blank lines", lambda: lines([*V1, *SI, LABELS], cells()), suffix="sto")
text("sto 1, in degrees", lambda: lines([*V1[:4], "inDegrees=yes", *SI[1:], LABELS], cells()), suffix="sto")
text("sto 1, no blank lines", lambda: lines([*V1[:5], "endheader", LABELS], cells()), suffix="sto")
text("sto 1, spaces before", lambda: lines([*V1, " endheader", LABELS], cells(), "\t   "), suffix="sto")
text("sto 1, Windows", lambda: lines([*V1, *SI, LABELS], cells(), end="\r\n"), suffix="mot")
text("sto 1, tabs behind", lambda: lines([*V1, *SI, LABELS + "\t"], [[*row, ""] for row in cells()]), suffix="mot")
text("sto 1, tabs behind rows", lambda: lines([*V1, *SI, LABELS], [[*row, ""] for row in cells()]), suffix="sto")
text("sto 1, tab behind labels", lambda: lines([*V1, *SI, LABELS + "\t"], cells()), suffix="sto")
text("sto 1, blank below endheader", lambda: lines([*V1, *SI, "", LABELS], cells()), suffix="sto")
text("sto 2", lambda: lines(["x", "version=2", *SI, LABELS], cells()), suffix="sto")
text(
    "sto 3",
    lambda: lines(["DataType=double", "version=3", "OpenSimVersion=4.5", "endheader", LABELS], cells()),
    suffix="sto",
)
text("sto as .txt", lambda: lines([*V1, *SI, LABELS], cells()), suffix="txt")
text(
    "sto of BodyKinematics",
    lambda: lines(
        [*V1, *SI, "\t".join(["time", *(f"{m}_{a}" for m in MARKS for a in ("X", "Y", "Z", "Ox", "Oy", "Oz"))])],
        [[row[0], *(c for i in (1, 4, 7) for c in (*row[i : i + 3], "0", "0", "0"))] for row in cells()],
    ),
    suffix="sto",
)
text(
    "sto says Units and DataRate",
    lambda: lines(["Units=mm", "DataRate=150", "DataType=double", "version=3", "endheader", LABELS], cells()),
    suffix="sto",
    say=SILENT,
)
DIALECTS["sto 3 of vectors"] = Dialect(lambda path: write_vec3(path, MM), "sto")
DIALECTS["mot of SIMM"] = Dialect(lambda path: write_simm(path, MM), "mot")


@dialect("sto 3 of vectors, empty cells", suffix="sto", gap=(12, 15))
def _(path):
    rows = [
        [f"{t:.6f}", *(",".join(map("{:.10f}".format, point)) for point in row)]
        for t, row in zip(TIME, MM, strict=True)
    ]
    for row in rows[12:15]:
        row[3] = ""
    write_table(path, ["DataType=Vec3", "version=3"], MARKS, [[*row, ""] for row in rows])


def lost_tabs(content):
    return "\n".join(line.rstrip("\t") for line in content.splitlines()) + "\n"


KEYS = [
    "DataRate",
    "CameraRate",
    "NumFrames",
    "NumMarkers",
    "Units",
    "OrigDataRate",
    "OrigDataStartFrame",
    "OrigNumFrames",
]


def trc(
    values=FLAT,
    rate="150.00",
    unit="mm",
    first=1,
    behind="",
    name="trial.trc",
    empty=True,
    blank=True,
    end="\n",
    unseen="",
):
    owners = [cell for mark in MARKS for cell in ([mark, "", ""] if empty else [mark])]
    axes = [f"{axis}{i}" for i in (1, 2, 3) for axis in "XYZ"]
    header = [
        f"PathFileType\t4\t(X/Y/Z)\t{name}",
        "\t".join(KEYS),
        "\t".join([rate, rate, str(T), "3", unit, rate, "1", str(T)]),
        "\t".join(["Frame#", "Time", *owners]) + behind,
        "\t".join(["", "", *axes]) + behind,
        *([""] if blank else []),
    ]
    rows = [[first + i, *row] for i, row in enumerate(cells(values))]
    return lines(
        header, [[*(cell if cell != "nan" else unseen for cell in map(str, row))] for row in rows], end=behind + end
    )


text("trc", trc, suffix="trc", say=SILENT)
text("trc, tabs behind", lambda: trc(behind="\t"), suffix="trc", say=SILENT)
text("trc, many tabs behind", lambda: trc(behind="\t\t\t"), suffix="trc", say=SILENT)
text("trc, empty cells", lambda: trc(missing()), suffix="trc", say=SILENT, gap=(12, 15))
text("trc, NaN", lambda: trc(missing(), unseen="NaN"), suffix="trc", say=SILENT, gap=(12, 15))
text("trc, empty cells and tabs", lambda: trc(missing(), behind="\t"), suffix="trc", say=SILENT, gap=(12, 15))
text("trc, Latin-1", lambda: trc(name="C:\\Données\\souris 1.trc"), "latin-1", suffix="trc", say=SILENT)
text("trc, German Windows", lambda: trc(name="C:\\Mäuse\\Versuch – 1.trc"), "cp1252", suffix="trc", say=SILENT)
text("trc, UTF-8 with a mark", trc, "utf-8-sig", suffix="trc", say=SILENT)
text("trc, UTF-16", trc, "utf-16", suffix="trc", say=SILENT)
text("trc, always 120 Hz, --rate", lambda: trc(rate="120.00"), suffix="trc", say={"unit": None, "rate": 150.0})
text("trc, frames renumbered", lambda: trc(first=1201), suffix="trc", say=SILENT)
text("trc, no unit in the header", lambda: trc(unit=""), suffix="trc")
text("trc, no rate in the header", lambda: trc(rate=""), suffix="trc", say=SILENT)
text("trc, no rate known", lambda: trc(rate="0"), suffix="trc", say=SILENT)
text("trc, names side by side", lambda: trc(empty=False), suffix="trc", say=SILENT)
text("trc, Windows, no blank line", lambda: trc(blank=False, end="\r\n"), suffix="trc", say=SILENT)
text("trc, parted by spaces", lambda: " ".join(trc(empty=False).split("\t")), suffix="trc", say=SILENT)
text("trc, Frame # with a space", lambda: trc().replace("Frame#", "Frame #"), suffix="trc", say=SILENT)
text("trc as .txt", trc, suffix="txt", say=SILENT)
DIALECTS["trc of OpenSim"] = Dialect(lambda path: write_trc(path, MM), "trc", SILENT)

# Tables in text

own = frame(time=TIME)
text("time, commas", lambda: own.to_csv(index=False))
text("time, semicolons, decimal commas", lambda: own.to_csv(index=False, sep=";", decimal=","))
text("time, tabs, decimal commas", lambda: own.to_csv(index=False, sep="\t", decimal=","), suffix="txt")
text("time, spaces, decimal commas", lambda: own.to_csv(index=False, sep=" ", decimal=","), suffix="txt")
text("time, tabs", lambda: own.to_csv(index=False, sep="\t"), suffix="tsv")
text("time, tabs in .csv", lambda: own.to_csv(index=False, sep="\t"))
text("time, spaces", lambda: own.to_string(index=False), suffix="txt", far=1e-6)
text("time, UTF-8 with a mark", lambda: own.to_csv(index=False), "utf-8-sig")
text("time, UTF-16 of Excel", lambda: own.to_csv(index=False, sep="\t"), "utf-16", suffix="txt")
text("time, UTF-16 without a mark", lambda: own.to_csv(index=False), "utf-16-le")
text("time, UTF-16 big-endian", lambda: own.to_csv(index=False), "utf-16-be")
text("time, sep= for Excel", lambda: "sep=;\r\n" + own.to_csv(index=False, sep=";", decimal=","))
text("time, all quoted", lambda: own.to_csv(index=False, quoting=csv.QUOTE_ALL))
text("time, quoted decimal commas", lambda: own.to_csv(index=False, decimal=",", quoting=csv.QUOTE_ALL))
text("time, old Mac", lambda: own.to_csv(index=False, lineterminator="\r"))
text("time, doubled line breaks", lambda: own.to_csv(index=False, lineterminator="\r\r\n"))
text("time, blank lines behind", lambda: own.to_csv(index=False) + "\n,,,\n\n")
text("time, separators behind", lambda: own.to_csv(index=False).replace("\n", ",,\n"))
text("time, spaces after commas", lambda: own.to_csv(index=False).replace(",", ", "))
text("time, a title above", lambda: "Mouse 7, reach 3\n\n" + own.to_csv(index=False))
text("time, comments above", lambda: "# mouse 7\n# by hand\n" + own.to_csv(index=False))
text("time_ms", lambda: frame(time_ms=1e3 * TIME).to_csv(index=False))
text("Time (ms)", lambda: frame(**{"Time (ms)": 1e3 * TIME}).to_csv(index=False))
text("timestamp [ns]", lambda: frame(**{"timestamp [ns]": (1e9 * TIME).astype(int)}).to_csv(index=False))
text("seconds since 1970", lambda: frame(timestamp=1.7e9 + TIME).to_csv(index=False))
text("time in ms, --rate", lambda: frame(time=1e3 * TIME).to_csv(index=False), say=RATED)
text("time in whole ms, --rate", lambda: frame(time=np.round(1e3 * TIME).astype(int)).to_csv(index=False), say=RATED)
text("time is a number, --rate", lambda: frame(time=np.arange(T)).to_csv(index=False), say=RATED)
text(
    "unit in names",
    lambda: own.rename(columns=lambda n: n if n == "time" else f"{n}_mm").to_csv(index=False),
    say=SILENT,
)
text(
    "unit in brackets",
    lambda: own.rename(columns=lambda n: n if n == "time" else f"{n} [mm]").to_csv(index=False),
    say=SILENT,
)
text("names with dots", lambda: own.rename(columns=lambda n: n.replace("_", ".")).to_csv(index=False))
text("names with spaces", lambda: own.rename(columns=lambda n: n.replace("_", " ")).to_csv(index=False))
text(
    "names as pawX", lambda: own.rename(columns=lambda n: n[:-2] + n[-1].upper() if "_" in n else n).to_csv(index=False)
)
text("pandas with its index", lambda: frame().to_csv(), say=RATED)
text("pandas with a named index", lambda: frame().rename_axis("frame").to_csv(), say=RATED)
text("pandas read and written again", lambda: frame(**{"Unnamed: 0": range(T)}).to_csv(index=False), say=RATED)
text("R with row names", lambda: frame(fnum=range(1, T + 1)).to_csv(quoting=csv.QUOTE_NONNUMERIC), say=RATED)
text("R's write.table", lambda: frame().to_csv(sep=" ", quoting=csv.QUOTE_NONNUMERIC)[3:], suffix="txt", say=RATED)
text("frames from 1000", lambda: frame(Frame=range(1000, 1000 + T)).to_csv(index=False), say=RATED)
text("FreeMoCap", lambda: frame().to_csv(index=False), say=RATED)
text("numpy.savetxt", lambda: saved(header=" ".join(["time", *NAMES])), suffix="txt")
text("numpy.savetxt, no comment sign", lambda: saved(header=",".join(["time", *NAMES]), comments="", delimiter=","))
text("units below names", lambda: own.to_csv(index=False).replace("\n", f"\ns{9 * ',mm'}\n", 1), say=SILENT)
text(
    "units below names, ms",
    lambda: frame(time=1e3 * TIME).to_csv(index=False).replace("\n", f"\n[ms]{9 * ',[mm]'}\n", 1),
    say=SILENT,
)
text("NaN in words", lambda: frame(missing(), time=TIME).to_csv(index=False, na_rep="NA"), gap=(12, 15))
text("NaN of Windows", lambda: frame(missing(), time=TIME).to_csv(index=False, na_rep="-1.#IND"), gap=(12, 15))
text("NaN of Excel", lambda: frame(missing(), time=TIME).to_csv(index=False, na_rep="#N/A"), gap=(12, 15))
text("infinity", lambda: frame(missing(), time=TIME).to_csv(index=False, na_rep="inf"), gap=(12, 15))
text("blanks", lambda: frame(missing(), time=TIME).to_csv(index=False), gap=(12, 15))
text("minus signs of typesetters", lambda: own.to_csv(index=False).replace("-", "\N{MINUS SIGN}"))


def saved(**options):
    file = io.StringIO()
    np.savetxt(file, np.column_stack([TIME, FLAT]), **options)
    return file.getvalue()


def two_rows(names, axes, rows, *above):
    return lines([*above, ",".join(names), ",".join(axes)], rows, ",")


def jarvis(values=MM):
    names, axes = [mark for mark in MARKS for _ in range(4)], ["x", "y", "z", "confidence"] * 3
    return two_rows(names, axes, [[f"{v:.10f}" for p in row for v in (*p, 0.95)] for row in values])


XYZ = ["X", "Y", "Z"] * 3
OVER = [cell for mark in MARKS for cell in (mark, "", "")]
text("JARVIS", jarvis, say=RATED)
text("JARVIS, quoted", lambda: jarvis().replace("sh1", '"sh1"'), say=RATED)
text(
    "JARVIS, first frame unseen",
    lambda: jarvis(missing(0, 2).reshape(T, 3, 3)).replace("nan", ""),
    say=RATED,
    gap=(0, 2),
)
text("names over columns", lambda: two_rows(["", *OVER], ["time", *XYZ], cells()))
text(
    "names over columns, units below",
    lambda: two_rows(["", *OVER], ["Time", *XYZ, "\ns", *["mm"] * 9], cells()).replace(",\ns", "\ns"),
    say=SILENT,
)
text(
    "frame and time",
    lambda: two_rows(["", "", *OVER], ["Frame", "Time (s)", *XYZ], [[i, *row] for i, row in enumerate(cells())]),
)
text(
    "pivoted by pandas",
    lambda: tidy().pivot(index="frame", columns="bodypart", values=["x", "y", "z"]).to_csv(),
    say=RATED,
)
text(
    "two levels of pandas",
    lambda: pandas.DataFrame(FLAT, columns=pandas.MultiIndex.from_product([MARKS, list("xyz")])).to_csv(),
    say=RATED,
)


def tidy():
    """A row per frame and point."""
    rows = [[i, mark, *MM[i, k]] for i in range(T) for k, mark in enumerate(MARKS)]
    return pandas.DataFrame(rows, columns=["frame", "bodypart", "x", "y", "z"])


# DeepLabCut, Anipose

ONE = {"points": {"paw": "m1/hand", "elbow": "m1/elbow", "shoulder": "m1/sh1"}, "say": RATED}
SURE = np.full((T, 3), 0.99)
text("DeepLabCut", lambda: deeplabcut(MM).to_csv(), say=RATED)
text("DeepLabCut, likelihood", lambda: deeplabcut(MM, SURE).to_csv(), say=RATED)
text("DeepLabCut, several animals", lambda: deeplabcut(MM, individual="m1").to_csv(), **ONE)
text("DeepLabCut, named index", lambda: deeplabcut(MM).rename_axis("frame").to_csv(), say=RATED)
text("DeepLabCut, scorer dropped", lambda: deeplabcut(MM).droplevel(0, axis=1).to_csv(), say=RATED)
text("DeepLabCut, index of times", lambda: deeplabcut(MM).set_axis(TIME).rename_axis("time").to_csv())
text("DeepLabCut, semicolons", lambda: deeplabcut(MM).to_csv(sep=";", decimal=","), say=RATED)
text("DeepLabCut, UTF-16", lambda: deeplabcut(MM).to_csv(sep="\t"), "utf-16", say=RATED)
DLC = {"key": "df_with_missing", "format": "table", "mode": "w"}
DIALECTS["DeepLabCut HDF5"] = Dialect(lambda path: deeplabcut(MM, SURE).to_hdf(path, **DLC), "h5", RATED)
DIALECTS["DeepLabCut HDF5, animals"] = Dialect(lambda path: deeplabcut(MM, None, "m1").to_hdf(path, **DLC), "h5", **ONE)
DIALECTS["Anipose"] = Dialect(lambda path: write_anipose(path, MM), say=RATED)


@dialect("Anipose without fnum", say=RATED)
def _(path):
    write_anipose(path, MM)
    pandas.read_csv(path).drop(columns="fnum").to_csv(path, index=False)


@dialect("Anipose, dropped frames", say=RATED, gap=(20, 23))
def _(path):
    keep = np.delete(np.arange(T), [20, 21, 22])
    write_anipose(path, MM[keep], frames=keep)


# HDF5


@dialect("SLEAP-Anipose", suffix="h5", say=RATED, points={"shoulder": "0", "elbow": "1", "paw": "2"})
def _(path):
    sleap_anipose(path, MM[:, None])


@dialect("SLEAP-Anipose, two animals", suffix="h5", say=RATED, points={"shoulder": "1/0", "elbow": "1/1", "paw": "1/2"})
def _(path):
    sleap_anipose(path, np.stack([MM + 50, MM], axis=1))


@dialect("SLEAP-Anipose, some frames", suffix="h5", say=RATED, points={"shoulder": "0", "elbow": "1", "paw": "2"})
def _(path):
    sleap_anipose(path, MM[:, None])
    with h5py.File(path, "a") as file:
        file.create_dataset("frames", data=(300, 300 + T), compression="gzip")


def sleap_anipose(path, tracks):
    with h5py.File(path, "w") as file:
        file.create_dataset("tracks", data=tracks, chunks=True, compression="gzip", compression_opts=1)
        file["tracks"].attrs["Description"] = "Shape: (n_frames, n_tracks, n_nodes, 3)."


def movement(path, dims=("time", "space", "keypoints", "individuals"), animals=("m1",), **attributes):
    """As xarray writes a data set of movement: labels are coordinates, dimensions are scales."""
    sizes = {"time": T, "space": 3, "keypoints": 3, "individuals": len(animals)}
    labels = {"time": TIME, "space": list("xyz"), "keypoints": list(MARKS), "individuals": list(animals)}
    if attributes.get("time_unit") == "frames":
        labels["time"] = np.arange(T)
    names = [name.removesuffix("s") if name in ("keypoint", "individual") else name for name in dims]
    labels |= {"keypoint": labels["keypoints"], "individual": labels["individuals"]}
    sizes |= {"keypoint": 3, "individual": len(animals)}
    full = np.stack([MM + 50 * i for i in range(len(animals))][::-1], axis=-1)  # time, keypoint, space, individual
    axis = {"time": 0, "keypoint": 1, "space": 2, "individual": 3}
    position = full.transpose([axis[name.removesuffix("s")] for name in names])
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name in names:
            text_labels = not isinstance(labels[name], np.ndarray)
            file.create_dataset(name, data=labels[name], dtype=h5py.string_dtype() if text_labels else None)
            file[name].make_scale(name)
        file["position"] = position
        kept = [name for name in names if name != "space"]
        file["confidence"] = np.full([sizes[name] for name in kept], 0.9)
        for array, over in (("position", names), ("confidence", kept)):
            for i, name in enumerate(over):
                file[array].dims[i].attach_scale(file[name])


SECONDS = {"fps": 150.0, "time_unit": "seconds", "source_software": "Anipose", "ds_type": "poses"}
OLD = ("time", "individuals", "keypoints", "space")
NEW = ("time", "space", "keypoint", "individual")
UNRATED = {"time_unit": "frames", "ds_type": "poses"}
TWO = {"paw": "m2/hand", "elbow": "m2/elbow", "shoulder": "m2/sh1"}
DIALECTS["movement"] = Dialect(lambda path: movement(path, **SECONDS), "nc")
DIALECTS["movement, old order"] = Dialect(lambda path: movement(path, OLD, **SECONDS), "nc")
DIALECTS["movement, singular names"] = Dialect(lambda path: movement(path, NEW, **SECONDS), "nc")
DIALECTS["movement, frames"] = Dialect(lambda path: movement(path, **UNRATED), "nc", RATED)
DIALECTS["movement, two animals"] = Dialect(
    lambda path: movement(path, animals=("m1", "m2"), **SECONDS), "nc", points=TWO
)


@dialect("movement, packed", suffix="nc", gap=(12, 15))
def _(path):
    movement(path, **SECONDS)
    with h5py.File(path, "a") as file:
        scales = [dimension[0] for dimension in file["position"].dims]
        packed = np.round((file["position"][()] - 20) / 1e-7).astype("i4")
        packed[12:15, :, 2] = -(2**31)
        del file["position"]
        file["position"] = packed
        file["position"].attrs.update({"scale_factor": 1e-7, "add_offset": 20.0, "_FillValue": [np.int32(-(2**31))]})
        for i, scale in enumerate(scales):
            file["position"].dims[i].attach_scale(scale)


DIALECTS["movement as .h5"] = Dialect(lambda path: movement(path, **SECONDS), "h5")


def nwb(path, kind="PoseEstimationSeries", unit="millimeters", rated=False, linked=False):
    """As pynwb writes poses, with ndx-pose or as spatial series."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        poses = file.create_group("processing/behavior/PoseEstimation")
        poses.attrs["neurodata_type"] = "PoseEstimation"
        for i, mark in enumerate(MARKS):
            series = poses.create_group(mark)
            series.attrs["neurodata_type"] = kind
            series["data"] = MM[:, i]
            series["data"].attrs.update({"unit": unit, "conversion": 1.0})
            series["confidence"] = SURE[:, i]
            if rated:
                series["starting_time"] = 2.0
                series["starting_time"].attrs.update({"rate": RATE, "unit": "seconds"})
            elif linked and i:
                series["timestamps"] = h5py.SoftLink(f"/processing/behavior/PoseEstimation/{MARKS[0]}/timestamps")
            else:
                series["timestamps"] = TIME


DIALECTS["NWB, ndx-pose"] = Dialect(nwb, "nwb", SILENT)
DIALECTS["NWB, rate"] = Dialect(lambda path: nwb(path, rated=True), "nwb", SILENT)
DIALECTS["NWB, links"] = Dialect(lambda path: nwb(path, linked=True), "nwb", SILENT)
DIALECTS["NWB, pixels by default"] = Dialect(lambda path: nwb(path, unit="pixels"), "nwb")
DIALECTS["NWB, spatial series"] = Dialect(lambda path: nwb(path, "SpatialSeries"), "nwb", SILENT)


@dialect("NWB in metres by a conversion", suffix="nwb", say=SILENT)
def _(path):
    nwb(path, unit="meters")
    with h5py.File(path, "a") as file:
        for i, mark in enumerate(MARKS):  # each with an origin of its own
            data = file[f"processing/behavior/PoseEstimation/{mark}/data"]
            data[...] -= 7 * i
            data.attrs.update({"conversion": 1e-3, "offset": 7e-3 * i})


def apart(path, resampled=False):
    """NWB whose elbow was seen 1 ms after the other points; or resampled to their times, as somebody would do that."""
    nwb(path)
    with h5py.File(path, "a") as file:
        elbow = file["processing/behavior/PoseEstimation/elbow"]
        later = CubicSpline(TIME, MM[:, 1])(TIME + 1e-3)
        elbow["data"][:] = CubicSpline(TIME + 1e-3, later)(TIME) if resampled else later
        elbow["timestamps"][:] = TIME if resampled else TIME + 1e-3


# C3D


def c3d(path, unit="mm", scale=1.0, gap=None, first=1):
    import ezc3d

    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [RATE]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(MARKS)
    file.add_parameter("POINT", "UNITS", [unit])
    points, residuals = np.ones((4, 3, T)), np.zeros((1, 3, T))
    points[:3] = scale * MM.transpose(2, 1, 0)
    if gap:
        points[:3, 2, slice(*gap)], residuals[0, 2, slice(*gap)] = 0, -1
    file["data"]["points"] = points
    file["data"]["meta_points"] = {"residuals": residuals, "camera_masks": np.zeros((7, 3, T), bool)}
    file["header"]["points"]["first_frame"] = first
    file.write(str(path))


def misnamed(path):
    c3d(path.with_suffix(".c3d"))
    path.with_suffix(".c3d").rename(path)


SINGLE = 1e-8  # of numbers of four bytes
DIALECTS["C3D"] = Dialect(c3d, "c3d", SILENT, far=EXACT + SINGLE)
DIALECTS["C3D in m"] = Dialect(lambda path: c3d(path, "m", 1e-3), "c3d", SILENT, far=EXACT + SINGLE)
DIALECTS["C3D in cm"] = Dialect(lambda path: c3d(path, "cm", 0.1), "c3d", SILENT, far=EXACT + SINGLE)
DIALECTS["C3D, occluded"] = Dialect(
    lambda path: c3d(path, gap=(12, 15)), "c3d", SILENT, far=EXACT + SINGLE, gap=(12, 15)
)

# Times of cameras


def jittered(spread, seed=0):
    """Times whose frames are off an even grid by up to some of an interval, with the reach at these times."""
    t = TIME + np.random.default_rng(seed).uniform(-spread, spread, T) / RATE
    t[[0, -1]] = TIME[[0, -1]]
    return t, at(t).reshape(T, 9)


def at(time):
    """The reach (T, 3, 3) [mm] at other times, from a much finer recording of it."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(TIME, MM)(time)


def write_times(time, values, **drop):
    table = frame(values, time=time)
    return (table.drop(**drop) if drop else table).to_csv(index=False, float_format="%.10f")


text("times off by 5 %", lambda: write_times(*jittered(0.05)), far=2e-4)
text("times off by 15 %", lambda: write_times(*jittered(0.15)), say={"unit": "mm", "rate": RATE}, far=SPLINED)
text("times off by 30 %", lambda: write_times(*jittered(0.3, 1)), say={"unit": "mm", "rate": RATE}, far=SPLINED)
text(
    "times off, dropped",
    lambda: write_times(*jittered(0.15), index=[20, 21]),
    say={"unit": "mm", "rate": RATE},
    far=2e-4,
)
text("times in whole ms", lambda: frame(time=np.round(TIME, 3)).to_csv(index=False))


# What cannot be read as it is, and what its message advises


def refused(name, advice, broken, followed):
    """Add what is refused with some words of advice, and what results from following them."""
    REFUSED[name] = advice, broken, followed


def content(function, encoding="utf-8", **options):
    return Dialect(lambda path: path.write_bytes(function().encode(encoding)), **options)


OWN = content(lambda: own.to_csv(index=False))
TRC = {"suffix": "trc", "say": SILENT}
always_120 = content(lambda: trc(rate="120.00"), **TRC)
refused(
    "DataRate that is not true",
    "--rate 150",
    always_120,
    content(lambda: trc(rate="120.00"), suffix="trc", say={"unit": None, "rate": 150.0}),
)
refused("DataRate, corrected", "--rate 150", always_120, content(trc, **TRC))
unnamed = content(lambda: trc().replace("\telbow\t", "\t\t").replace("\t3\tmm", "\t2\tmm"), **TRC)
refused("trc, a marker without a name", "Name every marker", unnamed, content(trc, **TRC))
refused(
    "trc, empty cells at the ends lost",
    "write NaN",
    content(lambda: lost_tabs(trc(missing())), **TRC),
    content(lambda: trc(missing(), unseen="NaN"), **TRC, gap=(12, 15)),
)
counted = content(lambda: trc().replace("\t46\t3\t", "\t45\t3\t"), **TRC)
refused("trc, a wrong count", "correct NumFrames", counted, content(trc, **TRC))
refused("trc, inches", "Correct it there", content(lambda: trc(unit="in"), **TRC), content(trc, **TRC))
metres = content(lambda: trc(FLAT / 1e3), **TRC)
refused(
    "trc, wrong about its unit",
    "--units m would fit",
    metres,
    content(lambda: trc(FLAT / 1e3), suffix="trc", say={"unit": "m", "rate": None}, far=1e-7),
)
refused(
    "sto without endheader",
    "endheader",
    content(lambda: lines([LABELS], cells()), suffix="sto"),
    content(lambda: lines(["endheader", LABELS], cells()), suffix="sto"),
)
refused("no unit", "units: mm  # --units;", content(lambda: own.to_csv(index=False), say=SILENT), OWN)
refused(
    "no rate", "rate: HZ  # --rate;", content(lambda: frame().to_csv()), content(lambda: frame().to_csv(), say=RATED)
)
bare = content(lambda: own.to_csv(index=False, header=False))
refused(
    "no header", "Put a row above", bare, content(lambda: ",".join(own) + "\n" + own.to_csv(index=False, header=False))
)
german = content(lambda: own.to_csv(index=False, decimal=",", quoting=csv.QUOTE_ALL).replace('"', ""))
refused(
    "decimal commas between commas",
    "with semicolons",
    german,
    content(lambda: own.to_csv(index=False, decimal=",", sep=";")),
)
refused(
    "a row per point",
    "pivot",
    content(lambda: tidy().to_csv(index=False)),
    content(lambda: tidy().pivot(index="frame", columns="bodypart", values=["x", "y", "z"]).to_csv(), say=RATED),
)
picture = content(lambda: frame(Bild=range(T)).to_csv(index=False), say=RATED)
refused(
    "numbers of pictures",
    "Call it frame",
    picture,
    content(lambda: frame(frame=range(T)).to_csv(index=False), say=RATED),
)
refused("an index of times", "call the column time", content(lambda: frame().set_axis(TIME).to_csv(), say=RATED), OWN)
gappy = jarvis().replace("\n", "\n\n", 9).replace("\n\n", "\n", 8)
refused("blank lines between frames", "Remove them", content(lambda: gappy, say=RATED), content(jarvis, say=RATED))
two_units = content(lambda: own.rename(columns={"hand_x": "hand_x_mm", "hand_y": "hand_y_cm"}).to_csv(index=False))
refused("two units", "Write all in one", two_units, OWN)
refused(
    "text in a cell",
    "leave the cell empty",
    content(lambda: frame(missing(), time=TIME).to_csv(index=False, na_rep="lost")),
    content(lambda: frame(missing(), time=TIME).to_csv(index=False), gap=(12, 15)),
)
refused("a row cut off", "write NaN", content(lambda: own.to_csv(index=False) + "0.31,1,2\n"), OWN)
refused(
    "a number cut off",
    "Remove the row",
    content(lambda: own.to_csv(index=False, float_format="%.6f")[:-7]),
    content(lambda: "\n".join(own.to_csv(index=False, float_format="%.6f").splitlines()), far=1e-6),
)
rounded = content(lambda: frame(time=np.round(TIME, 2)).to_csv(index=False))
numbered = content(lambda: frame(time=range(1, T + 1)).to_csv(index=False), say=RATED)
refused("times of two digits", "Write frame numbers", rounded, numbered)
bursts = TIME.copy()
bursts[4::5] = bursts[3:-1:5] + 0.0005
refused("times in bursts", "Write frame numbers", content(lambda: frame(time=bursts).to_csv(index=False)), numbered)
slow = content(lambda: frame(time=5 * TIME).to_csv(index=False), say=RATED)
refused("times of a film in slow motion", "Write frame numbers", slow, numbered)
refused(
    "a wrong --rate",
    "Leave --rate out",
    content(lambda: own.to_csv(index=False), say={"unit": "mm", "rate": 200.0}),
    OWN,
)
refused(
    "NWB, points at different times",
    "Resample them to the same, and save that",
    Dialect(apart, "nwb", SILENT),
    Dialect(lambda path: apart(path, resampled=True), "nwb", SILENT, far=SPLINED),
)
unknown = Dialect(lambda path: sleap_anipose(path, MM[:, None]), "h5", RATED)
refused("SLEAP-Anipose by name", "NUMBER, of the node", unknown, DIALECTS["SLEAP-Anipose"])


def sleap(path):
    """As SLEAP writes what one camera saw: (animals, 2, nodes, frames)."""
    with h5py.File(path, "w") as file:
        file["tracks"] = MM[None, :, :, :2].transpose(0, 3, 2, 1)
        file["node_names"] = [mark.encode() for mark in MARKS]


refused("SLEAP, one camera", "with sleap-anipose", Dialect(sleap, "h5", RATED), DIALECTS["SLEAP-Anipose"])
refused(
    "C3D in inches", "Export it in one of these", Dialect(lambda path: c3d(path, "in"), "c3d", SILENT), DIALECTS["C3D"]
)
unread = Dialect(lambda path: path.write_bytes(b"\x02\x50" + bytes(600)), "c3d", SILENT)
refused("C3D, damaged", "Export it again, or export .trc", unread, DIALECTS["C3D"])
refused("C3D, damaged, as .trc", "or export .trc", unread, content(trc, **TRC))
refused("C3D as text", "suffix .c3d", Dialect(misnamed, "csv", SILENT), DIALECTS["C3D"])
refused(
    "HDF5 as text", "suffix .h5", Dialect(lambda path: movement(path, **SECONDS), "csv"), DIALECTS["movement as .h5"]
)
refused("HDF5 of something else", "positions as CSV", Dialect(lambda path: h5py.File(path, "w").close(), "h5"), OWN)
refused("text as HDF5", "as CSV", content(lambda: own.to_csv(index=False), suffix="h5"), OWN)
refused("text of an unknown suffix", ".csv", content(lambda: own.to_csv(index=False), suffix="asc"), OWN)


def packed(path, name="take.csv"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, own.to_csv(index=False))


MOTIVE = "Format Version,1.23,Take Name,a,Capture Frame Rate,150.000000,Length Units,Millimeters\n\n,Type,Marker\n"
QTM = f"NO_OF_FRAMES\t{T}\nNO_OF_CAMERAS\t8\nNO_OF_MARKERS\t3\nFREQUENCY\t150\nMARKER_NAMES\tsh1\telbow\thand\n"
NDI = f"Number of frames,{T}\nFrequency (Hz),150\n"
for name, beginning in {
    "Excel": b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml",
    "Excel of 2003": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "MATLAB": b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + b" " * 86 + b"\x00\x01IM",
    "MATLAB 7.3": b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + b" " * 86 + b"\x00\x02IM",
    "pickle": pickle.dumps({"hand": MM}),
    "Parquet": b"PAR1\x15\x04",
    "Arrow": b"ARROW1\x00\x00",
    "array of NumPy": b"\x93NUMPY\x01\x00v\x00{'descr'",
    "netCDF 3": b"CDF\x01\x00\x00\x00\x00",
    "SQLite": b"SQLite format 3\x00",
    "PDF": b"%PDF-1.7\n",
    "JSON": b'{"version": 1.3, "people": []}',
    "XML": b'<?xml version="1.0"?><root/>',
}.items():
    for suffix in ("csv", "xyz"):
        if suffix == "csv" or name not in ("JSON", "XML"):
            refused(f"{name} as .{suffix}", "", Dialect(lambda path, b=beginning: path.write_bytes(b), suffix), OWN)
for name, beginning in {
    "Motive": MOTIVE,
    "Vicon": "Trajectories\n150\n,,sh1,,,elbow\n",
    "QTM": QTM,
    "NDI": NDI,
}.items():
    refused(name, "Export C3D", content(lambda b=beginning: b), DIALECTS["C3D"])
for name, beginning in {
    "MP4": b"\0\0\0\x20ftypisom",
    "AVI": b"RIFF\0\0\0\0AVI LIST",
    "Matroska": b"\x1aE\xdf\xa3",
}.items():
    refused(
        name, "Track its points", Dialect(lambda path, b=beginning: path.write_bytes(b), "avi"), DIALECTS["Anipose"]
    )
refused("zip", "Unpack it", Dialect(packed, "zip"), OWN)
refused("gzip", "Unpack it", Dialect(lambda path: path.write_bytes(gzip.compress(b"a")), "gz"), OWN)
refused("empty", "", Dialect(lambda path: path.write_bytes(b""), "csv"), OWN)
refused("blank", "", content(lambda: "\n\n ,,\n"), OWN)
refused("no text", "", Dialect(lambda path: path.write_bytes(bytes(range(256)) * 9), "csv"), OWN)
refused("zeros", "is no text", Dialect(lambda path: path.write_bytes(bytes(5000)), "csv"), OWN)
