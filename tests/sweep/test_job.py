"""A job in the process that does it."""

import math
import re

import pytest

from mousearm.errors import ConfigError, Interrupted, RunError
from mousearm.rundir import FAILED, INTERRUPTED, PRUNED
from mousearm.sweep.job import QueuedJob, run_job, write_rule
from mousearm.sweep.progress import progress
from mousearm.sweep.records import Job, Sweep, this_process
from mousearm.train import TIME_IS_OVER


@pytest.fixture
def job(tmp_path):
    job = Job(tmp_path, 3)
    job.plan(["seed=0"], this_process())
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
    Sweep(job.sweep).create("a", "local", {}, goes_on=True)
    for number in (0, 1, 2, 4, 5):  # all of which are perfect
        other = Job(job.sweep, number)
        other.plan([], this_process())
        other.run.path.mkdir()
        other.run.metrics.write_text("steps,eval/train_paw_mm\n0,0\n10000,0\n")
    quick = ("debug=quick", "policy.lstm_hidden_size=8", "video=false")
    assert math.isnan(run_job(job, lambda: configure(*quick), []))
    assert job.was_pruned
    assert job.run.status().state == PRUNED
    assert re.fullmatch(r".* mm after 0 of 2352 steps; the median of 5 other trials was 0.000 mm", job.ended[1])
    assert job.run.complete_checkpoints()
    (now,) = progress([job])
    assert (now.state, now.has_result) == (PRUNED, True)
    assert "failed" not in capsys.readouterr().out


@pytest.mark.parametrize(("override", "threads"), [("threads=0", 3), ("threads=1", 1)])
def test_threads_are_divided_where_the_configuration_leaves_them_open(job, override, threads):
    assert QueuedJob(job, "a", [override], 3)._load().threads == threads
