"""Groups of runs that repeat each other: by which keys groups differ, and the mean of a measure over a group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, product
from string import ascii_uppercase
from typing import NamedTuple

import numpy as np

from mousearm.errors import UnknownNameError
from mousearm.report.reading import Run
from mousearm.text import NO_VALUE, number

EXPLANATION = (
    "A range, of two or three runs, goes from the lowest to the highest: a hint, not a test. From four runs on there "
    "is a 95 % bootstrap interval of the mean: of 10 000 draws of as many runs, with replacement, the middle 95 % of "
    "the means. One run has neither."
)
_CONFIDENCE, _RESAMPLES, _ENOUGH = 0.95, 10_000, 4  # runs: of fewer the bootstrap gives nothing but their range

# Names, films, tracking and threads: they change nothing of what is learned.
_IRRELEVANT = ("name", "video", "tracking", "threads", "network_threads")
_SEED = "seed"
_DEFAULT = "(default)"
_MOST_FACTORS, _LONGEST = 3, 40  # labels with more factors or characters are replaced by letters


@dataclass(frozen=True)
class Group:
    """Runs that are compared as one: repetitions of each other."""

    label: str  # short, for figures
    cells: Sequence[str]  # the same in a table, below the titles of the grouping
    description: str  # the same in a sentence, with its keys, such as ``reward=paw_heavy``
    factors: Mapping[str, str]  # the overrides or keys that distinguish the groups, and its values
    runs: Sequence[Run]

    @property
    def seeds(self) -> list[int]:
        """The seeds of its runs, each once."""
        return sorted({run.seed for run in self.runs})

    def values(self, key: str) -> str:
        """Values that the runs have under a key of the configuration, with commas."""
        return ", ".join(dict.fromkeys(_text(run.settings.get(key)) for run in self.runs))


@dataclass(frozen=True)
class Grouping:
    """All groups."""

    titles: Sequence[str]  # of the cells: keys, such as ``reward``, or what the groups are called by
    groups: Sequence[Group]  # at least one
    keys: Sequence[str]  # keys of the configuration that differ between runs, the seed left out
    pooled: Sequence[str]  # those of them that differ within a group

    @property
    def title(self) -> str:
        """The titles in one line."""
        return ", ".join(self.titles)


class Spread(NamedTuple):
    """The mean of n values and their range, or its 95 % interval; NaN where there are too few."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def kind(self) -> str:
        """Whether it goes from the lowest to the highest value or is an interval of the mean; empty for neither."""
        return "" if np.isnan(self.low) else "range" if self.n < _ENOUGH else "95 % interval"

    def overlaps(self, other: "Spread") -> bool:
        """True if they overlap; False where one has none."""
        return self.low <= other.high and other.low <= self.high

    def text(self, form: str) -> str:
        """From where to where, such as ``0.125 to 0.250`` with the format ``.3f``; a dash for nowhere."""
        return f"{number(self.low, form)} to {number(self.high, form)}" if self.kind else NO_VALUE


@cache
def spread(values: tuple[float, ...]) -> Spread:
    """Mean, and range or interval, of some values; the same values give the same interval."""
    n, mean = len(values), float(np.mean(values)) if values else np.nan
    if n < 2 or np.isnan(mean):
        return Spread(mean, np.nan, np.nan, n)
    if n < _ENOUGH:
        return Spread(mean, min(values), max(values), n)
    from scipy.stats import bootstrap  # slow to import

    known = {"n_resamples": _RESAMPLES, "confidence_level": _CONFIDENCE, "rng": np.random.default_rng(0)}
    low, high = bootstrap((values,), np.mean, method="percentile", **known).confidence_interval
    return Spread(mean, float(low), float(high), n)


def group_runs(runs: Sequence[Run], by: Sequence[str] = ()) -> Grouping:
    """Put runs, at least one, that differ in nothing, or in their seed only, into one group; ``by`` as in `compare`."""
    every = dict.fromkeys(key for run in runs for key in run.settings)
    keys = [key for key in every if key != _SEED and not _within(key, _IRRELEVANT) and _differs(key, runs)]
    for word in by:
        if not any(_within(key, [word]) for key in every):
            groups = {key.partition(".")[0] for key in runs[0].settings if "." in key}
            raise UnknownNameError("key or group of the configuration (--by)", word, {*groups, *keys, _SEED})
    distinguishing = [key for key in keys if not by or _within(key, by)]
    factors = _factors(runs, distinguishing, by)
    members: dict[tuple[str, ...], list[Run]] = {}
    for run, values in zip(runs, zip(*factors.values(), strict=True) if factors else [()] * len(runs), strict=True):
        members.setdefault(values, []).append(run)
    titles, groups = _named(list(factors), members)
    return Grouping(titles, groups, keys, [key for key in keys if any(_differs(key, group.runs) for group in groups)])


def _differs(key: str, runs: Iterable[Run]) -> bool:
    return len({_text(run.settings.get(key)) for run in runs}) > 1


def _within(key: str, words: Iterable[str]) -> bool:
    return any(key == word or key.startswith(f"{word}.") for word in words)


def _factors(runs: Sequence[Run], keys: Sequence[str], by: Sequence[str]) -> dict[str, list[str]]:
    """Values that distinguish the runs: of the overrides that vary, where they say as much as the keys, or of these."""
    compared = [*keys, _SEED] if _SEED in by else keys
    by_key = {key: [_text(run.settings.get(key)) for run in runs] for key in compared}
    words = dict.fromkeys(word for run in runs for word in run.overrides)
    by_override = {word: [run.overrides.get(word, _DEFAULT) for run in runs] for word in words}
    varying = {
        word: values
        for word, values in by_override.items()
        if len(set(values)) > 1 and not _within(word, _IRRELEVANT) and (_within(word, by) if by else word != _SEED)
    }
    return varying if varying and by_key and _same_partition(varying, by_key) else by_key


def _same_partition(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]) -> bool:
    first, second = (list(zip(*values.values(), strict=True)) for values in (one, other))
    return len({*zip(first, second, strict=True)}) == len({*first}) == len({*second})


def _named(factors: list[str], members: Mapping[tuple[str, ...], list[Run]]) -> tuple[list[str], list[Group]]:
    """Titles of what distinguishes the groups, and the groups: by name where each is one run, else by their values.

    A job of a sweep is named by both, and what would be too long by letters.
    """
    by_values = len(factors) <= _MOST_FACTORS and all(len(", ".join(values)) <= _LONGEST for values in members)
    single = all(len(runs) == 1 for runs in members.values())
    letters = ("".join(word) for n in count(1) for word in product(ascii_uppercase, repeat=n))  # A, ... Z, AA, AB, ...
    shown = factors if by_values else []
    titles = ["run", *shown] if single else shown or ["group"]
    groups = []
    for (values, runs), letter in zip(members.items(), letters, strict=False):
        named = dict(zip(factors, values, strict=True))
        label = (", ".join(values) if by_values else letter) or "all runs"
        description = ", ".join(f"{factor}={value}" for factor, value in named.items() if by_values) or label
        cells = [*values] if by_values and factors else [label]
        if single:
            name, known = runs[0].name, bool(shown)
            cells = [name, *(values if by_values else ())]
            label = f"{label} ({name})" if known and name.rpartition("/")[2].isdigit() else name
            description = f"{name} ({description})" if known else name
        groups.append(Group(label, cells, description, named, runs))
    return titles, groups


def _text(value: object) -> str:
    """A value as a command line has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list) else str(value)
