"""A job in the process that runs it; when a trial ends early."""

import math
import re
from types import SimpleNamespace

import pytest

from mousearm.errors import TIME_IS_OVER, ConfigError, Interrupted, RunError
from mousearm.rundir.status import FAILED, INTERRUPTED, PRUNED, Pruned
from mousearm.sweep.job import EVALUATIONS, QueuedJob, median_rule, recorded, run_job, write_rule
from mousearm.sweep.progress import progress
from mousearm.sweep.records import Job, Sweep, local_process


@pytest.fixture
def job(tmp_path):
    job = Job(tmp_path, 3)
    job.plan(["seed=0"], local_process())
    job.run.path.mkdir()
    return job


def fail(error):
    def load():
        raise error

    return load


def test_an_error_is_written_down_and_leaves_no_empty_folder(job, capsys):
    assert math.isnan(run_job(job, fail(ConfigError("seed=-1 is out of range")), []))
    assert job.ended == (FAILED, "seed=-1 is out of range")
    assert not job.run.path.exists()
    out, err = capsys.readouterr()
    assert out == "Job 3 failed: seed=-1 is out of range\n"
    assert err == ""


def test_an_error_of_the_program_keeps_its_traceback(job, capsys):
    assert math.isnan(run_job(job, fail(ZeroDivisionError("by hand")), []))
    assert job.ended == (FAILED, "ZeroDivisionError: by hand")
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_ends_more_than_the_job(job):
    with pytest.raises(Interrupted):
        run_job(job, fail(Interrupted("SIGINT", 130)), [])
    assert job.ended == (INTERRUPTED, "SIGINT")


def test_a_job_whose_own_time_is_over_does_not_end_the_others(job):
    assert math.isnan(run_job(job, fail(Interrupted("max_minutes=1 are over", TIME_IS_OVER)), []))
    assert job.ended == (INTERRUPTED, "max_minutes=1 are over")


def test_a_queued_job_that_fails_fails_in_the_queue_too(job):
    with pytest.raises(RunError, match="Job 3 ended without a result"):
        QueuedJob(job, "a", ["env.n_substeps=0"], None)()
    assert job.ended == (FAILED, "env.n_substeps=0 is out of range: 1 to 1000.")


def test_a_preempted_job_is_queued_as_it_is(job):
    queued = QueuedJob(job, "a", ["seed=0"], 2)
    assert queued.checkpoint().function is queued


def test_a_hopeless_trial_is_pruned_and_saved(job, configure, capsys):
    write_rule(job.sweep, 0.0)
    Sweep(job.sweep).create("a", "local", {}, keep_jobs=True)
    for number in (0, 1, 2, 4, 5):  # all of which are perfect
        other = Job(job.sweep, number)
        other.plan([], local_process())
        other.run.path.mkdir()
        other.run.metrics.write_text("steps,eval/train_paw_mm\n0,0\n10000,0\n")
    quick = ("debug=quick", "policy.lstm_hidden_size=8", "video=false")
    assert math.isnan(run_job(job, lambda: configure(*quick), []))
    assert job.ended[0] == PRUNED
    assert job.run.status().state == PRUNED
    assert re.fullmatch(
        r".* mm after 0 steps, 0% of the budget; the median of 5 other trials was 0.000 mm", job.ended[1]
    )
    assert job.run.complete_checkpoints()
    (now,) = progress([job])
    assert (now.state, now.has_result) == (PRUNED, True)
    assert "failed" not in capsys.readouterr().out


@pytest.mark.parametrize(("override", "threads"), [("threads=0", 3), ("threads=1", 1)])
def test_threads_are_divided_where_the_configuration_leaves_them_open(job, override, threads):
    assert QueuedJob(job, "a", [override], 3)._load().threads == threads


# Errors in mm of six trials after 100, 200, 300 steps; the last one has not got further than 100.
OTHERS = ([5, 1], [5, 2, 9], [5, 3, 1], [5, 9, 4], [5, 5, 5], [5])


@pytest.fixture
def trial(tmp_path):
    """Trial 6, which has evaluated once: 8 mm after 100 steps."""
    sweep = Sweep(tmp_path)
    sweep.create("a", "local", {})
    for number, errors in enumerate((*OTHERS, [8])):
        job = sweep.job(number)
        job.plan([], local_process())
        job.run.path.mkdir()
        rows = [f"{100 * (i + 1)},,{error}\n{100 * (i + 1) + 50},0.5,\n" for i, error in enumerate(errors)]
        job.run.metrics.write_text("steps,train/loss,eval/train_paw_mm\n" + "".join(rows))
    return job


def evaluation(error):
    return SimpleNamespace(objective=error)


def test_evaluations_are_of_the_test_split_where_there_is_one(trial):
    assert recorded(trial.run.metrics, *EVALUATIONS) == {100: 8.0}
    trial.run.metrics.write_text("steps,eval/train_paw_mm,eval/test_paw_mm\n0,3,4\n50,,\n100,1,2\n")
    assert recorded(trial.run.metrics, *EVALUATIONS) == {0: 4.0, 100: 2.0}
    trial.run.metrics.write_text("steps,eval/train_paw_mm\n0,3\n50\n100,1\n")  # damaged
    assert recorded(trial.run.metrics, *EVALUATIONS) == {}
    trial.run.metrics.unlink()
    assert recorded(trial.run.metrics, *EVALUATIONS) == {}


def test_a_trial_ends_when_it_is_worse_than_the_median_of_five_others(trial):
    write_rule(trial.sweep, 0.5)
    prune = median_rule(trial)
    prune(200, 0.49, evaluation(100.0))  # before half of its budget
    # After 200 steps five others have got so far; their best until then are 1, 2, 3, 5 and 5 mm, the median 3.
    prune(200, 0.5, evaluation(3.0))
    text = r"^3.100 mm after 200 steps, 50% of the budget; the median of 5 other trials was 3.000 mm$"
    with pytest.raises(Pruned, match=text):
        prune(200, 0.5, evaluation(3.1))
    prune(300, 0.75, evaluation(100.0))  # only three have got so far
    prune(200, 1.0, evaluation(100.0))  # nothing is left to be saved


def test_its_own_best_counts_not_its_latest(trial):
    trial.run.metrics.write_text("steps,eval/train_paw_mm\n100,2.5\n")
    write_rule(trial.sweep, 0.0)
    prune = median_rule(trial)
    prune(200, 0.5, evaluation(100.0))


def test_sweeps_that_are_no_searches_and_searches_without_pruning_have_no_rule(trial):
    assert median_rule(trial) is None
    write_rule(trial.sweep, None)
    assert median_rule(trial) is None
