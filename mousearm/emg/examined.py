"""A file of EMG as it was examined: what refuses it, or its signals within their band and as envelopes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mousearm.emg import checks, filtering, matching, quality, timing
from mousearm.emg.channel_map import ChannelMap
from mousearm.emg.options import EmgOptions
from mousearm.emg.readers import read_emg
from mousearm.emg.recording import VOLTS, EmgRecording
from mousearm.emg.timing import Clock
from mousearm.errors import EmgError
from mousearm.kinematics.folder import ReachFile
from mousearm.kinematics.reach import Reach


@dataclass(frozen=True, slots=True, eq=False)
class EmgSignals:
    """Signals of a file that nothing refuses, on an even grid of times."""

    recording: EmgRecording
    clock: Clock
    reaches: Sequence[tuple[ReachFile, Reach]]
    found_by: str  # how its reaches were found
    animal: str
    session: str  # animal/session
    band: np.ndarray  # (T, C) raw EMG within its band; of envelopes these
    envelope: np.ndarray  # (T, C) in the unit of the file
    channels: Sequence[quality.ChannelQuality]


@dataclass(slots=True, eq=False)
class ExaminedFile:
    """A file, and what was found in it."""

    path: Path
    refusals: list[EmgError] = field(default_factory=list)
    recording: EmgRecording | None = None  # None where it could not be read
    signals: EmgSignals | None = None  # None where it is refused


def examine_file(
    path: Path,
    reaches: Sequence[ReachFile],
    options: EmgOptions,
    channel_map: ChannelMap,
    pairs: Mapping[str, str],
) -> ExaminedFile:
    """Read a file, find its reaches, check it and filter it; what refuses it is collected, not raised."""
    file = ExaminedFile(path)
    try:
        recording = file.recording = read_emg(path, lambda names: channel_map.chosen(names, path))
        file.refusals += checks.refusals(recording, options)
        own, found_by = matching.reach_of(path, reaches, pairs)
        clock = timing.clock_of(recording, options, own.read() if own else None)
        found = [own] if own else []
        if not own and options.align == "clock":
            time = clock.time + (options.offset_s or 0.0)
            found, found_by = matching.reaches_within(reaches, time[0], time[-1]), "its times"
        if not found:
            raise matching.no_reach(path, reaches, options.align == "clock")
        read = [(reach, reach.read()) for reach in found]
        for _, reach in read:
            time = timing.on_clock_of(clock, recording, options, reach)
            timing.check_cover(recording, time, clock, reach, options)
        if options.kind == "raw":
            filtering.check_filters(recording, clock.rate, options)
        if not file.refusals:
            file.signals = _signals(recording, clock, read, found_by, options)
    except EmgError as error:
        file.refusals.append(error)
    return file


def check_together(files: Sequence[ExaminedFile], options: EmgOptions) -> None:
    """Refuse files that belong to the reach of another, and a unit that cannot be scaled with that of another."""
    _check_units(files, options)
    seen: dict[str, Path] = {}
    for file in files:
        for reach, _ in file.signals.reaches if file.signals else ():
            if (other := seen.setdefault(reach.name, file.path)) != file.path:
                what = f"belongs to the reach {reach.name}, as {other} does. Leave one out, or say --match FILE=REACH."
                file.refusals.append(EmgError(what, file.path, fault="reach"))


def _check_units(files: Sequence[ExaminedFile], options: EmgOptions) -> None:
    seen: dict[tuple[str, str], tuple[str, Path]] = {}
    for file, signals in ((file, file.signals) for file in files if file.signals):
        for channel, said in zip(signals.recording.channels, signals.recording.units, strict=True):
            unit = said or options.unit or ""
            other, path = seen.setdefault((signals.session, channel), (unit, file.path))
            if options.over == "session" and unit != other and not {unit, other} <= set(VOLTS):
                what = f"is in {unit or 'an unknown unit'}, but in {other or 'an unknown unit'} in {path}"
                what += ", so they cannot be scaled together. Correct one, or give --over file."
                file.refusals.append(signals.recording.error(what, channel, "unit"))


def _signals(
    recording: EmgRecording,
    clock: Clock,
    reaches: Sequence[tuple[ReachFile, Reach]],
    found_by: str,
    options: EmgOptions,
) -> EmgSignals:
    """Fill gaps, put the samples on an even grid, filter them."""
    values = checks.filled(recording)
    is_raw = options.kind == "raw"
    if not clock.is_even:
        grid = np.linspace(clock.time[0], clock.time[-1], len(values))
        values = np.stack([np.interp(grid, clock.time, column) for column in values.T], axis=1)
        clock = clock._replace(time=grid)
    band = filtering.band_passed(values, clock.rate, options, options.notch_hz) if is_raw else values
    envelope = filtering.linear_envelope(band, clock.rate, options) if is_raw else values
    channels = [
        quality.channel_quality(channel, recording.values[:, i], band[:, i], clock.rate, is_raw)
        for i, channel in enumerate(recording.channels)
    ]
    first = reaches[0][0]
    session = first.session or (f"{options.animal}/{options.session}" if options.session else "")
    return EmgSignals(
        recording, clock, reaches, found_by, first.animal or options.animal, session, band, envelope, channels
    )
