"""What a sweep writes down, and what is made of it."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mousearm.errors import RunError
from mousearm.experiment import run
from mousearm.report.reading import learning_curve
from mousearm.rundir.status import FAILED, FINISHED, INTERRUPTED, RUNNING
from mousearm.sweep.progress import LOST, begin, cancel, progress, retry, state_line, status, tally
from mousearm.sweep.records import CANCELLED, WAITING, Sweep, Worker, local_process

GOLDEN = Path(__file__).parents[1] / "golden" / "2" / "run"


@pytest.fixture
def sweep(tmp_path):
    sweep = Sweep(tmp_path / "sweep")
    sweep.create("sweep", "local", {"parallel": 1})
    return sweep


@pytest.fixture
def gone():
    """A process that was, and is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return local_process(ended.pid)


def plan(sweep, number, worker, state=None, **evaluation):
    """A planned job, with the status and evaluation of its run."""
    job = sweep.job(number)
    job.plan(["model=torque", f"seed={number}"], worker)
    if state is not None:
        job.run.path.mkdir()
        content = {"state": state, "steps": 100 * number, "reason": ""}
        (job.run.path / "status.json").write_text(json.dumps(content))
    if evaluation:
        golden = json.loads((GOLDEN / "evaluation.json").read_text())
        some = golden["train"]
        sides = {side: {**some, "paw_mm": {**some["paw_mm"], "mean": error}} for side, error in evaluation.items()}
        sides["reaches"] = [{**golden["reaches"][0], "split": side} for side in evaluation]
        content = {key: value for key, value in golden.items() if key not in ("train", "test")}
        (job.run.path / "evaluation.json").write_text(json.dumps(content | sides))
    return job


def states(sweep):
    return [one.state for one in progress(sweep.jobs())]


def test_states_follow_from_worker_status_and_record(sweep, gone):
    plan(sweep, 0, gone, FINISHED)
    plan(sweep, 1, local_process())
    plan(sweep, 2, gone)
    plan(sweep, 3, gone, INTERRUPTED)
    plan(sweep, 4, local_process(), FAILED).end(FAILED, "no such file")
    plan(sweep, 5, gone, INTERRUPTED).end(CANCELLED, "by hand")
    assert states(sweep) == [FINISHED, WAITING, LOST, INTERRUPTED, FAILED, CANCELLED]


def test_a_run_whose_process_lives_is_running(sweep):
    job = plan(sweep, 0, local_process())
    job.run.path.mkdir()
    with job.run.locked():
        job.run.set_status(RUNNING, 100)
        assert states(sweep) == [RUNNING]
    assert states(sweep) == [WAITING]  # for the launching process, which lives, to take it up


def test_jobs_are_by_number_not_by_name(sweep, gone):
    for number in (10, 9, 2):
        plan(sweep, number, gone)
    assert [job.number for job in sweep.jobs()] == [2, 9, 10]


def test_the_first_reason_stays_until_the_job_is_planned_again(sweep, gone):
    job = plan(sweep, 0, gone)
    job.end(CANCELLED, "by hand")
    job.end(INTERRUPTED, "SIGTERM")
    assert job.ended == (CANCELLED, "by hand")
    job.plan(job.overrides, gone)
    assert job.ended is None


def test_table_shows_what_differs_and_the_error_on_the_test_split(sweep, gone):
    plan(sweep, 1, gone, FINISHED, train=0.25, test=0.5)
    plan(sweep, 2, gone, FINISHED, train=0.125)
    plan(sweep, 3, gone).end(FAILED, "nowhere.csv: there is no such file.")
    rows = status(sweep.path).splitlines()
    assert rows[0].split() == ["job", "state", "steps", "paw", "mm", "sign", "of", "life", "overrides"]
    assert [row.split() for row in rows[2:5]] == [
        ["1", "finished", "100", "0.500", "seed=1"],
        ["2", "finished", "200", "0.125", "seed=2"],
        ["3", "failed", "seed=3"],
    ]
    assert rows[5:] == [
        "2 of 3 jobs finished, 1 failed",
        "Job 3 (seed=3): failed, nowhere.csv: there is no such file.",
    ]


def test_total_progress_and_the_time_that_is_left(sweep, gone):
    for number, seconds in enumerate((100, 140)):
        job = plan(sweep, number, gone, FINISHED)
        job.run.timing.write_text(f"steps,time/training_s,time/fps\n0,1.5,\n100,,9\n200,{seconds},\n")
    plan(sweep, 2, gone).end(FAILED, "by hand")
    plan(sweep, 3, local_process())
    # One or, in a search that draws six trials, three jobs are left, of 120 s each, one at a time.
    assert (
        tally(progress(sweep.jobs())) == "2 of 4 jobs finished, 1 failed, 1 waiting; about 2 min of training are left"
    )
    assert tally(progress(sweep.jobs()), 6).endswith("; about 6 min of training are left")
    assert tally(progress(sweep.jobs()[2:])) == "0 of 2 jobs finished, 1 failed, 1 waiting"
    assert state_line(sweep.job(2)).splitlines() == [
        "job 2: failed by hand",
        "  2 of 4 jobs finished, 1 failed, 1 waiting; about 2 min of training are left",
    ]


def test_each_job_of_a_sweep_says_which_of_how_many_it_is(run_script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    swept = run_script("run", "-m", "kinematics.path=one.csv,two.csv", "seed=3", "name=s")
    said = [line for line in swept.out.splitlines() if line.startswith(("Job 1 of", "Job 2 of", "  "))]
    assert said == [
        "Job 1 of 2, outputs/s/0: kinematics.path=one.csv",
        "  0 of 2 jobs finished, 2 waiting",
        "Job 2 of 2, outputs/s/1: kinematics.path=two.csv",
        "  0 of 2 jobs finished, 1 failed, 1 waiting",
    ]
    assert swept.status == 1


def test_the_latest_error_of_a_run_that_goes_on_is_that_of_its_metrics(sweep):
    job = plan(sweep, 1, local_process(), INTERRUPTED)
    job.run.metrics.write_text("steps,eval/train_paw_mm,train/loss\n0,3.5,\n100,,1.0\n200,2.5,\n300,,1.0\n")
    (now,) = progress([job])
    assert now.paw_mm == 2.5
    assert now.age_s is not None
    assert "2.500" in status(sweep.path)


def test_the_latest_error_is_found_in_what_a_run_writes(sweep, configure):
    job = plan(sweep, 0, local_process())
    quick = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784")
    run(configure(*quick), job.run.path)
    job.run.set_status(INTERRUPTED, 784)
    (now,) = progress([job])
    assert now.paw_mm == learning_curve(job.run, "train").paw_mm[-1]


def test_a_folder_that_is_no_sweep_is_explained(tmp_path):
    with pytest.raises(RunError, match=r"There is no sweep in .*: it has no sweep.json. Give the folder"):
        status(tmp_path)


def test_nothing_to_cancel_or_retry(sweep, gone):
    plan(sweep, 0, gone, FINISHED)
    assert cancel(sweep.path) == "There is nothing to cancel: no job waits or runs."
    assert retry(sweep.path) == "There is nothing to retry: every job finished, waits or runs."


def test_cancel_ends_the_process_that_works_on_a_job(sweep, gone):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as sleeper:
        plan(sweep, 0, local_process(sleeper.pid))
        plan(sweep, 1, gone, FINISHED)
        assert cancel(sweep.path) == "Cancelled 1 jobs."
        assert sleeper.wait(timeout=60) < 0
    assert states(sweep) == [CANCELLED, FINISHED]


def test_a_process_of_another_computer_is_not_cancelled_from_here(sweep):
    plan(sweep, 0, Worker("local", "1", "elsewhere"))
    with pytest.raises(RunError, match="belongs to elsewhere: cancel the sweep there"):
        cancel(sweep.path)


def damaged(text):
    """What may have become of a JSON file."""
    yield from (b"", b"[]", b"null", b"{", b"\xff\xfe", text[: len(text) // 2].encode())
    content = json.loads(text)
    for name in content:
        yield json.dumps({key: value for key, value in content.items() if key != name}).encode()
        yield from (json.dumps({**content, name: value}).encode() for value in (None, 3, [], {}, "x", [[1]]))
    for name, value in (("id", "-1"), ("id", "0"), ("id", "--me"), ("id", 1), ("cluster", "x"), ("cluster", "slurm")):
        if "worker" in content:
            yield json.dumps({**content, "worker": {**content["worker"], name: value}}).encode()


@pytest.mark.parametrize("name", ["sweep.json", "jobs/0/plan.json", "jobs/0/end.json"])
def test_damaged_records_are_refused_and_signal_nobody(sweep, gone, monkeypatch, name):
    plan(sweep, 0, gone)
    sweep.job(0).end(FAILED, "by hand")
    signalled = []
    monkeypatch.setattr("os.kill", lambda pid, number: signalled.append((pid, number)))
    monkeypatch.setenv("PATH", "")  # no SLURM
    file = sweep.path / name
    text = file.read_text()
    for content in damaged(text):
        file.write_bytes(content)
        for ask in (status, cancel):
            with contextlib.suppress(RunError):
                ask(sweep.path)
    assert [(pid, number) for pid, number in signalled if number != 0] == []
    assert all(pid > 0 for pid, _ in signalled)


def test_a_sweep_is_not_launched_into_one_that_goes_on(sweep, gone):
    plan(sweep, 0, local_process())
    with pytest.raises(RunError, match=r"wait or run already: .*status .*choose another name="):
        begin(sweep, "sweep", "local", {}, keep_jobs=False)
    begin(Sweep(sweep.path.with_name("other")), "other", "local", {}, keep_jobs=False)
    sweep.job(0).assign(gone)
    begin(sweep, "sweep", "local", {}, keep_jobs=True)
    assert len(sweep.jobs()) == 1
    begin(sweep, "sweep", "local", {}, keep_jobs=False)
    assert sweep.jobs() == []
