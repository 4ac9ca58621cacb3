"""A file of EMG as it was examined: what refuses it, or its signals and envelopes, and what is to be said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.door import sha256
from mousearm.emg import checks, filtering, mapping, quality, timing
from mousearm.emg.mapping import ChannelMap
from mousearm.emg.readers import read_emg
from mousearm.emg.recording import NORMALISATIONS, VOLTS, EmgOptions, EmgRecording
from mousearm.emg.timing import Clock
from mousearm.errors import EmgError, os_errors_as
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
    left_out: list[str] = field(default_factory=list)  # channels that the ready map does not know
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

    def chosen(names: Sequence[str]) -> list[str]:
        known = channel_map.chosen(names, path)
        file.left_out = [name for name in names if channel_map.is_ready and name not in known]
        return known

    try:
        recording = file.recording = read_emg(path, chosen)
        file.refusals += checks.refusals(recording, options)
        own, found_by = mapping.reach_of(path, reaches, pairs)
        clock = timing.clock_of(recording, options, own.read() if own else None)
        found = [own] if own else []
        if not own and options.align == "clock":
            time = clock.time + (options.offset_s or 0.0)
            found, found_by = mapping.reaches_within(reaches, time[0], time[-1]), "its times"
        if not found:
            raise mapping.no_reach(path, reaches, options.align == "clock")
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


def about_envelope(
    signals: EmgSignals,
    where: ReachFile,
    out_rate: float,
    scales: Mapping[str, tuple[float, float]],
    options: EmgOptions,
    assumptions: Sequence[str],
    covered: Mapping[str, float],
) -> dict[str, Any]:
    """Source and its hash, units, timing, filters, scales and assumptions, by name, for `Envelope.about`."""
    recording, rate = signals.recording, signals.clock.rate
    with os_errors_as(EmgError, recording.path, "read"):
        digest = sha256(recording.path)
    units = dict(zip(recording.channels, recording.units, strict=True))
    return {
        "source": recording.path.name,
        "sha256": digest,
        "format": recording.kind,
        "kind": options.kind,
        "unit": _unit_text(options),
        "unit_of_source": {channel: unit or options.unit or "not said" for channel, unit in units.items()},
        "reach_sha256": where.sha256(),
        "found_by": signals.found_by,
        "time": signals.clock.how,
        "alignment": timing.offsets_text(options),
        "source_rate_hz": round(rate, 6),
        "rate_hz": round(min(rate, out_rate), 6),
        "filters": filter_text(rate, options),
        "delay_ms": round(filtering.delay_ms(rate, options), 3) if options.kind == "raw" else None,
        "low_pass": _low_pass(options),
        "scaled_over": options.over if options.normalise != "none" else None,
        "covered": dict(covered),
        "scale": {channel: list(scales[channel]) for channel in recording.channels},
        "saturated": {of.channel: of.saturated for of in signals.channels},
        "assumptions": [*assumptions, *_sparse(rate, out_rate)],
    }


def _low_pass(options: EmgOptions) -> dict[str, Any] | None:
    """Settings of the low-pass, as `LowPass.of` reads them; None of EMG that is an envelope already."""
    if options.kind != "raw":
        return None
    return {"hz": options.low_pass_hz, "order": options.order, "causal": options.causal}


def _sparse(rate: float, out_rate: float) -> list[str]:
    """A warning where the source has fewer samples than the reach has frames."""
    if rate >= 0.99 * out_rate:
        return []
    return [
        f"The source has {rate:.4g} samples a second, fewer than the {out_rate:.4g} of the reach. They were kept as "
        f"they are; a peak between them may be missed by {500 / rate:.0f} ms."
    ]


def _unit_text(options: EmgOptions) -> str:
    if options.normalise == "none":
        return "of the source"
    what = NORMALISATIONS[options.normalise].replace("its", "the")
    return f"none: {what} of the {options.over}" + (" is 1" if options.normalise != "z" else "")


def filter_text(rate: float, options: EmgOptions) -> str:
    """The filters between the numbers of a file and the envelope, in words."""
    if options.kind != "raw":
        return "none: it came as an envelope"
    low, high = options.band(rate)
    notch = f", without {options.notch_hz:g} Hz and its multiples" if options.notch_hz else ""
    how = "forwards only (causal)" if options.causal else "forwards and backwards (zero phase)"
    return (
        f"Butterworth of order {options.order}, {how}: {low:g} to {high:g} Hz{notch}; rectified; "
        f"low-pass {options.low_pass_hz:g} Hz"
    )


def assumed(options: EmgOptions, files: Sequence[EmgSignals]) -> list[str]:
    """The assumptions of an import that its options make, in sentences."""
    said: list[str] = []
    if options.align in ("start", "span"):
        what = "first sample of each file is the first frame of its reach"
        what += ", and the last the last" if options.align == "span" else ""
        said.append(
            f"The {what} (--align {options.align}); a delay measured against it holds only as far as this does."
        )
    if options.stretch != 1 or options.offset_s:
        said.append(f"Times of EMG were multiplied by {options.stretch:g} and moved by {options.offset_s or 0:g} s.")
    if options.rate and any(of.recording.time is None for of in files):
        said.append(f"The sampling rate of {options.rate:g} Hz was said at the import, not by the file.")
    if options.kind == "envelope":
        said.append("The files hold envelopes; how they were filtered and scaled is not known, nor is their delay.")
    if options.over == "file" and options.normalise != "none":
        said.append("Every file was scaled by itself: levels of different reaches cannot be compared.")
    elif options.normalise != "none" and len(files) > 1 and not any(of.session for of in files):
        said.append("Nobody says of which session the files are; they were scaled as one.")
    if options.min_cover < 1:
        said.append(f"EMG may cover only {100 * options.min_cover:g} % of a reach.")
    return said
