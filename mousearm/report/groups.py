"""Groups of runs that repeat each other: by which keys groups differ, and the mean of a measure over a group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path
from string import ascii_uppercase

from mousearm.errors import UnknownNameError
from mousearm.report.reading import Run, read_runs
from mousearm.stats import RESAMPLES

EXPLANATION = (
    "A range, of two to four runs, goes from the lowest to the highest: a hint, not a test. From five runs on there is "
    f"a 95 % bootstrap interval of the mean: the middle of the means of {RESAMPLES} draws of as many runs, with "
    "replacement, widened for how few there are (Hesterberg 2015). One run has neither."
)

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


def run_factors(folders: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """Differences of finished runs, by their names here: overrides or keys with their values, and the seed."""
    runs, _ = read_runs(list(folders.values()))
    names = {path.resolve(): name for name, path in folders.items()}
    groups = group_runs(runs).groups if runs else []
    return {
        names[run.folder.path.resolve()]: {**group.factors, _SEED: str(run.seed)}
        for group in groups
        for run in group.runs
    }


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
            chosen = ", ".join(f"{factor}={value}" for factor, value in named.items() if value != _DEFAULT)
            description = f"{name} ({chosen})" if known and chosen else name
        groups.append(Group(label, cells, description, named, runs))
    return titles, groups


def _text(value: object) -> str:
    """A value as a command line has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list) else str(value)
