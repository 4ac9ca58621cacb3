from pathlib import Path

import numpy as np

from mousearm.mechanics import optimal_and_slack
from mousearm.model_check import describe

DOCUMENT = Path(__file__).parents[2] / "docs" / "model.md"


def rows(text, first):
    """Cells of the first row that begins with a word."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {first} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_two_link_arm(two_link):
    text = describe(two_link)
    # Ranges of 1.5 and 2 rad; both hinges turn about z.
    assert rows(text, "shoulder")[:5] == ["shoulder", "upper", "hinge", "-85.9 to 85.9 °", "0.0 °"]
    assert rows(text, "elbow")[5] == "0.000, 0.000, 1.000"
    # A capsule of radius 1 mm and 10 mm between the middles of its caps, 1000 kg/m3: pi (10 + 4/3) mg.
    assert rows(text, "fore")[1:3] == ["11.00", f"{np.pi * (10 + 4 / 3):.1f}"]
    assert "| elbow    | -1 to 1 |                  1e-05 |" in text
    assert "muscle" not in text


def test_a_slide_is_given_in_millimetres(build_two_link):
    arm = build_two_link('name="shoulder" range="-1.5 1.5"', 'name="shoulder" type="slide" range="-0.002 0.002"')
    assert rows(describe(arm), "shoulder")[2:5] == ["slide", "-2.0 to 2.0 mm", "0.0 mm"]


def test_published_lengths_come_out(muscle_arm):
    optimal, slack = optimal_and_slack(muscle_arm)
    index = muscle_arm.actuator_names.index("Biceps_Long_Head")
    # As published: optimal fibre length 14.8953 mm, tendon slack length 0.35048 mm, pennation 0.1 rad. Along the tendon
    # that is a fibre of 14.8953 / cos 0.1, and at its optimum a muscle of 0.35048 + 14.8953 cos 0.1.
    np.testing.assert_allclose(optimal[index], 0.0148953 / np.cos(0.1), atol=1e-7)
    np.testing.assert_allclose(slack[index] + optimal[index], 0.00035048 + 0.0148953 * np.cos(0.1), atol=1e-7)
    cells = rows(describe(muscle_arm), "Biceps_Short_Head")
    # It runs from the humerus to the ulna: the elbow is the only joint that it crosses.
    assert [bool(cell) for cell in cells[5:]] == [False, False, False, True, False, False]


def test_the_documented_tables_are_those_of_the_shipped_models(muscle_arm, torque_arm):
    document = DOCUMENT.read_text(encoding="utf-8")
    for table in [*describe(muscle_arm).split("\n\n"), describe(torque_arm).split("\n\n")[-1]]:
        assert table in document, f"docs/model.md is not up to date: python scripts/describe_model.py gives\n{table}"
