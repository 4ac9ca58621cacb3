"""Times of EMG: of what the file says and the options state, an even rate, and the clock of the reach.

Time from the first frame of the reach = stretch x time of EMG + offset. Where neither the file nor an option says
something, it is refused: nothing is guessed.
"""

from typing import NamedTuple

import numpy as np

from mousearm.emg.recording import ALIGNMENTS, PLAUSIBLE_RATES, EmgOptions, EmgRecording
from mousearm.kinematics.checks import TIME_UNITS
from mousearm.kinematics.files import SECONDS
from mousearm.kinematics.imports.markers import RATE_TOLERANCE
from mousearm.kinematics.reach import Reach

_JITTER = 0.5  # intervals by which samples may be off an even grid; such times were rounded
_LOST = 1.5  # intervals, from which on samples are lost between two
_HOW = "; ".join(f"{name}: {meaning}" for name, meaning in ALIGNMENTS.items())


class Clock(NamedTuple):
    """Times of samples on their own clock, in s of the reach's."""

    time: np.ndarray  # (T,) s, stretched
    rate: float  # Hz, their mean rate
    is_even: bool  # as far as times were rounded
    how: str  # where times and rate are from


def clock_of(recording: EmgRecording, options: EmgOptions, reach: Reach | None) -> Clock:
    """Times of a recording; ``reach`` is the one that it spans, where ``align`` says that it spans one.

    Raises:
        EmgError: nothing says the rate, or two things contradict each other; times do not increase, samples are lost
            between them, or the rate is not plausible.
    """
    n, kind = len(recording.values), options.kind or "raw"
    if options.align == "span":
        if options.stretch != 1 or options.offset_s:
            what = "--align span says all of the timing. Leave --offset-s and --stretch out, or give --align start."
            raise recording.error(what, fault="align")
        if reach is None:
            what = "--align span needs a reach that the file belongs to. Name it by --match FILE=REACH."
            raise recording.error(what, fault="reach")
        time = np.arange(float(n)) if recording.time is None else _checked(recording, recording.time)
        time = (time - time[0]) / (time[-1] - time[0]) * (reach.time[-1] - reach.time[0])
        how = f"assumed to last as the reach, {time[-1]:.6g} s (--align span)"
    elif recording.time is not None:
        unit = _time_unit(recording, options)
        time = options.stretch * SECONDS[unit] * _checked(recording, recording.time)
        how = f"times of the file, in {unit}"
    else:
        rate, how = _stated_rate(recording, options)
        time = options.stretch * ((recording.start or 0.0) + np.arange(n) / rate)
    rate = (n - 1) / float(time[-1] - time[0])
    _check_rate(recording, rate, kind)
    if recording.time is not None and options.align != "span":
        _check_agreed(recording, options, rate * options.stretch)
    is_even = bool(np.abs(time - np.linspace(time[0], time[-1], n)).max() * rate < _JITTER)
    if not is_even:
        _check_lost(recording, time, options)
    return Clock(time, rate, is_even, how)


def on_clock_of(clock: Clock, recording: EmgRecording, options: EmgOptions, reach: Reach) -> np.ndarray:
    """Times (T,) s of the samples from the first frame of a reach; EmgError where nobody says it, or it cannot be."""
    offset = options.offset_s or 0.0
    if options.align in ("span", "start"):
        return clock.time - clock.time[0] + offset
    if options.align == "clock":
        if recording.time is None and recording.start is None:
            what = "has no times, so it cannot be on the clock of the reach. Give --align start, or --offset-s SECONDS."
            raise recording.error(what, fault="align")
        return clock.time + offset - reach.time[0]
    if options.offset_s is None:
        raise recording.error(
            f"nothing says how its times and those of the reach belong together. Give --align ({_HOW}), or --offset-s.",
            fault="align",
        )
    return clock.time + offset


def check_cover(recording: EmgRecording, time: np.ndarray, clock: Clock, reach: Reach, options: EmgOptions) -> None:
    """Refuse EMG, at times (T,) s from the first frame, that does not cover the reach."""
    duration = float(reach.time[-1] - reach.time[0])
    covered = min(float(time[-1]), duration) - max(float(time[0]), 0.0)
    spare = max(1 / clock.rate, 1e-3)
    if covered >= options.min_cover * duration - 2 * spare and (
        options.min_cover < 1 or _reaches(time, duration, spare)
    ):
        return
    share = max(covered, 0.0) / duration
    least = (
        f"or --min-cover {np.floor(100 * share) / 100:g} to take what there is" if share >= 0.1 else "or leave it out"
    )
    raise recording.error(
        f"covers {100 * share:.3g} % of the reach {reach.name}: it lasts from {time[0]:.4g} to {time[-1]:.4g} s of the "
        f"reach, which ends at {duration:.4g} s. Correct --rate, --time-unit, --offset-s, --stretch or --align, "
        f"{least}.",
        fault="cover",
    )


def _reaches(time: np.ndarray, duration: float, spare: float) -> bool:
    return bool(time[0] <= spare and time[-1] >= duration - spare)


def _time_unit(recording: EmgRecording, options: EmgOptions) -> str:
    said, given = recording.time_unit, options.time_unit
    if said and given and SECONDS[said] != SECONDS[given]:
        what = f"says that its times are in {said}, but --time-unit is {given}. Leave --time-unit out, or"
        raise recording.error(f"{what} rename the column.", fault="time")
    return said or given or "s"


def _stated_rate(recording: EmgRecording, options: EmgOptions) -> tuple[float, str]:
    said, given = recording.rate, options.rate
    if said and given and abs(said / given - 1) > RATE_TOLERANCE:
        what = f"says a rate of {said:g} Hz, but --rate is {given:g} Hz. Leave --rate out, or correct the file."
        raise recording.error(what, fault="rate")
    if not (rate := said or given):
        raise recording.error(
            "nothing says its sampling rate: it has no column of times. Give --rate HZ, or --align span if it lasts "
            "exactly as long as the reach.",
            fault="rate",
        )
    if not 0 < rate < np.inf:
        raise recording.error(f"says a rate of {rate:g} Hz. Correct it.", fault="rate")
    return rate, f"{rate:g} Hz, as {'the file says' if said else '--rate says'}"


def _checked(recording: EmgRecording, time: np.ndarray) -> np.ndarray:
    """Times that are finite and increase."""
    if bad := np.flatnonzero(~np.isfinite(time)).tolist():
        what = f"{recording.where(bad[0])} has no time. Write one, or remove the row."
        raise recording.error(what, fault="time")
    if bad := np.flatnonzero(np.diff(time) <= 0).tolist():
        after = bad[0] + 1
        raise recording.error(
            f"time does not increase: {time[after]:.9g} in {recording.where(after)} follows {time[bad[0]]:.9g}. Remove "
            "the column and give --rate, if times were rounded; else reorder the rows.",
            fault="time",
        )
    return time


def _check_rate(recording: EmgRecording, rate: float, kind: str) -> None:
    low, high = PLAUSIBLE_RATES[kind]
    if low <= rate <= high:
        return
    units = [unit for unit, length in TIME_UNITS.items() if length != 1 and low <= rate / length <= high]
    hint = f"its times look like {' or '.join(units)}: give --time-unit {units[0]}" if units else "correct its times"
    if recording.time is None:
        hint = "correct --rate, --stretch or --align"
    elif recording.time_unit:
        hint = "correct the unit in the name of its column of times"
    if kind == "raw" and PLAUSIBLE_RATES["envelope"][0] <= rate < low:
        hint += ", or give --kind envelope if it is one"
    raise recording.error(
        f"has {rate:.4g} samples a second; {low:g} to {high:g} Hz are plausible for {_KIND_NAMES[kind]}: {hint}.",
        fault="rate",
    )


_KIND_NAMES = {"raw": "raw EMG", "envelope": "an envelope"}


def _check_agreed(recording: EmgRecording, options: EmgOptions, rate: float) -> None:
    for said, name, remedy in (
        (options.rate, "--rate", "Leave --rate out if the times are right, or correct them (--time-unit)."),
        (recording.rate, "the rate in its header", "Correct the one that is wrong."),
    ):
        if said and abs(said / rate - 1) > RATE_TOLERANCE:
            what = f"its times run at {rate:.5g} Hz, but {name} is {said:g} Hz. {remedy}"
            raise recording.error(what, fault="rate")


def _check_lost(recording: EmgRecording, time: np.ndarray, options: EmgOptions) -> None:
    """Refuse times between which samples are lost, for longer than a gap that may be filled."""
    intervals = np.diff(time)
    longest, usual = float(intervals.max()), float(np.median(intervals))
    allowed = max(_LOST * usual, 1e-3 * options.max_gap_ms + usual)
    if longest > allowed * (1 + 1e-6):
        at = int(intervals.argmax())
        raise recording.error(
            f"samples are lost: {1e3 * longest:.4g} ms pass after {recording.where(at)}, {1e3 * usual:.4g} ms between "
            f"others. Allow it by --max-gap-ms {np.ceil(1e3 * longest):g}, or cut the file there.",
            fault="gap",
        )


def offsets_text(options: EmgOptions) -> str:
    """The step from times of EMG to those of the reach, in words."""
    said = f"stretch {options.stretch:.9g}, offset {options.offset_s or 0:.9g} s"
    return f"--align {options.align} ({ALIGNMENTS[options.align]}); {said}" if options.align else said
