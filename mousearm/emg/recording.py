"""Recorded EMG as a file holds it, whatever its format, and what an import is told of it besides."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousearm.errors import EmgError, KinematicsError
from mousearm.keys import above, at_least, between, check_keys, key
from mousearm.kinematics.checks import TIME_UNITS

VOLTS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "μV": 1e-6}
COUNTS, NO_UNIT = "counts", "none"
EMG_UNITS = (*list(VOLTS)[:3], COUNTS, NO_UNIT)
_SPELT = {"volts": "V", "volt": "V", "v": "V", "millivolts": "mV", "microvolts": "uV", "µV": "uV", "μV": "uV"}
AS_EMG_TABLE = (
    "Write the EMG as CSV: a row per sample, a column time_s, and a column per channel, such as biceps, triceps_long"
)
EMG_KINDS = ("raw", "envelope")
ALIGNMENTS = {
    "clock": "EMG and reach have times of one clock",
    "start": "the first sample is the first frame of the reach",
    "span": "the file lasts from the first frame of the reach to the last, whatever its times or its rate",
}
NORMALISATIONS = {
    "percentile": "its 98th percentile",
    "max": "its maximum",
    "z": "mean 0 and standard deviation 1",
    "none": "as it is",
}
OVER = ("session", "file")
PERCENTILE = 98.0
PLAUSIBLE_RATES = {"raw": (400.0, 200_000.0), "envelope": (10.0, 200_000.0)}  # Hz, that are plausible
HIGHEST_BAND, BAND_SHARE = 1000.0, 0.45  # Hz; of the rate, where it is too low for that

Choose = Callable[[Sequence[str]], Sequence[str]]
"""Of the names of a file's channels those that are to be read; EmgError if there is none, or one is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class EmgRecording:
    """EMG of one file."""

    path: Path
    kind: str  # what wrote it, for messages
    channels: tuple[str, ...]
    values: np.ndarray  # (T, C) in the units of the file; NaN where it has no number
    units: tuple[str, ...]  # of each channel, one of `EMG_UNITS`, or empty where the file does not say it
    time: np.ndarray | None = None  # (T,) as the file has it; None where it has none
    time_unit: str = ""  # of it, such as ms, where the file says it
    rate: float | None = None  # that the file says, Hz
    start: float | None = None  # s, of the first sample, where the file says it beside a rate
    rows: Sequence[int] | None = None  # line of the file of every sample, or None where it has no lines

    def volts(self, unit: str | None) -> np.ndarray:
        """(C,) V of one unit of each channel, a unit standing for what the file does not say; 1 for other units."""
        return np.array([VOLTS.get(of or unit or "", 1.0) for of in self.units])

    def where(self, sample: int) -> str:
        """Name a sample, an index, as it is found in the file."""
        return f"sample {sample + 1}" if self.rows is None else f"row {self.rows[sample]}"

    def error(self, what: str, channel: str = "", fault: str = "") -> EmgError:
        """The error of a fault in it."""
        return EmgError(what, self.path, channel, fault)


def known_unit(text: str) -> str:
    """A unit of `EMG_UNITS` as files spell it, or nothing."""
    unit = _SPELT.get(text, _SPELT.get(text.lower(), text))
    return unit if unit in EMG_UNITS else ""


def finish(
    path: Path,
    kind: str,
    columns: Mapping[str, np.ndarray],
    choose: Choose,
    units: Mapping[str, str],
    **timing: object,
) -> EmgRecording:
    """Make a recording of arrays (T,) by channel, of which some are chosen; EmgError if their lengths differ."""
    names = tuple(choose(list(columns)))
    arrays = [np.asarray(columns[name], dtype=float) for name in names]
    lengths = dict(zip(names, map(len, arrays), strict=True))
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {n}" for name, n in lengths.items())
        what = f"its channels have different numbers of samples ({listed}). Name those of one rate by --muscles."
        raise EmgError(what, path, fault="length")
    time = timing.get("time")
    if isinstance(time, np.ndarray) and len(time) != len(arrays[0]):
        what = f"has {len(time)} times, but {len(arrays[0])} samples. Save them together again."
        raise EmgError(what, path, names[0], "length")
    if len(arrays[0]) < 2:
        raise EmgError(f"has {len(arrays[0])} samples; a recording has many. Export it again.", path, fault="length")
    return EmgRecording(
        path,
        kind,
        names,
        np.stack(arrays, axis=1),
        tuple(units.get(name, "") for name in names),
        **timing,  # type: ignore[arg-type]
    )


@contextmanager
def emg_errors(path: Path) -> Iterator[None]:
    """Turn what the readers of recorded reaches refuse into errors of EMG."""
    try:
        yield
    except KinematicsError as error:
        text = str(error).removeprefix(f"{path}: ")
        raise EmgError(text, "" if text.startswith(str(path)) else path, fault="format") from error


@dataclass(frozen=True, slots=True)
class EmgOptions:
    """Options of an import of EMG. Nothing of the timing is guessed: None means that the file must say it."""

    kind: str | None = key("What the numbers are.", EMG_KINDS, default=None)
    rate: float | None = key(
        "Samples per second, where the file has neither times nor a rate.", above(0), "Hz", default=None
    )
    time_unit: str | None = key(
        "Unit of the file's times, where it does not say it: seconds.", tuple(TIME_UNITS), default=None
    )
    unit: str | None = key("Unit of raw EMG, where the file does not say it.", EMG_UNITS, default=None)
    align: str | None = key("How the times of EMG and reach belong together.", tuple(ALIGNMENTS), default=None)
    offset_s: float | None = key(
        "Added to the times of EMG, after they were stretched, to get the time from the first frame.",
        unit="s",
        default=None,
    )
    stretch: float = key("Factor of the times of EMG, for clocks that run differently.", above(0), default=1.0)
    band_low_hz: float = key(
        "Raw EMG: band-pass from here. 20 Hz leaves out what movement adds (De Luca et al. 2010, J Biomech 43:1573).",
        above(0),
        "Hz",
        default=20.0,
    )
    band_high_hz: float | None = key(
        "Raw EMG: band-pass up to here. Not given: 1000 Hz, or 0.45 of the rate where that is less.",
        above(0),
        "Hz",
        default=None,
    )
    notch_hz: float | None = key(
        "Raw EMG: take the mains and its multiples out, 50 or 60.", above(0), "Hz", default=None
    )
    low_pass_hz: float = key("Raw EMG: low-pass of the rectified signal.", above(0), "Hz", default=15.0)
    order: int = key("Order of the Butterworth filters, in each direction.", at_least(1), default=2)
    causal: bool = key(
        "Filter forwards only, as in real time; this delays. Else forwards and backwards.", default=False
    )
    normalise: str = key(
        "What an envelope is divided by, or how it is scaled.", tuple(NORMALISATIONS), default="percentile"
    )
    over: str = key("Over what: all given files of a session, or each file.", OVER, default="session")
    out_rate_hz: float | None = key(
        "Rate of the envelopes. Not given: that of the reach.", above(0), "Hz", default=None
    )
    margin_ms: float = key(
        "How much before and after the reach is kept, for lags.", between(0, 10_000), "ms", default=100.0
    )
    max_gap_ms: float = key(
        "Longest gap in raw EMG or an envelope that is filled, linearly.", between(0, 1000), "ms", default=0.0
    )
    max_saturated: float = key("Share of saturated samples that is allowed.", between(0, 1), default=0.001)
    min_cover: float = key("Share of the reach that the EMG must cover.", between(0.1, 1), default=1.0)
    animal: str = key("Whose EMG it is, where the folder of the reaches does not say it.", default="")
    session: str = key("Of which session, where the folder of the reaches does not say it.", default="")

    def __post_init__(self) -> None:
        check_keys(self)
        for name in ("offset_s", "rate", "stretch"):
            value = getattr(self, name)
            if value is not None and not np.isfinite(value):
                option = "--" + name.replace("_", "-")
                raise EmgError(f"{option} is {value:g}. Give a finite number, or leave it out.", fault=name)
        if self.band_high_hz is not None and self.band_high_hz <= self.band_low_hz:
            what = f"the band-pass from {self.band_low_hz:g} to {self.band_high_hz:g} Hz is empty. Raise --band-high-hz"
            raise EmgError(f"{what}, or lower --band-low-hz.", fault="band")

    def band(self, rate: float) -> tuple[float, float]:
        """Band [Hz] that raw EMG of a rate [Hz] is filtered to; it may be empty or beyond the half of the rate."""
        return self.band_low_hz, self.band_high_hz or min(HIGHEST_BAND, BAND_SHARE * rate)
