"""Recorded EMG as a file holds it, whatever its format."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousearm.errors import EmgError, KinematicsError
from mousearm.kinematics.imports.sheets import AS_TABLE

VOLTS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "μV": 1e-6}
COUNTS, NO_UNIT = "counts", "none"
EMG_UNITS = (*list(VOLTS)[:3], COUNTS, NO_UNIT)
_SPELT = {"volts": "V", "volt": "V", "v": "V", "millivolts": "mV", "microvolts": "uV", "µV": "uV", "μV": "uV"}
AS_EMG_TABLE = (
    "Write the EMG as CSV: a row per sample, a column time_s, and a column per channel, such as biceps, triceps_long"
)

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
    """Turn what the readers of recorded reaches refuse into errors of EMG, with the advice that is right for it."""
    try:
        yield
    except KinematicsError as error:
        text = str(error).replace(AS_TABLE, AS_EMG_TABLE).removeprefix(f"{path}: ")
        raise EmgError(text, "" if text.startswith(str(path)) else path, fault="format") from error
