"""A recording session of neurons: spike times of units, and trials on the same clock; and which units are kept."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mousearm.errors import NeuralError, UnknownNameError
from mousearm.text import listed, plural

REFRACTORY_S = 0.002  # no neuron fires twice within it: intervals that are shorter are of two


@dataclass(frozen=True)
class NeuralTrial:
    """One trial: the name that the recording gives it, its times and those of its events, s."""

    name: str
    start: float
    stop: float
    events: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class NeuralSession:
    """What one session of one animal holds.

    Attributes:
        source: name of the file or the folder.
        animal: name of the animal; empty if not known.
        session: name of the session; empty if not known.
        units: names of the units, each once.
        spikes: sorted times of each unit, s.
        areas: brain area of each unit; empty if not known.
        facts: further columns of the table of units, such as ``quality``: text or numbers by unit.
        trials: in the order of the recording.
        notes: what was left out on the way, and why.
        paw: times (N,), s, and positions (N, 2 or 3), in any unit, of the animal's paw; None if they are not there.

    Raises:
        NeuralError: there is no unit or no trial, names are there twice, or spike times are not finite.
    """

    source: str
    animal: str
    session: str
    units: tuple[str, ...]
    spikes: tuple[np.ndarray, ...] = field(repr=False)
    areas: tuple[str, ...] = field(repr=False)
    trials: tuple[NeuralTrial, ...] = field(repr=False)
    facts: Mapping[str, tuple[str | float, ...]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    paw: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)

    def __post_init__(self):
        if not self.units:
            raise NeuralError(f"{self.source} has no unit with spike times.")
        if not self.trials:
            raise NeuralError(f"{self.source} has no trial that can be used.{self._why()} Correct the table of trials.")
        if len(set(self.units)) < len(self.units):
            twice = sorted({unit for unit in self.units if self.units.count(unit) > 1})
            raise NeuralError(f"{self.source} has units of the same name: {listed(twice, 5)}. Give each its own.")
        for unit, times in zip(self.units, self.spikes, strict=True):
            if times.ndim != 1 or not np.isfinite(times).all():
                raise NeuralError(
                    f"{self.source}: spike times of the unit {unit} are not finite numbers in one row. Correct them, "
                    "or take the unit out of the file."
                )

    def _why(self) -> str:
        return f" {listed(self.notes, 3)}." if self.notes else ""

    @property
    def group(self) -> str:
        """``ANIMAL/SESSION``, as far as they are known."""
        return "/".join(part for part in (self.animal, self.session) if part)

    @property
    def sha256(self) -> str:
        """Hash of spike times, units and trials, by which results of the same session are known."""
        digest = hashlib.sha256(repr((self.units, self.areas, self.trials)).encode())
        for times in self.spikes:
            digest.update(times.tobytes())
        return digest.hexdigest()

    @property
    def span(self) -> tuple[float, float]:
        """Times of the first and the last spike, s; NaN without spikes."""
        ends = [(times[0], times[-1]) for times in self.spikes if len(times)]
        return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else (np.nan, np.nan)

    @property
    def trial_span(self) -> tuple[float, float]:
        """When the first trial starts and the last one stops, s."""
        return min(trial.start for trial in self.trials), max(trial.stop for trial in self.trials)

    @property
    def rates(self) -> np.ndarray:
        """Mean rate of each unit from the first spike or trial of the session to the last, spikes/s."""
        (first, last), (start, stop) = self.span, self.trial_span
        return np.array([len(times) for times in self.spikes]) / (np.fmax(last, stop) - np.fmin(first, start))

    @property
    def short_intervals(self) -> np.ndarray:
        """Share of the intervals of each unit that are shorter than `REFRACTORY_S`; 0 for less than two spikes."""
        gaps = [np.diff(times) for times in self.spikes]
        return np.array([np.mean(gap < REFRACTORY_S) if len(gap) else 0.0 for gap in gaps])

    def only(self, which: Collection[int], *notes: str) -> "NeuralSession":
        """Some of the units by number, with notes on the others."""
        chosen = list(which)
        parts = {key: tuple(getattr(self, key)[i] for i in chosen) for key in ("units", "spikes", "areas")}
        facts = {name: tuple(values[i] for i in chosen) for name, values in self.facts.items()}
        return replace(self, **parts, facts=facts, notes=(*self.notes, *notes))

    def by_area(self) -> dict[str, "NeuralSession"]:
        """The session apart by brain area, in the order of their names."""
        names = sorted(set(self.areas))
        return {name: self.only([i for i, area in enumerate(self.areas) if area == name]) for name in names}


@dataclass(frozen=True)
class UnitFilter:
    """Which units are kept.

    Attributes:
        least_rate: least mean rate over the session, spikes/s.
        most_short: largest share of intervals shorter than `REFRACTORY_S`: isolation by the spikes themselves.
        areas: names of brain areas; none: all.
        quality: values of a column of the table of units that are kept, by its name, such as ``{"quality": ["good"]}``.
        least: least values of columns, such as ``{"isolation_distance": 20}``.
        most: largest values of columns, such as ``{"isi_violations": 0.5}``.
    """

    least_rate: float = 0.5
    most_short: float = 0.02
    areas: tuple[str, ...] = ()
    quality: Mapping[str, Collection[str]] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)


def keep_units(session: NeuralSession, rule: UnitFilter) -> NeuralSession:
    """The units of a session that a filter keeps; its notes say how many were left out, and for what.

    Raises:
        UnknownNameError: there is no such area or column.
        NeuralError: no unit is left.
    """
    left = np.ones(len(session.units), dtype=bool)
    notes = []
    for reason, passed in unit_checks(session, rule).items():
        if lost := int((left & ~passed).sum()):
            notes.append(f"{plural(lost, 'unit')} left out: {reason}")
        left &= passed
    if not left.any():
        raise NeuralError(
            f"No unit of {session.source} is left of {len(session.units)}: {'; '.join(notes)}. Loosen the limits on "
            "units: give a lower --min-rate, a higher --max-short, or other areas. Or give spikes and trials in s on "
            f"one clock: spikes are from {session.span[0]:.6g} to {session.span[1]:.6g} s, trials from "
            f"{session.trial_span[0]:.6g} to {session.trial_span[1]:.6g} s."
        )
    return session.only(np.flatnonzero(left).tolist(), *notes)


def unit_checks(session: NeuralSession, rule: UnitFilter) -> dict[str, np.ndarray]:
    """Which units pass each part of a filter, (n,), by what is said of those that do not; errors as `keep_units`."""
    if strange := set(rule.areas) - set(session.areas):
        raise UnknownNameError(f"brain area in {session.source}", min(strange), set(session.areas))
    tests = {}
    if rule.areas:
        tests[f"not of {' or '.join(rule.areas)}"] = np.isin(session.areas, rule.areas)
    silent = np.array([len(times) == 0 for times in session.spikes])
    tests["silent, without a spike"] = ~silent
    tests[f"below {rule.least_rate:g} spikes/s"] = session.rates >= rule.least_rate
    tests[f"more than {rule.most_short:.1%} of intervals below {1e3 * REFRACTORY_S:g} ms"] = (
        session.short_intervals <= rule.most_short
    )
    for column, values in rule.quality.items():
        tests[f"{column} not {' or '.join(values)}"] = np.isin([str(v) for v in _column(session, column)], list(values))
    for limits, sign, word in ((rule.least, 1, "below"), (rule.most, -1, "above")):
        for column, limit in limits.items():
            tests[f"{column} {word} {limit:g}"] = sign * _numbers(session, column) >= sign * limit
    return tests


def _column(session: NeuralSession, name: str) -> tuple[str | float, ...]:
    if name not in session.facts:
        raise UnknownNameError(f"column of the table of units in {session.source}", name, session.facts)
    return session.facts[name]


def _numbers(session: NeuralSession, name: str) -> np.ndarray:
    try:
        return np.array(_column(session, name), dtype=float)
    except ValueError as error:
        raise NeuralError(f"{session.source}: the column {name} of units holds {error}, not only numbers.") from error
