import json
import re

import pytest
import yaml

from mousearm.share.contents import gather


@pytest.fixture
def card(trained):
    return gather(trained, "jane/mouse-reacher", licence="cc-by-4.0").files["README.md"].decode()


def test_the_head_is_what_the_hub_sorts_by(card):
    head = yaml.safe_load(card.split("---\n")[1])
    assert (head["license"], head["library_name"], head["pipeline_tag"]) == (
        *("cc-by-4.0", "mousearm", "reinforcement-learning"),
    )
    assert {"mouse", "lstm", "mujoco"} <= set(head["tags"])
    (result,) = head["model-index"]
    metrics = {metric["name"]: metric["value"] for part in result["results"] for metric in part["metrics"]}
    of = [f"{point} error (mm), {side}" for point in ("paw", "elbow") for side in ("train", "test")]
    assert set(metrics) == {f"mean {what}" for what in of}


def test_the_table_has_the_numbers_of_evaluation_json(card, trained):
    evaluation = json.loads((trained / "evaluation.json").read_text())
    lines = [line for line in card.splitlines() if re.match(r"\| (mouse_1|all)", line)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    stated = {(name, side): [float(cell) for cell in cells[:6]] for name, side, *cells in rows}
    expected = {(reach["name"], reach["split"]): reach for reach in evaluation["reaches"]}
    expected |= {("all", side): evaluation[side] for side in ("train", "test")}
    assert set(stated) == set(expected)
    for key, numbers in stated.items():
        for point, own in (("paw_mm", numbers[:3]), ("elbow_mm", numbers[3:])):
            assert own == pytest.approx([expected[key][point][name] for name in ("mean", "rms", "max")], abs=5e-4)


def test_it_says_what_it_is_and_whom_to_cite(card, trained):
    origin = json.loads((trained / "origin.json").read_text())
    for text in (
        "# mouse-reacher",
        f"model/torque.xml in this repository, SHA-256 {origin['model']['torque.xml']}",
        "not shared: 1 to train on, 1 to test with, split by file, seed 42",
        "python scripts/reproduce.py jane/mouse-reacher --kinematics PATH",
        "The reaches are not shared",
        "Gilmer et al. (2025). Journal of Neurophysiology 133(4):1266-1278.",
        "Licence: cc-by-4.0",
        "![A reach: paths, errors, controls](figures/mouse_1/",
    ):
        assert text in card
    facts = dict(re.findall(r"\| (\S.*?) +\| (\S.*?) +\|", card))
    assert facts["sees"] == "qpos, qvel, path; 2 frames ahead"  # motors have no activation
    assert facts["reward"] == "0.5 elbow + 0.5 paw + 0.05 action"
    for text in ("<video", "replay.mp4"):  # the run was not filmed
        assert text not in card


def test_pictures_that_are_not_shared_are_not_shown(trained):
    shared = gather(trained, "jane/agent", pictures=False, kinematics=True)
    card = shared.files["README.md"].decode()
    assert "figures/" not in card
    assert "python scripts/reproduce.py jane/agent\n" in card
