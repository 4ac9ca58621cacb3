"""A training that the queue breaks off ends as one that was left alone, to the last bit."""

import re

import pytest
from student import QUICK, Student

from mousearm.rundir.folder import RunFolder

pytestmark = pytest.mark.slow
# SLURM may send its signal up to a minute early; the program must have started by then.
LIMIT_MIN = 2
# Long enough to be met in the middle.
LONG = ("algo.timesteps=31360", "algo.eval_freq=1568")


def result(folder):
    """What must be equal: the metrics by steps, the last network and the best."""
    run = RunFolder(folder)
    last, best = run.find_checkpoint("latest"), run.find_checkpoint("best")
    weights = {path.name: (path / "policy.safetensors").read_bytes() for path in (last, best)}
    return {**weights, "metrics": run.metrics.read_bytes()}


def alone(student, *overrides):
    """The same training in one piece, without a queue."""
    own = [word for word in (*QUICK, *overrides) if not word.startswith("hydra.")]
    status, _, err = student.call("run.py", *own, "name=alone", "threads=2")
    assert status == 0, err
    return result(student.home / "outputs" / "alone")


def steps(student, name):
    """That a job has saved."""
    saved = (student.home / "outputs" / name / "0" / "checkpoints").glob("[1-9]*")
    return max((int(folder.name) for folder in saved if folder.name.isdigit()), default=0)


def begun_at(student):
    """With how many steps done each turn of the job began."""
    return [int(steps) for steps in re.findall(r"(\d+) of \d+ steps done", student.logs())]


@pytest.fixture(scope="module", autouse=True)
def late(tmp_path_factory, cluster):
    """Who has queued a job whose time is over in `LIMIT_MIN`; other tests use what it takes."""
    student = Student(tmp_path_factory.mktemp("late"), cluster)
    limits = (f"hydra.launcher.timeout_min={LIMIT_MIN}", "hydra.launcher.signal_delay_s=30")
    student.submit("name=late", "algo.timesteps=100000000", "algo.eval_freq=784", *limits)
    return student


@pytest.mark.parametrize("how", [("scancel", "--signal=USR2"), ("scontrol", "requeue")], ids=["signal", "requeue"])
def test_a_job_that_is_preempted_goes_on_and_ends_as_one_that_was_not(student, how):
    (job,) = student.submit("name=preempted", "seed=1", *LONG)
    student.wait(lambda: steps(student, "preempted") > 0, "the first checkpoint")
    student.cluster.call(*how, job)
    student.wait(lambda: len(begun_at(student)) == 2, "the job to go on")
    assert 0 < begun_at(student)[1] < 31360
    student.until("preempted", "finished")
    assert result(student.home / "outputs/preempted/0") == alone(student, "seed=1", *LONG)


def test_a_job_whose_time_is_over_goes_on_where_it_stopped(late):
    late.wait(lambda: len(begun_at(late)) > 1, "another turn after the end of the job's time")
    assert "this job is timed-out" in late.logs()
    begun = begun_at(late)[:2]
    assert begun[0] == 0
    assert begun[1] > 0
    late.wait(lambda: steps(late, "late") > begun[1], "more steps in another turn")
    late.sweep("cancel", "outputs/late")
