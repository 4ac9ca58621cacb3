"""Computed muscle control evaluated as learned controllers are."""

import json

import pytest

from mousearm.experiment import evaluate_controller


def test_reaches_are_split_as_in_a_run(configure):
    evaluation, trials = evaluate_controller("cmc", configure("kinematics=synthetic"))
    assert len(trials) == 32
    assert {reach.split for reach in evaluation.reaches} == {"train", "test"}
    assert all(reach.completed for reach in evaluation.reaches)
    assert evaluation.objective < 0.05


def test_other_reaches_are_all_for_testing(configure):
    evaluation, _ = evaluate_controller("cmc", configure(), kinematics="package:synthetic/reach_00.csv")
    assert list(evaluation.splits) == ["test"]


def test_it_is_drawn_where_that_is_asked_for(configure, tmp_path):
    evaluate_controller("cmc", configure("video=false"), folder=tmp_path)
    assert [path.name for path in sorted((tmp_path / "figures").iterdir())] == ["demo.pdf", "demo.png"]


def test_the_script_prints_and_writes_the_same_errors(run_script, tmp_path):
    file = tmp_path / "cmc.json"
    printed = run_script("evaluate", "--controller", "cmc", "model=muscle", "threads=1", "--json", file)
    assert printed.status == 0
    (reach,) = json.loads(file.read_text())["reaches"]
    assert reach["paw_mm"]["mean"] < 0.4
    assert ["demo", "train", f"{reach['paw_mm']['mean']:.3f}"] in [row.split()[:3] for row in printed.out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give one run folder, which holds its figures"),
        (["package:example_torque", "condition=load"], "A run under conditions: scripts/whatif.py RUN condition=NAME"),
        (["one", "two"], "give one run folder"),
        (["one", "--figures", "somewhere"], "give one run folder"),
        (["--controller", "cmc", "--checkpoint", "best"], "--controller cmc has no checkpoints"),
    ],
)
def test_what_does_not_go_together_is_refused(run_script, arguments, message):
    refused = run_script("evaluate", *arguments)
    assert refused.status == 2
    assert message in refused.err


def test_a_misspelt_key_is_explained(run_script):
    refused = run_script("evaluate", "--controller", "cmc", "model.fil=arm.xml")
    assert refused.err.startswith("error: There is no configuration key in model named 'fil'. Did you mean 'file'?")
