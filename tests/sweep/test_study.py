"""A search in its folder: what it draws, what it learns, how it goes on."""

import pytest

pytest.importorskip("optuna")

from mousearm.errors import RunError
from mousearm.rundir import FAILED, FINISHED, PRUNED
from mousearm.sweep.progress import Progress
from mousearm.sweep.records import Job
from mousearm.sweep.study import FILE, Space, Study

WORDS = ["name=a", "algo.gamma=interval(0,1)"]


def study(folder, *words, seed=0):
    return Study(folder, Space.of([*WORDS, *words]), seed)


def gamma(trial):
    return float(trial.overrides[-1].removeprefix("algo.gamma="))


def tell(study, trial, state=FINISHED):
    """The result of a made-up run, whose error is smallest for a gamma of 0.7."""
    error = abs(gamma(trial) - 0.7) if state == FINISHED else None
    study.tell(Progress(Job(study._folder, trial.number), state, "", 100, error, None))


def test_a_search_that_goes_on_draws_what_it_would_have_drawn(tmp_path):
    for name in ("at_once", "in_parts", "otherwise"):
        (tmp_path / name).mkdir()
    at_once, in_parts, gammas = study(tmp_path / "at_once"), study(tmp_path / "in_parts"), []
    for i in range(11):  # ten are drawn at random, the others in the light of those
        (trial,) = at_once.draw(1)
        tell(at_once, trial)
        gammas.append(gamma(trial))
        if i in (3, 10):
            in_parts.draw(1)  # and ends before there is a result
            in_parts = study(tmp_path / "in_parts")
            (again,) = in_parts.begun()
        else:
            (again,) = in_parts.draw(1)
        assert again == trial
        tell(in_parts, again)
    assert in_parts.begun() == []
    assert len(in_parts) == len(set(gammas)) == 11
    assert gamma(study(tmp_path / "otherwise", seed=1).draw(1)[0]) != gammas[0]


def test_the_best_is_said_with_what_to_do_next(tmp_path):
    search = study(tmp_path, "seed=0", "reward=paw_heavy", "algo.gamma=interval(0,1)")
    assert search.summary() == "0 trials: 0 finished, 0 pruned. None has a result."
    trials = search.draw(4)
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    for trial, state in zip(trials, (FINISHED, PRUNED, FAILED, FINISHED), strict=True):
        tell(search, trial, state)
    best = min((trials[0], trials[3]), key=lambda trial: abs(gamma(trial) - 0.7))
    error = abs(gamma(best) - 0.7)
    lines = search.summary().splitlines()
    assert lines[0] == f"4 trials: 2 finished, 1 pruned. The best is trial {best.number}, {error:.3f} mm:"
    assert lines[1] == f"  {best.overrides[-1]}"
    assert f"resume={tmp_path}/{best.number} algo.timesteps=N" in lines[3]
    again = f"run.py -m reward=paw_heavy {best.overrides[-1]} name={tmp_path.name}_best seed=1,2,3,4,5"
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
