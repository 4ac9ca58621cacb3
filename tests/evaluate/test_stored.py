import json

import pytest

from mousearm.errors import RunError
from mousearm.evaluate import Errors, Evaluation, Movement, ReachResult, Yardstick, read_evaluation

ERRORS = Errors(0.1, 0.2, 0.3)


@pytest.fixture
def evaluation():
    reaches = [ReachResult("a", "train", 49, True, ERRORS, ERRORS, 0.01, Movement(9.0, 0.2, "up"))]
    reaches.append(ReachResult("b", "test", 30, False, ERRORS, ERRORS, 0.02, Movement(3.0, 0.1, "left")))
    splits = {split: {"paw_mm": ERRORS, "elbow_mm": ERRORS} for split in ("train", "test")}
    return Evaluation(Yardstick("torque", "segments", "none", 11.5, 17.0), reaches, splits)


def test_an_evaluation_is_read_back_as_it_was(evaluation, tmp_path):
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(evaluation.as_json()))
    assert read_evaluation(file) == evaluation


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
def test_what_is_missing_is_told_with_what_to_do(evaluation, tmp_path, damage, text):
    file = tmp_path / "evaluation.json"
    content = evaluation.as_json()
    damage(content)
    file.write_text(json.dumps(content))
    with pytest.raises(RunError) as caught:
        read_evaluation(file)
    assert text in str(caught.value)
    assert f"Make it anew: python scripts/evaluate.py {tmp_path} --json {file}" in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_what_is_no_evaluation_at_all(tmp_path, content):
    file = tmp_path / "evaluation.json"
    file.write_text(content)
    with pytest.raises(RunError, match=r"evaluation\.json"):
        read_evaluation(file)
