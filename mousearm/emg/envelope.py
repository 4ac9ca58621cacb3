"""Envelopes of recorded EMG, one small file per reach, on the clock of the reach.

A file ``NAME_emg.tsv`` stands beside the reach ``NAME.csv``. Its first lines begin with ``#`` and say, as ``# key:
value`` in JSON, whose the envelope is, the unit of each column, which muscles each channel shows, and how it was made;
below stands a table with tabs: ``time_s``, where 0 is the first frame of the reach, and a column per channel.
``pandas.read_table(path, comment="#")`` reads the table. Beside it `SEAL` holds the hash by which damage shows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm import formats
from mousearm.door import check_name, check_seal, read_text
from mousearm.errors import ConfigError, EmgError, UnknownNameError
from mousearm.files import write_sealed
from mousearm.text import listed

SUFFIX = "_emg.tsv"  # after the name of the reach
TIME = "time_s"
_TITLE = "# mousearm EMG envelope"
_LARGEST = 50_000_000  # bytes of a file: minutes of many channels
_DIGITS = 9
_IMPORT = "Import the recording again, by scripts/import_emg.py."


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Envelopes of the EMG of one reach.

    Args:
        reach: name of the reach, as its folder names it, such as ``mouse_1/monday/reach_3``.
        time: (T,) s, increasing, on the clock of the reach: 0 is its first frame. It may begin before that and end
            after the reach; where it is shorter, nothing is known.
        values: (T, C) envelopes, without a unit; about says what 1 is.
        channels: the C names of the channels.
        muscles: what a channel shows: weights by actuator, which are scaled to a sum of 1. A channel that is not named
            is compared with nothing.
        animal: of which it is, or empty.
        session: ``animal/session``, or empty.
        about: how it was made: source, its SHA-256, rate, filters, normalisation, timing, assumptions.

    Raises:
        EmgError: shapes do not fit, a number is not finite, time does not increase, names or weights cannot be used.
    """

    reach: str
    time: np.ndarray
    values: np.ndarray
    channels: tuple[str, ...]
    muscles: Mapping[str, Mapping[str, float]]
    animal: str = ""
    session: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        time, values = (np.array(of, dtype=float) for of in (self.time, self.values))
        for array in (time, values):
            array.setflags(write=False)
        channels = tuple(map(str, self.channels))
        place = f"EMG of the reach {self.reach}"
        check_name(self.reach, EmgError)
        if time.ndim != 1 or len(time) < 2 or values.shape != (len(time), len(channels)) or not channels:
            shapes = f"time {time.shape}, values {values.shape}, {len(channels)} channels"
            raise EmgError(f"shapes do not fit: {shapes}; (T,), (T, C) and C >= 1 with T >= 2 are needed.", place)
        if len(set(channels)) < len(channels):
            raise EmgError(f"two channels have one name, of {', '.join(channels)}. Rename one.", place, fault="channel")
        if not np.isfinite(time).all() or (np.diff(time) <= 0).any():
            raise EmgError("time must be finite and increase.", place, fault="time")
        if bad := [name for name, of in zip(channels, values.T, strict=True) if not np.isfinite(of).all()]:
            raise EmgError("has values that are not finite numbers.", place, bad[0], "gap")
        scaled = {channel: _scaled(channel, of, channels, place) for channel, of in self.muscles.items()}
        for name, value in (("time", time), ("values", values), ("channels", channels), ("muscles", scaled)):
            object.__setattr__(self, name, value)

    def at(self, times: np.ndarray) -> np.ndarray:
        """(n, C) envelopes at times (n,) [s] of the reach, linear between samples; NaN where nothing was recorded."""
        return np.stack([np.interp(times, self.time, of, left=np.nan, right=np.nan) for of in self.values.T], axis=1)

    def weights(self, actuators: Sequence[str], channels: Sequence[str] = ()) -> np.ndarray:
        """(nu, C) weights of muscles in channels: values (T, nu) of muscles @ these are what the channels show.

        ``channels`` are by default all that show muscles.

        Raises:
            UnknownNameError: the arm lacks a muscle, or nothing is known of a channel.
        """
        found = np.zeros((len(actuators), len(channels := channels or tuple(self.muscles))))
        for column, channel in enumerate(channels):
            if channel not in self.muscles:
                raise UnknownNameError(f"channel with muscles in the EMG of {self.reach}", channel, self.muscles)
            for muscle, weight in self.muscles[channel].items():
                if muscle not in actuators:
                    raise UnknownNameError(f"muscle of the arm (channel {channel} of the EMG)", muscle, actuators)
                found[list(actuators).index(muscle), column] = weight
        return found

    def save(self, path: Path) -> None:
        """Write it, and its hash beside it; the folder exists. OutputError if it cannot be written."""
        rows = np.column_stack([self.time, self.values])
        head = {name: getattr(self, name) for name in ("reach", "animal", "session", "muscles")}
        head = formats.stamp(formats.ENVELOPE) | head | {f"about.{name}": of for name, of in self.about.items()}
        lines = [_TITLE, *(f"# {name}: {json.dumps(value)}" for name, value in head.items())]
        lines += ["\t".join([TIME, *map(_cell, self.channels)])]
        lines += ["\t".join(f"{value:.{_DIGITS}g}" for value in row) for row in rows]
        write_sealed(path, "\n".join(lines) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Envelope":
        """Read what `save` wrote.

        Raises:
            EmgError: it is no such file, is damaged, or its content cannot be used.
            RunError: it is not as it was written.
            FormatError: a newer version wrote it.
        """
        check_seal(path, _IMPORT)
        lines = read_text(path, _LARGEST, EmgError).splitlines()
        if not lines or lines[0] != _TITLE:
            raise EmgError(f"is no envelope of mousearm: its first line is not '{_TITLE}'. {_IMPORT}", path)
        try:
            n_head = next(i for i, line in enumerate(lines) if not line.startswith("#"))
            head = dict(_entry(line) for line in lines[1:n_head])
            formats.upgrade(formats.ENVELOPE, head, formats.format_number(formats.ENVELOPE, head, path))
            names = lines[n_head].split("\t")
            rows = np.array([[float(cell) for cell in line.split("\t")] for line in lines[n_head + 1 :]])
            known = {name: head[name] for name in ("reach", "animal", "session", "muscles")}
            about = {name.removeprefix("about."): of for name, of in head.items() if name.startswith("about.")}
            return cls(time=rows[:, 0], values=rows[:, 1:], channels=tuple(names[1:]), about=about, **known)
        except (StopIteration, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise EmgError(f"is damaged ({type(error).__name__}: {error}). {_IMPORT}", path) from error


def load_folder(folder: Path | str) -> dict[str, Envelope]:
    """Read all envelopes ``*_emg.tsv`` in a folder and below it, or one file, by the name of their reach.

    Raises:
        EmgError: there is none, one cannot be used, or two are of one reach.
        RunError: one is not as it was written.
    """
    folder = Path(folder)
    files = [folder] if folder.is_file() else sorted(folder.rglob(f"*{SUFFIX}"))
    if not files:
        lacking = (
            f"no file matches *{SUFFIX} in this folder or below it" if folder.exists() else "there is no such folder"
        )
        raise EmgError(
            f"{lacking}. Import EMG first, by scripts/import_emg.py, or name the folder that it was imported to.",
            folder,
        )
    found: dict[str, Envelope] = {}
    for file in files:
        envelope = Envelope.load(file)
        if envelope.reach in found:
            raise EmgError(f"is of the reach {envelope.reach}, as another file of {folder} is. Remove one.", file)
        found[envelope.reach] = envelope
    return found


def _scaled(channel: str, weights: Mapping[str, float], channels: Sequence[str], place: str) -> dict[str, float]:
    """Weights of muscles with a sum of 1."""
    if channel not in channels:
        raise UnknownNameError(f"channel in the {place}", channel, channels)
    total = sum(map(float, weights.values()))
    if not weights or not np.isfinite(total) or min(map(float, weights.values())) <= 0:
        raise EmgError("weights of muscles must be numbers above 0, and at least one.", place, channel, "muscles")
    return {str(muscle): float(weight) / total for muscle, weight in weights.items()}


def _entry(line: str) -> tuple[str, Any]:
    name, _, value = line.removeprefix("# ").partition(": ")
    return name, json.loads(value)


def _cell(name: str) -> str:
    """Name of a column, which must not break the table."""
    if not name.strip() or {"\t", "\n", "\r", "#"} & set(name):
        raise EmgError(f"a channel is called {name!r}. Give it a plain name.", channel=name, fault="channel")
    return name


EMG_SHOWS = ("activation", "excitation")


class EmgTarget(NamedTuple):
    """Envelopes of C channels as targets of the muscles in R reaches of at most T frames.

    Muscles do what a channel asks where signal (T, nu) @ weights is values, the signal being activations or excitations
    of the step that led to a frame.
    """

    values: np.ndarray  # (R, T, C) scaled envelopes; NaN where nothing is known
    weights: np.ndarray  # (nu, C), each column with the sum 1
    channels: tuple[str, ...]
    signal: str  # one of `EMG_SHOWS`

    def of(self, rows: np.ndarray) -> "EmgTarget":
        """Those of some of the reaches, by index."""
        return self._replace(values=self.values[rows])


def build_target(
    envelopes: Mapping[str, Envelope],
    names: Sequence[str],
    n_frames: np.ndarray,
    control_dt: float,
    actuators: Sequence[str],
    *,
    channels: Sequence[str] = (),
    scale: Sequence[float] = (1.0,),
    signal: str = EMG_SHOWS[0],
) -> EmgTarget:
    """Put envelopes of reaches onto their frames, 0 to ``n_frames`` - 1, every ``control_dt`` s.

    ``channels`` are by default all that show muscles in the first envelope; ``scale`` is one number, or one for each.

    Raises:
        EmgError: none of the reaches has an envelope.
        ConfigError: there are more or fewer scales than channels.
        UnknownNameError: an envelope lacks a channel, or the arm a muscle.
    """
    known = [envelopes[name] for name in names if name in envelopes]
    if not known:
        raise EmgError(
            f"none of these reaches has EMG: {listed(list(names), most=3)}. There is EMG of "
            f"{listed(list(envelopes), most=3)}: take their reaches, or name files after them."
        )
    chosen = tuple(channels) or tuple(known[0].muscles)
    if len(scale) not in (1, len(chosen)):
        raise ConfigError(
            f"kinematics.emg_scale has {len(scale)} numbers for {len(chosen)} channels: {', '.join(chosen)}. Give one "
            "for all of them, or one for each.",
            "kinematics.emg_scale",
        )
    values = np.full((len(names), int(np.max(n_frames)), len(chosen)), np.nan)
    weights = known[0].weights(actuators, chosen)
    for row, name in enumerate(names):
        if (envelope := envelopes.get(name)) is not None:
            envelope.weights(actuators, chosen)
            columns = [envelope.channels.index(channel) for channel in chosen]
            frames = int(n_frames[row])
            values[row, :frames] = envelope.at(control_dt * np.arange(frames))[:, columns] * np.asarray(scale)
    return EmgTarget(values, weights, chosen, signal)
