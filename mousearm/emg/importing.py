"""The import: files of EMG become envelopes of reaches, all or none, with notes on what was assumed and done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from mousearm.emg import checks, filtering, mapping, quality, timing
from mousearm.emg.envelope import SUFFIX, Envelope
from mousearm.emg.examined import EmgSignals, ExaminedFile, about_envelope, assumed, check_together, examine_file
from mousearm.emg.mapping import ChannelMap
from mousearm.emg.recording import PERCENTILE, EmgOptions
from mousearm.errors import EmgError
from mousearm.files import make_folder
from mousearm.kinematics.folder import ReachFile
from mousearm.kinematics.reach import Reach

Scales = Mapping[str, tuple[float, float]]
"""By channel what is subtracted from its envelope, and what it is divided by; in V where units are known."""


_WHOLE = 1e-3  # samples by which rounded times may be off the ends


@dataclass(frozen=True, slots=True, eq=False)
class EmgImport:
    """The findings of an import, and the envelopes that it made."""

    options: EmgOptions
    files: Sequence[ExaminedFile]
    common: Mapping[str, Sequence[quality.Common]]  # by session
    covered: Mapping[str, Mapping[str, float]]  # by session: channels below cross-talk, see `quality.covered_shares`
    envelopes: Sequence[Envelope]

    @property
    def assumptions(self) -> list[str]:
        """The assumptions that any of the envelopes rests on."""
        return list(dict.fromkeys(text for envelope in self.envelopes for text in envelope.about["assumptions"]))

    @property
    def refusals(self) -> list[EmgError]:
        """All that speaks against importing the files."""
        return [error for file in self.files for error in file.refusals]

    @property
    def signals(self) -> list[EmgSignals]:
        """Signals of the files that nothing refuses."""
        return [file.signals for file in self.files if file.signals is not None]

    @property
    def remarks(self) -> list[str]:
        """Findings that should be known but refuse no file."""
        suspicious = [(session, of) for session, pairs in self.common.items() for of in pairs if of.is_suspicious]
        left_out = dict.fromkeys(name for file in self.files for name in file.left_out)
        return [
            *(
                f"{name}: left out, as the map of the published arm does not know it. Where it is a muscle's, name all "
                f"channels in --muscles, as {name}=MUSCLE"
                for name in left_out
            ),
            *quality.hum_remarks([of.channels for of in self.signals], self.options.notch_hz),
            *(f"{session}: {of.text}" if session else of.text for session, of in suspicious),
            *(
                f"{f'{session}: ' if session else ''}{channel}: {share:.0%} of its power is what louder channels show "
                "at the same instant: it lies below their cross-talk, and must not be interpreted"
                for session, of in self.covered.items()
                for channel, share in of.items()
            ),
        ]


def examine_emg(
    paths: Sequence[Path],
    reaches: Sequence[ReachFile],
    options: EmgOptions,
    channel_map: ChannelMap,
    pairs: Mapping[str, str],
    assumptions: Sequence[str] = (),
) -> EmgImport:
    """Read files and make envelopes of them, as far as nothing refuses them; nothing is written.

    Args:
        paths: files of EMG, each of a reach or, on the clock of a session, of several.
        reaches: that they may belong to.
        options: what the files do not say, and how envelopes are made.
        channel_map: which channels are read, and which muscles they show.
        pairs: names of reaches by file, where the names do not say it.
        assumptions: of the user, which are written into every envelope.
    """
    if not paths:
        raise EmgError("No file of EMG is given to import.", fault="file")
    bar = tqdm(paths, unit=" files", desc="reading EMG", leave=False, disable=None)
    files = [examine_file(path, reaches, options, channel_map, pairs) for path in bar]
    check_together(files, options)
    good = [file.signals for file in files if file.signals is not None]
    said = [*assumptions, *assumed(options, good)]
    common, covered = _in_common(good, options)
    envelopes = [
        _envelope(signals, one, scales, options, channel_map, said, covered[signals.session])
        for signals, scales in zip(good, _scales(good, options), strict=True)
        for one in signals.reaches
    ]
    return EmgImport(options, files, common, covered, envelopes)


def check_envelopes_new(
    paths: Sequence[Path], reaches: Sequence[ReachFile], pairs: Mapping[str, str], folder: Path
) -> None:
    """Refuse, before the work, what `write_envelopes` would not replace, of files whose names say their reach.

    EmgError also where a name may be that of several reaches.
    """
    own = [mapping.reach_of(path, reaches, pairs)[0] for path in paths]
    _check_new(folder / f"{reach.name}{SUFFIX}" for reach in own if reach is not None)


def _check_new(places: Iterable[Path]) -> None:
    if there := [path for path in places if path.exists()]:
        raise EmgError("is there already. Give --overwrite to replace it, or another --out.", there[0], fault="there")


def write_envelopes(found: EmgImport, folder: Path, overwrite: bool = False) -> list[Path]:
    """Write the envelopes as ``REACH_emg.tsv`` below a folder, all or none.

    Raises:
        EmgError: the first that refuses a file; or an envelope is there already, and not to be overwritten.
        OutputError: the folder cannot be written.
    """
    if found.refusals:
        raise found.refusals[0]
    places = {folder / f"{envelope.reach}{SUFFIX}": envelope for envelope in found.envelopes}
    if not overwrite:
        _check_new(places)
    written: list[Path] = []
    try:
        for path, envelope in places.items():
            make_folder(path.parent)
            is_new = not path.exists()
            envelope.save(path)
            written += [path] if is_new else []
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return list(places)


def _scales(good: Sequence[EmgSignals], options: EmgOptions) -> list[Scales]:
    """Scales of every file: those of its session, or its own."""
    keys = [str(i) if options.over == "file" else of.session for i, of in enumerate(good)]
    found: dict[str, Scales] = {}
    for key in dict.fromkeys(keys):
        pooled: dict[str, list[np.ndarray]] = {}
        for of in (of for of, own in zip(good, keys, strict=True) if own == key):
            sizes = of.envelope * of.recording.volts(options.unit)
            for channel, column in zip(of.recording.channels, sizes.T, strict=True):
                pooled.setdefault(channel, []).append(column)
        found[key] = {channel: _scale(np.concatenate(parts), options.normalise) for channel, parts in pooled.items()}
    return [found[key] for key in keys]


def _scale(envelope: np.ndarray, how: str) -> tuple[float, float]:
    if how == "z":
        return float(envelope.mean()), float(envelope.std()) or 1.0
    if how == "none":
        return 0.0, 1.0
    return 0.0, float(envelope.max() if how == "max" else np.percentile(envelope, PERCENTILE)) or 1.0


def _envelope(
    signals: EmgSignals,
    of: tuple[ReachFile, Reach],
    scales: Scales,
    options: EmgOptions,
    channel_map: ChannelMap,
    assumptions: Sequence[str],
    covered: Mapping[str, float],
) -> Envelope:
    """Cut the envelope of a reach out of a file, at the rate of the reach or, if it is slower, at its own."""
    recording, clock, (where, reach) = signals.recording, signals.clock, of
    time = timing.on_clock_of(clock, recording, options, reach)
    out_rate = options.out_rate_hz or reach.rate
    highest = options.low_pass_hz if options.kind == "raw" else np.inf
    values = filtering.for_rate(signals.envelope, clock.rate, out_rate, options, highest)
    sizes = values * recording.volts(options.unit) if options.normalise != "none" else values
    margin, duration = 1e-3 * options.margin_ms, float(reach.time[-1] - reach.time[0])
    begin, end = max(float(time[0]), -margin), min(float(time[-1]), duration + margin)
    if clock.rate > out_rate:
        kept = np.arange(np.ceil(begin * out_rate - _WHOLE), np.floor(end * out_rate + _WHOLE) + 1) / out_rate
    else:
        kept = time[(time >= begin - 1e-9) & (time <= end + 1e-9)]
    columns = [
        (np.interp(kept, time, column) - scales[channel][0]) / scales[channel][1]
        for channel, column in zip(recording.channels, sizes.T, strict=True)
    ]
    about = about_envelope(signals, where, out_rate, scales, options, assumptions, covered)
    muscles = {channel: dict(channel_map.of(channel)) for channel in recording.channels}
    known = (signals.animal, signals.session, about)
    return Envelope(where.name, kept, np.stack(columns, axis=1), recording.channels, muscles, *known)


def _in_common(
    good: Sequence[EmgSignals], options: EmgOptions
) -> tuple[dict[str, Sequence[quality.Common]], dict[str, Mapping[str, float]]]:
    """Pairs of channels at lag zero by session, of channels that all its files have; and the channels explained."""
    found: dict[str, Sequence[quality.Common]] = {}
    covered: dict[str, Mapping[str, float]] = {}
    for session in dict.fromkeys(of.session for of in good):
        members = [of for of in good if of.session == session]
        shared = [
            name for name in members[0].recording.channels if all(name in of.recording.channels for of in members)
        ]
        columns = [[of.recording.channels.index(name) for name in shared] for of in members]
        if options.kind == "raw":
            signals = [_without_mains(of, options)[:, at] for of, at in zip(members, columns, strict=True)]
            found[session] = quality.in_common(shared, signals, members[0].clock.rate)
            covered[session] = quality.covered_shares(shared, signals)
        else:
            parts = [of.envelope[:, at] for of, at in zip(members, columns, strict=True)]
            found[session] = quality.envelopes_in_common(shared, np.concatenate(parts))
            covered[session] = {}  # envelopes do not tell
    return found, covered


def _without_mains(of: EmgSignals, options: EmgOptions) -> np.ndarray:
    """Raw EMG within its band, without a hum that is there and would be in all channels at once."""
    hums = [channel.hum.mains for channel in of.channels if channel.hum is not None and channel.hum.is_there]
    if options.notch_hz or not hums:
        return of.band
    return filtering.band_passed(checks.filled(of.recording), of.clock.rate, options, hums[0])
