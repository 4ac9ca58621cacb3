"""What an import of EMG found: a text for a terminal, and a page of signals, envelopes, spectra and what is refused."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mousearm.document import (
    Block,
    Section,
    list_block,
    picture_block,
    table_block,
    terminal_table,
    text_block,
    warning_block,
    write_page,
)
from mousearm.emg.examined import EmgSignals, ExaminedFile, filter_text
from mousearm.emg.importing import EmgImport
from mousearm.emg.quality import MAINS, ChannelQuality
from mousearm.emg.recording import EmgRecording
from mousearm.plots import BLACK, BLUE, GREY, VERMILION, log_axis, page
from mousearm.text import NO_VALUE, first_lines, listed, number, plural, wrapped

_HEADER = ("file", "channel", "unit", "samples", "Hz", "size", "peak", "hum", "saturated", "missing")
_SHORT = ("channel", "files", "unit", "size", "peak", "hum in", "saturated", "missing")
_MOST_DRAWN, _MOST_LISTED = 12, 8  # files on the page, and in a terminal
_ROW_MM = 24
_POINTS = 4000  # per trace: of longer ones the extremes of stretches are drawn
_FEW = 200  # samples up to which each is a dot
_SHADE = "0.92"


def write_emg_page(found: EmgImport, path: Path) -> Path:
    """Write the page; returns its path. OutputError if it cannot be written."""
    n_files, n_refused = len(found.files), len({error.file for error in found.refusals})
    title = f"{plural(n_files, 'file')} of EMG, {n_refused} refused; {plural(len(found.envelopes), 'envelope')}"
    names = listed([file.path.name for file in found.files], _MOST_LISTED)
    return write_page(path, title, f"Files: {names}", _sections(found))


def _sections(found: EmgImport) -> Iterator[Section]:
    if found.refusals:
        yield Section("Refused", [warning_block([str(error) for error in found.refusals])])
    if found.remarks:
        yield Section("Worth a look", [list_block(found.remarks)])
    if found.assumptions:
        yield Section("Assumed", [list_block(found.assumptions)])
    if rows := quality_rows(found):
        key = _key(found, found.signals[0].clock.rate)
        blocks = [table_block((_HEADER, rows)), text_block(key, "key"), list_block(reach_lines(found))]
        yield Section("Channels", blocks)
    if any(found.common.values()):
        yield _common(found)
    for file in found.files[:_MOST_DRAWN]:
        yield Section(file.path.name, [_drawn(file, found)])
    if len(found.files) > _MOST_DRAWN:
        yield Section("", [text_block(f"The first {_MOST_DRAWN} of {len(found.files)} files are drawn.", "key")])


def _key(found: EmgImport, rate: float) -> str:
    size = "Size: root mean square within the band" if found.options.kind == "raw" else "Size: mean"
    return (
        f"{size}, in the unit of the file; hum: share of the power that the mains have, where they stand out. "
        f"Filters: {filter_text(rate, found.options)}."
    )


def _common(found: EmgImport) -> Section:
    rows = [
        [
            session or NO_VALUE,
            of.one,
            of.other,
            number(of.r, ".2f"),
            number(of.spread, ".2f"),
            number(of.share, ".2f"),
            "look" * of.is_suspicious,
        ]
        for session, pairs in found.common.items()
        for of in pairs
    ]
    raw = (
        "r of raw EMG at lag zero, against its root mean square at lags of 5 to 100 ms, and the share of each in the "
        "other that would explain it. Muscles that work together share their envelope, not their waves: a peak at zero "
        "is cross-talk or an artefact in both."
    )
    envelope = "r of envelopes, in which co-contraction, cross-talk and an artefact look the same."
    header = ("session", "channel", "channel", "r", "elsewhere", "cross-talk", "")
    text = raw if found.options.kind == "raw" else envelope
    return Section("In common at lag zero", [table_block((header, rows)), text_block(text, "key")])


def _drawn(file: ExaminedFile, found: EmgImport) -> Block:
    if (signals := file.signals) is not None:
        return picture_block(lambda: signal_figure(signals, found), "signals, envelopes and spectra")
    if (recording := file.recording) is not None:
        return picture_block(lambda: refused_figure(recording), "numbers of the file")
    return text_block("It could not be read.", "key")


def signal_figure(signals: EmgSignals, found: EmgImport) -> Figure:
    """Draw a row per channel: raw EMG within its band and its envelope, with the reach shaded; and the spectrum."""
    recording, clock = signals.recording, signals.clock
    is_raw = found.options.kind == "raw"
    with page(10 + _ROW_MM * len(recording.channels)) as figure:
        grid = figure.subplots(len(recording.channels), 2, squeeze=False, width_ratios=(3, 1), sharex="col")
        for i, (channel, (left, right)) in enumerate(zip(recording.channels, grid, strict=True)):
            for _, reach in signals.reaches:
                start = _start_of(signals, reach.time, found)
                left.axvspan(start, start + float(reach.time[-1] - reach.time[0]), color=_SHADE)
            if is_raw:
                left.plot(*_thinned(clock.time, signals.band[:, i]), color=GREY, linewidth=0.4)
            dots = "." if len(clock.time) <= _FEW else ""
            left.plot(*_thinned(clock.time, signals.envelope[:, i]), color=BLUE, marker=dots, markersize=3)
            left.set(title=channel, ylabel=recording.units[i] or found.options.unit or "")
            _spectrum(right, recording.values[:, i], signals, found)
        grid[-1, 0].set(xlabel="time of EMG (s); shaded: the reach")
        grid[-1, 1].set(xlabel="frequency (Hz)")
    return figure


def refused_figure(recording: EmgRecording) -> Figure:
    """Draw the numbers of a file that is refused, as they are."""
    with page(10 + 0.7 * _ROW_MM * len(recording.channels)) as figure:
        rows = figure.subplots(len(recording.channels), 1, squeeze=False, sharex=True)[:, 0]
        for axes, channel, unit, values in zip(
            rows, recording.channels, recording.units, recording.values.T, strict=True
        ):
            axes.plot(*_thinned(np.arange(float(len(values))), values), color=VERMILION, linewidth=0.6)
            axes.set(title=channel, ylabel=unit)
        rows[-1].set(xlabel="sample")
    return figure


def _start_of(signals: EmgSignals, time: np.ndarray, found: EmgImport) -> float:
    """Time of EMG of the first frame of a reach."""
    offset = found.options.offset_s or 0.0
    if found.options.align in ("start", "span"):
        return float(signals.clock.time[0]) - offset
    return float(time[0]) - offset if found.options.align == "clock" else -offset


def _spectrum(axes: Axes, values: np.ndarray, signals: EmgSignals, found: EmgImport) -> None:
    """Draw the amplitude spectrum of what the file holds; the mains are marked, the band is shaded."""
    from scipy.signal import welch

    known = values[np.isfinite(values)]
    rate = signals.clock.rate
    n = min(len(known), int(rate / 2))
    frequency, power = welch(known - known.mean(), fs=rate, nperseg=max(n, 8))
    axes.plot(frequency[1:], np.sqrt(power[1:]), color=BLACK, linewidth=0.6)
    if found.options.kind == "raw":
        low, high = found.options.band(rate)
        axes.axvspan(low, high, color=_SHADE)
        for mains in MAINS:
            axes.axvline(mains, color=VERMILION, linewidth=0.5, linestyle=":")
    log_axis(axes, "x", (1,))
    axes.set_yscale("log")
    axes.tick_params(axis="y", labelleft=False, which="both", length=0)
    axes.set_title("spectrum")


def _thinned(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times and values of at most `_POINTS` points, the smallest and the largest of each stretch."""
    if len(values) <= _POINTS:
        return time, values
    n = len(values) // (_POINTS // 2)
    whole = len(values) // n * n
    parts = np.nan_to_num(values[:whole]).reshape(-1, n)
    return np.repeat(time[:whole:n], 2), np.stack([parts.min(axis=1), parts.max(axis=1)], axis=1).ravel()


def quality_rows(found: EmgImport) -> list[list[str]]:
    """A row for each channel of each file that nothing refuses."""
    return [
        [
            of.recording.path.name,
            one.channel,
            unit or found.options.unit or NO_VALUE,
            str(len(of.recording.values)),
            f"{of.clock.rate:.5g}",
            number(one.rms, ".3g"),
            number(one.peak, ".3g"),
            f"{100 * one.hum.share:.0f} %" if one.hum is not None and one.hum.is_there else NO_VALUE,
            f"{100 * one.saturated:.2g} %",
            f"{100 * one.missing:.2g} %",
        ]
        for of in found.signals
        for one, unit in zip(of.channels, of.recording.units, strict=True)
    ]


def reach_lines(found: EmgImport) -> list[str]:
    """The reaches of each file, and its timing."""
    lines = []
    for of in found.signals:
        names = ", ".join(reach.name for reach, _ in of.reaches)
        said = f"{of.recording.kind} with {of.clock.how}"
        lines.append(f"{names}: {of.recording.path.name} (by {of.found_by}); {said}, {of.clock.rate:.5g} Hz")
    return lines


def import_text(found: EmgImport) -> str:
    """The whole result for a terminal: a row for each channel over all files."""
    parts = [line for text in first_lines(reach_lines(found), _MOST_LISTED) for line in wrapped(text, below="  ")]
    by_channel: dict[str, list[tuple[ChannelQuality, str]]] = {}
    for of in found.signals:
        for one, unit in zip(of.channels, of.recording.units, strict=True):
            by_channel.setdefault(one.channel, []).append((one, unit or found.options.unit or NO_VALUE))
    if by_channel:
        rows = [_row(channel, *zip(*of, strict=True)) for channel, of in by_channel.items()]
        parts += ["", *terminal_table((_SHORT, rows), range(3, len(_SHORT)))[:-1]]
    for title, lines in (
        ("Refused", [str(error) for error in found.refusals]),
        ("Worth a look", found.remarks),
        ("Assumed", found.assumptions),
    ):
        parts += ["", f"{title}:", *(line for text in lines for line in wrapped(text, "- ", "  "))] if lines else []
    return "\n".join(parts)


def _row(channel: str, of: Sequence[ChannelQuality], units: Sequence[str]) -> list[str]:
    n_hums = sum(one.hum is not None and one.hum.is_there for one in of)
    return [
        channel,
        str(len(of)),
        ", ".join(dict.fromkeys(units)),
        number(float(np.median([one.rms for one in of])), ".3g"),
        number(max(one.peak for one in of), ".3g"),
        plural(n_hums, "file") if of[0].hum is not None else NO_VALUE,
        f"{100 * max(one.saturated for one in of):.2g} %",
        f"{100 * max(one.missing for one in of):.2g} %",
    ]
