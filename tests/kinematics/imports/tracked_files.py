"""Writers of recordings as the tracking programs write them; used by the tests alone.

The layouts are those of deeplabcut.triangulate (pandas, three header rows), anipose triangulate (pandas, one header
row) and OpenSim's TRCFileAdapter and STOFileAdapter.
"""

import numpy as np
import pandas

MARKS = ("sh1", "elbow", "hand")
POINTS = {"paw": "hand", "shoulder": "sh1"}
RATE = 150.0


def arm(n_frames, seed=0):
    """Shoulder, elbow, paw (T, 3, 3) in metres, OpenSim's axes: segments of 12 and 14 mm that turn smoothly."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_frames) / RATE
    waves = [0.3 * np.sin(2 * np.pi * rng.uniform(1, 3) * t + rng.uniform(0, 6)) for _ in range(4)]
    shoulder = np.tile([0.017, 0.008, -0.015], (n_frames, 1)) + 1e-4 * waves[0][:, None]
    return arm_points(shoulder, waves)


def arm_points(shoulder, angles):
    """Shoulder, elbow, paw (T, 3, 3) for angles [rad]: upper arm from straight down, forearm from ahead."""
    a, b, c, d = angles
    upper = np.stack([np.sin(a), -np.cos(a) * np.cos(b), np.cos(a) * np.sin(b)], axis=1)
    fore = np.stack([np.cos(c) * np.cos(d), np.sin(c), np.cos(c) * np.sin(d)], axis=1)
    elbow = shoulder + 0.012 * upper
    return np.stack([shoulder, elbow, elbow + 0.014 * fore], axis=1)


def columns(coordinates, individual=None):
    levels = [["DLC_3D"], *([[individual]] if individual else []), MARKS, coordinates]
    names = ["scorer", *(["individuals"] if individual else []), "bodyparts", "coords"]
    return pandas.MultiIndex.from_product(levels, names=names)


def deeplabcut(points, likelihood=None, individual=None):
    """The table that deeplabcut.triangulate writes, with a likelihood where one is given."""
    values = points if likelihood is None else np.concatenate([points, likelihood[:, :, None]], axis=2)
    coordinates = ["x", "y", "z"] + ([] if likelihood is None else ["likelihood"])
    return pandas.DataFrame(values.reshape(len(points), -1), columns=columns(coordinates, individual))


def write_dlc_csv(path, points, **options):
    deeplabcut(points, **options).to_csv(path)


def write_dlc_h5(path, points, **options):
    deeplabcut(points, **options).to_hdf(path, key="df_with_missing", format="table", mode="w")


def write_anipose(path, points, likelihood=None, frames=None):
    table = {}
    for i, mark in enumerate(MARKS):
        table |= {f"{mark}_{axis}": points[:, i, k] for k, axis in enumerate("xyz")}
        table |= {f"{mark}_error": 0.7, f"{mark}_ncams": 3.0}
        table[f"{mark}_score"] = 0.98 if likelihood is None else likelihood[:, i]
    table |= {f"M_{i}{j}": float(i == j) for i in range(3) for j in range(3)}
    table |= {f"center_{i}": 0.0 for i in range(3)}
    table["fnum"] = np.arange(len(points)) if frames is None else frames
    pandas.DataFrame(table).to_csv(path, index=False)


def write_trc(path, points, unit="mm", rate=RATE, start=0.0):
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate:g}\t{rate:g}\t{len(points)}\t{len(MARKS)}\t{unit}\t{rate:g}\t0\t{len(points)}",
        "Frame#\tTime\t" + "".join(f"{mark}\t\t\t" for mark in MARKS),
        "\t\t" + "".join(f"{axis}{i + 1}\t" for i in range(len(MARKS)) for axis in "XYZ"),
        "",
    ]
    for i, row in enumerate(points.reshape(len(points), -1)):
        lines.append(f"{i + 1}\t{start + i / RATE:.16g}\t" + "".join(f"{value:.16g}\t" for value in row))
    path.write_text("\n".join(lines) + "\n")


def write_sto(path, points, suffixes=("_1", "_2", "_3"), unit=None):
    header = ["DataRate=150.000000", *([f"Units={unit}"] if unit else []), "DataType=double", "version=3"]
    labels = [mark + suffix for mark in MARKS for suffix in suffixes]
    rows = [[i / RATE, *row] for i, row in enumerate(points.reshape(len(points), -1))]
    write_table(path, [*header, "OpenSimVersion=4.6"], labels, [[f"{value:.16g}" for value in row] for row in rows])


def write_vec3(path, points):
    rows = [
        [f"{i / RATE:.16g}", *(",".join(f"{x:.16g}" for x in point) for point in row)] for i, row in enumerate(points)
    ]
    write_table(path, ["DataType=Vec3", "version=3", "OpenSimVersion=4.6"], MARKS, rows)


def write_simm(path, points):
    """A .mot file with the header of SIMM and columns parted by spaces."""
    labels = [mark + suffix for mark in MARKS for suffix in ("_tx", "_ty", "_tz")]
    header = [f"name {path.name}", f"datacolumns {len(labels) + 1}", f"datarows {len(points)}", "range 0.0 1.0"]
    rows = [[f"{i / RATE:.16g}", *map("{:.16g}".format, row)] for i, row in enumerate(points.reshape(len(points), -1))]
    write_table(path, header, labels, rows, "  ")


def write_table(path, header, labels, rows, delimiter="\t"):
    lines = [*header, "endheader", delimiter.join(["time", *labels]), *map(delimiter.join, rows)]
    path.write_text("\n".join(lines) + "\n")


WRITERS = {
    "dlc.csv": write_dlc_csv,
    "dlc.h5": write_dlc_h5,
    "anipose.csv": write_anipose,
    "markers.trc": write_trc,
    "table.sto": write_sto,
    "vectors.sto": write_vec3,
    "simm.mot": write_simm,
}
