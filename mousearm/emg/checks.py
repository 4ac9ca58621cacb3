"""What makes EMG unusable: each check gives the error that refuses it, with file, channel and remedy."""

from collections.abc import Iterator

import numpy as np

from mousearm.emg.recording import COUNTS, EMG_UNITS, NO_UNIT, VOLTS, EmgOptions, EmgRecording
from mousearm.errors import EmgError
from mousearm.kinematics.files import SECONDS

_RANGE = (1e-7, 20.0)  # V, peak of raw EMG: below is the noise of any electrode, above no amplifier goes
_NEGATIVE = 0.02  # share of negative samples from which on numbers are no envelope; filters may undershoot
_FEW_LEVELS = 3  # of a trigger or another digital channel
_FEWEST_CLIPPED = 5  # samples at an extreme, fewer of which are chance
_SAME = 0.9999  # correlation of two channels that are one
_LONG = 50  # samples from which on a few levels tell


def refusals(recording: EmgRecording, options: EmgOptions) -> Iterator[EmgError]:
    """All that speaks against a recording by itself, whatever its timing."""
    if options.kind is None:
        yield recording.error(
            f"nobody says whether it is raw EMG or an envelope; {_looks(recording)}. Give --kind raw or --kind "
            "envelope.",
            fault="kind",
        )
    for channel, unit, values in _channels(recording):
        known = values[np.isfinite(values)]
        if gap := _gap(recording, channel, values, options):
            yield gap
        if len(known) < 2:
            continue
        if dead := _dead(recording, channel, known):
            yield dead
            continue
        yield from _kind(recording, channel, known, options)
        if options.kind == "raw" and (wrong := _unit(recording, channel, known, unit, options.unit)):
            yield wrong
        if clipped := _saturated(recording, channel, known, options):
            yield clipped
    yield from _doubles(recording)


def saturated_share(values: np.ndarray, is_raw: bool) -> float:
    """Share of samples (T,) that stand at the largest value or, of raw EMG, at the smallest; 0 where they are few."""
    n = [int((values == values.max()).sum())] + ([int((values == values.min()).sum())] if is_raw else [])
    return sum(count for count in n if count >= _FEWEST_CLIPPED) / len(values)


def filled(recording: EmgRecording) -> np.ndarray:
    """Samples (T, C) with gaps filled linearly, and held at the ends."""
    values, at = recording.values.copy(), np.arange(len(recording.values))
    for column in values.T:
        known = np.isfinite(column)
        if known.any() and not known.all():
            column[~known] = np.interp(at[~known], at[known], column[known])
    return values


def _channels(recording: EmgRecording) -> Iterator[tuple[str, str, np.ndarray]]:
    yield from zip(recording.channels, recording.units, recording.values.T, strict=True)


def _looks(recording: EmgRecording) -> str:
    share = float((recording.values < 0).mean())
    if share > _NEGATIVE:
        return f"{100 * share:.0f} % of its samples are negative, as of raw EMG"
    return "hardly a sample is negative, as of an envelope or of rectified EMG"


def _gap(recording: EmgRecording, channel: str, values: np.ndarray, options: EmgOptions) -> EmgError | None:
    """Samples that are no numbers, for longer than may be filled; how long one is can only be said of a rate."""
    bad = ~np.isfinite(values)
    if not bad.any():
        return None
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bad, [0]]).astype(int)))
    begins, ends = edges[::2], edges[1::2]
    longest = int((ends - begins).argmax())
    n, first = int(ends[longest] - begins[longest]), int(begins[longest])
    ms = _duration_ms(recording, options, n)
    if ms is not None and ms <= options.max_gap_ms:
        return None
    remedy = f"Fill it by --max-gap-ms {np.ceil(ms):g}" if ms is not None and ms <= 1000 else "Cut the file there"
    return recording.error(
        f"{int(bad.sum())} of {len(values)} samples are no finite numbers; the longest gap has {n}, from "
        f"{recording.where(first)} on. {remedy}, or leave the channel out by naming the others in --muscles.",
        channel,
        "gap",
    )


def _duration_ms(recording: EmgRecording, options: EmgOptions, n: int) -> float | None:
    rate = recording.rate or options.rate
    if recording.time is not None:
        interval = float(np.nanmedian(np.diff(recording.time)))
        interval *= SECONDS[recording.time_unit or options.time_unit or "s"]
        rate = 1 / interval if interval > 0 else None
    return 1e3 * (n + 1) / rate if rate else None


def _dead(recording: EmgRecording, channel: str, known: np.ndarray) -> EmgError | None:
    """A channel that is constant, or has a few levels only."""
    levels = np.unique(known[:: max(1, len(known) // 100_000)])
    if len(levels) > _FEW_LEVELS or (len(known) < _LONG and len(levels) > 1):
        return None
    what = "is constant" if len(levels) == 1 else f"has only the values {', '.join(f'{level:g}' for level in levels)}"
    return recording.error(
        f"{what}, as a dead electrode or a trigger has. Name the right channel in --muscles, or leave this one out.",
        channel,
        "constant",
    )


def _kind(recording: EmgRecording, channel: str, known: np.ndarray, options: EmgOptions) -> Iterator[EmgError]:
    """Numbers that are not of the kind that was said."""
    negative = float((known < 0).mean())
    if options.kind == "raw" and negative == 0:
        centred = known - np.median(known)
        if abs(float(centred.max() + centred.min())) > 0.5 * float(np.ptp(known)):  # else it is raw, with an offset
            what = (
                "has no negative value, so it is rectified or an envelope. Give --kind envelope, or the raw recording."
            )
            yield recording.error(what, channel, "kind")
    if options.kind == "envelope" and negative > _NEGATIVE:
        what = f"{100 * negative:.0f} % of its samples are negative, as of raw EMG. Give --kind raw."
        yield recording.error(what, channel, "kind")


def _unit(
    recording: EmgRecording, channel: str, known: np.ndarray, unit: str, options_unit: str | None
) -> EmgError | None:
    """Raw EMG of an unknown unit, or that cannot be in the one that the file or else an option says."""
    said, unit = unit, unit or options_unit or ""
    if not unit:
        what = f"nothing says the unit of its numbers, of which the largest is {np.abs(known).max():.3g}"
        remedy = f"Give --unit {', '.join(EMG_UNITS[:-2])}, or {COUNTS} or {NO_UNIT}, which are scaled all the same."
        return recording.error(f"{what}. {remedy}", channel, "unit")
    if unit not in VOLTS:
        return None
    peak = VOLTS[unit] * float(np.abs(known - np.median(known)).max())
    low, high = _RANGE
    if peak > 1.0 and (known == np.round(known)).all():
        what, right = "whole numbers, as counts of a converter are, not volts", [COUNTS]
    elif not low <= peak <= high:
        what = f"{'more' if peak > high else 'less'} than any amplifier gives"
        right = [name for name in EMG_UNITS[:3] if low <= peak / VOLTS[unit] * VOLTS[name] <= high] or [COUNTS]
    else:
        return None
    where = "Give --unit" if not said else "Correct the unit in the file to"
    return recording.error(f"its peak is {peak:.3g} V: {what}. {where} {' or '.join(right)}.", channel, "unit")


def _saturated(recording: EmgRecording, channel: str, known: np.ndarray, options: EmgOptions) -> EmgError | None:
    share = saturated_share(known, options.kind == "raw")
    if share <= options.max_saturated:
        return None
    return recording.error(
        f"{100 * share:.2g} % of its samples stand at its extremes ({known.min():.4g}, {known.max():.4g}): it is "
        f"saturated, so its peaks are lost. Leave it out by naming the others in --muscles, or take it by "
        f"--max-saturated {np.ceil(1000 * share) / 1000:g}.",
        channel,
        "saturated",
    )


def _doubles(recording: EmgRecording) -> Iterator[EmgError]:
    values = recording.values[np.isfinite(recording.values).all(axis=1)]
    alive = [i for i, column in enumerate(values.T) if len(column) > _LONG and np.ptp(column) > 0]
    if len(alive) < 2:
        return
    r = np.corrcoef(values[:, alive].T)
    for a, b in zip(*np.triu_indices(len(alive), 1), strict=True):
        if abs(r[a, b]) > _SAME:
            one, other = recording.channels[alive[a]], recording.channels[alive[b]]
            what = f"is the same signal as {one} (r = {r[a, b]:.4f}). Leave one of them out of --muscles."
            yield recording.error(what, other, "double")
