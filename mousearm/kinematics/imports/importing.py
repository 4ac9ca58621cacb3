"""The import: files of tracking programs become reaches, all or none, with notes on what was done to them."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.files import new_output, write_text
from mousearm.kinematics.checks import RATE_RANGE, SEGMENTS, check_jumps
from mousearm.kinematics.damage import jumps, runs
from mousearm.kinematics.folder import write_reaches
from mousearm.kinematics.imports import cleaning, opensim, tables
from mousearm.kinematics.imports.cleaning import CutRule
from mousearm.kinematics.imports.conversion import (
    SIDES,
    UNITS,
    Axes,
    check_seen,
    choose_unit,
    segment_lengths,
    to_metres,
)
from mousearm.kinematics.imports.markers import MarkerRecording, MarkerTrajectory, even, seen_points
from mousearm.kinematics.imports.sheets import Sheet, read_head, refuse_other
from mousearm.kinematics.noise import FILTER_FRAMES
from mousearm.kinematics.reach import Reach
from mousearm.registry import FORMATS
from mousearm.text import printable
from mousearm.trajectory import LANDMARKS

STRETCH = 0.25
"""Difference of a segment's length from its median, relative to it, that is noted."""

NOTES = "import.txt"
"""File beside the reaches that says how they were made."""

_NO_JUMPS = (
    "Was another point tracked there? Take it out, in all rows that are off, with --min-likelihood or by emptying its "
    "cells; with --cut, movements with a jump are left out."
)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import: what the files do not say, and how they are processed.

    Args:
        points: name of shoulder, elbow and paw in the files; those that are missing are named so in the files.
        unit: a key of `UNITS`, or None where the files say it.
        axes: as `Axes.parse` reads them, or None for OpenSim's files.
        rate: Hz, or None where the files have times.
        side: one of `SIDES`.
        min_likelihood: points below it are gaps; None keeps all.
        max_gap_ms: the longest gap that is filled.
        cutoff: of the low-pass filter [Hz], or None for no filter.
        cut: how to cut into reaches, or None to keep each file whole.

    Raises:
        KinematicsError: a number is out of its range.
        UnknownNameError: a landmark, unit or side does not exist.
    """

    points: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    axes: str | None = None
    rate: float | None = None
    side: str = SIDES[0]
    min_likelihood: float | None = None
    max_gap_ms: float = 30.0
    cutoff: float | None = None
    cut: CutRule | None = None

    def __post_init__(self) -> None:
        for name in self.points:
            if name not in LANDMARKS:
                raise UnknownNameError("landmark (--points)", name, LANDMARKS)
        if self.unit is not None and self.unit not in UNITS:
            raise UnknownNameError("unit (--units)", self.unit, UNITS)
        if self.side not in SIDES:
            raise UnknownNameError("side (--side)", self.side, SIDES)
        slowest, fastest = RATE_RANGE
        if self.rate is not None and not slowest <= self.rate <= fastest:
            raise KinematicsError(f"--rate {self.rate:g}: give the frames per second, {slowest:g} to {fastest:g} Hz.")
        if self.min_likelihood is not None and not 0 <= self.min_likelihood <= 1:
            raise KinematicsError(f"--min-likelihood {self.min_likelihood:g}: give a number from 0 to 1.")
        if not 0 <= self.max_gap_ms < float("inf"):
            raise KinematicsError(f"--max-gap {self.max_gap_ms:g}: give a number of ms, 0 or more.")
        if self.cutoff is not None and not 0 < self.cutoff < float("inf"):
            raise KinematicsError(f"--cutoff {self.cutoff:g}: give a frequency above 0 Hz.")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Reaches of one imported file.

    Attributes:
        path: the file.
        reaches: named as their files below the output folder, without suffix.
        notes: what was read, assumed and done, one line each.
    """

    path: Path
    reaches: Sequence[Reach]
    notes: Sequence[str]

    def text(self) -> str:
        """The notes, below the name of the file."""
        return printable("\n".join([str(self.path), *(f"  {note}" for note in self.notes)]))


def import_reaches(paths: Sequence[Path], out: Path, options: ImportOptions) -> list[ImportResult]:
    """Read files, write their reaches into a new folder together with `NOTES`; a progress bar counts the files.

    Args:
        paths: the files.
        out: the folder, which must not exist or be empty; nothing is left there if anything goes wrong.
        options: what the files do not say.

    Raises:
        KinematicsError: a file cannot be read or trusted, or no reach is found.
        OutputError: the folder cannot be written.
        UnknownNameError: a file lacks a point.
    """
    if not paths:
        raise KinematicsError("No file is given to import.")
    names = output_names(paths)
    with new_output(out) as folder:
        named = tqdm(list(zip(paths, names, strict=True)), unit=" files", desc="importing", leave=False, disable=None)
        imported = [import_file(path, name, options) for path, name in named]
        folder.mkdir()
        write_reaches((reach for item in imported for reach in item.reaches), folder)
        write_text(folder / NOTES, "\n".join(item.text() for item in imported) + "\n")
    return imported


def import_file(path: Path, name: str, options: ImportOptions) -> ImportResult:
    """Read one file and make reaches of it; writes nothing.

    Args:
        path: the file.
        name: of the reach or, with _001, _002 ... behind it, of the reaches.
        options: what the file does not say.

    Raises:
        KinematicsError: the file cannot be read or trusted, or holds no reach.
        UnknownNameError: the file lacks a point.
    """
    recording = read_markers(path, {**dict(zip(LANDMARKS, LANDMARKS, strict=True)), **options.points})
    notes = []
    if options.min_likelihood is not None:
        recording, n_dropped = cleaning.drop_unlikely(recording, options.min_likelihood)
        notes.append(f"unlikely  {n_dropped} points below {options.min_likelihood:g} taken as not seen")
    recording, n_dropped = cleaning.drop_stand_ins(recording)
    if n_dropped:
        notes.append(f"no value  {n_dropped} points such as 0 0 0, or held while the arm moves, taken as not seen")
    markers, by = even(recording, options.rate)
    notes.insert(0, f"read      {recording.kind}, {len(markers.points)} frames at {markers.rate:.5g} Hz ({by})")
    markers, more = _to_metres(markers, recording, options)
    notes += more
    markers, n_dropped = cleaning.drop_spikes(markers)
    if n_dropped:
        notes.append(f"spikes    {n_dropped} points that jump in one frame taken as not seen")
    markers, gaps = cleaning.fill_gaps(markers, options.max_gap_ms)
    if options.cut is None:
        check_jumps(markers.time, markers.points, markers.place, _NO_JUMPS)
    notes += _stretched(markers)
    steady = ~jumps(markers.time, markers.points)[0].any(axis=1)
    parts = runs(steady & seen_points(markers.points.reshape(len(markers.points), -1)))
    notes.append(
        f"gaps      {len(gaps)} filled ({sum(gaps)} positions, the longest gap "
        f"{1e3 * max(gaps, default=0) / markers.rate:.4g} ms of {options.max_gap_ms:g} ms allowed)"
    )
    if not parts:
        raise markers.place.error(
            "there is no frame in which all three points are seen. Raise --max-gap or, if that does not help, check "
            "--points and --min-likelihood."
        )
    if options.cut is None:
        cleaning.refuse_gaps(markers, parts, options.max_gap_ms)
        n_ends = len(markers.points) - (parts[0].stop - parts[0].start)
        notes += [f"ends      {n_ends} frames without all points left out"] if n_ends else []
        reaches = [cleaning.filtered(markers.part(parts[0]), options.cutoff).reach(name)]
    else:
        reaches, more = _cut(markers, parts, name, options, options.cut)
        notes += more
    notes.append(
        "filter    none (--cutoff)"
        if options.cutoff is None
        else f"filter    Butterworth forwards and backwards, -3 dB at {options.cutoff:g} Hz (--cutoff)"
    )
    notes += [
        f"reach     {reach.name}.csv: {reach.n_frames} frames, {reach.time[0]:.3f} to {reach.time[-1]:.3f} s, at most "
        f"{reach.peak_speed:.3g} m/s"
        for reach in reaches
    ]
    return ImportResult(path, reaches, notes)


def read_markers(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read one file of any format in `FORMATS`; its suffix is the format's name.

    Args:
        path: the file.
        names: name of the paw, the elbow and the shoulder in the file.

    Raises:
        KinematicsError: the format is not known, or the file is refused by its reader.
        UnknownNameError: the file lacks a name.
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
        return opensim.read_trc(sheet, names)
    if path.suffix.lower() in (".sto", ".mot") or "endheader" in map(str.strip, map(str.lower, sheet.lines[:100])):
        return opensim.read_sto(sheet, names)
    return tables.read_columns(sheet, names)


FORMATS.add(read_sheet, "csv", "tsv", "txt", "trc", "sto", "mot")


def output_names(paths: Sequence[Path]) -> list[str]:
    """Name every input: by its stem or, where stems repeat, its path below the folder that all have in common."""
    resolved = [path.resolve() for path in paths]
    _refuse_repeats([str(path) for path in resolved], paths, "is given twice")
    if len({path.stem for path in paths}) == len(paths):
        return [path.stem for path in paths]
    common = Path(os.path.commonpath([path.parent for path in resolved]))
    names = [path.relative_to(common).with_suffix("").as_posix() for path in resolved]
    _refuse_repeats(names, paths, "has the name of another file but for its suffix, so both would be written to one")
    return names


def _refuse_repeats(names: Sequence[str], paths: Sequence[Path], what: str) -> None:
    count = Counter(names)
    for name, path in zip(names, paths, strict=True):
        if count[name] > 1:
            raise KinematicsError(f"{path}: {what}. Leave one out, or import it to another --out.")


def _to_metres(
    markers: MarkerTrajectory, recording: MarkerRecording, options: ImportOptions
) -> tuple[MarkerTrajectory, list[str]]:
    """Convert the markers to metres, OpenSim's axes and a right arm; also returns notes on what was assumed."""
    check_seen(markers.points, markers.place)
    lengths = segment_lengths(markers.points)
    unit = choose_unit(options.unit, recording.unit, lengths, markers.place)
    text = options.axes or recording.axes
    if text is None:
        raise markers.place.error(
            "its axes are those of a calibration, which nobody but you knows. Say which of them point forward, up and "
            "right: --axes 'x z -y' means x forward, z up, y to the left."
        )
    axes = Axes.parse(text)
    stated = f", the file says {recording.unit}" if recording.unit not in (None, unit) else ""
    upper_arm, forearm = (1e3 * UNITS[unit] * length for length in lengths)
    mirrored = options.side != SIDES[0]
    notes = [
        f"unit      {unit} ({'--units' if options.unit else 'the file'} says so{stated}); median upper arm "
        f"{upper_arm:.2f} mm, forearm {forearm:.2f} mm",
        f"axes      {axes} ({'--axes' if options.axes else 'the convention of OpenSim, as --axes is not given'})",
        f"side      {options.side} (--side)" + (", mirrored to the right arm that the model is" if mirrored else ""),
    ]
    return replace(markers, points=to_metres(markers.points, unit, axes, options.side)), notes


def _stretched(markers: MarkerTrajectory) -> list[str]:
    """A note on the frame in which a segment's length is furthest from its median, if that is no noise."""
    lengths = np.linalg.norm(np.diff(markers.points, axis=1), axis=2)
    off = np.nan_to_num(np.abs(lengths / segment_lengths(markers.points) - 1))
    frame, segment = np.unravel_index(off.argmax(), off.shape)
    if off[frame, segment] <= STRETCH:
        return []
    return [
        f"look      at {markers.place.frame(int(frame))} the length of the {SEGMENTS[segment]} is "
        f"{off[frame, segment]:.0%} off its median; was another point tracked there?"
    ]


def _cut(
    markers: MarkerTrajectory, parts: Sequence[slice], name: str, options: ImportOptions, rule: CutRule
) -> tuple[list[Reach], list[str]]:
    """Reaches of all stretches of a session, and what was left out."""
    found: list[MarkerTrajectory] = []
    left_out, fastest = Counter[str](), 0.0
    for part in parts:
        if part.stop - part.start <= FILTER_FRAMES:
            left_out["in a stretch too short to look at"] += 1
            continue
        stretch = cleaning.filtered(markers.part(part), options.cutoff)
        cut = cleaning.cut_reaches(stretch, rule)
        found += [stretch.part(frames) for frames in cut.reaches]
        left_out += cut.left_out
        fastest = max(fastest, cut.peak_speed)
    reasons = ", ".join(f"{n} {why}" for why, n in left_out.items()) or "nothing"
    if not found:
        raise markers.place.error(
            f"no reach was found (left out: {reasons}). The paw's highest speed is {fastest:.3g} m/s; --peak-speed is "
            f"{rule.peak_speed:g}, --rest-speed {rule.rest_speed:g} m/s. Change these, or leave --cut out."
        )
    notes = [f"cut       {len(found)} reaches from {len(parts)} stretches without gaps; left out: {reasons}"]
    return [part.reach(f"{name}_{number:03d}") for number, part in enumerate(found, 1)], notes
