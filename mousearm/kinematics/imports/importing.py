"""The import: files of tracking programs become reaches, all or none, with notes on what was done to them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from mousearm.errors import KinematicsError
from mousearm.files import new_output, write_text
from mousearm.kinematics.checks import check_jumps
from mousearm.kinematics.damage import jumps, runs
from mousearm.kinematics.folder import write_reaches
from mousearm.kinematics.imports import cleaning
from mousearm.kinematics.imports.cleaning import CutRule
from mousearm.kinematics.imports.conversion import SIDES, Origin, in_metres, read_axes, read_origin, write_origins
from mousearm.kinematics.imports.markers import MarkerRecording, MarkerTrajectory, even, seen_points
from mousearm.kinematics.imports.options import ImportOptions, output_names
from mousearm.kinematics.imports.sources import MissingError, Source, read_known
from mousearm.kinematics.noise import FILTER_FRAMES, LEAST_NOISE_MM, compare_cutoffs, noise_uncertainty, tracking_noise
from mousearm.kinematics.orientation import find_orientation
from mousearm.kinematics.reach import Reach
from mousearm.text import plural, printable
from mousearm.trajectory import LANDMARKS

NOTES = "import.txt"  # file beside the reaches that says how they were made
MEMORY = "reaches.yaml"  # file beside recordings that says what they do not say themselves

_NO_JUMPS = (
    "Was another point tracked there? Take it out, in all rows that are off, with --min-likelihood or by emptying its "
    "cells; with --cut, movements with a jump are left out."
)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Reaches of one imported file."""

    path: Path
    reaches: Sequence[Reach]  # named as their files below the output folder, without suffix
    notes: Sequence[str]  # what was read, assumed and done, one line each
    options: ImportOptions  # that it was read with, of which unit and axes are known
    turned: np.ndarray | None = None  # as of `MarkerRecording`

    def text(self) -> str:
        """The notes, below the name of the file."""
        return printable("\n".join([str(self.path), *(f"  {note}" for note in self.notes)]))

    def origin(self, reach: Reach) -> Origin | None:
        """Origin of one of the reaches; None if that is lost, as an import wrote the file and this turned it."""
        of, turned = self.options, None if self.turned is None else self.turned.tolist()
        with suppress(KinematicsError):
            before = read_origin(self.path)
            return before if (of.axes, of.side) == ("x y z", SIDES[0]) else None
        return Origin(self.path.name, reach.rate, of.unit or "", of.axes or "", of.side, turned)


class _CleanFile(NamedTuple):
    """One file, cleaned and in metres, before any filter."""

    path: Path
    name: str  # of its reach or, with _001, _002 ... behind it, of its reaches
    stretches: Sequence[MarkerTrajectory]  # in which all points are seen
    noise: np.ndarray  # (3,) standard deviation per axis, m
    notes: Sequence[str]
    options: ImportOptions
    turned: np.ndarray | None

    @property
    def noise_known_to(self) -> str:
        """Uncertainty of the noise, two standard deviations; empty where it is too small or frames too few."""
        of = self.stretches
        share = noise_uncertainty([len(part.points) for part in of], of[0].rate)
        return f", ±{share:.0%}" if np.isfinite(share) and 1e3 * self.noise.max() >= LEAST_NOISE_MM else ""


def import_reaches(
    paths: Sequence[Path],
    out: Path,
    options: ImportOptions | Sequence[ImportOptions],
    remarks: Sequence[str] = (),
    memory: Path = Path(MEMORY),
) -> list[ImportResult]:
    """Read files, write their reaches into a new folder together with `NOTES`; a progress bar counts the files.

    Options are those of all files, or of each; of the latter cut-off and cutting are the same. Remarks are noted, too,
    and ``memory`` is where what is missing could be said.

    The folder must not exist or be empty; nothing is left there if anything goes wrong. KinematicsError if a file
    cannot be read or trusted, or no reach is found; OutputError if the folder cannot be written; UnknownNameError if a
    file lacks a point.
    """
    if not paths:
        raise KinematicsError("No file is given to import.")
    each = [options] * len(paths) if isinstance(options, ImportOptions) else options
    names = output_names(paths, each)
    with new_output(out) as folder:
        work = list(zip(paths, names, each, strict=True))
        imported = _as_reaches(
            _clean_files(tqdm(work, unit=" files", desc="importing", leave=False, disable=None), memory)
        )
        folder.mkdir()
        write_reaches((reach for item in imported for reach in item.reaches), folder)
        origins = {reach.name: item.origin(reach) for item in imported for reach in item.reaches}
        write_origins({name: origin for name, origin in origins.items() if origin is not None}, folder)
        lines = [*(item.text() for item in imported), *remarks, *axes_doubts(imported)]
        write_text(folder / NOTES, "\n".join(lines) + "\n")
    return imported


def axes_doubts(imported: Sequence[ImportResult]) -> list[str]:
    """Suspicion about axes and side of imported reaches, with the options that would be right."""
    doubts = []
    for axes, side in dict.fromkeys((item.options.axes, item.options.side) for item in imported):
        items = [item for item in imported if (item.options.axes, item.options.side) == (axes, side)]
        found = find_orientation([reach.landmarks for item in items for reach in item.reaches])
        if found.evidence:
            n = plural(len(found.suspicious), "reach", "reaches")
            doubts.append(
                f"SUSPICIOUS {found.suspicious.sum()} of {n}. {found.evidence}\n"
                f"Import again, into another folder, with {found.options(read_axes(axes or ''), side)}"
            )
    return doubts


def import_file(path: Path, name: str, options: ImportOptions) -> ImportResult:
    """Read one file and make reaches of it, called ``name`` or, where it is cut, ``name_001`` ...; writes nothing."""
    return _as_reaches(_clean_files([(path, name, options)], Path(MEMORY)))[0]


def _clean_files(work: Iterable[tuple[Path, str, ImportOptions]], memory: Path) -> list[_CleanFile]:
    """Read files, by path, name and options; MissingError, with all that is missing, or errors as `import_reaches`."""
    files, incomplete, lacking = list[_CleanFile](), list[Path](), dict[str, str]()
    for path, name, options in work:
        source, lines = read_known(path, options.points, options.unit, options.axes, options.rate)
        if options.animal and not options.session:
            lines["session"] = f"session: NAME  # --session; of {options.animal}"
        if lines:
            incomplete.append(path)
            lacking = lines | lacking
        elif not lacking:
            files.append(_clean(source, name, options))
    if lacking:
        raise MissingError(incomplete, lacking, memory)
    return files


def _clean(source: Source, name: str, options: ImportOptions) -> _CleanFile:
    """Bring a recording to metres and an even grid, without what was not seen; errors as `import_reaches`."""
    recording, unseen = _drop_unseen(source.recording, options)
    markers, by = even(recording, options.rate)
    read = f"read      {recording.kind}, {len(markers.points)} frames at {markers.rate:.5g} Hz ({by})"
    markers, converted = in_metres(markers, recording, options.unit, options.axes, options.side)
    if (truth := source.truth) is not None:
        true, _ = in_metres(even(truth, options.rate)[0], truth, options.unit, options.axes, options.side)
        markers = replace(markers, truth=true.points)
    stretches, left_out = _stretches(markers, options)
    noise = tracking_noise([of.points for of in stretches], markers.rate)
    known = replace(options, unit=options.unit or recording.unit, axes=options.axes or recording.axes)
    notes = [read, *source.notes, *unseen, *converted, *left_out]
    return _CleanFile(recording.path, name, stretches, noise, notes, known, recording.turned)


def _drop_unseen(recording: MarkerRecording, options: ImportOptions) -> tuple[MarkerRecording, list[str]]:
    """Leave out points that the tracking program has positions for, though it did not see them; with notes."""
    notes = []
    if options.min_likelihood is not None:
        recording, n = cleaning.drop_unlikely(recording, options.min_likelihood)
        notes.append(f"unlikely  {n} points below {options.min_likelihood:g} taken as not seen")
    recording, n = cleaning.drop_stand_ins(recording)
    if n:
        notes.append(f"no value  {n} points such as 0 0 0, or held while the arm moves, taken as not seen")
    return recording, notes


def _stretches(markers: MarkerTrajectory, options: ImportOptions) -> tuple[list[MarkerTrajectory], list[str]]:
    """Parts in which all points are seen, short gaps filled; one, unless it is to be cut; with notes."""
    markers, n_spikes = cleaning.drop_spikes(markers)
    notes = [f"spikes    {n_spikes} points that jump in one frame taken as not seen"] if n_spikes else []
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
    return [markers.part(part) for part in parts], notes


def _as_reaches(files: Sequence[_CleanFile]) -> list[ImportResult]:
    """Make reaches of files, all with the same filter."""
    options = files[0].options
    cutoff = None if options.cutoff == "auto" else options.cutoff
    made = [_reaches(file, cutoff, options.cut) for file in files]
    tried = compare_cutoffs([reach.tracked for reaches, _ in made for reach in reaches], cutoff)
    if options.cutoff == "auto" and tried.best:
        cutoff = tried.hz[tried.best]
        made = [_reaches(file, cutoff, options.cut) for file in files]
    how = "none" if cutoff is None else f"Butterworth forwards and backwards, -3 dB at {cutoff:g} Hz"
    by = "--cutoff auto" if options.cutoff == "auto" else "--cutoff"
    results = []
    for file, (reaches, notes) in zip(files, made, strict=True):
        sizes = ", ".join(f"{name} {_size(1e3 * size)}" for name, size in zip(LANDMARKS, file.noise, strict=True))
        notes += [
            f"noise     {sizes} mm per axis (s.d.{file.noise_known_to}), before any filter",
            f"filter    {how} ({by})",
            f"known     {tried.text(cutoff)}",
        ]
        notes += [
            f"reach     {reach.name}.csv: {reach.n_frames} frames, {reach.time[0]:.3f} to {reach.time[-1]:.3f} s, at "
            f"most {reach.peak_speed:.3g} m/s"
            for reach in reaches
        ]
        notes = [*file.notes, *notes]
        results.append(ImportResult(file.path, reaches, notes, file.options, file.turned))
    return results


def _size(noise_mm: float) -> str:
    return f"{noise_mm:.2g}" if not noise_mm < LEAST_NOISE_MM else f"<{LEAST_NOISE_MM:g}"  # also of NaN


def _reaches(file: _CleanFile, cutoff: float | None, rule: CutRule | None) -> tuple[list[Reach], list[str]]:
    """Reaches of a file, filtered, and notes on what is left out."""
    if rule is None:
        (whole,) = file.stretches
        return [cleaning.filtered(whole, cutoff).reach(file.name, file.noise, cutoff, whole)], []
    reaches, left_out, fastest = [], Counter[str](), 0.0
    for stretch in file.stretches:
        if len(stretch.points) <= FILTER_FRAMES:
            left_out["in a stretch too short to look at"] += 1
            continue
        filtered = cleaning.filtered(stretch, cutoff)
        cut = cleaning.cut_reaches(filtered, rule)
        for frames in cut.reaches:
            name = f"{file.name}_{len(reaches) + 1:03d}"
            reaches.append(filtered.part(frames).reach(name, file.noise, cutoff, stretch.part(frames)))
        left_out += cut.left_out
        fastest = max(fastest, cut.peak_speed)
    reasons = ", ".join(f"{n} {why}" for why, n in left_out.items()) or "nothing"
    if not reaches:
        raise KinematicsError(
            f"{file.path}: no reach was found (left out: {reasons}). The paw's highest speed is {fastest:.3g} m/s; "
            f"--peak-speed is {rule.peak_speed:g}, --rest-speed {rule.rest_speed:g} m/s. Change these, or leave --cut "
            "out."
        )
    found = f"{plural(len(reaches), 'reach', 'reaches')} from {plural(len(file.stretches), 'stretch', 'stretches')}"
    return reaches, [f"cut       {found} without gaps; left out: {reasons}"]
