"""What belongs to what: which muscles of the arm a channel of EMG shows, and which reach a file is of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.door import read_plain
from mousearm.errors import EmgError, UnknownNameError
from mousearm.kinematics.folder import ReachFile
from mousearm.text import listed

PUBLISHED = "published"  # the name of the ready map
WEIGHTS = {
    "equal": "the mean of the channel's muscles",
    "peak_force": "their mean weighted by peak force: a stronger muscle gives more of the signal",
}
_MOST = 30  # names in a message
_MARK = re.compile(r"(?:[_.-]emg)$|^(?:emg[_.-])", re.IGNORECASE)

PUBLISHED_MUSCLES: Mapping[str, tuple[str, ...]] = {
    "biceps": ("Biceps_Long_Head", "Biceps_Short_Head"),
    "triceps_long": ("Triceps_Long_Head",),
    "triceps_lateral": ("Triceps_Lat_Head",),
    "triceps_medial": ("Triceps_Medial_Head",),
    "triceps": ("Triceps_Long_Head", "Triceps_Lat_Head", "Triceps_Medial_Head"),
    "brachialis": ("Brachialis_Proximal_Head", "Brachialis_Distal_Head"),
    "brachioradialis": ("Brachioradialis",),
    "anconeus": ("Anconeus", "Anconeus_Short_Head"),
    "pectoralis": ("Pectoralis_Clavicle_Head", "Pectoralis_Major_Anterior", "Pectoralis_Major_Posterior"),
    "latissimus_dorsi": ("Latissimus_Dorsi_Rostral", "Latissimus_Dorsi_Caudal"),
    "deltoid_medial": ("Deltoid_Medial",),
    "deltoid_posterior": ("Deltoid_Posterior",),
    "subscapularis": ("Subscapularis_SuperiorHead",),
    "infraspinatus": ("Infraspinatus",),
    "pronator_teres": ("PronatorTeres",),
    "flexor_carpi_radialis": ("FlexorCarpiRadialis",),
}
"""Muscles of the published arm by the names that channels of EMG usually have."""

_ALSO = {
    "bicepsbrachii": "biceps",
    "trilong": "triceps_long",
    "tricepslonghead": "triceps_long",
    "trilat": "triceps_lateral",
    "tricepslat": "triceps_lateral",
    "tricepslateralhead": "triceps_lateral",
    "trimed": "triceps_medial",
    "tricepsmed": "triceps_medial",
    "tricepsbrachii": "triceps",
    "fcr": "flexor_carpi_radialis",
    "latissimus": "latissimus_dorsi",
    "pectoralismajor": "pectoralis",
    "pec": "pectoralis",
}


@dataclass(frozen=True, slots=True)
class ChannelMap:
    """Weights of muscles by channel, of the names that a user gives or of `PUBLISHED_MUSCLES`."""

    muscles: Mapping[str, Mapping[str, float]]
    is_ready: bool  # the ready map, in which a channel may be spelt in several ways, and others are left out

    def chosen(self, names: Sequence[str], path: Path) -> list[str]:
        """Those of a file's channels that the map has; EmgError if it has none, or a channel is not in the file."""
        have = f"its channels are {listed(names, _MOST)}" if names else "it has no channel"
        if self.is_ready:
            found = [name for name in names if _ready_name(name)]
            if not found:
                raise EmgError(
                    f"{have}; the map of the published arm knows {', '.join(PUBLISHED_MUSCLES)}. Say which muscles "
                    f"they show, as --muscles {names[0] if names else 'biceps'}=Biceps_Long_Head,Biceps_Short_Head.",
                    path,
                    fault="channel",
                )
            return found
        for channel in self.muscles:
            if channel not in names:
                raise EmgError(
                    f"there is no such channel; {have}. Correct the name in --muscles, or leave it out.",
                    path,
                    channel,
                    "channel",
                )
        return list(self.muscles)

    def of(self, channel: str) -> Mapping[str, float]:
        """Weights of the muscles of a chosen channel."""
        return self.muscles[_ready_name(channel) if self.is_ready else channel]


def read_map(words: Sequence[str], peak_forces: Mapping[str, float], weights: str = "equal") -> ChannelMap:
    """Read what says which muscles the channels show.

    Args:
        words: ``published``, or a YAML file ``CHANNEL: [MUSCLE, ...]`` or ``CHANNEL: {MUSCLE: WEIGHT}``, or words
            ``CHANNEL=MUSCLE,MUSCLE``.
        peak_forces: of the muscles of the arm, N.
        weights: a key of `WEIGHTS`, where none stand in the file.

    Raises:
        EmgError: a word or a weight cannot be used.
        UnknownNameError: the arm has no such muscle, or there is no such kind of weights.
    """
    if weights not in WEIGHTS:
        raise UnknownNameError("kind of weights (--weights)", weights, WEIGHTS)
    is_ready = list(words) == [PUBLISHED]
    given: Mapping[str, Any] = PUBLISHED_MUSCLES if is_ready else _given(words)
    if is_ready and not set().union(*PUBLISHED_MUSCLES.values()) <= set(peak_forces):
        raise EmgError(
            "the map of the published arm does not fit this arm. Say which muscles channels show, as --muscles "
            f"biceps=NAME,NAME; this arm has {', '.join(peak_forces)}.",
            fault="muscles",
        )
    return ChannelMap({channel: _weights(channel, of, peak_forces, weights) for channel, of in given.items()}, is_ready)


def _given(words: Sequence[str]) -> Mapping[str, Any]:
    if len(words) == 1 and "=" not in words[0]:
        path = Path(words[0])
        content = read_plain(path, EmgError, "Write CHANNEL: [MUSCLE, MUSCLE] in each line.")
        if not isinstance(content, dict) or not content:
            raise EmgError("holds no channels. Write CHANNEL: [MUSCLE, MUSCLE] in each line.", path, fault="muscles")
        return {str(channel): of for channel, of in content.items()}
    pairs = [word.split("=", 1) for word in words]
    if bad := [word for word, pair in zip(words, pairs, strict=True) if len(pair) < 2 or not all(pair)]:
        raise EmgError(f"--muscles {bad[0]}: write CHANNEL=MUSCLE,MUSCLE, or give a YAML file.", fault="muscles")
    if len({channel for channel, _ in pairs}) < len(pairs):
        raise EmgError("--muscles has a channel twice. Name all its muscles at once, with commas.", fault="muscles")
    return {channel: muscles.split(",") for channel, muscles in pairs}


def _weights(channel: str, of: Any, peak_forces: Mapping[str, float], weights: str) -> dict[str, float]:
    """Weights of a channel's muscles, with a sum of 1."""
    names = of if isinstance(of, list | tuple | dict) else [of]
    for name in names:
        if name not in peak_forces:
            raise UnknownNameError(f"muscle of the arm (channel {channel})", str(name), peak_forces)
    found = {name: peak_forces[name] if weights == "peak_force" else 1.0 for name in names}
    found = found if not isinstance(of, dict) else of
    if not found or not all(isinstance(weight, int | float) and 0 < weight < float("inf") for weight in found.values()):
        raise EmgError(f"weights of {channel} must be numbers above 0. Correct them.", channel=channel, fault="muscles")
    total = sum(map(float, found.values()))
    return {name: float(weight) / total for name, weight in found.items()}


def _ready_name(channel: str) -> str:
    """Name in the ready map of a channel, whose spelling may differ; empty if it has none."""
    plain = re.sub(r"^emg|emg$", "", re.sub(r"[^a-z]", "", channel.lower()))
    known = {name.replace("_", ""): name for name in PUBLISHED_MUSCLES} | _ALSO
    return known.get(plain, "")


def read_pairs(words: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Reaches by file, of words FILE=REACH; EmgError if one is malformed, UnknownNameError where there is no reach."""
    pairs: dict[str, str] = {}
    for word in words:
        file, is_pair, reach = word.partition("=")
        if not is_pair or not file:
            raise EmgError(
                f"--match {word}: write FILE=REACH, the name of a file and that of its reach.", fault="reach"
            )
        if reach not in names:
            raise UnknownNameError("reach (--match)", reach, names)
        pairs[file] = reach
    return pairs


def reach_of(path: Path, reaches: Sequence[ReachFile], pairs: Mapping[str, str]) -> tuple[ReachFile | None, str]:
    """The reach of a file, and how it was found; None if its name is that of none.

    ``NAME_emg.csv`` belongs to the reach ``NAME`` and, if there is none, to the only one that ends with ``_NAME``. In
    folders of animals and sessions the path counts as far as it tells reaches of one name apart.
    """
    for file in (str(path), path.name, path.stem):
        if file in pairs:
            return next(reach for reach in reaches if reach.name == pairs[file]), "--match"
    stem = _MARK.sub("", path.stem)
    own = [*path.resolve().parent.parts, stem]
    same = [reach for reach in reaches if reach.name.rpartition("/")[2] == stem]
    deepest = [_shared(reach.name.split("/"), own) for reach in same]
    best = [reach for reach, n in zip(same, deepest, strict=True) if n == max(deepest)]
    if len(best) == 1:
        return best[0], "its name"
    ends = [reach for reach in reaches if reach.name.endswith(f"_{stem}")] if not same else []
    if len(ends) == 1:
        return ends[0], f"the end of its name, {stem}"
    if candidates := best or ends:
        what = f"may belong to {listed([reach.name for reach in candidates], _MOST)}"
        raise EmgError(f"{what}. Say which, by --match {path.name}=REACH.", path, fault="reach")
    return None, ""


def reaches_within(reaches: Sequence[ReachFile], first: float, last: float) -> list[ReachFile]:
    """Reaches whose times lie within those of a recording, s on the clock of both."""
    found = []
    for reach in reaches:
        time = np.asarray(reach.read().time)
        if first <= time[0] and time[-1] <= last:
            found.append(reach)
    return found


def no_reach(path: Path, reaches: Sequence[ReachFile], is_clock: bool) -> EmgError:
    """The error of a file that belongs to no reach."""
    names = listed([reach.name for reach in reaches], _MOST)
    what = f"belongs to no reach: none is called so; there are {names}"
    hint = "Correct --offset-s or --time-unit" if is_clock else "Call it REACH_emg"
    if is_clock:
        what = f"{what}, and none lies within its times"
    return EmgError(f"{what}. {hint}, or say --match {path.name}=REACH.", path, fault="reach")


def _shared(name: Sequence[str], path: Sequence[str]) -> int:
    """Number of parts at the ends of two paths that are the same."""
    n = 0
    for a, b in zip(reversed(name), reversed(path), strict=False):
        if a != b:
            break
        n += 1
    return n
