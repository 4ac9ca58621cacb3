import csv
import itertools
import json
import re
import shutil
import signal
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mousearm import checkpoint
from mousearm.agent import Agent
from mousearm.errors import Interrupted, KinematicsError, RunError, UnknownNameError
from mousearm.experiment import run
from mousearm.kinematics import Split, read_reaches, write_csv
from mousearm.paths import resolve
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import Pruned
from mousearm.setup import Setup
from mousearm.training.run import Experiment

QUICK = (
    *("debug=quick", "video=false", "policy.lstm_hidden_size=8", "env.n_substeps=2"),
    *("algo.timesteps=1568", "algo.eval_freq=784"),
)
SHARED = Path(__file__).parents[2] / "shared" / "kinematics"


def assemble(config):
    """The parts of a run, as ``run`` builds them."""
    skipped = []
    return Experiment(Setup.build(config, None, skipped.append), skipped)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, configure):
    folder = tmp_path_factory.mktemp("runs") / "first"
    objective = run(configure(*QUICK), folder, QUICK)
    return RunFolder(folder), objective


def test_a_run_leaves_what_is_promised(finished):
    folder, _objective = finished
    names = {path.name for path in folder.path.iterdir()}
    assert names == {
        *("config.yaml", "overrides.yaml", "environment.txt", "status.json", "metrics.csv", "timing.csv"),
        *("tensorboard", "checkpoints", "best", "split.json", "evaluation.json", "figures", "origin.json", "lock"),
        "sha256sums.txt",
    }
    assert folder.status().state == "finished"
    assert folder.status().steps == 1568
    assert {path.name for path in folder.figures.iterdir()} == {"demo.png", "demo.pdf"}
    assert [path.name for path in folder.checkpoints()] == ["0", "784", "1568"]
    assert folder.saved_split().splits == {"train": ["demo"], "test": []}


def test_evaluation_json_has_the_agreed_form(finished):
    folder, objective = finished
    content = json.loads(folder.evaluation.read_text())
    assert (content["model"], content["retarget"], content["fit"]) == ("torque", "segments", "none")
    assert (content["upper_arm_mm"], content["forearm_mm"]) == pytest.approx((11.632, 17.031), abs=1e-3)
    (reach,) = content["reaches"]
    assert set(reach) == {
        "name",
        "split",
        "steps",
        "completed",
        "paw_mm",
        "elbow_mm",
        "effort",
        "excitation",
        "movement",
    }
    assert (reach["name"], reach["split"], reach["steps"], reach["completed"]) == ("demo", "train", 49, True)
    assert reach["paw_mm"] == content["train"]["paw_mm"]
    assert set(reach["paw_mm"]) == {"mean", "rms", "max"}
    assert "test" not in content
    assert objective == reach["paw_mm"]["mean"]


def test_evaluating_again_gives_the_same_numbers(finished):
    folder, _objective = finished
    evaluation, _ = Agent.load(folder.path).evaluate()
    assert evaluation.as_json() == json.loads(folder.evaluation.read_text())


def test_metrics_hold_evaluations_rewards_and_nothing_that_depends_on_speed(finished):
    folder, _ = finished
    lines = folder.metrics.read_text().splitlines()
    columns = lines[0].split(",")
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "784", "1568"]
    assert {"eval/train_paw_mm", "rollout/paw_mm", "reward/paw", "reward_raw/paw", "rollout/diverged"} <= set(columns)
    assert not any(column.startswith("time/") for column in columns)


def test_same_seed_same_metrics_another_seed_others(finished, tmp_path, configure):
    folder, _ = finished
    run(configure(*QUICK), tmp_path / "same")
    run(configure(*QUICK, "seed=1"), tmp_path / "other")
    assert RunFolder(tmp_path / "same").metrics.read_bytes() == folder.metrics.read_bytes()
    assert RunFolder(tmp_path / "other").metrics.read_bytes() != folder.metrics.read_bytes()


@pytest.mark.slow
def test_the_same_name_goes_on_to_a_larger_total(tmp_path, configure, capsys):
    run(configure(*QUICK), tmp_path / "r", QUICK)
    run(configure(*QUICK), tmp_path / "r")
    assert "The budget of 1568 steps is used up" in capsys.readouterr().out
    larger = (*QUICK, "algo.timesteps=3136")
    run(configure(*larger), tmp_path / "r", ["algo.timesteps=3136"])
    folder = RunFolder(tmp_path / "r")
    assert folder.status().steps == 3136
    assert folder.saved_config().algo.timesteps == 3136
    steps = [line.split(",")[0] for line in folder.metrics.read_text().splitlines()[1:]]
    assert steps == ["0", "784", "1568", "2352", "3136"]


def test_a_contradicting_override_changes_nothing(finished, configure):
    folder, _ = finished
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    with pytest.raises(RunError, match="seed: saved 0, wanted 5"):
        run(configure(*QUICK, "seed=5"), folder.path, ["seed=5"])
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before


def test_a_folder_with_something_else_is_left_alone(tmp_path, configure):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty and holds no run"):
        run(configure(*QUICK), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_model_that_changed_is_refused_and_one_that_was_moved_is_found(tmp_path, configure):
    shipped = resolve("package:torque.xml", "model").parent
    for name in ("torque.xml", "forelimb.xml"):
        (tmp_path / "here").mkdir(exist_ok=True)
        shutil.copy(shipped / name, tmp_path / "here")
    words = (*QUICK, f"model.file={tmp_path / 'here' / 'torque.xml'}", "algo.timesteps=784")
    run(configure(*words), tmp_path / "r", words)
    shutil.move(tmp_path / "here", tmp_path / "there")
    moved = f"model.file={tmp_path / 'there' / 'torque.xml'}"
    run(configure(*QUICK, moved), tmp_path / "r", [moved])
    included = tmp_path / "there" / "forelimb.xml"
    included.write_text(included.read_text().replace("<worldbody>", "<worldbody> "))
    for again in (lambda: Agent.load(tmp_path / "r").evaluate(), lambda: run(configure(*words), tmp_path / "r")):
        with pytest.raises(RunError, match=r"not the one that .* began with. Changed, missing or new: forelimb\.xml\."):
            again()


def test_mistakes_in_the_input_leave_no_folder(tmp_path, configure):
    with pytest.raises(UnknownNameError, match=r"key model\.landmarks\.paw"):
        run(configure(*QUICK, "model.landmarks.paw=site:hand"), tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_a_failure_is_recorded(tmp_path, configure, monkeypatch):
    def fail(*arguments):
        raise OSError("the disk is gone")

    monkeypatch.setattr("mousearm.checkpoint.load_policy", fail)
    with pytest.raises(RunError, match="r cannot be used: the disk is gone"):
        run(configure(*QUICK), tmp_path / "r")
    status = RunFolder(tmp_path / "r").status()
    assert (status.state, status.steps) == ("failed", 1568)
    assert status.reason.startswith(f"RunError: {tmp_path / 'r'} cannot be used: the disk is gone.")


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        signal.SIGTERM,
        *(pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGUSR1, signal.SIGUSR2)),
    ],
)
def test_a_signal_ends_a_run_which_keeps_what_it_learned(tmp_path, configure, capsys, number):
    endless = (*QUICK, "algo.timesteps=100000000")
    before = signal.getsignal(number)
    folder = RunFolder(tmp_path / "r")

    def stop_once_something_is_learned():
        while len(folder.checkpoints()) < 2:
            time.sleep(0.05)
        signal.raise_signal(number)

    threading.Thread(target=stop_once_something_is_learned, daemon=True).start()
    with pytest.raises(Interrupted) as stop:
        run(configure(*endless), folder.path, endless)
    assert stop.value.status == 128 + number
    status = folder.status()
    assert (status.state, status.reason) == ("interrupted", number.name)
    assert f"Interrupted ({number.name}). python run.py resume={folder.path}" in capsys.readouterr().out
    (newest,) = folder.checkpoints()[-1:]
    assert int(newest.name) == status.steps > 0
    assert signal.getsignal(number) is before


def test_a_run_ends_when_its_time_is_over(tmp_path, configure, monkeypatch):
    """On a clock that moves by 10 ms whenever a run asks, which it does at every step."""
    clock = SimpleNamespace(monotonic=partial(next, itertools.count(step=0.01)))
    monkeypatch.setattr("mousearm.training.interruption.time", clock)
    endless = (*QUICK, "algo.timesteps=100000000", "max_minutes=0.05")
    with pytest.raises(Interrupted, match=r"max_minutes=0\.05 are over") as stop:
        run(configure(*endless), tmp_path / "r", endless)
    assert stop.value.status == 124
    folder = RunFolder(tmp_path / "r")
    assert folder.status().state == "interrupted"
    reached = int(folder.checkpoints()[-1].name)
    assert reached > 0
    # It is resumed, for another while.
    with pytest.raises(Interrupted, match=r"max_minutes=0\.04 are over"):
        run(configure(*endless, "max_minutes=0.04"), folder.path, ["max_minutes=0.04"])
    assert int(folder.checkpoints()[-1].name) > reached


def test_other_reaches_are_test_reaches(finished):
    folder, _ = finished
    evaluation, trials = Agent.load(folder.path, kinematics="package:synthetic", which="latest").evaluate()
    assert len(evaluation.reaches) == 32
    assert {reach.split for reach in evaluation.reaches} == {"test"}
    assert all(np.isfinite(trial.qpos).all() for trial in trials)


FITTED = (*QUICK, "model=muscle", "model.fit=animal", "model.forearm_mm=15.0", "algo.timesteps=784")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, configure):
    folder = tmp_path_factory.mktemp("runs") / "fitted"
    run(configure(*FITTED), folder, FITTED)
    return RunFolder(folder)


def test_a_run_keeps_the_lengths_of_its_animal(fitted, configure):
    (demo,) = read_reaches(resolve("package:demo.csv", "kinematics/data"))
    model = fitted.saved_config().model
    assert (model.fit, model.upper_arm_mm, model.forearm_mm) == ("animal", 1e3 * demo.upper_arm_length, 15.0)
    content = json.loads(fitted.evaluation.read_text())
    assert (content["fit"], content["retarget"]) == ("animal", "segments")
    assert (content["upper_arm_mm"], content["forearm_mm"]) == pytest.approx((model.upper_arm_mm, 15.0), rel=1e-9)
    lengths = f"(upper arm {model.upper_arm_mm:.2f}, forearm 15.00 mm)"
    described = assemble(configure(*FITTED)).describe()
    assert f"errors       millimetres of the animal {lengths}" in described.splitlines()


def test_other_reaches_are_performed_by_the_runs_own_arm(fitted):
    evaluation, _ = Agent.load(fitted.path, kinematics="package:synthetic/reach_00.csv").evaluate()
    model = fitted.saved_config().model
    scale = evaluation.scale
    assert (scale.upper_arm_mm, scale.forearm_mm) == pytest.approx((model.upper_arm_mm, 15.0), rel=1e-9)


@pytest.mark.slow
def test_a_fitted_run_goes_on_with_its_lengths(fitted, configure, tmp_path):
    folder = RunFolder(shutil.copytree(fitted.path, tmp_path / "again"))
    model = fitted.saved_config().model
    # The same words again, the group among them, though the run has a length that they leave open.
    more = (*FITTED, "algo.timesteps=1568")
    run(configure(*more), folder.path, more)
    assert folder.status().steps == 1568
    assert folder.saved_config().model == model


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([*FITTED, "model.upper_arm_mm=9"], "model.upper_arm_mm: saved 11.6.*, wanted 9.0"),
        ([*QUICK, "model=muscle", "algo.timesteps=784"], "model.fit: saved animal, wanted none"),
    ],
)
def test_another_size_contradicts_a_fitted_run(fitted, configure, words, text):
    with pytest.raises(RunError, match=text):
        run(configure(*words), fitted.path, words)


def test_several_reaches_are_split_and_the_objective_is_of_the_test_split(tmp_path, configure):
    config = configure(*QUICK, "kinematics=synthetic", "algo.timesteps=784")
    objective = run(config, tmp_path / "r")
    folder = RunFolder(tmp_path / "r")
    split = folder.saved_split()
    assert (len(split.train), len(split.test)) == (26, 6)
    content = json.loads(folder.evaluation.read_text())
    assert objective == content["test"]["paw_mm"]["mean"]
    assert content["generalisation_gap"]["paw"] == objective / content["train"]["paw_mm"]["mean"]
    assert {kind["by"] for kind in content["kinds"]} == {"distance", "peak speed", "direction"}
    # The best, the middle and the worst reach, and all of them together.
    assert len(list(folder.figures.glob("*.png"))) == 4
    assert (folder.figures / "generalisation.png").is_file()


@pytest.mark.slow
def test_a_few_reaches_are_evaluated_while_training_and_all_at_the_end(tmp_path, configure):
    config = configure(*QUICK, "kinematics=synthetic", "algo.eval_reaches=2", "algo.timesteps=784")
    experiment = assemble(config)
    everything = experiment.setup.split
    assert experiment.monitor.task.references.names == sorted(name for s in everything.sample(2).values() for name in s)
    assert experiment.evaluator.task.references.names == sorted(everything.train + everything.test)
    folder = RunFolder(tmp_path / "r")
    result = run(config, folder.path)
    assert len(json.loads(folder.evaluation.read_text())["reaches"]) == 32
    with folder.metrics.open(newline="") as file:
        logged = [float(row["eval/test_paw_mm"]) for row in csv.DictReader(file) if row["eval/test_paw_mm"]]
    # Two of the six test reaches are logged: not the mean of all of them, which is the run's result.
    assert len(logged) == 2
    assert result not in logged


def test_few_or_many_reaches_are_evaluated_by_one_evaluator_where_that_is_all(configure):
    experiment = assemble(configure(*QUICK, "kinematics=synthetic"))
    assert experiment.monitor is experiment.evaluator


@pytest.mark.slow
def test_the_test_split_has_no_say_in_which_network_is_kept(tmp_path, configure):
    config = configure(*QUICK, "kinematics=synthetic", "algo.eval_freq=400")
    run(config, tmp_path / "r")
    folder = RunFolder(tmp_path / "r")
    with folder.metrics.open(newline="") as file:
        train = [float(row["eval/train_paw_mm"]) for row in csv.DictReader(file) if row["eval/train_paw_mm"]]
    assert len(train) >= 3
    assert json.loads((folder.best / "state.json").read_text())["best_mm"] == min(train)
    assert json.loads(folder.evaluation.read_text())["train"]["paw_mm"]["mean"] == pytest.approx(min(train))


@pytest.mark.slow
def test_only_so_many_reaches_are_trained_on(tmp_path, configure):
    config = configure(*QUICK, "kinematics=synthetic", "kinematics.train_reaches=4", "algo.timesteps=784")
    run(config, tmp_path / "r")
    folder = RunFolder(tmp_path / "r")
    assert (len(folder.saved_split().train), len(folder.saved_split().test)) == (4, 6)
    assert len(json.loads(folder.evaluation.read_text())["reaches"]) == 10
    again, _ = Agent.load(folder.path).evaluate()
    assert again.as_json() == json.loads(folder.evaluation.read_text())


@pytest.fixture
def mice(tmp_path):
    """Two mice with two sessions of two reaches each."""
    reaches = read_reaches(resolve("package:synthetic", "kinematics/data"))
    names = [f"m{a}/s{s}/r{r}" for a in range(2) for s in range(2) for r in range(2)]
    for name, reach in zip(names, reaches, strict=False):
        file = tmp_path / "mice" / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_csv(reach, file)
    return tmp_path / "mice"


def test_a_session_lies_on_one_side(mice, configure):
    experiment = assemble(configure(*QUICK, f"kinematics.path={mice}", "kinematics.split_by=session"))
    train, test = ({name.rsplit("/", 1)[0] for name in side} for side in experiment.setup.split.splits.values())
    assert train.isdisjoint(test)
    assert (len(experiment.setup.split.train), len(experiment.setup.split.test)) == (6, 2)
    assert "6 to train on, 2 to test with, split by session" in experiment.describe()
    assert set(experiment.env.task.references.names) == set(experiment.setup.split.train)


@pytest.mark.slow
def test_a_run_keeps_its_split_whatever_is_added_and_refuses_what_changed(mice, configure, capsys, tmp_path):
    words = (*QUICK, f"kinematics.path={mice}", "algo.timesteps=784")
    run(configure(*words), tmp_path / "r", words)
    folder = RunFolder(tmp_path / "r")
    split = folder.saved_split()
    before = Agent.load(folder.path).evaluate()[0].as_json()
    new = mice / "a_new_one.csv"
    shutil.copy(mice / f"{split.test[0]}.csv", new)
    assert Agent.load(folder.path).evaluate()[0].as_json() == before
    more = (*QUICK, f"kinematics.path={mice}", "algo.timesteps=1568")
    capsys.readouterr()
    run(configure(*more), folder.path, more)
    assert folder.saved_split() == split
    assert f"left out     1 of the files\n             {new}: is not in the run's split." in capsys.readouterr().out
    changed = mice / f"{split.train[0]}.csv"
    changed.write_bytes(changed.read_bytes() + b"\n")
    untouched = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    for again in (lambda: Agent.load(folder.path).evaluate(), lambda: run(configure(*more), folder.path, more)):
        with pytest.raises(KinematicsError, match=re.escape(f"{changed}: has changed since the split was made")):
            again()
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == untouched
    # Other reaches can be evaluated on still.
    assert len(Agent.load(folder.path, kinematics=str(new)).evaluate()[0].reaches) == 1


def test_what_is_skipped_is_listed_and_not_in_the_split(mice, configure):
    (mice / "notes.csv").write_text("hello\nworld\n")
    experiment = assemble(configure(*QUICK, f"kinematics.path={mice}", "kinematics.on_bad=skip"))
    assert len(experiment.setup.split.train) + len(experiment.setup.split.test) == 8
    described = experiment.describe().splitlines()
    first = described.index("left out     1 of the files")
    assert described[first + 1].startswith(f"             {mice / 'notes.csv'}, row 1: the header has no column")
    # A file that is no reach moves none of the others.
    (mice / "notes.csv").unlink()
    assert assemble(configure(*QUICK, f"kinematics.path={mice}")).setup.split == experiment.setup.split


def test_hard_reaches_are_sampled_where_that_is_asked_for(mice, configure):
    words = (*QUICK, f"kinematics.path={mice}")
    hard = assemble(configure(*words, "env.sampling=hard")).env
    hard.reset()
    for _ in range(70):  # every reach is shorter
        hard.step(np.zeros((hard.num_envs, hard.task.arm.nu)))
    assert np.ptp(hard.starts.probabilities) > 0
    assert assemble(configure(*words)).env.starts.state() is None


def good_enough(steps, share, evaluation):
    """End a run that has learned its reach to less than a millimetre."""
    if evaluation.objective < 1.0:
        raise Pruned(f"{evaluation.objective} mm after {steps} steps")


RECORDED = pytest.param(
    (f"kinematics.path={SHARED / 'reachset4_reach1.csv'}",),
    marks=pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded reaches are not there"),
)


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), RECORDED], ids=["shipped", "recorded"])
def test_the_default_run_learns_a_reach_to_less_than_a_millimetre(tmp_path, configure, words):
    with pytest.raises(Pruned):
        run(configure(*words, "video=false"), tmp_path / "r", pruner=good_enough)


@pytest.mark.slow
def test_the_muscle_arm_learns_without_a_diverged_simulation(tmp_path, configure):
    config = configure("model=muscle", "video=false", "algo.timesteps=40000")
    objective = run(config, tmp_path / "r")
    lines = RunFolder(tmp_path / "r").metrics.read_text().splitlines()
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    assert objective < 0.7 * float(rows[0]["eval/train_paw_mm"])
    assert float(rows[-1]["rollout/diverged"]) == 0


# Three rounds of imitation by 8 simulations.
IMITATION = (
    "pretrain=cmc",
    "pretrain.num_envs=8",
    "pretrain.rounds=3",
    "pretrain.n_epochs=1",
    "pretrain.batch_size=98",
    "pretrain.batch_size_after=784",
)


@pytest.mark.slow
def test_a_warm_start_comes_before_the_budget(tmp_path, configure):
    words = (*QUICK, *IMITATION, "algo.timesteps=784")
    run(configure(*words), tmp_path / "r", words)
    folder = RunFolder(tmp_path / "r")
    with folder.metrics.open(newline="") as file:
        rows = list(csv.DictReader(file))
    # 8 simulations, 49 steps each: 392 a round; then a rollout of 98 steps each.
    assert [row["steps"] for row in rows if row["pretrain/loss"]] == ["392", "784", "1176"]
    assert rows[-1]["steps"] == folder.checkpoints()[-1].name == "1960"
    # What was learned already is not learned again.
    assert "warm_start" not in checkpoint.load_state(folder.checkpoints()[-1]).states
    assert folder.budget_used() == 784
    # In runs of older versions the budget counts it.
    older = (*QUICK, *IMITATION, "pretrain.in_timesteps=true")
    run(configure(*older), tmp_path / "older", older)
    assert RunFolder(tmp_path / "older").metrics.read_bytes() == folder.metrics.read_bytes()
    assert RunFolder(tmp_path / "older").budget_used() == 1960


@pytest.mark.slow
def test_imitation_alone_goes_on_by_reward_as_if_that_had_been_the_budget(tmp_path, configure, capsys):
    words = (*QUICK, *IMITATION, "algo.timesteps=0")
    run(configure(*words), tmp_path / "alone", words)
    alone, both = RunFolder(tmp_path / "alone"), RunFolder(tmp_path / "both")
    assert (alone.status().state, alone.status().steps, alone.budget_used()) == ("finished", 1176, 0)
    said = capsys.readouterr().out
    assert "warm start   1176 steps of imitation in 3 rounds, teacher cmc" in said
    assert "by reward    0 of 0 steps done" in said
    assert "It learned by imitation alone" in said
    longer = (*QUICK, *IMITATION, "algo.timesteps=784")
    run(configure(*longer), alone.path, longer)
    run(configure(*longer), both.path, longer)
    weights = [(folder.checkpoint(1960) / "policy.safetensors").read_bytes() for folder in (alone, both)]
    assert weights[0] == weights[1]
    with pytest.raises(RunError, match="has done 784 steps already"):
        run(configure(*longer, "algo.timesteps=700"), both.path, ["algo.timesteps=700"])


def test_advice_for_a_network_that_cannot_know_its_reach(configure):
    words = ("debug=quick", "kinematics=synthetic")
    said = " ".join(assemble(configure(*words)).describe().split())
    assert "cannot know which of the 32 reaches it performs" in said
    assert "Train it with experiment=any_reach" in said
    for others in ("experiment=any_reach", "env.path_steps=1", "kinematics=demo"):
        assert "cannot know" not in assemble(configure(*words, others)).describe()


def test_a_run_says_what_is_compared_with_the_teacher(configure):
    words = ("debug=quick", "pretrain=cmc", "pretrain.loss=amplitude")
    for model, compared in (("torque", "actions"), ("muscle", "amplitudes")):  # motors have no sigmoid
        said = " ".join(assemble(configure(*words, f"model={model}")).describe().split())
        assert f"teacher cmc, {compared} compared" in said


def test_advice_for_senses_that_an_arm_lacks(configure):
    words = ("debug=quick", "env=proprioceptive")
    said = " ".join(assemble(configure(*words)).describe().split())
    assert "no muscles, so spindle_ia, spindle_ii, tendon_organ show the network nothing. Give model=muscle." in said
    assert "no muscles" not in assemble(configure(*words, "model=muscle")).describe()


@pytest.mark.parametrize(
    ("best", "error", "says"),
    [
        (1568, 3.7, "still falling"),  # 4 mm x 0.95 = 3.8
        (1568, 3.9, None),
        (784, 4.0, None),
        (0, 5.0, "No network was better than the first one"),
    ],
)
def test_a_budget_that_is_too_short_is_said_beside_the_result(tmp_path, configure, best, error, says):
    experiment, folder = assemble(configure(*QUICK)), RunFolder(tmp_path / "r")
    folder.best.mkdir(parents=True)
    (folder.best / "state.json").write_text(json.dumps({"steps": best, "best_mm": error}))
    folder.metrics.write_text("steps,eval/train_paw_mm\n0,5\n784,4\n")
    experiment.algo.num_timesteps = 1568
    said = list(experiment._cautions(folder))
    assert any("errors of what the network was trained on" in text for text in said)
    assert any("One seed" in text for text in said)
    assert [text for text in said[2:] if "cannot know" not in text] == [text for text in said if says and says in text]
    # One evaluation before the last says nothing of how the error falls.
    folder.metrics.write_text("steps,eval/train_paw_mm\n0,5\n")
    assert any("still falling" in text for text in experiment._cautions(folder)) == (best == 1568)
    # A job of a sweep is one of several.
    (tmp_path / "multirun.yaml").write_text("")
    assert not any("One seed" in text for text in experiment._cautions(folder))


def test_a_warm_start_is_evaluated_as_it_goes_and_what_it_saves_can_go_on(tmp_path, configure):
    words = (*QUICK, *IMITATION, "algo.eval_freq=500", "algo.timesteps=784")
    run(configure(*words), tmp_path, words)
    folder = RunFolder(tmp_path)
    with folder.timing.open(newline="") as file:
        seconds = {
            row["steps"]: float(row["time/training_s"]) for row in csv.DictReader(file) if row["time/training_s"]
        }
    # Rounds end at 392, 784 and 1176 steps: the first is always evaluated, then the first after each 500 steps.
    assert list(seconds) == ["392", "784", "1176", "1960"]
    assert sorted(seconds.values()) == list(seconds.values())
    experiment = assemble(folder.saved_config())
    state = checkpoint.load_state(folder.checkpoints()[0])
    assert state.steps == 784
    assert state.states["warm_start"]["rounds_done"] == 2
    state.restore(experiment.algo.policy, {"algo": experiment.algo})
    assert experiment.algo.policy.log_std.tolist() == pytest.approx(
        [experiment.setup.config.pretrain.log_std_after] * experiment.env.task.arm.nu
    )


def test_a_run_does_not_change_what_its_budget_counts(configure, tmp_path):
    words = ("debug=quick", "video=false", "policy.lstm_hidden_size=8")
    for counted, against in (("false", "true"), ("true", "false")):
        config = configure(*words, f"pretrain.in_timesteps={counted}")
        (tmp_path / counted).mkdir()
        RunFolder(tmp_path / counted).create(config, [], Split([], ["demo"], {}), {})
        override = f"pretrain.in_timesteps={against}"
        with pytest.raises(RunError, match=r"pretrain\.in_timesteps"):
            run(configure(*words, override), tmp_path / counted, [override])
