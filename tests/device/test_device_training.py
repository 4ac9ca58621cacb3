"""Whole runs where the task is tensors, here on the CPU: results, resuming, what is written down."""

import csv

import pytest
import torch
from safetensors.torch import load_file
from stable_baselines3.common.logger import Logger

from mousearm.algo import build_algo
from mousearm.device.ppo import DevicePPO
from mousearm.env import device_env
from mousearm.errors import NonFiniteError
from mousearm.experiment import run
from mousearm.nan_guard import describe
from mousearm.registry import REWARDS
from mousearm.rundir.folder import RunFolder
from mousearm.setup import Setup

pytestmark = pytest.mark.usefixtures("compiler")

SHORT = (
    *("debug=quick", "engine=generated", "video=false", "algo.learning_rate_final=null", "algo.eval_freq=784"),
    *("policy.lstm_hidden_size=8", "env.num_envs=8", "algo.n_steps=49", "algo.batch_size=196", "algo.n_epochs=1"),
)
ROLLOUT = 8 * 49


@pytest.fixture
def on_device(monkeypatch):
    """What is done on a GPU is done with tensors of the CPU."""
    monkeypatch.setattr(device_env, "is_on_gpu", lambda config: True)


def columns(file):
    with file.open() as rows:
        return set(next(csv.reader(rows)))


@pytest.mark.slow
def test_a_run_that_resumes_ends_as_one_that_did_not(configure, tmp_path, on_device):
    words = (*SHORT, "env.random_start=0.5", "env.sampling=hard")
    for name, budgets in (("whole", (4,)), ("resumed", (2, 4))):
        for rollouts in budgets:
            budget = f"algo.timesteps={rollouts * ROLLOUT}"
            run(configure(*words, budget), tmp_path / name, [budget])
    whole, resumed = (RunFolder(tmp_path / name).complete_checkpoints()[-1] for name in ("whole", "resumed"))
    assert whole.name == resumed.name == str(4 * ROLLOUT)
    whole, resumed = (load_file(folder / "policy.safetensors") for folder in (whole, resumed))
    assert all((whole[name] == resumed[name]).all() for name in whole)


@pytest.mark.slow
def test_the_log_has_the_keys_of_a_run_over_arrays(configure, tmp_path, monkeypatch):
    config = configure(*SHORT, f"algo.timesteps={2 * ROLLOUT}")
    run(config, tmp_path / "arrays")
    monkeypatch.setattr(device_env, "is_on_gpu", lambda config: True)
    run(config, tmp_path / "tensors")
    arrays, tensors = (columns(tmp_path / name / "metrics.csv") for name in ("arrays", "tensors"))
    assert arrays == tensors


@pytest.mark.slow
def test_each_unit_has_one_sign_after_every_update(configure, on_device):
    """While the value head alone learns, and later at rates at which weights would change theirs."""
    words = ("policy=dale", "policy.unit_noise=0.1", "algo.target_kl=null", "algo.learning_rate=0.1")
    env = Setup.build(configure(*SHORT, *words)).with_engine().training_env()
    algo = build_algo(configure(*SHORT, *words), env, DevicePPO)
    algo.set_logger(Logger(None, []))
    algo.begin(10**6)
    algo.critic_warmup_until = ROLLOUT + 1
    policy, kept = algo.policy, []
    signs, signed = policy.backbone.signs, [*policy.backbone.signed, policy.mlp_extractor.policy_net[0].weight]
    before = [weights.clone() for weights in signed]
    policy.optimizer.register_step_post_hook(lambda *_: kept.append(all((w * signs >= 0).all() for w in signed)))
    for _ in range(3):
        algo.rollout()
        algo.update()
    assert kept == [True] * 3 * 2  # rollouts of two minibatches
    for now, old in zip(signed, before, strict=True):
        assert not torch.equal(now, old)
    assert any((weights == 0).any() for weights in signed)  # those that would have another sign


def test_a_reward_that_is_not_finite_ends_the_run_with_a_dump(configure, tmp_path, on_device, monkeypatch):
    monkeypatch.setitem(REWARDS._things, "paw", lambda step, form: step.paw_mm * float("nan"))
    with pytest.raises(NonFiniteError) as caught:
        run(configure(*SHORT, f"algo.timesteps={ROLLOUT}"), tmp_path)
    assert caught.value.key == "reward"
    assert "reward" in describe(tmp_path / "nonfinite")
