"""Split of the reaches into training and test reaches."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from mousearm.door import check_name, sha256
from mousearm.errors import KinematicsError
from mousearm.kinematics.folder import MANIFEST_COLUMNS, REACH_MANIFEST, ReachFile

SPLIT_BY = ("file", "session", "animal")
"""Groups that stay together: nothing but the file itself, all reaches of a session, or all of an animal."""


@dataclass(frozen=True, slots=True)
class Split:
    """Sorted names of training and test reaches, and the hash of each reach's file.

    Raises:
        KinematicsError: names or hashes are not text, for example after editing by hand.
    """

    train: list[str]
    test: list[str]
    sha256: dict[str, str]

    def __post_init__(self) -> None:
        if not isinstance(self.sha256, dict) or not all(isinstance(names, list) for names in (self.train, self.test)):
            raise KinematicsError("train and test must be lists of names, sha256 an object of names and hashes.")
        for text in (*self.train, *self.test, *self.sha256.values()):
            if not isinstance(text, str):
                raise KinematicsError(f"{text!r} is neither a name nor a hash.")
        for name in (*self.train, *self.test):
            check_name(name, KinematicsError)

    @property
    def splits(self) -> dict[str, list[str]]:
        """The names by ``train`` and ``test``."""
        return {"train": self.train, "test": self.test}

    def find(self, files: Sequence[ReachFile]) -> list[ReachFile]:
        """Find the files of the split among others, in order; KinematicsError if one is missing or has changed."""
        by_name = {file.name: file for file in files}
        names = {*self.train, *self.test}
        for name in sorted(names):
            if name not in by_name:
                raise KinematicsError(f"The reach '{name}' is missing; the split was made with it. {_REMEDY}")
            file = by_name[name]
            if self.sha256.get(name, now := file.sha256()) != now:
                raise KinematicsError(f"{file.path}: has changed since the split was made. {_REMEDY}")
        return [file for file in files if file.name in names]

    def with_train(self, n: int, seed: int) -> "Split":
        """Keep the test split and n of the reaches to train on, drawn by a seed; KinematicsError if there are fewer."""
        if n > len(self.train):
            raise KinematicsError(
                f"kinematics.train_reaches={n}, but only {len(self.train)} reaches are there to train on (and "
                f"{len(self.test)} to test with). Give fewer, or raise kinematics.train_ratio."
            )
        # A larger n adds to the reaches of a smaller one.
        train = sorted(sorted(self.train, key=lambda name: _rank(seed, name))[:n])
        return Split(train, self.test, {name: self.sha256[name] for name in (*train, *self.test)})

    def sample(self, most: int) -> dict[str, list[str]]:
        """Take at most ``most`` names of each split, evenly from the sorted ones, by ``train`` and ``test``."""
        return {split: _evenly(names, min(most, len(names))) for split, names in self.splits.items()}


_REMEDY = "Bring the file back as it was, start another run, or evaluate on other reaches with --kinematics."


def split_reaches(files: Sequence[ReachFile], train_ratio: float, seed: int, by: str = "file") -> Split:
    """Draw the training reaches; the others are the test split.

    The groups (files, sessions or animals) are put in the order of a hash of the seed and their name, and the first
    ones are trained on, as many as come nearest to the ratio. So the split depends on names and seed only, not on the
    order in which a disk lists files; and a group that is added or removed moves others only where the ratio asks
    for it. There is always a group to train on, and one to test with where there are two and the ratio is below 1.

    Args:
        files: of all reaches.
        train_ratio: share of the reaches to train on, 0 to 1.
        seed: of the draw.
        by: what stays together, one of `SPLIT_BY`.

    Raises:
        KinematicsError: it is not known of which session or animal a file is; or a file is a copy of one on the other
            side, so that the test split would not be unseen.
    """
    group_of = {file.name: _group(file, by) for file in files} if len(files) > 1 else {files[0].name: ""}
    sizes = Counter(group_of.values())
    groups = sorted(sizes, key=lambda group: _rank(seed, group))
    wanted = train_ratio * len(files)
    most = len(groups) if train_ratio == 1 else max(1, len(groups) - 1)
    misses = [abs(n - wanted) for n in accumulate(sizes[group] for group in groups[:most])]
    trained_on = set(groups[: misses.index(min(misses)) + 1])
    names = sorted(group_of)
    split = Split(
        train=[name for name in names if group_of[name] in trained_on],
        test=[name for name in names if group_of[name] not in trained_on],
        sha256={file.name: file.sha256() for file in files},
    )
    hashes = {split.sha256[name]: name for name in split.train}
    for name in split.test:
        if copy := hashes.get(split.sha256[name]):
            raise KinematicsError(
                f"The reaches '{copy}' and '{name}' hold the same, one to train on, one to test with. Remove one."
            )
    return split


def _evenly(names: Sequence[str], n: int) -> list[str]:
    return [names[i * len(names) // n] for i in range(n)]


def _rank(seed: int, name: str) -> str:
    """Sort key of a name in a draw; it depends on no other name."""
    return sha256(f"{seed}:{name}".encode())


def _group(file: ReachFile, by: str) -> str:
    group = {"file": file.name, "session": file.session, "animal": file.animal}[by]
    if not group:
        raise KinematicsError(
            f"kinematics.split_by={by}, but nothing says of which {by} {file.path} is. Put files into "
            f"FOLDER/animal/session/reach.csv, or name all of them in FOLDER/{REACH_MANIFEST} with the columns "
            f"{', '.join(MANIFEST_COLUMNS)}."
        )
    return group
