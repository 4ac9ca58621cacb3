"""A run that was stopped and went on ends as one that was not, to the last bit."""

import contextlib
import signal

import pytest
import torch

from mousearm.experiment import run
from mousearm.policy import RecurrentPolicy
from mousearm.rundir import RunFolder
from mousearm.train import Interrupted

QUICK = (
    *("video=false", "env.num_envs=4", "algo.n_steps=30", "algo.batch_size=60", "algo.n_epochs=2"),
    *("policy.lstm_hidden_size=8", "algo.timesteps=600", "algo.eval_freq=200"),
)
IMITATION = (
    *("pretrain=cmc", "pretrain.num_envs=4", "pretrain.rounds=4", "pretrain.remembered_rounds=2"),
    *("pretrain.n_epochs=1", "pretrain.batch_size=98", "pretrain.critic_steps=300", "algo.timesteps=1200"),
)
HARD = ("kinematics=synthetic", "env.sampling=hard", "env.random_start=0.5", "env.path_steps=2", "algo.eval_reaches=2")
MUSCLE = ("model=muscle",)


@contextlib.contextmanager
def signalled(number, at_call):
    """Send this process a signal when a policy is asked for the n-th time."""
    n_calls = 0

    def count(module, inputs):
        nonlocal n_calls
        n_calls += isinstance(module, RecurrentPolicy)
        if isinstance(module, RecurrentPolicy) and n_calls == at_call:
            signal.raise_signal(number)

    hook = torch.nn.modules.module.register_module_forward_pre_hook(count)
    try:
        yield lambda: n_calls
    finally:
        hook.remove()


def result(folder):
    """What is compared: metrics, and the networks of the newest checkpoint and of the best."""
    newest = folder.checkpoints()[-1]
    networks = (newest / "policy.safetensors").read_bytes(), (folder.best / "policy.safetensors").read_bytes()
    return folder.metrics.read_text(), newest.name, *networks


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, configure):
    """The result of a run that nobody stops, and how often it asks its policy; each is made once."""
    made = {}

    def make(words):
        if words not in made:
            folder = RunFolder(tmp_path_factory.mktemp("unbroken") / "run")
            with signalled(signal.SIGTERM, -1) as n_calls:
                run(configure(*words), folder.path)
            made[words] = result(folder), n_calls()
        return made[words]

    return make


def stop_and_resume(configure, words, path, at_calls):
    """Stop a run whenever its policy was asked so many times, and resume it until it is over."""
    for at_call in at_calls:
        with signalled(signal.SIGTERM, at_call), contextlib.suppress(Interrupted):
            run(configure(*words), path)
    run(configure(*words), path)
    return RunFolder(path)


def check(configure, unbroken, words, path, shares):
    expected, n_calls = unbroken(words)
    folder = stop_and_resume(configure, words, path, [round(share * n_calls) for share in shares])
    assert result(folder) == expected


def test_a_run_that_is_stopped_twice(tmp_path, configure, unbroken):
    check(configure, unbroken, (*QUICK, *HARD), tmp_path / "r", [0.3, 0.35])


def test_a_run_that_is_stopped_in_the_warm_start_and_after_it(tmp_path, configure, unbroken):
    check(configure, unbroken, (*QUICK, *IMITATION), tmp_path / "r", [0.3, 0.5])


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        QUICK,
        (
            *QUICK,
            "algo=original",
            "algo.use_sde=true",
            "algo.sde_sample_freq=4",
            "algo.n_steps=30",
            "algo.timesteps=600",
        ),
        (*QUICK, "policy=gru", "policy.lstm_hidden_size=8", "algo.clip_range_vf=0.2"),
        (*QUICK, *MUSCLE),
        (*QUICK, *MUSCLE, *HARD),
        (*QUICK, *IMITATION, *HARD),
        (*QUICK, *IMITATION, *MUSCLE),
        (*QUICK, *IMITATION, *MUSCLE, *HARD),
    ],
    ids=lambda words: " ".join(words[len(QUICK) :])[:60],
)
def test_a_run_that_is_stopped_anywhere(tmp_path, configure, unbroken, words):
    for i, share in enumerate([0.001, 0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.999]):
        check(configure, unbroken, words, tmp_path / str(i), [share])
    check(configure, unbroken, words, tmp_path / "often", [0.12] * 10)
