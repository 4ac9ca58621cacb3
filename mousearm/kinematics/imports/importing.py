"""The import: files of tracking programs become reaches, all or none, with notes on what was done to them."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from tqdm import tqdm

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.files import new_output, write_text
from mousearm.kinematics.checks import RATE_RANGE, check_jumps
from mousearm.kinematics.damage import jumps, runs
from mousearm.kinematics.folder import write_reaches
from mousearm.kinematics.imports import cleaning, opensim, tables
from mousearm.kinematics.imports.cleaning import CutRule
from mousearm.kinematics.imports.conversion import SIDES, UNITS, in_metres, read_axes
from mousearm.kinematics.imports.markers import MarkerRecording, MarkerTrajectory, even, seen_points
from mousearm.kinematics.imports.sheets import Sheet, read_head, refuse_other
from mousearm.kinematics.noise import FILTER_FRAMES, compare_cutoffs, tracking_noise
from mousearm.kinematics.orientation import find_orientation
from mousearm.kinematics.reach import Reach
from mousearm.registry import FORMATS
from mousearm.text import plural, printable
from mousearm.trajectory import LANDMARKS

NOTES = "import.txt"  # file beside the reaches that says how they were made

_NO_JUMPS = (
    "Was another point tracked there? Take it out, in all rows that are off, with --min-likelihood or by emptying its "
    "cells; with --cut, movements with a jump are left out."
)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import: what the files do not say, and how they are processed; values out of range are refused."""

    points: Mapping[str, str] = field(default_factory=dict)  # names of landmarks in the files, where others than here
    unit: str | None = None  # a key of `UNITS`; None where the files say it
    axes: str | None = None  # as `read_axes` reads them; None for OpenSim's files
    rate: float | None = None  # Hz; None where the files have times
    side: str = SIDES[0]
    min_likelihood: float | None = None  # points below it are gaps; None keeps all
    max_gap_ms: float = 30.0  # the longest gap that is filled
    cutoff: float | Literal["auto"] | None = None  # of the low-pass filter, Hz; auto: that of least expected error
    cut: CutRule | None = None  # into reaches; None to keep each file whole

    def __post_init__(self) -> None:
        named = [("landmark (--points)", name, LANDMARKS) for name in self.points]
        for kind, name, valid in (*named, ("unit (--units)", self.unit, UNITS), ("side (--side)", self.side, SIDES)):
            if name is not None and name not in valid:
                raise UnknownNameError(kind, name, valid)
        slowest, fastest = RATE_RANGE
        if self.rate is not None and not slowest <= self.rate <= fastest:
            raise KinematicsError(f"--rate {self.rate:g}: give the frames per second, {slowest:g} to {fastest:g} Hz.")
        if self.min_likelihood is not None and not 0 <= self.min_likelihood <= 1:
            raise KinematicsError(f"--min-likelihood {self.min_likelihood:g}: give a number from 0 to 1.")
        if not 0 <= self.max_gap_ms < np.inf:
            raise KinematicsError(f"--max-gap {self.max_gap_ms:g}: give a number of ms, 0 or more.")
        if self.cutoff not in (None, "auto") and not 0 < float(self.cutoff) < np.inf:
            raise KinematicsError(f"--cutoff {float(self.cutoff):g}: give a frequency above 0 Hz, or auto.")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Reaches of one imported file."""

    path: Path
    reaches: Sequence[Reach]  # named as their files below the output folder, without suffix
    notes: Sequence[str]  # what was read, assumed and done, one line each

    def text(self) -> str:
        """The notes, below the name of the file."""
        return printable("\n".join([str(self.path), *(f"  {note}" for note in self.notes)]))


class _Session(NamedTuple):
    """One file, cleaned and in metres, before any filter."""

    path: Path
    name: str  # of its reach or, with _001, _002 ... behind it, of its reaches
    stretches: Sequence[MarkerTrajectory]  # in which all points are seen
    noise: np.ndarray  # (3,) standard deviation per axis, m
    notes: Sequence[str]


def import_reaches(paths: Sequence[Path], out: Path, options: ImportOptions) -> list[ImportResult]:
    """Read files, write their reaches into a new folder together with `NOTES`; a progress bar counts the files.

    The folder must not exist or be empty; nothing is left there if anything goes wrong. KinematicsError if a file
    cannot be read or trusted, or no reach is found; OutputError if the folder cannot be written; UnknownNameError if a
    file lacks a point.
    """
    if not paths:
        raise KinematicsError("No file is given to import.")
    names = output_names(paths)
    with new_output(out) as folder:
        named = tqdm(list(zip(paths, names, strict=True)), unit=" files", desc="importing", leave=False, disable=None)
        sessions = [_cleaned(path, name, options) for path, name in named]
        imported = _as_reaches(sessions, options)
        folder.mkdir()
        write_reaches((reach for item in imported for reach in item.reaches), folder)
        lines = [*(item.text() for item in imported), *axes_doubts(imported, options)]
        write_text(folder / NOTES, "\n".join(lines) + "\n")
    return imported


def axes_doubts(imported: Sequence[ImportResult], options: ImportOptions) -> list[str]:
    """What is suspicious about axes and side of imported reaches, with the options that would be right."""
    found = find_orientation([reach.landmarks for item in imported for reach in item.reaches])
    if not found.evidence:
        return []
    given = read_axes(options.axes or "x y z")
    return [
        f"SUSPICIOUS {found.suspicious.sum()} of {plural(len(found.suspicious), 'reach', 'reaches')}. {found.evidence} "
        f"Import again, into another folder, with {found.options(given, options.side)}"
    ]


def import_file(path: Path, name: str, options: ImportOptions) -> ImportResult:
    """Read one file and make reaches of it, called ``name`` or, where it is cut, ``name_001`` ...; writes nothing."""
    return _as_reaches([_cleaned(path, name, options)], options)[0]


def _cleaned(path: Path, name: str, options: ImportOptions) -> _Session:
    """Read a file; errors as `import_reaches`."""
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
    markers, more = in_metres(markers, recording, options.unit, options.axes, options.side)
    notes += more
    markers, n_dropped = cleaning.drop_spikes(markers)
    if n_dropped:
        notes.append(f"spikes    {n_dropped} points that jump in one frame taken as not seen")
    markers, gaps = cleaning.fill_gaps(markers, options.max_gap_ms)
    if options.cut is None:
        check_jumps(markers.time, markers.points, markers.place, _NO_JUMPS)
    notes += cleaning.stretched(markers)
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
    stretches = [markers.part(part) for part in parts]
    return _Session(path, name, stretches, tracking_noise([of.points for of in stretches], markers.rate), notes)


def _as_reaches(sessions: Sequence[_Session], options: ImportOptions) -> list[ImportResult]:
    """Make reaches of files, all with the same filter."""
    cutoff = None if options.cutoff == "auto" else options.cutoff
    made = [_reaches(session, cutoff, options.cut) for session in sessions]
    tried = compare_cutoffs([reach.tracked for reaches, _ in made for reach in reaches], cutoff)
    if options.cutoff == "auto" and tried.best:
        cutoff = tried.hz[tried.best]
        made = [_reaches(session, cutoff, options.cut) for session in sessions]
    how = "none" if cutoff is None else f"Butterworth forwards and backwards, -3 dB at {cutoff:g} Hz"
    by = "--cutoff auto" if options.cutoff == "auto" else "--cutoff"
    results = []
    for session, (reaches, notes) in zip(sessions, made, strict=True):
        sizes = ", ".join(f"{name} {1e3 * size:.2g}" for name, size in zip(LANDMARKS, session.noise, strict=True))
        notes += [
            f"noise     {sizes} mm per axis (s.d.), before any filter",
            f"filter    {how} ({by})",
            f"known     {tried.text(cutoff)}",
        ]
        notes += [
            f"reach     {reach.name}.csv: {reach.n_frames} frames, {reach.time[0]:.3f} to {reach.time[-1]:.3f} s, at "
            f"most {reach.peak_speed:.3g} m/s"
            for reach in reaches
        ]
        results.append(ImportResult(session.path, reaches, [*session.notes, *notes]))
    return results


def _reaches(session: _Session, cutoff: float | None, rule: CutRule | None) -> tuple[list[Reach], list[str]]:
    """Reaches of a file, filtered, and notes on what is left out."""
    if rule is None:
        (whole,) = session.stretches
        return [cleaning.filtered(whole, cutoff).reach(session.name, session.noise, cutoff, whole)], []
    reaches, left_out, fastest = [], Counter[str](), 0.0
    for stretch in session.stretches:
        if len(stretch.points) <= FILTER_FRAMES:
            left_out["in a stretch too short to look at"] += 1
            continue
        filtered = cleaning.filtered(stretch, cutoff)
        cut = cleaning.cut_reaches(filtered, rule)
        for frames in cut.reaches:
            name = f"{session.name}_{len(reaches) + 1:03d}"
            reaches.append(filtered.part(frames).reach(name, session.noise, cutoff, stretch.part(frames)))
        left_out += cut.left_out
        fastest = max(fastest, cut.peak_speed)
    reasons = ", ".join(f"{n} {why}" for why, n in left_out.items()) or "nothing"
    if not reaches:
        raise KinematicsError(
            f"{session.path}: no reach was found (left out: {reasons}). The paw's highest speed is {fastest:.3g} m/s; "
            f"--peak-speed is {rule.peak_speed:g}, --rest-speed {rule.rest_speed:g} m/s. Change these, or leave --cut "
            "out."
        )
    where = f"{len(session.stretches)} stretches without gaps"
    return reaches, [f"cut       {len(reaches)} reaches from {where}; left out: {reasons}"]


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
        return opensim.read_trc(sheet, names)
    if path.suffix.lower() in (".sto", ".mot") or "endheader" in map(str.strip, map(str.lower, sheet.lines[:100])):
        return opensim.read_sto(sheet, names)
    return tables.read_columns(sheet, names)


FORMATS.add(read_sheet, "csv", "tsv", "txt", "trc", "sto", "mot")


def output_names(paths: Sequence[Path]) -> list[str]:
    """Name every input: by its stem or, where stems repeat, its path below the folder that all have in common."""
    resolved = [path.resolve() for path in paths]
    common = os.path.commonpath([path.parent for path in resolved])
    names = [path.relative_to(common).with_suffix("").as_posix() for path in resolved]
    for keys, what in (
        (resolved, "is given twice"),
        (names, "has the name of another file but for its suffix, so both would be written to one"),
    ):
        count = Counter(keys)
        for path, key in zip(paths, keys, strict=True):
            if count[key] > 1:
                raise KinematicsError(f"{path}: {what}. Leave one out, or import it to another --out.")
    stems = [path.stem for path in paths]
    return stems if len(set(stems)) == len(stems) else names
