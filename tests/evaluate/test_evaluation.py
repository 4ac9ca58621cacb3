import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.evaluate.results import Errors, ErrorScale, PawMovement, ReachResult
from mousearm.trajectory import ELBOW, FOLLOWED, PAW, Trial

SCALE = ErrorScale("torque", "segments", "none", 11.634, 17.0)
STILL = PawMovement(0.0, 0.0, "up")
SOME = Errors(0.1, 0.2, 0.3)


def trials(paw_mm, elbow_mm, lived=None, splits=("train", "test")):
    """Trials whose landmarks are off by given millimetres along x; two actuators, effort 0.1, 0.3, control 1, -2."""
    made = []
    for i, (paw, elbow) in enumerate(zip(paw_mm, elbow_mm, strict=True)):
        n = len(paw) if lived is None else lived[i]
        landmarks = np.zeros((n, 3, 3))
        landmarks[:, ELBOW, 0], landmarks[:, PAW, 0] = np.array(elbow[:n]) / 1e3, np.array(paw[:n]) / 1e3
        effort = np.tile([0.1, 0.3], (n, 1))
        effort[0] = 0
        ctrl = np.tile([1.0, -2.0], (n, 1))
        ctrl[0] = 0
        targets = np.zeros((len(paw), 3, 3))
        known = {"name": f"reach_{i}", "split": splits[i], "diverged": n < len(paw)}
        made.append(Trial(**known, dt=0.01, landmarks=landmarks, targets=targets, effort=effort, ctrl=ctrl))
    return made


@pytest.fixture
def two():
    """Reach 0 of 4 frames to train on, reach 1 of 3 frames to test with."""
    return trials([[9, 1, 2, 3], [9, 4, 8]], [[9, 0, 0, 3], [9, 2, 2]])


@pytest.fixture
def evaluation(two):
    return evaluate_trials(two, SCALE)


def test_errors_by_hand():
    # (3 + 4) / 2; sqrt((9 + 16) / 2); 4
    errors = Errors.of(np.array([3.0, 4.0]))
    assert (errors.mean, errors.rms, errors.max) == pytest.approx((3.5, np.sqrt(12.5), 4.0))


@pytest.mark.parametrize("seed", range(3))
def test_mean_rms_and_max_are_in_order(seed):
    errors = Errors.of(np.random.default_rng(seed).exponential(size=50))
    assert 0 < errors.mean < errors.rms < errors.max


def test_reaches_by_hand(evaluation):
    first, second = evaluation.reaches
    # The first frame does not count: 1, 2, 3 and 4, 8; rms sqrt(14 / 3) and sqrt(80 / 2).
    assert (first.name, first.split, first.steps, first.completed) == ("reach_0", "train", 3, True)
    assert (second.name, second.split, second.steps, second.completed) == ("reach_1", "test", 2, True)
    assert (first.paw_mm.mean, first.paw_mm.rms, first.paw_mm.max) == pytest.approx((2, np.sqrt(14 / 3), 3))
    assert (second.paw_mm.mean, second.paw_mm.rms, second.paw_mm.max) == pytest.approx((6, np.sqrt(40), 8))
    assert (first.elbow_mm.mean, second.elbow_mm.mean) == pytest.approx((1, 2))
    assert (first.effort, second.effort) == pytest.approx((0.2, 0.2))  # frame 0, before any control, does not count
    assert (first.excitation, second.excitation) == pytest.approx((2.5, 2.5))  # (1 + 4) / 2


def test_splits_are_over_all_steps_of_their_reaches():
    paw = [[0, 1, 1, 1], [0, 5], [0, 2, 2]]
    splits = evaluate_trials(trials(paw, paw, splits=("train", "train", "test")), SCALE).splits
    # Four steps: 1, 1, 1 and 5; not the mean of the reaches' means, which is 3.
    assert splits["train"]["paw_mm"].mean == pytest.approx(2)
    assert splits["train"]["elbow_mm"].max == pytest.approx(5)
    assert splits["test"]["paw_mm"].mean == pytest.approx(2)


def test_objective_is_the_test_splits_paw(evaluation):
    assert evaluation.objective == pytest.approx(6)


def test_networks_are_chosen_by_the_train_split(evaluation):
    assert evaluation.train_objective == pytest.approx(2)


def test_objective_is_the_train_splits_where_nothing_is_kept_to_test(two):
    both = evaluate_trials([replace(trial, split="train") for trial in two], SCALE)
    assert set(both.splits) == {"train"}
    assert both.objective == pytest.approx((1 + 2 + 3 + 4 + 8) / 5)


def test_json_has_the_keys_of_the_contract(evaluation):
    content = json.loads(json.dumps(evaluation.as_json()))
    whose = ["model", "retarget", "fit", "upper_arm_mm", "forearm_mm"]
    assert list(content) == [*whose, "reaches", "train", "test", "generalisation_gap"]
    assert [content[key] for key in whose] == ["torque", "segments", "none", 11.634, 17.0]
    keys = {"name", "split", "steps", "completed", "paw_mm", "elbow_mm", "effort", "movement", "excitation"}
    for reach in content["reaches"]:
        assert set(reach) == keys
        assert set(reach["paw_mm"]) == set(reach["elbow_mm"]) == {"mean", "rms", "max"}
        assert set(reach["movement"]) == {"distance_mm", "peak_speed_m_s", "direction"}
    for split in ("train", "test"):
        assert set(content[split]) == {"paw_mm", "elbow_mm"}
        assert set(content[split]["paw_mm"]) == {"mean", "rms", "max"}
    assert content["reaches"][0]["completed"] is True
    assert content["test"]["paw_mm"]["mean"] == pytest.approx(6)


def test_repeats_are_one_result_and_how_far_its_mean_is_known(two, tmp_path):
    """The paw's means: 1, 2, 3 and 4, 8 mm, then 3, 4, 5 and 0, 0 mm."""
    other = trials([[9, 3, 4, 5], [9, 0, 0]], [[9, 0, 0, 3], [9, 2, 2]])
    repeated = evaluate_trials([*two, *other], SCALE)
    one, two_ = repeated.reaches
    assert (one.paw_mm.mean, one.paw_mm.max, two_.paw_mm.mean) == (3, 5, 3)  # (2 + 4) / 2; (6 + 0) / 2
    assert (one.repeats.n, one.repeats.paw_mm.low, one.repeats.paw_mm.high) == (2, 2, 4)  # of so few, their range
    assert (two_.repeats.paw_mm.low, two_.repeats.paw_mm.half) == (0, 3)
    assert one.repeats.elbow_mm.half == 0
    assert repeated.repeats["test"] == two_.repeats
    assert "±" in repeated.table()
    assert "over 2 repeats" in repeated.table()
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(repeated.as_json()))
    assert Evaluation.load(file) == repeated
    # Of 20 repeats it is the interval of the mean: nearly that of Student's t, 2.093 s.d. / sqrt(20).
    means = np.random.default_rng(0).normal(2, 0.5, 20)
    many = evaluate_trials([trials([np.full(9, mean)], [np.zeros(9)])[0] for mean in means], SCALE)
    assert many.repeats["train"].paw_mm.half == pytest.approx(2.093 * means.std(ddof=1) / np.sqrt(20), rel=0.08)


def test_a_diverged_reach_is_marked():
    diverged = evaluate_trials(trials([[0, 1, 2, 2]], [[0, 1, 2, 2]], lived=[3]), SCALE)
    assert diverged.reaches[0].completed is False
    assert json.loads(json.dumps(diverged.as_json()))["reaches"][0]["completed"] is False
    assert "diverged" in diverged.table()


@pytest.mark.parametrize("lived", [1, 2])
def test_diverging_is_not_a_way_to_a_small_error(lived):
    """An arm lost after its start is not better than one that follows to the end and is 1 mm off all the way.

    The target runs away by 1 mm a frame from an arm that no longer moves: 0, 1, 2, ... 9 mm.
    """
    still = trials([np.zeros(10)], [np.zeros(10)], lived=[lived])[0]
    still.targets[:, FOLLOWED, 0] = 1e-3 * np.maximum(np.arange(10) - (lived - 1), 0)[:, None]
    lost = evaluate_trials([still], SCALE)
    kept = evaluate_trials(trials([np.ones(10)], [np.ones(10)]), SCALE)
    assert lost.objective == pytest.approx(np.maximum(np.arange(1, 10) - (lived - 1), 0).mean())
    assert kept.objective == pytest.approx(1)
    assert lost.objective > kept.objective


def test_table(evaluation):
    *lines, empty, whose, effort = evaluation.table().splitlines()
    assert (empty, whose) == ("", "Errors are millimetres of the model (upper arm 11.63, forearm 17.00 mm).")
    assert effort.startswith("u^2 is ")
    assert lines[0].split()[:2] == ["reach", "split"]
    assert len({len(line) for line in lines[:-1]}) == 1  # columns stand below each other
    assert lines[2].split() == ["reach_0", "train", "2.000", "2.160", "3.000", "1.000", "1.732", "3.000", "2.5000"]
    assert lines[3].split()[:3] == ["reach_1", "test", "6.000"]
    assert [line.split()[:2] for line in lines[-3:-1]] == [["all", "train"], ["all", "test"]]
    assert lines[-1].split() == ["test", "/", "train", "3.00", "2.00"]
    # The ratios stand below the means, digit below digit.
    assert [lines[-1].index(ratio) for ratio in ("3.00", "2.00")] == [
        lines[-2].index(mean) for mean in ("6.000", "2.000")
    ]


def test_effort_is_over_all_steps_of_a_split_and_not_said_where_it_is_not_known(evaluation, two, tmp_path):
    two[0].ctrl[1:] = 0  # of 3 steps; of 2 it is 2.5
    both = evaluate_trials([replace(trial, split="train") for trial in two], SCALE)
    assert both.excitation("train") == pytest.approx((3 * 0 + 2 * 2.5) / 5)
    assert both.excitation("test") is None
    older = json.loads(json.dumps(evaluation.as_json()))
    for reach in older["reaches"]:
        del reach["excitation"]  # as versions wrote it that did not measure it
    (tmp_path / "evaluation.json").write_text(json.dumps(older))
    read = Evaluation.load(tmp_path / "evaluation.json")
    assert read.reaches[0].excitation is read.excitation("train") is None
    assert "u^2" not in read.table()


def test_generalisation_gap(evaluation, two):
    # Paw: 6 mm on the test reach, 2 mm on the one that was trained on; elbow: 2 and 1 mm.
    assert evaluation.generalisation_gap == pytest.approx({"paw": 3, "elbow": 2})
    assert evaluation.as_json()["generalisation_gap"] == pytest.approx({"paw": 3, "elbow": 2})
    both = evaluate_trials([replace(trial, split="train") for trial in two], SCALE)
    assert both.generalisation_gap == {}
    assert "generalisation_gap" not in both.as_json()
    assert "test / train" not in both.table()


def test_no_error_on_the_train_split_has_no_gap():
    evaluation = evaluate_trials(trials([[0, 0], [0, 2]], [[0, 1], [0, 2]]), SCALE)
    assert json.loads(json.dumps(evaluation.as_json()))["generalisation_gap"] == {"paw": None, "elbow": 2.0}
    assert "nan" in evaluation.table()


def test_whose_millimetres(configure, torque_arm):
    assert replace(SCALE, fit="animal").text() == "millimetres of the animal (upper arm 11.63, forearm 17.00 mm)"
    scale = ErrorScale.of(configure("kinematics.retarget=uniform"), torque_arm)
    assert (scale.model, scale.retarget, scale.fit) == ("torque", "uniform", "none")
    assert (scale.upper_arm_mm / 1e3, scale.forearm_mm / 1e3) == pytest.approx(torque_arm.segment_lengths())


def many(n):
    """Reaches whose mean paw errors are 0, 1, 2, ... mm, in mixed order."""
    order = np.random.default_rng(0).permutation(n)
    results = [
        ReachResult(
            f"reach_{i:02d}", "train", 3, True, Errors(float(i), float(i), float(i)), Errors(0, 0, 0), 0.0, STILL
        )
        for i in order
    ]
    pooled = Errors.of(np.arange(n, dtype=float))
    return Evaluation(SCALE, results, {"train": {"paw_mm": pooled, "elbow_mm": pooled}})


def test_long_tables_show_the_worst():
    text = many(10).table(longest=3)
    shown = [line.split()[0] for line in text.splitlines() if line.startswith("reach_")]
    assert shown == ["reach_07", "reach_08", "reach_09"]
    assert "(7 reaches with smaller paw errors are not shown)" in text


def test_one_reach_needs_no_sum():
    assert "all" not in many(1).table()


def test_tables_are_of_80_columns_whatever_the_names():
    found = evaluate_trials(trials([[0, 1, 2, 2]] * 6, [[0, 1, 2, 2]] * 6, lived=[3] * 6, splits=["train"] * 6), SCALE)
    named = [replace(reach, name=f"mouse_12/monday_morning/{reach.name}") for reach in found.reaches]
    text = replace(found, reaches=named).table()
    rows = [line for line in text.splitlines() if line.startswith(("…", "reach ", "-", "kind ", "distance "))]
    assert len(rows) == 12
    assert max(map(len, rows)) <= 80
    assert f"{'…day_morning/reach_0':<20}  train " in text


@pytest.mark.parametrize(("n", "errors"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (9, [0, 4, 8])])
def test_representatives_are_the_best_the_middle_and_the_worst(n, errors):
    evaluation = many(n)
    assert [evaluation.reaches[i].paw_mm.mean for i in evaluation.representatives] == errors


def test_representatives_of_equal_reaches_are_different_ones():
    evaluation = many(5)
    same = [replace(reach, paw_mm=Errors(1.0, 1.0, 1.0)) for reach in evaluation.reaches]
    assert len(set(replace(evaluation, reaches=same).representatives)) == 3


@pytest.fixture
def stored():
    reaches = [ReachResult("a", "train", 49, True, SOME, SOME, 0.01, PawMovement(9.0, 0.2, "up"))]
    reaches.append(ReachResult("b", "test", 30, False, SOME, SOME, 0.02, PawMovement(3.0, 0.1, "left")))
    splits = {split: {"paw_mm": SOME, "elbow_mm": SOME} for split in ("train", "test")}
    return Evaluation(SCALE, reaches, splits)


def test_an_evaluation_is_read_back_as_it_was(stored, tmp_path):
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(stored.as_json()))
    assert Evaluation.load(file) == stored


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda content: content.pop("fit"), "it lacks 'fit'"),
        (lambda content: content["reaches"][0].pop("effort"), "it lacks 'effort'"),
        (lambda content: [content.pop(split) for split in ("train", "test")], "it lacks 'train or test'"),
        (lambda content: content["reaches"].clear(), "it lacks 'reaches'"),
        (lambda content: content.update(train=3), "not subscriptable"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(stored, tmp_path, damage, text):
    file = tmp_path / "evaluation.json"
    content = stored.as_json()
    damage(content)
    file.write_text(json.dumps(content))
    with pytest.raises(RunError) as caught:
        Evaluation.load(file)
    assert text in str(caught.value)
    assert f"Make it again: python scripts/evaluate.py {tmp_path} --json {file}" in str(caught.value)


def test_a_file_that_is_missing_is_told_with_what_to_do(tmp_path):
    with pytest.raises(RunError, match=r"There is no .*evaluation\.json\. Make it: python scripts/evaluate\.py"):
        Evaluation.load(tmp_path / "evaluation.json")


@pytest.mark.parametrize("content", ["{", "[]"])
def test_what_is_no_evaluation_at_all(tmp_path, content):
    file = tmp_path / "evaluation.json"
    file.write_text(content)
    with pytest.raises(RunError, match=r"evaluation\.json"):
        Evaluation.load(file)


def test_noise_of_the_targets_stands_beside_the_errors(tmp_path):
    frames = np.full((3, 2, 3), [1e-3, 0, 0])
    # Targets are at 0; the truth may be 0.1 (elbow) and 0.2 mm (paw) before or behind them.
    off = 1e-3 * np.array([[0.1, 0, 0], [0.2, 0, 0]])
    truths = np.stack([np.tile(sign * off, (3, 1, 1)) for sign in (1, -1)])
    known = {"truths": truths, "versions": {"truth": frames}}
    references = {"reach_0": SimpleNamespace(**known), "reach_1": SimpleNamespace(**known)}
    made = trials([[9, 2, 2], [9, 4, 5]], [[9, 2, 2], [9, 3, 3]], splits=("train", "train"))
    evaluation = evaluate_trials(made, SCALE, references)
    noise = evaluation.noise_mm("train")
    assert (noise["floor"].paw, noise["floor"].elbow) == pytest.approx((0.2, 0.1))
    assert (noise["truth"].paw, noise["truth"].elbow) == pytest.approx(((1 + 1 + 3 + 4) / 4, (1 + 1 + 2 + 2) / 4))
    rows = [line.split() for line in evaluation.table().splitlines()]
    assert ["targets", "known", "to", "train", "0.200", "0.100"] in rows
    named = replace(evaluation, reaches=[replace(reach, name=30 * "n") for reach in evaluation.reaches])
    assert max(map(len, named.table().splitlines())) <= 80
    assert ["to", "the", "truth", "train", "2.250", "1.500"] in rows
    (row,) = (row for row in rows if row[:2] == ["expected", "to"])
    assert row[4:6] == [f"{noise['expected'].paw:.3f}", f"±{2 * noise['expected_sd'].paw:.3f}"]
    sds = [reach.noise_mm["expected_sd"].paw for reach in evaluation.reaches]
    # Of a mean of two of the same length, and 0.005 mm that may be common to all.
    assert noise["expected_sd"].paw == pytest.approx(np.hypot(np.hypot(*sds) / 2, 0.005))
    assert evaluation.known_to == " Targets are known to 0.200 mm."
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(evaluation.as_json()))
    assert Evaluation.load(file) == evaluation
    one = {"reach_0": references["reach_0"], "reach_1": SimpleNamespace(truths=None, versions={})}
    assert evaluate_trials(made, SCALE, one).noise_mm("train") == {}
    assert "noise_mm" not in evaluate_trials(made, SCALE).as_json()["reaches"][0]
