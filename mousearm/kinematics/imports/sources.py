"""Content of a file: the recording, what was recorded before a filter and the truth; and what it does not say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics.damage import segment_lengths
from mousearm.kinematics.files import CUTOFF_COLUMN
from mousearm.kinematics.imports import marker_systems, tables
from mousearm.kinematics.imports.conversion import UNITS, fitting_units
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.reach import VERSIONS
from mousearm.kinematics.sheets import Sheet, read_head, refuse_other
from mousearm.registry import FORMATS
from mousearm.text import listed
from mousearm.trajectory import LANDMARKS

_RECORDED, _TRUTH = VERSIONS
_MOST_NAMES = 12  # of points that are listed


class Source(NamedTuple):
    """Content of one file."""

    recording: MarkerRecording  # as the cameras saw it, where the file holds that beside what was filtered
    truth: MarkerRecording | None  # without noise, where the file holds that
    notes: Sequence[str]  # on which positions are taken


class MissingError(KinematicsError):
    """Facts that no file and no option states; ``lines`` of `reaches.yaml` that would say it, by key."""

    def __init__(self, files: Sequence[Path], lines: Mapping[str, str], memory: Path):
        others = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
        super().__init__(
            f"{files[0]}{others}: not all that is needed is known. Write into {memory}, with your own values where "
            "there are capitals (or give the options named behind):\n" + "\n".join(lines.values())
        )
        self.lines = dict(lines)


def read_source(path: Path, names: Mapping[str, str]) -> Source:
    """Read a file; errors as `read_markers`.

    Of reaches that were filtered here the positions before the filter are taken: in smooth ones no noise can be
    measured.
    """
    head = read_head(path) if path.suffix.lower() == ".csv" else b""
    versions = {of: {mark: f"{_plain(name)}_{of}" for mark, name in names.items()} for of in VERSIONS}
    held = [of for of, marks in versions.items() if all(f"{name}_x".encode() in head for name in marks.values())]
    notes, taken = [], dict(names)
    if _RECORDED in held:
        taken = versions[_RECORDED]
        notes = [f"recorded  {taken['paw']} and the like are taken: the positions before the filter of the file"]
    elif CUTOFF_COLUMN.encode() in head:
        notes = ["look      it was filtered before, and lacks what was recorded: noise looks smaller than it is"]
    truth = read_markers(path, versions[_TRUTH]) if _TRUTH in held else None
    return Source(read_markers(path, taken), truth, notes)


def _plain(name: str) -> str:
    return name.removesuffix(f"_{_RECORDED}")


def read_known(
    path: Path, points: Mapping[str, str], unit: str | None, axes: str | None, rate: float | None
) -> tuple[Source, dict[str, str]]:
    """Read a file; also the lines of `reaches.yaml`, by key, that would say what neither it nor an option says.

    ``points`` are the names that were given. Errors as `read_markers`.
    """
    names, lines = {**dict(zip(LANDMARKS, LANDMARKS, strict=True)), **points}, dict[str, str]()
    try:
        source = read_source(path, names)
    except UnknownNameError as error:
        lacking = [mark for mark in LANDMARKS[::-1] if names[mark] not in error.valid]
        if not error.valid or any(mark in points for mark in lacking):
            raise
        known = {mark: names[mark] for mark in LANDMARKS[::-1] if mark not in lacking} if points else {}
        wanted = ", ".join(f"{mark}: {name}" for mark, name in {**known, **dict.fromkeys(lacking, "NAME")}.items())
        lines["points"] = f"points: {{{wanted}}}  # --points; of {listed(error.valid, _MOST_NAMES)}"
        source = Source(read_markers(path, dict.fromkeys(LANDMARKS, error.valid[0])), None, [])
    recording = source.recording
    if unit is None and recording.unit is None:
        lengths = segment_lengths(recording.points)
        fitting = [] if lines or np.isnan(lengths).any() else fitting_units(lengths)
        measured = f"upper arm and forearm are {lengths[0]:.4g} and {lengths[1]:.4g} in it"
        lines["units"] = f"units: {(fitting or ['UNIT'])[0]}  # --units; " + (
            measured if fitting else f"{', '.join(UNITS)}: that of the calibration"
        )
    if axes is None and recording.axes is None:
        lines["axes"] = "axes: F U R  # --axes; forward, up, right: in x z -y z is up and y to the left"
    if rate is None and recording.time is None and recording.rate is None:
        lines["rate"] = "rate: HZ  # --rate; frames that were filmed per second"
    return source, lines


def read_markers(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read one file of any format in `FORMATS`; its suffix is the format's name.

    Raises:
        KinematicsError: the format is not known, or the file is refused by its reader.
        UnknownNameError: the file lacks one of the names of shoulder, elbow and paw.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        refuse_other(path, read_head(path), f"named as a file in {known}")
    return FORMATS[suffix](path, names)


def read_sheet(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read text: OpenSim, DeepLabCut 3D, Anipose, JARVIS, or any table with names, x, y and z in its header."""
    sheet = Sheet.read(path)
    if sheet.lines[0].lstrip("\"' ").startswith("PathFileType"):
        return marker_systems.read_trc(sheet, names)
    if path.suffix.lower() in (".sto", ".mot") or "endheader" in map(str.strip, map(str.lower, sheet.lines[:100])):
        return marker_systems.read_sto(sheet, names)
    return tables.read_columns(sheet, names)


FORMATS.add(read_sheet, "csv", "tsv", "txt", "trc", "sto", "mot")
