"""Runs whose arms a generated engine steps: resumed, evaluated where there is no compiler, judged by MuJoCo."""

import pytest
from short_runs import QUICK, at_call, result, terminate

from mousearm.agent import Agent, reproduce
from mousearm.door import read_json
from mousearm.errors import CompilerError, Interrupted
from mousearm.evaluate.evaluation import Evaluation
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder

pytestmark = pytest.mark.slow


@pytest.fixture
def train(configure):
    """Begin or resume a run."""
    return lambda folder, *words: run(configure(*QUICK, *words), folder, words)


@pytest.fixture
def finished(tmp_path, train, compiler):
    train(tmp_path / "run", "engine=generated")
    return RunFolder(tmp_path / "run")


@pytest.mark.parametrize("words", [(), ("pretrain=cmc", "pretrain.rounds=3", "pretrain.num_envs=4")], ids=["", "cmc"])
def test_a_run_that_was_stopped_ends_with_the_same_bits(words, tmp_path, train, compiler):
    with at_call(0, terminate) as n_calls:
        train(tmp_path / "unbroken", "engine=generated", *words)
    broken = tmp_path / "broken"
    for share in (0.4, 0.3):
        with at_call(round(share * n_calls()), terminate), pytest.raises(Interrupted):
            train(broken, "engine=generated", *words)
    train(broken, "engine=generated", *words)
    assert result(RunFolder(broken)) == result(RunFolder(tmp_path / "unbroken"))


def test_a_run_goes_on_where_there_is_no_compiler_only_when_it_is_told_to(
    tmp_path, train, monkeypatch, compiler, capsys
):
    folder = RunFolder(tmp_path / "run")
    with at_call(60, terminate), pytest.raises(Interrupted):
        train(folder.path, "engine=auto")
    assert folder.saved_config().engine == "generated"
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(CompilerError, match="give engine=mujoco"):
        train(folder.path)
    capsys.readouterr()
    train(folder.path, "engine=mujoco")
    assert "Another engine steps the arms than before (engine generated, now none" in capsys.readouterr().out
    assert folder.saved_config().engine == "mujoco"
    assert Evaluation.load(folder.evaluation).trained_in is None


def test_another_compiler_is_told(finished, train, capsys):
    before = read_json(finished.engine)
    assert before["largest_difference"]["qpos"] < 1e-10
    changed = finished.engine.read_text().replace(before["compiler"], "c++ of last year")
    finished.engine.write_text(changed)
    (finished.path / "sha256sums.txt").unlink()
    train(finished.path, "algo.timesteps=700")
    assert "compiler c++ of last year, now " in capsys.readouterr().out
    assert read_json(finished.engine) == before


def test_mujoco_judges_what_a_generated_engine_trained(finished, monkeypatch):
    evaluation = Evaluation.load(finished.evaluation)
    assert evaluation.trained_in.engine == "generated"
    assert evaluation.trained_in.splits["train"].paw == pytest.approx(evaluation.train_objective, abs=1e-4)
    assert "agrees" in evaluation.table()
    monkeypatch.setenv("CXX", "false")  # to evaluate takes no compiler
    assert reproduce(finished.path).largest_mm == 0
    again, _ = Agent.load(finished.path).evaluate()
    assert again.trained_in is None
    assert again.splits == evaluation.splits
