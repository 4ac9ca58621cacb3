"""What an import of EMG found, as text and as rows of tables."""

from collections.abc import Sequence

import numpy as np

from mousearm.emg.importing import EmgImport
from mousearm.emg.quality import ChannelQuality
from mousearm.text import NO_VALUE, TERMINAL, columns, first_lines, number, plural, wrapped

QUALITY_HEADER = ("file", "channel", "unit", "samples", "Hz", "size", "peak", "hum", "saturated", "missing")
_SHORT = ("channel", "files", "unit", "size", "peak", "hum in", "saturated", "missing")
_MOST = 8  # files that are listed in a terminal


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
    """Which reaches each file is of, and its timing."""
    lines = []
    for of in found.signals:
        names = ", ".join(reach.name for reach, _ in of.reaches)
        said = f"{of.recording.kind} with {of.clock.how}"
        lines.append(f"{names}: {of.recording.path.name} (by {of.found_by}); {said}, {of.clock.rate:.5g} Hz")
    return lines


def import_text(found: EmgImport) -> str:
    """The whole result for a terminal: a row for each channel over all files."""
    parts = [line for text in first_lines(reach_lines(found), _MOST) for line in wrapped(text, below="  ")]
    by_channel: dict[str, list[tuple[ChannelQuality, str]]] = {}
    for of in found.signals:
        for one, unit in zip(of.channels, of.recording.units, strict=True):
            by_channel.setdefault(one.channel, []).append((one, unit or found.options.unit or NO_VALUE))
    if by_channel:
        rows = [_row(channel, *zip(*of, strict=True)) for channel, of in by_channel.items()]
        parts += ["", *columns([_SHORT, *rows], right=range(3, len(_SHORT)), width=TERMINAL)]
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
