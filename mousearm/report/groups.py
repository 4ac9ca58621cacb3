"""Which keys differ between runs, and which runs belong together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from mousearm.errors import UnknownNameError
from mousearm.report.runs import Run

# What a run is called, shown, where it is logged and how many processors it has: nothing of what is learned.
_ASIDE = ("name", "video", "tracking", "threads", "network_threads")
_SEED = "seed"
_DEFAULT = "(default)"
# Labels with more factors or characters than this are replaced by letters.
_MOST_FACTORS = 3
_LONGEST = 40


@dataclass(frozen=True)
class Group:
    """Runs that are compared as one: repetitions of each other.

    Attributes:
        label: what it is called.
        factors: the overrides or keys that tell the groups apart, and this group's values.
        runs: its members.
    """

    label: str
    factors: Mapping[str, str]
    runs: Sequence[Run]

    @property
    def description(self) -> str:
        """The label with what it is a value of, such as ``reward=paw_heavy``."""
        if not self.factors or self.label != ", ".join(self.factors.values()):
            return self.label
        return ", ".join(f"{factor}={value}" for factor, value in self.factors.items())

    def values(self, key: str) -> str:
        """What the runs have under a key of the configuration; several values with a comma between them."""
        return ", ".join(dict.fromkeys(_text(run.settings.get(key)) for run in self.runs))


@dataclass(frozen=True)
class Grouping:
    """All groups.

    Attributes:
        titles: what the labels are values of, such as ``reward``; ``group`` where labels are letters.
        groups: at least one.
        keys: keys of the configuration that differ between runs, the seed left out.
        pooled: those of them that differ within a group.
    """

    titles: Sequence[str]
    groups: Sequence[Group]
    keys: Sequence[str]
    pooled: Sequence[str]

    @property
    def title(self) -> str:
        """The titles in one line."""
        return ", ".join(self.titles)

    def cells(self, group: Group) -> list[str]:
        """What a group is called, below the titles."""
        return [group.label] if len(self.titles) == 1 else list(group.factors.values())


def group_runs(runs: Sequence[Run], by: Sequence[str] = ()) -> Grouping:
    """Put runs that differ in nothing, or in their seed only, into one group.

    Args:
        runs: at least one.
        by: keys or groups of the configuration, such as ``reward``: only these tell groups apart.

    Raises:
        UnknownNameError: if one of these does not exist.
    """
    keys = [key for key in differing_keys(runs) if key != _SEED and not _within(key, _ASIDE)]
    _check(by, runs, keys)
    telling = [key for key in keys if not by or _within(key, by)]
    factors = _factors(runs, telling, by)
    members: dict[tuple[str, ...], list[Run]] = {}
    for run, values in zip(runs, zip(*factors.values(), strict=True) if factors else [()] * len(runs), strict=True):
        members.setdefault(values, []).append(run)
    titles, labels = _names(list(factors), list(members))
    groups = [
        Group(label, dict(zip(factors, values, strict=True)), own)
        for label, (values, own) in zip(labels, members.items(), strict=True)
    ]
    return Grouping(titles, groups, keys, [key for key in keys if any(_differs(key, group.runs) for group in groups)])


def differing_keys(runs: Sequence[Run]) -> list[str]:
    """Keys of the configuration of which the runs do not all have one value."""
    every = dict.fromkeys(key for run in runs for key in run.settings)
    return [key for key in every if _differs(key, runs)]


def _differs(key: str, runs: Iterable[Run]) -> bool:
    return len({_text(run.settings.get(key)) for run in runs}) > 1


def _within(key: str, words: Iterable[str]) -> bool:
    return any(key == word or key.startswith(f"{word}.") for word in words)


def _check(by: Sequence[str], runs: Sequence[Run], keys: Sequence[str]) -> None:
    for word in by:
        if not any(_within(key, [word]) for run in runs for key in run.settings):
            groups = {key.partition(".")[0] for key in runs[0].settings if "." in key}
            raise UnknownNameError("key or group of the configuration (--by)", word, {*groups, *keys, _SEED})


def _factors(runs: Sequence[Run], keys: Sequence[str], by: Sequence[str]) -> dict[str, list[str]]:
    """What tells the runs apart: the overrides that vary, if they say as much as the keys do; otherwise the keys.

    ``reward=paw_heavy`` on the command line is a better name than the two weights that it sets.
    """
    told_by = [*keys, _SEED] if _SEED in by else keys
    by_key = {key: [_text(run.settings.get(key)) for run in runs] for key in told_by}
    words = dict.fromkeys(word for run in runs for word in run.overrides)
    by_override = {word: [run.overrides.get(word, _DEFAULT) for run in runs] for word in words}
    varying = {
        word: values
        for word, values in by_override.items()
        if len(set(values)) > 1 and not _within(word, _ASIDE) and (_within(word, by) if by else word != _SEED)
    }
    return varying if varying and by_key and _same_partition(varying, by_key) else by_key


def _same_partition(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]) -> bool:
    pairs = set(zip(zip(*one.values(), strict=True), zip(*other.values(), strict=True), strict=False))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _names(factors: list[str], values: Sequence[tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """What the groups are told apart by, and what each is called."""
    if not factors:
        return ["group"], ["all runs"]
    labels = [", ".join(own) for own in values]
    if len(factors) <= _MOST_FACTORS and all(len(label) <= _LONGEST for label in labels):
        return factors, labels
    return ["group"], [_letters(i) for i in range(len(values))]


def _letters(i: int) -> str:
    """A, B, ... Z, AA, AB, ... for 0, 1, ..."""
    head = _letters(i // len(ascii_uppercase) - 1) if i >= len(ascii_uppercase) else ""
    return head + ascii_uppercase[i % len(ascii_uppercase)]


def _text(value: object) -> str:
    """A value as a command line has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list) else str(value)
