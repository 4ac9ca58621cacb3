"""When a trial ends early."""

from types import SimpleNamespace

import pytest

from mousearm.rundir import Pruned
from mousearm.sweep.job import Evaluated, evaluations, median_rule, write_rule
from mousearm.sweep.records import Sweep, this_process

# Errors in mm of six trials after 100, 200, 300 steps; the last one has not got further than 100.
OTHERS = ([5, 1], [5, 2, 9], [5, 3, 1], [5, 9, 4], [5, 5, 5], [5])


@pytest.fixture
def job(tmp_path):
    """Trial 6, which has evaluated once: 8 mm after 100 steps."""
    sweep = Sweep(tmp_path)
    sweep.create("a", "local", {})
    for number, errors in enumerate((*OTHERS, [8])):
        job = sweep.job(number)
        job.plan([], this_process())
        job.run.path.mkdir()
        rows = [f"{100 * (i + 1)},,{error}\n{100 * (i + 1) + 50},0.5,\n" for i, error in enumerate(errors)]
        job.run.metrics.write_text("steps,train/loss,eval/train_paw_mm\n" + "".join(rows))
    return job


def evaluation(error):
    return SimpleNamespace(objective=error)


def test_evaluations_are_of_the_test_split_where_there_is_one(job):
    assert evaluations(job.run) == [Evaluated(100, 8.0)]
    job.run.metrics.write_text("steps,eval/train_paw_mm,eval/test_paw_mm\n0,3,4\n50,,\n100,1,2\n")
    assert evaluations(job.run) == [Evaluated(0, 4.0), Evaluated(100, 2.0)]
    job.run.metrics.unlink()
    assert evaluations(job.run) == []


def test_a_trial_ends_when_it_is_worse_than_the_median_of_five_others(job):
    write_rule(job.sweep, 0.5)
    judge = median_rule(job, 400)
    judge(100, evaluation(100.0))  # before half of its budget
    # After 200 steps five others have got so far; their best until then are 1, 2, 3, 5 and 5 mm, the median 3.
    judge(200, evaluation(3.0))
    with pytest.raises(Pruned, match=r"^3.100 mm after 200 of 400 steps; the median of 5 other trials was 3.000 mm$"):
        judge(200, evaluation(3.1))
    judge(300, evaluation(100.0))  # only three have got so far
    judge(400, evaluation(100.0))  # nothing is left to be saved


def test_its_own_best_counts_not_its_latest(job):
    job.run.metrics.write_text("steps,eval/train_paw_mm\n100,2.5\n")
    write_rule(job.sweep, 0.0)
    judge = median_rule(job, 400)
    judge(200, evaluation(100.0))


def test_sweeps_that_are_no_searches_and_searches_without_pruning_have_no_rule(job):
    assert median_rule(job, 400) is None
    write_rule(job.sweep, None)
    assert median_rule(job, 400) is None
