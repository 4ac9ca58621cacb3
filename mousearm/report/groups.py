"""Groups of runs that repeat each other: by which keys groups differ, and the mean of a measure over a group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, islice, product
from string import ascii_uppercase

import numpy as np

from mousearm.errors import UnknownNameError
from mousearm.report.reading import Run
from mousearm.text import NO_VALUE, number

CONFIDENCE = 0.95
EXPLANATION = (
    "Intervals are 95 % bootstrap intervals of the mean over the runs of a group: of 10 000 draws of as many runs, "
    "with replacement, the middle 95 % of the means. Of two or three runs that is from the lowest to the highest: "
    "with so few it is a hint, not a test. One run has no interval."
)
_RESAMPLES = 10_000

# Names, films, tracking and threads: they change nothing of what is learned.
_IRRELEVANT = ("name", "video", "tracking", "threads", "network_threads")
_SEED = "seed"
_DEFAULT = "(default)"
_MOST_FACTORS, _LONGEST = 3, 40  # labels with more factors or characters are replaced by letters


@dataclass(frozen=True)
class Group:
    """Runs that are compared as one: repetitions of each other."""

    label: str
    factors: Mapping[str, str]  # the overrides or keys that distinguish the groups, and its values
    runs: Sequence[Run]

    @property
    def description(self) -> str:
        """The label with its key, such as ``reward=paw_heavy``."""
        if not self.factors or self.label != ", ".join(self.factors.values()):
            return self.label
        return ", ".join(f"{factor}={value}" for factor, value in self.factors.items())

    def values(self, key: str) -> str:
        """Values that the runs have under a key of the configuration, with commas."""
        return ", ".join(dict.fromkeys(_text(run.settings.get(key)) for run in self.runs))


@dataclass(frozen=True)
class Grouping:
    """All groups."""

    titles: Sequence[str]  # keys whose values the labels are, such as ``reward``; ``group`` where labels are letters
    groups: Sequence[Group]  # at least one
    keys: Sequence[str]  # keys of the configuration that differ between runs, the seed left out
    pooled: Sequence[str]  # those of them that differ within a group

    @property
    def title(self) -> str:
        """The titles in one line."""
        return ", ".join(self.titles)

    def cells(self, group: Group) -> list[str]:
        """The cells of a group's label, below the titles."""
        return [group.label] if len(self.titles) == 1 else list(group.factors.values())


@dataclass(frozen=True, slots=True)
class MeanCI:
    """The mean of some values, NaN of none, and its 95 % bootstrap interval; None of fewer than two values."""

    mean: float
    low: float | None
    high: float | None

    def overlaps(self, other: "MeanCI") -> bool:
        """True if the intervals overlap; False where one has none."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return False
        return self.low <= other.high and other.low <= self.high

    def interval(self, form: str) -> str:
        """The interval, such as ``0.125 to 0.250`` with the format ``.3f``; a dash for none."""
        return NO_VALUE if self.low is None else f"{number(self.low, form)} to {number(self.high, form)}"


@cache
def mean_ci(values: tuple[float, ...]) -> MeanCI:
    """Mean and interval of some values; the same values give the same interval."""
    from scipy.stats import bootstrap  # slow to import

    mean = float(np.mean(values)) if values else float("nan")
    if len(values) < 2 or np.isnan(mean):
        return MeanCI(mean, None, None)
    known = {"n_resamples": _RESAMPLES, "confidence_level": CONFIDENCE, "rng": np.random.default_rng(0)}
    low, high = bootstrap((values,), np.mean, method="percentile", **known).confidence_interval
    return MeanCI(mean, float(low), float(high))


def group_runs(runs: Sequence[Run], by: Sequence[str] = ()) -> Grouping:
    """Put runs, at least one, that differ in nothing, or in their seed only, into one group.

    ``by`` are keys or groups of the configuration, such as ``reward``, that alone distinguish groups; UnknownNameError
    if one of them does not exist.
    """
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
    titles, labels = _names(list(factors), list(members))
    groups = [
        Group(label, dict(zip(factors, values, strict=True)), repeats)
        for label, (values, repeats) in zip(labels, members.items(), strict=True)
    ]
    return Grouping(titles, groups, keys, [key for key in keys if any(_differs(key, group.runs) for group in groups)])


def _differs(key: str, runs: Iterable[Run]) -> bool:
    return len({_text(run.settings.get(key)) for run in runs}) > 1


def _within(key: str, words: Iterable[str]) -> bool:
    return any(key == word or key.startswith(f"{word}.") for word in words)


def _factors(runs: Sequence[Run], keys: Sequence[str], by: Sequence[str]) -> dict[str, list[str]]:
    """Values that distinguish the runs: of the overrides that vary, if they say as much as the keys; else of the keys.

    ``reward=paw_heavy`` on the command line is a better name than the two weights that it sets.
    """
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
    pairs = set(zip(zip(*one.values(), strict=True), zip(*other.values(), strict=True), strict=False))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _names(factors: list[str], values: Sequence[tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """Titles of what distinguishes the groups, and a label for each."""
    if not factors:
        return ["group"], ["all runs"]
    labels = [", ".join(words) for words in values]
    if len(factors) <= _MOST_FACTORS and all(len(label) <= _LONGEST for label in labels):
        return factors, labels
    letters = ("".join(word) for n in count(1) for word in product(ascii_uppercase, repeat=n))  # A, ... Z, AA, AB, ...
    return ["group"], list(islice(letters, len(values)))


def _text(value: object) -> str:
    """A value as a command line has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list) else str(value)
