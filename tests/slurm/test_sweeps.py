"""Sweeps in a real queue, by the commands that a user gives."""

import json
import os
import signal

import pytest
from student import QUICK

pytestmark = pytest.mark.slow
ENDLESS = ("algo.timesteps=100000000", "algo.eval_freq=784")


def test_a_sweep_of_two_by_two_runs_as_it_was_when_it_was_queued(student):
    ids = student.submit("name=grid", "seed=0,1", "reward=default,paw_heavy")
    assert len(ids) == 4
    for path in (student.code / "mousearm").rglob("*.py"):
        path.write_text("raise SystemExit('this code was edited later')")
    (student.code / "conf" / "config.yaml").write_text("nonsense: true")
    student.until("grid", *["finished"] * 4)
    folder = student.home / "outputs" / "grid"
    results = [json.loads((folder / str(job) / "evaluation.json").read_text()) for job in range(4)]
    assert len({result["train"]["paw_mm"]["mean"] for result in results}) == 4


def test_a_failing_job_is_named_and_done_again_alone(student):
    words = ("name=mixed", "kinematics.path=package:demo.csv,late.csv", "hydra/launcher=slurm")
    status, out, err = student.call("run.py", "-m", *QUICK, *words)
    assert status == 1
    reason = "Job 1 (kinematics.path=late.csv): failed"
    assert reason in out
    assert "retry outputs/mixed" in err
    assert student.states("mixed") == ["finished", "failed"]
    assert "late.csv" in student.sweep("status", "outputs/mixed").split(reason)[1]
    (student.home / "late.csv").write_bytes((student.code / "mousearm/kinematics/data/demo.csv").read_bytes())
    done = student.home / "outputs/mixed/0/evaluation.json"
    before = done.stat().st_mtime_ns
    again = student.sweep("retry", "outputs/mixed")
    assert "job 1: " in again
    assert "job 0: " not in again
    student.until("mixed", "finished", "finished")
    assert done.stat().st_mtime_ns == before
    assert "nothing to retry" in student.sweep("retry", "outputs/mixed")


def test_cancel_and_a_job_that_is_lost(student):
    ids = student.submit("name=endless", "seed=0,1,2", "hydra.launcher.array_parallelism=2", *ENDLESS)
    assert len(ids) == 3
    student.until("endless", "running", "running", "waiting")
    first = student.home / "outputs/endless/0/status.json"
    student.wait(first.exists, "a run that has begun")
    os.kill(json.loads(first.read_text())["pid"], signal.SIGKILL)  # SLURM would ask it to end first, and it would save
    student.wait(lambda: student.states("endless")[0] == "lost", "a job that was killed")
    assert "Cancelled 2 jobs" in student.sweep("cancel", "outputs/endless")
    student.wait(lambda: student.queue() == [], "an empty queue")
    assert student.states("endless") == ["lost", "cancelled", "cancelled"]
    assert "nothing to cancel" in student.sweep("cancel", "outputs/endless")


def test_the_doctor_finds_a_queue_that_works_and_one_that_does_not(student):
    healthy = student.sweep("doctor", "--", "hydra.launcher.mem_gb=null")
    assert [line.split(":")[0] for line in healthy.splitlines()] == [
        "ok  scheduler",
        "ok  partition",
        "ok  shared folder",
        "ok  test job",
    ]
    status, out, _ = student.call("scripts/sweep.py", "doctor", "--", "hydra.launcher.partition=nowhere")
    assert status == 1
    assert "BAD partition: There is no partition 'nowhere' (hydra.launcher.partition). There are test: up" in out
    assert list((student.home / "outputs").glob(".doctor*")) == []


def test_a_queue_that_refuses_is_explained(student):
    words = ("name=refused", "seed=0,1", "hydra.launcher.partition=nowhere")
    status, _, err = student.call("scripts/sweep.py", "submit", "--", *QUICK, *words)
    assert status == 1
    assert "error: SLURM refuses" in err
    assert err.count("invalid partition") == 1
    assert err.endswith("To be changed: hydra.launcher.partition\n")
