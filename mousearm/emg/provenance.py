"""What an envelope says of where it is from, how it was made, and what was taken for granted."""

from collections.abc import Mapping, Sequence
from typing import Any

from mousearm.door import sha256
from mousearm.emg import filtering, timing
from mousearm.emg.examined import EmgSignals
from mousearm.emg.options import NORMALISATIONS, EmgOptions
from mousearm.errors import EmgError, os_errors_as
from mousearm.kinematics.folder import ReachFile


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
    """What `LowPass.of` reads."""
    if options.kind != "raw":
        return None
    return {"hz": options.low_pass_hz, "order": options.order, "causal": options.causal}


def _sparse(rate: float, out_rate: float) -> list[str]:
    """What is to be said of a source that has fewer samples than the reach has frames."""
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
    """What was done between the numbers of a file and the envelope, in words."""
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
    """What an import takes for granted because an option says so, in sentences."""
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
