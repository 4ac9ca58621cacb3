import json
import time

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.pyplot import imread

from mousearm.benchmark import learning, processor
from mousearm.benchmark.learning import ErrorCurve, draw_curves, learning_curves, limits_table, seconds_to_mm
from mousearm.benchmark.speed import ORIGINAL, in_turn, our_environment, speed_table, stock_environment
from mousearm.plots import BLUE, ORANGE


def test_runs_take_turns_and_the_first_round_does_not_count():
    log = []
    seconds = in_turn({"a": lambda: log.append("a"), "b": lambda: log.append("b")}, rounds=2)
    assert log == ["a", "b"] * 3
    assert list(seconds) == ["a", "b"]
    assert all(value >= 0 for value in seconds.values())


def test_table_by_hand():
    figures = {
        "environment": {"bare_steps_per_s": 8000.0, "ours_steps_per_s": 6000.0, "gym_subproc_steps_per_s": 2000.0},
        "update": {"stock_s": 20.0, "ours_s": 4.0, "max_relative_gradient_difference": 2e-6},
    }
    lines = [line.split() for line in speed_table(figures).splitlines()]
    assert lines == [
        ["environment"],
        ["bare_steps_per_s", "8000", "4.00", "x"],
        ["ours_steps_per_s", "6000", "3.00", "x"],
        ["gym_subproc_steps_per_s", "2000", "1.00", "x"],
        ["update"],
        ["stock_s", "20", "1.00", "x"],
        ["ours_s", "4", "5.00", "x"],
        ["max_relative_gradient_difference", "2e-06"],
    ]


def test_the_original_is_what_its_files_and_the_list_say(configure):
    config = configure(*ORIGINAL)
    algo, policy = config.algo, config.policy
    assert (algo.n_steps, config.env.num_envs, algo.batch_size, algo.n_epochs) == (256, 16, 256, 20)
    assert (policy.lstm_hidden_size, policy.net_arch_pi, policy.net_arch_vf) == (256, [128, 128], [128, 128])
    assert not config.policy.normalize_observation


def test_chosen_sections_are_measured_and_written(run_script, tmp_path, monkeypatch):
    file = tmp_path / "figures.json"
    figures = {"bare_steps_per_s": 2.0, "ours_steps_per_s": 1.5, "gym_subproc_steps_per_s": 1.0}
    monkeypatch.setattr("mousearm.benchmark.speed.environment_speed", lambda model: figures)
    done = run_script("benchmark", "--only", "environment", "--json", file)
    assert json.loads(file.read_text()) == {"environment": figures}
    assert "ours_steps_per_s" in done.out


def test_an_unknown_section_is_named_before_anything_is_measured(run_script):
    refused = run_script("benchmark", "--only", "update,trainig")
    assert refused.status == 1
    assert "no section (--only) named 'trainig'. Did you mean 'training'?" in refused.err


def test_the_command_line_knows_all_trainings(load_script):
    trainings = {"seconds_to_mm": learning.LEARNING_RUNS, "processor_seconds_to_mm": processor.PROCESSOR_RUNS}
    assert {section: tuple(of) for section, of in trainings.items()} == load_script("benchmark").RUNS


# By hand: the error falls below 1 mm at 20 s and below 0.5 mm at 30 s, and rises again.
FALLING = ErrorCurve([10.0, 20.0, 30.0, 40.0], [2.0, 0.9, 0.4, 0.6])
SLOW = ErrorCurve([15.0, 60.0], [3.0, 1.0])
STUCK = ErrorCurve([5.0], [8.0])


def test_seconds_to_an_error_by_hand():
    assert [FALLING.seconds_to(limit) for limit in (1.0, 0.5, 0.2)] == [20.0, 30.0, np.inf]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([FALLING], [20.0, 30.0, None]),
        ([FALLING, SLOW, STUCK], [60.0, None, None]),  # two of three reach 1 mm, one of three 0.5 mm
    ],
)
def test_seconds_are_the_median_over_seeds(runs, expected):
    assert seconds_to_mm({"torque": runs}) == {"torque": dict(zip(["1.0", "0.5", "0.2"], expected, strict=True))}


def test_limits_table_by_hand():
    curves = {"torque": [FALLING, SLOW]}
    lines = limits_table("seconds_to_mm", {"torque": {"1.0": 20.0, "0.5": 30.0, "0.2": None}}, curves).splitlines()
    assert lines[0] == "seconds_to_mm"
    assert lines[1].split() == ["run", "1.0", "mm", "0.5", "mm", "0.2", "mm", "best", "mm", "of", "each", "seed"]
    assert lines[2].split() == ["torque", "20.0", "s", "30.0", "s", "never", "0.400", "1.000"]


def test_curves_are_drawn(tmp_path):
    curves = {"torque": [FALLING, SLOW], "muscle_warm": [STUCK]}
    png, pdf = draw_curves(curves, tmp_path / "curves")
    picture = imread(png)[..., :3]
    for colour in (BLUE, ORANGE):  # motors, muscles with a warm start
        assert np.isclose(picture, to_rgb(colour), atol=0.02).all(axis=-1).sum() > 100
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_a_whole_training_gives_its_curve(monkeypatch):
    # The run of that name, made small enough for a test.
    monkeypatch.setattr(learning, "LEARNING_RUNS", {"torque": ("debug=quick", "env.num_envs=2", "algo.batch_size=196")})
    (curve,) = learning_curves("torque", "package:demo.csv", seeds=1, budget_s=0.0)
    assert len(curve.seconds) == len(curve.paw_mm) >= 2
    assert (np.diff(curve.seconds) > 0).all()
    assert all(0 < error < 100 for error in curve.paw_mm)


def test_a_run_gives_its_processor_seconds_and_ends_when_its_error_is_met(monkeypatch):
    quick = ("debug=quick", "video=false", "threads=1", "policy.lstm_hidden_size=8", "algo.timesteps=1568")
    before = time.process_time()
    seconds, errors = processor.processor_curve((*quick, "algo.eval_freq=784"))
    assert len(seconds) == len(errors) == 3
    assert before < seconds[0] < seconds[1] < seconds[2] < time.process_time()
    assert all(0.3 < error < 100 for error in errors)
    monkeypatch.setattr(processor, "PROCESSOR_LIMITS_MM", (1000.0, 100.0))
    assert processor.processor_curve(quick)[1] == errors[:1]


@pytest.mark.slow
def test_every_run_is_a_process_of_its_own(monkeypatch, run_script, tmp_path):
    quick = ("debug=quick", "policy.lstm_hidden_size=8", "algo.timesteps=784")
    monkeypatch.setattr(processor, "PROCESSOR_RUNS", {**processor.PROCESSOR_RUNS, "torque": quick})
    words = ("--only", "processor_seconds_to_mm", "--runs", "torque", "--json", tmp_path / "a.json")
    done = run_script("benchmark", *words)
    assert done.status == 0
    figures = json.loads((tmp_path / "a.json").read_text())
    assert figures["processor_seconds_to_mm"] == {"torque": {"1.0": None, "0.5": None, "0.3": None}}
    (curve,) = figures["curves of processor_seconds_to_mm"]["torque"]
    assert curve["seconds"] == sorted(curve["seconds"])
    assert done.out.splitlines()[2].split()[:2] == ["torque", "never"]


def test_no_seed_is_refused_before_anything_is_measured(run_script):
    assert "argument --seeds: 0 is too few; at least 1" in run_script("benchmark", "--seeds", "0").err


@pytest.mark.slow
def test_the_stock_stack_is_evaluated_until_its_time_is_over(monkeypatch):
    # Two arms instead of sixteen: each is a process of its own, which imports everything.
    monkeypatch.setattr(
        learning, "LEARNING_RUNS", {"original": (*learning.LEARNING_RUNS["original"], "env.num_envs=2")}
    )
    (curve,) = learning_curves("original", "package:demo.csv", seeds=1, budget_s=5.0)
    assert curve.seconds
    assert all(seconds < 5 for seconds in curve.seconds[:-1])
    assert all(5 < error < 100 for error in curve.paw_mm)


@pytest.mark.slow
def test_stock_environment_is_the_same_task(configure):
    config = configure("env.num_envs=2")
    ours, stock = our_environment(config), stock_environment(config)
    try:
        np.testing.assert_allclose(ours.reset(), stock.reset(), rtol=1e-6, atol=1e-7)
        actions = np.random.default_rng(0).uniform(-0.5, 0.5, (60, 2, ours.task.arm.nu)).astype(np.float32)
        for action in actions:  # longer than the reach, so that episodes end and start anew
            mine, theirs = ours.step(action), stock.step(action)
            for a, b in zip(mine[:3], theirs[:3], strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
            assert [i.get("TimeLimit.truncated", False) for i in mine[3]] == [
                i["TimeLimit.truncated"] for i in theirs[3]
            ]
    finally:
        stock.close()
