"""Trainings side by side in one process: each is what it is alone, to the bit, in what it learns and in its folder."""

import csv
import json
import signal
from functools import partial

import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import Logger
from tensor_toy import RememberTheCue, ToyEnv

from mousearm import checkpoint
from mousearm.algo import build_algo
from mousearm.checkpoint import RandomState
from mousearm.config import compose
from mousearm.device.ppo import DevicePPO
from mousearm.env import device_env
from mousearm.errors import Interrupted
from mousearm.experiment import run
from mousearm.registry import REWARDS
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.status import FAILED, FINISHED, INTERRUPTED
from mousearm.sweep.job import run_job
from mousearm.sweep.records import Job, local_process
from mousearm.training.interruption import Interruption
from mousearm.turns import Turns, others_go_on

TENSORS = (
    *("debug=quick", "engine=generated", "video=false", "algo.learning_rate_final=null", "algo.eval_freq=784"),
    *("policy.lstm_hidden_size=8", "env.num_envs=8", "algo.n_steps=49", "algo.batch_size=196", "algo.n_epochs=2"),
    *("env.random_start=0.5", f"algo.timesteps={3 * 8 * 49}", "name=a"),
)


@pytest.fixture
def on_device(compiler, monkeypatch):
    """What is done on a GPU is done with tensors of the CPU."""
    monkeypatch.setattr(device_env, "is_on_gpu", lambda config: True)


def side_by_side(folder, jobs, at_once=8):
    """Train jobs, overrides by number, as the launcher does; their results."""
    of_all, calls = Interruption(), []
    for number, words in jobs.items():
        job = Job(folder, number)
        job.plan(words, local_process())
        configure = partial(compose, [*TENSORS, *words])
        calls.append(partial(run_job, job, configure, words, Interruption(of_all)))
    with of_all.listening(), of_all.patient():
        return Turns([RandomState()]).run(calls, at_once)


def everything(folder):
    """All that the last checkpoint holds but clocks, and the rows of metrics.csv."""
    newest = RunFolder(folder).complete_checkpoints()[-1]
    state = checkpoint.load_state(newest)
    state.states["evaluations"].pop("seconds")
    state.states["logger"]["rows"].pop("timing")
    return state.steps, state.network, state.states, read_metrics(RunFolder(folder).metrics).rows


def same(one, other, place=""):
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            same(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), place
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            same(a, b, f"{place}/{i}")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    elif isinstance(one, np.ndarray):
        assert np.array_equal(one, other), place
    else:
        assert one == other or one != one, place


def table(folder):
    with RunFolder(folder).metrics.open() as rows:
        return list(csv.DictReader(rows))


# Networks, arms and random numbers


def learned(configure, jobs, at_once=8, **swapped):
    """Weights, draws and log of small trainings of a toy task after some updates, side by side."""

    def train(seed, words):
        config = configure(*SMALL, f"seed={seed}", *words)
        algo = build_algo(config, ToyEnv(RememberTheCue(6, spread=2, seed=seed)), DevicePPO)
        algo.set_logger(Logger(None, []))
        algo.begin(10**6)
        for _ in range(4):
            algo.rollout()
            algo.update()
        buffer = algo.rollout_buffer
        weights = dict(algo.policy.state_dict())
        return weights | {"actions": buffer.actions, "next": torch.rand(3), "noise": buffer.noise}

    return Turns(swapped.get("shared", [RandomState()])).run([partial(train, *job) for job in jobs], at_once)


SMALL = (
    *("policy.lstm_hidden_size=16", "policy.net_arch_pi=[8]", "policy.net_arch_vf=[8]", "algo.target_kl=null"),
    *("algo.n_steps=8", "algo.batch_size=24", "algo.n_epochs=2"),
)


@pytest.mark.parametrize(
    "kind", ["lstm", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("gru", "rnn", "ffn", "dale"))]
)
def test_a_training_does_not_depend_on_how_many_are_beside_it(configure, kind):
    """To the bit, whatever the others are: another seed, another network, a shorter update."""
    words = (f"policy={kind}", *(("policy.unit_noise=0.1",) if kind == "dale" else ()))
    mine = (3, words)
    (alone,) = learned(configure, [mine])
    others = [(0, words), (3, (*words, "algo.learning_rate=0.01")), (5, ("policy=lstm", "algo.n_epochs=1"))]
    _, of_two = learned(configure, [others[0], mine])
    *beside, of_four = learned(configure, [*others, mine])
    same(alone, of_two)
    same(alone, of_four)
    for other in beside:
        assert not torch.equal(other["actions"], alone["actions"])
    *_, later = learned(configure, [*others, mine], at_once=1)
    same(alone, later)


def test_random_numbers_that_all_share_would_make_it_depend_on_them(configure):
    """The planted mistake that the test above is to see."""
    mine = (3, ())
    (alone,) = learned(configure, [mine], shared=[])
    *_, of_three = learned(configure, [(0, ()), (1, ()), mine], shared=[])
    assert not torch.equal(alone["actions"], of_three["actions"])


# Runs with all that belongs to them


@pytest.mark.slow
def test_runs_are_those_that_they_would_be_alone(on_device, tmp_path):
    run(compose([*TENSORS, "seed=3"]), tmp_path / "alone")
    side_by_side(tmp_path / "one", {0: ["seed=3"]})
    jobs = {0: ["seed=1"], 1: ["seed=3"], 2: ["seed=3", "reward.w_paw=3"], 3: ["seed=3", "algo.target_kl=1e-9"]}
    results = side_by_side(tmp_path / "four", jobs)
    alone = everything(tmp_path / "alone")
    same(alone, everything(tmp_path / "one" / "0"))
    same(alone, everything(tmp_path / "four" / "1"))
    for number, result in enumerate(results):
        folder = RunFolder(tmp_path / "four" / str(number))
        assert folder.status().state == FINISHED
        assert json.loads(folder.evaluation.read_text())["train"]["paw_mm"]["mean"] == result
    assert len({*results}) == 4


@pytest.mark.slow
def test_weights_of_the_reward_are_each_run_s_own(on_device, tmp_path):
    """The first rollout of the same network has the same terms, and what they are worth follows by hand."""
    side_by_side(tmp_path, {0: ["seed=3"], 1: ["seed=3", "reward.w_paw=3"]})
    one, other = (next(row for row in table(tmp_path / name) if row["reward"]) for name in ("0", "1"))
    raw = {name: float(one[f"reward_raw/{name}"]) for name in ("elbow", "paw", "action")}
    assert raw == {name: float(other[f"reward_raw/{name}"]) for name in raw}
    assert float(one["reward"]) == pytest.approx((raw["elbow"] + raw["paw"]) / 2 + 0.05 * raw["action"], abs=1e-6)
    assert float(other["reward"]) == pytest.approx((raw["elbow"] + 3 * raw["paw"]) / 4 + 0.05 * raw["action"], abs=1e-6)


@pytest.mark.slow
def test_one_that_fails_ends_alone(on_device, tmp_path, monkeypatch):
    """A reward that is not finite where the paw has the weight 3, after the first rollout; a seed that is none."""
    judge = REWARDS["paw"]

    def planted(step, form):
        is_planted = form.w_paw == 3 and isinstance(step.paw_mm, torch.Tensor)  # in training, not in evaluation
        return judge(step, form) * (float("nan") if is_planted else 1)

    monkeypatch.setitem(REWARDS._things, "paw", planted)
    run(compose([*TENSORS, "seed=1"]), tmp_path / "alone")
    jobs = {0: ["seed=0", "reward.w_paw=3"], 1: ["seed=1"], 2: ["seed=-1"]}
    results = side_by_side(tmp_path, jobs)
    assert [result == result for result in results] == [False, True, False]
    state, reason = Job(tmp_path, 0).ended
    assert state == FAILED
    assert "reward of a step was not finite" in reason
    assert (tmp_path / "0" / "nonfinite").is_dir()
    assert Job(tmp_path, 2).ended[0] == FAILED
    assert "seed=-1" in Job(tmp_path, 2).ended[1]
    same(everything(tmp_path / "alone"), everything(tmp_path / "1"))


@pytest.mark.slow
def test_a_signal_ends_all_of_them_and_each_resumes_alone(on_device, tmp_path):
    """What began is saved where it was; resumed by itself it ends as one that was never interrupted."""
    run(compose([*TENSORS, "seed=1"]), tmp_path / "whole")
    folder, of_all = tmp_path / "sweep", Interruption()

    def train(number, words):
        job = Job(folder, number)
        job.plan(words, local_process())
        return run_job(job, partial(compose, [*TENSORS, *words]), words, Interruption(of_all))

    def interrupt():
        while not (folder / "1" / "metrics.csv").is_file():
            with others_go_on():
                pass
        signal.raise_signal(signal.SIGTERM)

    calls = [partial(train, 0, ["seed=0"]), partial(train, 1, ["seed=1"]), interrupt]
    with of_all.listening(), of_all.patient(), pytest.raises(Interrupted):
        Turns([RandomState()]).run(calls, 3)
    for number in (0, 1):
        assert RunFolder(folder / str(number)).status().state == INTERRUPTED
        assert RunFolder(folder / str(number)).complete_checkpoints()
    run(compose([*TENSORS, "seed=1"]), folder / "1")
    assert RunFolder(folder / "1").status().state == FINISHED
    same(everything(tmp_path / "whole"), everything(folder / "1"))


# The launcher


@pytest.mark.slow
def test_a_sweep_trains_its_jobs_together(on_device, tmp_path, monkeypatch, run_script):
    monkeypatch.chdir(tmp_path)
    words = [word for word in TENSORS if not word.startswith("debug")]
    ended = run_script("run", "-m", "experiment=seeds_in_parallel", "seed=0,1", *words)
    assert ended.status == 0
    assert "2 jobs in outputs/a, 2 side by side" in ended.out
    assert "2 of 2 jobs finished" in ended.out
    for number in ("0", "1"):
        folder = RunFolder(tmp_path / "outputs" / "a" / number)
        assert folder.status().state == FINISHED
        assert folder.saved_config().seed == int(number)
    worse = run_script("run", "-m", "experiment=seeds_in_parallel", "seed=0,-1", *words[:-1], "name=b")
    assert worse.status == 1
    assert "1 of 2 jobs finished, 1 failed" in worse.out


@pytest.mark.parametrize("number", ["0", "many"])
def test_a_number_at_a_time_that_is_none_is_refused(tmp_path, monkeypatch, run_script, number):
    monkeypatch.chdir(tmp_path)
    words = ("hydra/launcher=side_by_side", f"hydra.launcher.parallel={number}", "seed=0,1", "name=a")
    refused = run_script("run", "-m", *words)
    assert refused.status == 1
    assert f"hydra.launcher.parallel={number} is out of range: a whole number, 1 or more" in refused.err
