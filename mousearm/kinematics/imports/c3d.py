"""C3D, the format of marker systems (Vicon, Motive, Qualisys, Theia): units, rate and occlusions are in the file.

Axes are those of the laboratory. A point with a negative residual was not seen. The package ezc3d reads the file.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.imports.sheets import read_head, refuse_other
from mousearm.kinematics.imports.tables import find_points, unit_of
from mousearm.registry import FORMATS


def read_c3d(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read a C3D file; needs the package ezc3d.

    Raises:
        KinematicsError: the file is not C3D or damaged, or ezc3d is not installed.
        UnknownNameError: the file lacks a name.
    """
    head = read_head(path)
    if head[1:2] != b"\x50":
        refuse_other(path, head, "C3D")
    try:
        import ezc3d
    except ImportError as error:
        raise KinematicsError(
            f"{path}: C3D needs the package ezc3d, which cannot be imported here ({error}): pip install "
            "'mousearm[c3d]'. Or export .trc."
        ) from error
    try:
        file = ezc3d.c3d(str(path))
        point = file["parameters"]["POINT"]
        labels = [str(label).strip() for label in point["LABELS"]["value"]]
        positions, residuals = file["data"]["points"], file["data"]["meta_points"]["residuals"]
        unit, rate = str(point["UNITS"]["value"][0]).strip(), float(point["RATE"]["value"][0])
        first = int(file["header"]["points"]["first_frame"])
    except Exception as error:  # of a damaged file, of many kinds
        raise KinematicsError(
            f"{path}: is damaged, or no C3D file ({error}). Export it again, or export .trc."
        ) from error
    found = find_points(((label, axis) for label in labels[: positions.shape[1]] for axis in "xyz"), names, path)
    chosen = [column["x"] // 3 for column in found]
    points = np.where(residuals[0, chosen] < 0, np.nan, positions[:3, chosen]).transpose(2, 1, 0)
    points = np.where(np.isfinite(points), points, np.nan)
    if unit and unit_of(unit) is None:
        raise KinematicsError(f"{path}: says its unit is {unit}; m, cm and mm are known. Export it in one of these.")
    rate_known = rate if 0 < rate < np.inf else None
    frames = first + np.arange(len(points))
    return MarkerRecording(path, "C3D", None, points, None, frames, unit=unit_of(unit), rate=rate_known)


FORMATS.add(read_c3d, "c3d")
