"""A run that was stopped and went on ends as one that was not, to the last bit."""

import contextlib

import pytest
from short_runs import DALE, NOISY, QUICK, at_call, result, terminate

from mousearm.errors import Interrupted
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder

IMITATION = (
    *("pretrain=cmc", "pretrain.num_envs=4", "pretrain.rounds=4", "pretrain.remembered_rounds=2"),
    *("pretrain.n_epochs=1", "pretrain.batch_size=98", "pretrain.critic_steps=300", "algo.timesteps=400"),
)
HARD = ("env.sampling=hard", "env.random_start=0.5", "env.path_steps=2", "algo.eval_reaches=2")
MUSCLE = ("model=muscle",)


@pytest.fixture
def check(tmp_path, configure, unbroken, few):
    """Stop a run after shares of what an unbroken one does, resume it each time, and compare in the end."""

    def compare(words, shares, name="r"):
        if HARD[0] in words:
            words = (*words, f"kinematics.path={few}")
        expected, n_calls = unbroken(words)
        for share in shares:
            with at_call(round(share * n_calls), terminate), contextlib.suppress(Interrupted):
                run(configure(*words), tmp_path / name)
        run(configure(*words), tmp_path / name)
        assert result(RunFolder(tmp_path / name)) == expected

    return compare


@pytest.mark.slow
def test_a_run_that_is_stopped_twice(check):
    check((*QUICK, *HARD), [0.3, 0.35])


@pytest.mark.slow
def test_a_run_that_is_stopped_in_the_warm_start_and_after_it(check):
    check((*QUICK, *IMITATION), [0.3, 0.5])


@pytest.mark.slow
def test_a_run_that_is_stopped_while_it_imitates_optimal_control(check):
    check((*QUICK, "pretrain=optimal", *IMITATION[1:]), [0.2, 0.35])


SDE = ("algo=original", "algo.use_sde=true", "algo.sde_sample_freq=4", "algo.n_steps=30", "algo.timesteps=600")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        (),
        SDE,
        ("policy=gru", "policy.lstm_hidden_size=8", "algo.clip_range_vf=0.2"),
        (*MUSCLE, *HARD),
        (*IMITATION, *MUSCLE, *HARD),  # what torques imitate is stopped above
        (*IMITATION, *NOISY),
        (*IMITATION, *DALE, "algo.rate_penalty=0.01"),
    ],
    ids=lambda words: " ".join(words).replace(" ".join(IMITATION), "imitation")[:60],
)
def test_a_run_that_is_stopped_anywhere(check, words):
    check((*QUICK, *words), [0.001, 0.05, 0.001, 0.1, 0.15, 0.15, 0.001, 0.15, 0.15, 0.1, 0.05, 0.05])
    check((*QUICK, *words), [0.999], "at the end")


@pytest.mark.slow
def test_a_larger_total_trains_as_if_it_had_been_the_total_from_the_beginning(tmp_path, configure, unbroken):
    constant = (*QUICK, "algo.learning_rate_final=null")
    expected, _ = unbroken(constant)
    run(configure(*constant, "algo.timesteps=240"), tmp_path / "r")
    run(configure(*constant), tmp_path / "r", ["algo.timesteps=600"])
    folder = RunFolder(tmp_path / "r")
    assert result(folder)[1:3] == expected[1:3]


def test_a_run_that_ended_after_its_budget_goes_on(tmp_path, configure):
    falling = (*QUICK, "algo.learning_rate_final=1e-4", "algo.eval_freq=120")
    run(configure(*falling, "algo.timesteps=130"), tmp_path / "r")  # ends at 240, where the line is below zero
    run(configure(*falling, "algo.timesteps=360"), tmp_path / "r", ["algo.timesteps=360"])
    assert RunFolder(tmp_path / "r").checkpoints()[-1].name == "360"
