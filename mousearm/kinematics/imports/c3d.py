"""C3D, the format of marker systems (Vicon, Motive, Qualisys, Theia): units, rate and occlusions are in the file.

Axes are those of the laboratory. A point with a negative residual was not seen. The package ezc3d reads the file. A
damaged one can crash it or make it ask for all memory, so it works in a process of its own, with limits.
"""

import importlib.util
import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.imports.sheets import read_head, refuse_other
from mousearm.kinematics.imports.tables import find_points, unit_of
from mousearm.registry import FORMATS

_SECONDS, _BYTES_PER_SECOND = 15, 5e6  # that reading may take, and of a large file in addition
_READ = """
import contextlib, io, sys
with contextlib.suppress(ImportError, OSError, ValueError):
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
import ezc3d, numpy
file = ezc3d.c3d(sys.argv[1])
point, data, into = file["parameters"]["POINT"], file["data"], io.BytesIO()
numpy.savez(into, points=data["points"], residuals=data["meta_points"]["residuals"][0], labels=point["LABELS"]["value"],
            unit=point["UNITS"]["value"][:1], rate=point["RATE"]["value"][:1])
sys.stdout.buffer.write(into.getvalue())
"""


def read_c3d(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read a C3D file; needs the package ezc3d.

    Errors as `read_markers`: the file is not C3D, is damaged or cut off, or ezc3d is not installed.
    """
    head = read_head(path)
    if head[1:2] != b"\x50":
        refuse_other(path, head, "C3D")
    if importlib.util.find_spec("ezc3d") is None:
        raise KinematicsError(f"{path}: C3D needs the package ezc3d: pip install 'mousearm[c3d]'. Or export .trc.")
    limit, command = _SECONDS + path.stat().st_size / _BYTES_PER_SECOND, [sys.executable, "-c", _READ, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit, check=True)
        with np.load(io.BytesIO(done.stdout), allow_pickle=False) as archive:
            file = dict(archive)
    except (subprocess.SubprocessError, ValueError, OSError) as error:
        last = getattr(error, "stderr", None) or b"it cannot be read"
        why = last.decode(errors="replace").strip().rpartition("\n")[2]
        remedy = "Export it again, or export .trc."
        raise KinematicsError(f"{path}: is damaged, or no C3D file ({why}). {remedy}") from error
    labels, unit = [str(label).strip() for label in file["labels"]], "".join(map(str, file["unit"])).strip()
    points, rate = file["points"][:3], float(file["rate"].sum())
    first, last = (int.from_bytes(head[start : start + 2], "little") for start in (6, 8))
    if last < 2**16 - 1 and points.shape[2] != last - first + 1:
        what = f"says that it has frames {first} to {last}, but has {points.shape[2]}"
        raise KinematicsError(f"{path}: {what}. Is it cut off? Export it again.")
    found = find_points(((label, axis) for label in labels[: points.shape[1]] for axis in "xyz"), names, path)
    chosen = [column["x"] // 3 for column in found]
    seen = (file["residuals"][chosen] >= 0) & np.isfinite(points[:, chosen]).all(axis=0)
    positions = np.where(seen, points[:, chosen], np.nan).transpose(2, 1, 0)
    if unit and unit_of(unit) is None:
        raise KinematicsError(f"{path}: says its unit is {unit}; m, cm and mm are known. Export it in one of these.")
    frames = first - 1 + np.arange(len(positions))  # the first frame of a trial is 1, at time 0
    known = rate if 0 < rate < np.inf else None
    return MarkerRecording(path, "C3D", None, positions, None, frames, unit=unit_of(unit), rate=known)


FORMATS.add(read_c3d, "c3d")
