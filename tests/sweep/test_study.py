"""A search in its folder: what it draws, what it learns, how it goes on."""

import pytest

pytest.importorskip("optuna")

from mousearm.errors import ConfigError, RunError, UnknownNameError
from mousearm.rundir.status import FAILED, FINISHED, PRUNED
from mousearm.sweep.progress import Progress
from mousearm.sweep.records import Job
from mousearm.sweep.study import FILE, Space, Study

SPACE = (
    "name=a",
    "algo.gamma=interval(0.8,0.99)",
    "algo.learning_rate=tag(log, interval(1e-4,1e-2))",
    "algo.n_epochs=int(interval(4,20))",
    "reward.sigma_mm=[1,4],[0.3,1,4],[2]",
)
WORDS = ["name=a", "algo.gamma=interval(0,1)"]


def study(folder, *words, seed=0):
    return Study(folder, Space.of([*WORDS, *words]), seed)


def gamma(overrides):
    return float(overrides[-1].removeprefix("algo.gamma="))


def tell(study, number, overrides, state=FINISHED):
    """The result of a made-up run, whose error is smallest for a gamma of 0.7."""
    error = abs(gamma(overrides) - 0.7) if state == FINISHED else None
    study.tell(Progress(Job(study._folder, number), state, "", 100, error, None))


@pytest.mark.slow
def test_a_search_that_goes_on_draws_what_it_would_have_drawn(tmp_path):
    for name in ("at_once", "in_parts", "otherwise"):
        (tmp_path / name).mkdir()
    at_once, in_parts, gammas = study(tmp_path / "at_once"), study(tmp_path / "in_parts"), []
    for i in range(11):  # ten are drawn at random, the others in the light of those
        (trial,) = at_once.draw(1).items()
        tell(at_once, *trial)
        gammas.append(gamma(trial[1]))
        if i in (3, 10):
            in_parts.draw(1)  # and ends before there is a result
            in_parts = study(tmp_path / "in_parts")
            (again,) = in_parts.begun().items()
        else:
            (again,) = in_parts.draw(1).items()
        assert again == trial
        tell(in_parts, *again)
    assert in_parts.begun() == {}
    assert len(in_parts) == len(set(gammas)) == 11
    assert gamma(study(tmp_path / "otherwise", seed=1).draw(1)[0]) != gammas[0]


def test_the_best_is_said_with_what_to_do_next(tmp_path):
    search = study(tmp_path, "seed=0", "reward=paw_heavy", "algo.gamma=interval(0,1)")
    assert search.summary() == "0 trials: 0 finished, 0 pruned. None has a result."
    trials = search.draw(4)
    assert list(trials) == [0, 1, 2, 3]
    for (number, overrides), state in zip(trials.items(), (FINISHED, PRUNED, FAILED, FINISHED), strict=True):
        tell(search, number, overrides, state)
    error, best = min((abs(gamma(trials[number]) - 0.7), number) for number in (0, 3))
    lines = search.summary().splitlines()
    assert lines[0] == f"4 trials: 2 finished, 1 pruned. The best is trial {best}, {error:.3f} mm:"
    assert lines[1] == f"  {trials[best][-1]}"
    assert f"resume={tmp_path}/{best} algo.timesteps=N" in lines[3]
    again = f"run.py -m reward=paw_heavy {trials[best][-1]} name={tmp_path.name}_best seed=1,2,3,4,5"
    assert lines[4].endswith(again)


def test_another_search_in_the_same_folder_is_refused_with_the_difference(tmp_path):
    study(tmp_path).draw(1)
    text = r"a search of something else:\n  reward: saved nothing, wanted low_effort\nGive the same command"
    with pytest.raises(RunError, match=text):
        study(tmp_path, "reward=low_effort")


def test_runs_of_something_else_are_not_taken_for_trials(tmp_path):
    (tmp_path / "0").mkdir()
    with pytest.raises(RunError, match=r"holds runs and is no search, for it has no search.db. Choose another name="):
        study(tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / FILE).write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(RunError, match=r"search.db cannot be used: "):
        study(tmp_path)


def test_ranges_and_lists_are_searched_and_the_rest_is_common_to_all():
    space = Space.of(SPACE)
    assert space.fixed == ["name=a"]
    assert list(space.searched) == ["algo.gamma", "algo.learning_rate", "algo.n_epochs", "reward.sigma_mm"]
    drawn = {"algo.gamma": 0.912345, "algo.learning_rate": 0.000123456, "algo.n_epochs": 7, "reward.sigma_mm": "[2]"}
    words = ["algo.gamma=0.9123", "algo.learning_rate=0.0001235", "algo.n_epochs=7", "reward.sigma_mm=[2]"]
    assert space.overrides(drawn) == ["name=a", *words]


def test_the_last_word_on_a_key_counts():
    space = Space.of([*SPACE, "algo.gamma=0.9", "algo.n_epochs=4,8"])
    assert space.fixed == ["name=a", "algo.gamma=0.9"]
    assert space.texts["algo.n_epochs"] == "4,8"


def test_digits_that_would_leave_the_interval_are_kept():
    space = Space.of(["algo.gamma=interval(0.8,0.99996)"])
    assert space.overrides({"algo.gamma": 0.99996}) == ["algo.gamma=0.99996"]  # with four digits it would be 1


def test_corners_have_every_end_and_every_value():
    corners = [dict(word.split("=", 1) for word in corner) for corner in Space.of(SPACE).corners()]
    assert len(corners) == 3
    assert {corner["algo.gamma"] for corner in corners} == {"0.8", "0.99"}
    assert {corner["algo.n_epochs"] for corner in corners} == {"4", "20"}
    assert {corner["reward.sigma_mm"] for corner in corners} == {"[1,4]", "[0.3,1,4]", "[2]"}


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (["algo.gamma=0.9"], ConfigError, "There is nothing to search. Give ranges"),
        (["seed=0,1,2"], ConfigError, "seed is not to be searched: the best one is mere luck"),
        (["algo.gama=interval(0,1)"], UnknownNameError, "named 'gama'. Did you mean 'gamma'"),
        (["algo.gamma=interval(1,0)"], ConfigError, r"algo.gamma: interval\(1.0,0.0\) cannot be searched"),
        (["algo.gamma=tag(log,interval(0,1))"], ConfigError, "cannot be searched"),
        (["algo.gamma=interval(0,"], ConfigError, "cannot be read"),
    ],
)
def test_what_cannot_be_searched_is_explained(words, kind, text):
    with pytest.raises(kind, match=text):
        Space.of(words)
