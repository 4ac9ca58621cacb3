import re
import shutil
from collections import Counter

import numpy as np
import pytest

from mousearm.errors import KinematicsError
from mousearm.kinematics import ReachFile, Split, find_reaches, split_reaches


@pytest.fixture
def build(tmp_path):
    """Files of given names, or reach_000, reach_001, ...; each holds its name."""

    def make(names):
        names = [f"reach_{i:03d}" for i in range(names)] if isinstance(names, int) else names
        for name in names:
            file = tmp_path / f"{name}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
        return list(find_reaches(tmp_path))

    return make


def sessions(n_animals, n_sessions, n_reaches):
    return [f"m{a}/s{s}/r{r}" for a in range(n_animals) for s in range(n_sessions) for r in range(n_reaches)]


@pytest.mark.parametrize(
    ("n", "ratio", "n_train"),
    [(1, 0.5, 1), (2, 0.8, 1), (2, 0.01, 1), (3, 0.99, 2), (10, 0.8, 8), (10, 1.0, 10), (32, 0.8, 26), (7, 0.5, 3)],
)
def test_how_many(build, n, ratio, n_train):
    split = split_reaches(build(n), ratio, 42)
    assert (len(split.train), len(split.test)) == (n_train, n - n_train)


def test_every_reach_is_on_one_side_and_sorted(build):
    files = build(20)
    split = split_reaches(files, 0.7, 1)
    assert sorted(split.train + split.test) == [file.name for file in files]
    assert (split.train, split.test) == (sorted(split.train), sorted(split.test))
    assert split.sha256 == {file.name: file.sha256() for file in files}
    assert split.splits == {"train": split.train, "test": split.test}


def test_order_does_not_matter(build):
    files = build(30)
    mixed = [files[i] for i in np.random.default_rng(0).permutation(30)]
    assert split_reaches(mixed, 0.8, 3) == split_reaches(files, 0.8, 3)


def test_a_copy_elsewhere_written_in_another_order_with_other_files_beside(build, tmp_path, tmp_path_factory):
    names = [file.name for file in build(30)]
    copy = tmp_path_factory.mktemp("copy") / "of"
    copy.mkdir()
    for name in reversed(names):
        shutil.copy(tmp_path / f"{name}.csv", copy)
    (copy / "aaa_notes.txt").write_text("no reach")
    (copy / "._reach_000.csv").write_text("nor this")
    assert split_reaches(find_reaches(copy), 0.8, 42) == split_reaches(find_reaches(tmp_path), 0.8, 42)


def test_seeds_differ_and_are_fair(build):
    files = build(10)
    splits = [split_reaches(files, 0.8, seed) for seed in range(400)]
    assert split_reaches(files, 0.8, 7) == splits[7]
    times = Counter(name for split in splits for name in split.test)
    # Each is tested with in 2 of 10 splits: 80 of 400, give or take 4 standard deviations of 8.
    assert len(times) == 10
    assert all(48 <= count <= 112 for count in times.values())


def test_one_reach_more_moves_no_other_than_the_ratio_asks_for(build):
    files = build(100)
    before = split_reaches(files, 0.8, 42)
    for extra in ("aaa", "reach_0005", "zzz"):
        more = [*files, ReachFile(extra, files[0].path)]
        after = split_reaches(more, 0.8, 42)
        moved = {file.name for file in files if (file.name in before.train) != (file.name in after.train)}
        assert len(moved) <= 1  # of 101, 81 are trained on


@pytest.mark.parametrize(("by", "depth"), [("session", 2), ("animal", 1)])
@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_together(build, by, depth, seed):
    files = build(sessions(4, 3, 5))
    split = split_reaches(files, 0.7, seed, by)

    def groups(names):
        return {tuple(name.split("/")[:depth]) for name in names}

    assert groups(split.train).isdisjoint(groups(split.test))
    # 12 sessions of 5: 42 of 60 would be 8.4 sessions; 4 animals of 15: 2.8 animals.
    assert len(split.train) == {"session": 40, "animal": 45}[by]
    assert split.test


def test_groups_of_unequal_size_come_near_the_ratio(build):
    names = [f"m/s{s}/r{r}" for s in range(9) for r in range(s + 1)]  # 45 reaches, sessions of 1 to 9
    files = build(names)
    for seed in range(20):
        # The first sessions of an order miss 36 by at most half of the largest session.
        assert abs(len(split_reaches(files, 0.8, seed, "session").train) - 36) <= 4.5


def test_one_of_two_large_sessions_is_kept_to_test_with(build):
    split = split_reaches(build(sessions(1, 2, 5)), 0.8, 0, "session")
    assert (len(split.train), len(split.test)) == (5, 5)


def test_a_group_that_is_not_known_is_refused(build):
    files = build(["m1/s1/r1", "m1/r2", "r3"])
    with pytest.raises(KinematicsError) as caught:
        split_reaches(files, 0.8, 0, "session")
    text = str(caught.value)
    assert "kinematics.split_by=session, but nothing says of which session" in text
    assert "r3.csv is" in text
    assert "FOLDER/animal/session/reach.csv" in text
    with pytest.raises(KinematicsError, match=r"of which animal .*r2\.csv is"):
        split_reaches(files[:2], 0.8, 0, "animal")


def test_a_single_reach_needs_no_group(build):
    assert split_reaches(build(["r"]), 0.8, 0, "animal").train == ["r"]


def test_the_splits_own_files_are_found_among_others(build):
    files = build(6)
    split = split_reaches(files, 0.5, 0)
    more = build(8)
    assert split.find(more) == files


def test_a_copy_on_the_other_side_is_refused(build):
    files = build(10)
    split = split_reaches(files, 0.8, 5)
    content = {file.name: file for file in files}
    content[split.test[1]].path.write_bytes(content[split.train[2]].path.read_bytes())
    both = f"'{split.train[2]}' and '{split.test[1]}'"
    with pytest.raises(KinematicsError, match=f"{both} hold the same.*Remove one"):
        split_reaches(files, 0.8, 5)
    assert split_reaches(files, 1.0, 5).test == []  # on one side a copy does no harm


def test_fewer_to_train_on_are_some_of_more_and_the_test_side_stays(build):
    split = split_reaches(build(40), 0.8, 5)
    eight, sixteen = split.with_train(8, 5), split.with_train(16, 5)
    assert (len(eight.train), len(sixteen.train)) == (8, 16)
    assert set(eight.train) < set(sixteen.train) < set(split.train)
    assert eight.train == sorted(eight.train)
    assert eight.test == sixteen.test == split.test
    assert set(eight.sha256) == {*eight.train, *eight.test}
    assert split.with_train(32, 5) == split
    assert split.with_train(8, 6).train != eight.train  # another seed, other reaches


def test_more_to_train_on_than_there_are(build):
    split = split_reaches(build(10), 0.8, 5)
    with pytest.raises(KinematicsError, match=r"train_reaches=9, but only 8 reaches .* 2 to test with.*train_ratio"):
        split.with_train(9, 5)


def test_a_sample_is_spread_evenly_over_both_sides():
    split = Split([f"a{i}" for i in range(10)], ["b0", "b1", "b2"], {})
    # By hand: every 10 / 4 = 2.5th name, rounded down: 0, 2, 5, 7.
    assert split.sample(4) == {"train": ["a0", "a2", "a5", "a7"], "test": ["b0", "b1", "b2"]}
    assert split.sample(10) == split.splits


@pytest.mark.parametrize("side", ["train", "test"])
def test_a_file_that_changed_or_is_gone_is_named(build, side):
    files = build(6)
    split = split_reaches(files, 0.5, 0)
    name = getattr(split, side)[1]
    (file,) = [file for file in files if file.name == name]
    content = file.path.read_bytes()
    file.path.write_bytes(content + b" ")
    with pytest.raises(KinematicsError, match=re.escape(f"{file.path}: has changed since the split was made. Bring")):
        split.find(files)
    file.path.write_bytes(content)
    assert split.find(files) == files
    with pytest.raises(KinematicsError, match=f"The reach '{name}' is missing"):
        split.find([other for other in files if other.name != name])


def test_a_split_without_hashes_asks_for_the_names_only(build):
    files = build(["a", "b"])
    split = Split(["a"], ["b"], {})
    files[0].path.write_text("something else")
    assert split.find(files) == files


@pytest.mark.parametrize(
    "content", [("a", [], {}), (["a"], None, {}), (["a"], [3], {}), (["a"], [], ["1f"]), (["a"], [], {"a": 1})]
)
def test_a_split_of_other_things_is_refused(content):
    with pytest.raises(KinematicsError, match=r"must be lists of names|is neither a name nor a hash"):
        Split(*content)
