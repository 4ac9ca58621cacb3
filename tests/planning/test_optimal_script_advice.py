"""What ``scripts/optimal.py`` refuses, before it computes anything; and that doing what it says works, or says more."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from mousearm.config import compose
from mousearm.errors import ConfigError, KinematicsError, OutputError, RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Errors, ErrorScale, PawMovement, ReachResult
from mousearm.paths import resolve
from mousearm.planning import commands
from mousearm.planning.point import plan_to_point
from mousearm.record.opensim import write_states
from mousearm.report.front import check_front

SCALE = ErrorScale("torque", "segments", "none", 11.6, 17.0)
MM = Errors(0.1, 0.2, 0.3)


@pytest.fixture
def call(run_script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: run_script("optimal", *words)


@pytest.fixture
def two(tmp_path):
    """A folder of two reaches."""
    (folder := tmp_path / "two").mkdir()
    for name in ("reach_02", "reach_12"):
        shutil.copy(resolve(f"package:synthetic/{name}.csv", "kinematics/data"), folder)
    return folder


@pytest.fixture
def unsolved(monkeypatch):
    """Nothing is computed: what comes after a refusal is called with its arguments."""
    called = []
    monkeypatch.setattr(commands, "_written", lambda out, overwrite, kind, solve: called.append(kind) or "")
    return called


def test_a_file_of_states_holds_one_reach(call, two, unsolved):
    refused = call(two, "--out", "all.sto")
    says = "Give one file, or take all of them as a folder of tables: --format sto --out FOLDER."
    assert (refused.status, says in refused.err) == (1, True)
    assert call(two / "reach_02.csv", "--out", "one.sto").status == 0
    assert call(two, "--out", "all", "--format", "sto").status == 0
    assert unsolved == ["states", "sto"]


@pytest.mark.slow
def test_a_recording_of_several_reaches_is_no_file_of_states(recorded, tmp_path):
    recording = recorded(n=2)
    with pytest.raises(OutputError, match=r"Name one, such as with --kinematics FILE.csv, or take all of them as a"):
        write_states(recording.reaches, recording.about, tmp_path / "two.sto")
    write_states(recording.reaches[:1], recording.about, tmp_path / "one.sto")
    assert "endheader" in (tmp_path / "one.sto").read_text().splitlines()


@pytest.mark.parametrize("name", ["front.h5", "front"])
def test_a_trade_off_is_a_figure(call, name):
    assert "for --efforts: change the name, or leave --efforts out." in call("--efforts", "1", "--out", name).err
    assert "leave it, or --efforts, out" in call("--efforts", "1", "--format", "nwb", "--out", "front.png").err


@pytest.mark.parametrize("efforts", ["", "a", "nan", "1,,2", "inf"])
def test_efforts_are_numbers(efforts):
    with pytest.raises(ConfigError, match=r"is no list of numbers. Write them with commas: "):
        commands.parsed_efforts(efforts)
    assert commands.parsed_efforts("1,1e-3,1") == [1e-3, 1]


@pytest.mark.parametrize("efforts", ["0", "-1,2"])
def test_efforts_cost_something(efforts):
    with pytest.raises(ConfigError, match=r"above 0"):
        commands.parsed_efforts(efforts)


def test_a_point_has_three_numbers_in_metres():
    with pytest.raises(ConfigError, match=r"Give three: x forward, y up, z to the right, in metres from the shoulder."):
        commands.parsed_point("1,2")
    with pytest.raises(ConfigError, match=r"is metres away. Give metres: 12 mm are 0.012."):
        commands.parsed_point("12,3,4")
    with pytest.raises(ConfigError):
        commands.parsed_point("nan,0,0")
    assert commands.parsed_point("0.012,-0.006,4e-3") == (0.012, -0.006, 0.004)


@pytest.mark.parametrize("duration", [0, -1, 1e9, float("nan"), 0.001])
def test_a_duration_can_be_simulated(duration, configure):
    with pytest.raises(ConfigError, match=r"out of range: 0.0133 to 10 s"):
        commands.checked_duration(duration, configure())
    assert commands.checked_duration(0.3, configure()) == 0.3


def test_the_nearest_point_of_a_target_out_of_reach_is_within_reach():
    config = compose([])
    says = "Take the nearest, --target="
    with pytest.raises(KinematicsError) as refused:
        plan_to_point(config, False, (0.1, -0.004, 0.003), 0.2)
    text = str(refused.value)
    assert says in text
    nearest, begin = (text.partition(before)[2].split()[0].strip(",") for before in (says, "where the paw begins, "))
    for target in (nearest, begin):
        plan = plan_to_point(config, False, commands.parsed_point(target), 0.2)
        assert plan.setup.references[0].paw[-1] == pytest.approx(plan.target, abs=1e-4)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("a.csv", "b.csv", "--out", "x.h5"), "one PATH at a time"),
        (("--target=1,2,3", "--out", "x.h5"), "go together"),
        (("--from", "a.csv", "--out", "x.h5"), "go together"),
        (("a.csv", "--target=1,2,3", "--duration", "1", "--out", "x.h5"), "needs no PATH"),
        (("nowhere.csv", "--out", "x.h5"), "nowhere.csv"),
        (("--out", "x.mat"), "ends with none of"),
        (("model.nothing=1", "--out", "x.h5"), "nothing"),
    ],
)
def test_what_cannot_be_is_said_without_a_traceback(call, words, says):
    ended = call(*words)
    assert ended.status in (1, 2)
    assert says in ended.err
    assert "Traceback" not in ended.err


def test_nothing_is_computed_for_a_file_that_cannot_be_written(call, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "solve_setup", lambda setup: pytest.fail("it was solved"))
    monkeypatch.setattr(commands, "effort_front", lambda *_: pytest.fail("it was solved"))
    (tmp_path / "there.h5").write_text("precious")
    (tmp_path / "front.csv").write_text("precious")
    words = "--efforts", "1", "--out", "front.png"
    assert "exists already. Give --overwrite to replace it, or another name." in call(*words).err
    assert (tmp_path / "there.h5").read_text() == (tmp_path / "front.csv").read_text() == "precious"
    monkeypatch.setattr(commands, "effort_front", lambda *_: [])
    monkeypatch.setattr(commands, "write_front", lambda points, out, figure: [figure.touch() or figure])
    monkeypatch.setattr(commands, "front_text", str)
    for more in (("--overwrite",), ("--out", "other.png")):
        assert call(*words, *more).status == 0


def test_runs_of_a_front_have_the_same_reaches():
    result = ReachResult("a", "train", 3, True, MM, MM, 0.1, PawMovement(9.0, 0.2, "up"))
    one = Evaluation(SCALE, [result], {"train": {"paw_mm": MM, "elbow_mm": MM}})
    other = replace(one, reaches=[replace(result, name="b")])

    def front(*evaluations):
        runs = [SimpleNamespace(name=str(i), evaluation=one) for i, one in enumerate(evaluations)]
        check_front(SimpleNamespace(split="train", runs=runs))

    with pytest.raises(RunError) as refused:
        front(one, other)
    assert "so they are no front. Compare those that share both." in str(refused.value)
    front(one, one)
