"""DeepLabCut 3D: tables whose columns have several names, scorer, bodyparts and coords, one below the other.

`deeplabcut.triangulate` writes an HDF5 file and, if asked to, the same as CSV. Coordinates are x, y, z; there may be a
likelihood. The first column is the frame number. Projects with several animals have a row ``individuals`` more; a
point is then called INDIVIDUAL/BODYPART. Neither units nor the rate are in the file: units are those of the calibration
board.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.checks import Place
from mousearm.kinematics.files import Row, parse_number
from mousearm.kinematics.imports.cells import Cells, find_points, lay_out, whole_numbers
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.imports.pandas_table import read_table
from mousearm.registry import FORMATS

LEVELS = ("scorer", "individuals", "bodyparts", "coords")
"""Names of the header rows, in order; individuals may be missing."""


def is_deeplabcut(rows: Sequence[Row]) -> bool:
    """Tell whether the rows of a CSV file are DeepLabCut's."""
    return rows[0][1][0].lower() == LEVELS[0]


def read_deeplabcut(path: Path, rows: Sequence[Row], names: Mapping[str, str]) -> MarkerRecording:
    """Read a CSV file of DeepLabCut 3D.

    Args:
        path: the file.
        rows: its lines.
        names: name of every landmark in the file.

    Raises:
        KinematicsError: the table is not DeepLabCut's, or a cell is not a number.
        UnknownNameError: the file lacks a name.
    """
    n_header = next((i for i, (_, cells) in enumerate(rows) if cells[0].lower() not in LEVELS), len(rows))
    header = [cells for _, cells in rows[:n_header]]
    _check_levels([cells[0].lower() for cells in header], path)
    width = len(header[0])
    if any(len(cells) != width for cells in header):
        raise KinematicsError(f"{path}: its header rows have different numbers of columns. Export it again.")
    columns = list(zip(*header, strict=True))
    cells = Cells(path, rows[n_header:], ["frame", *("/".join(column[1:]) for column in columns[1:])])
    _check_index([row[0] for _, row in rows[n_header:]], cells.place)
    found = find_points(names, lay_out([None, *map(_point, columns[1:])], path), path)
    positions, likelihood = cells.points(found)
    frames = whole_numbers(cells.numbers(0), "frame", cells.place)
    return MarkerRecording(path, "DeepLabCut CSV", cells.lines, positions, likelihood, frames)


def read_deeplabcut_hdf(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read an HDF5 file of DeepLabCut 3D.

    Arguments and errors are those of `read_deeplabcut`; a place in the file is a frame, counted from 1.
    """
    table = read_table(path)
    _check_levels(table.levels, path)
    place = Place(str(path))
    _check_index([str(frame) for frame in table.frames], place)
    found = find_points(names, lay_out(map(_point, table.columns), path), path)
    values = np.where(np.isfinite(table.values), table.values, np.nan)  # as in text: a point at infinity was not seen
    positions = np.stack([np.stack([values[:, point[axis]] for axis in "xyz"], 1) for point in found], 1)
    sure = all("likelihood" in point for point in found)
    likelihood = np.stack([values[:, point["likelihood"]] for point in found], 1) if sure else None
    frames = whole_numbers(table.frames.astype(float), "frame", place)
    return MarkerRecording(path, "DeepLabCut HDF5", None, positions, likelihood, frames)


FORMATS.add(read_deeplabcut_hdf, "h5", "hdf5")


def _check_levels(levels: Sequence[str], path: Path) -> None:
    if tuple(levels) not in (LEVELS, (LEVELS[0], *LEVELS[2:])):
        raise KinematicsError(
            f"{path}: its header rows are {', '.join(levels)}; DeepLabCut 3D has scorer, (individuals,) bodyparts and "
            "coords. Give the file that deeplabcut.triangulate wrote."
        )


def _check_index(frames: Sequence[str], place: Place) -> None:
    for index, frame in enumerate(frames):
        if parse_number(frame) is None:
            raise place.error(
                f"'{frame}' is not a frame number; tables of labelled pictures have names there. Give the file that "
                "deeplabcut.triangulate wrote, which has a row for every frame of the film.",
                index,
                "frame",
            )


def _point(column: Sequence[str]) -> tuple[str, str]:
    return "/".join(column[1:-1]), column[-1].lower()
