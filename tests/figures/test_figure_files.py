import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mousearm.errors import UnknownNameError
from mousearm.figures import draw_recording, planned
from mousearm.record import Recording
from mousearm.trajectory import FOLLOWED


@pytest.mark.slow
def test_figures_are_written_for_print(recorded, tmp_path):
    recording = recorded("policy=ffn")
    name = recording.reaches[0].name
    drawn, _ = draw_recording(recording, tmp_path / "new", [name])
    expected = ["trajectory", "joints"]
    files = [tmp_path / "new" / name / f"{figure}.png" for figure in expected]
    assert drawn == [*files, tmp_path / "new" / "summary.png", tmp_path / "new" / "mean_control.png"]
    for png in drawn:
        with Image.open(png) as image:
            assert image.width == int(175 / 25.4 * 300)
        pdf = png.with_suffix(".pdf").read_bytes()
        assert b"/FontFile2" in pdf  # TrueType: text stays text
        assert b"/Subtype /Type3" not in pdf
        width = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf)
        assert width is not None
        assert float(width.group(1)) == pytest.approx(175 / 25.4 * 72)


def test_muscles_and_memory_have_figures_of_their_own(muscles):
    name = muscles.reaches[1].name
    plan, left_out = planned(muscles, [name])
    singles = [f"{name}/{figure}" for figure in ("trajectory", "joints", "activation")]
    assert list(plan) == [*singles, "summary", "mean_activation", "synergies", "state"]
    assert left_out == []


def test_what_makes_no_sense_is_left_out_and_said(recorded, muscles, change):
    assert planned(recorded("policy=ffn"))[1] == [
        "No activation and no synergies: this arm has motors.",
        "No principal components of a state: this network has no memory.",
    ]
    idle = Recording([change(muscles.reaches[0], activation=lambda a: 0 * a)], {})
    plan, left_out = planned(idle)
    assert "synergies" not in plan
    assert left_out == ["No synergies: no muscle is ever active."]


def test_best_middle_and_worst_are_drawn_by_default(motors, change):
    first = motors.reaches[0]
    errors = {"a": 3.0, "b": 1.0, "c": 9.0, "d": 4.0, "e": 2.0}
    followed = first.signals["landmarks"].values[:, FOLLOWED]
    reaches = [
        replace(change(first, target=lambda _, mm=mm: np.add(followed, [1e-3 * mm, 0, 0])), name=name)
        for name, mm in errors.items()
    ]
    plan, _ = planned(Recording(reaches, {}))
    assert [name.removesuffix("/joints") for name in plan if name.endswith("/joints")] == ["b", "a", "c"]


def test_of_several_performances_the_first_is_drawn_alone(motors):
    first = motors.reaches[0]
    plan, _ = planned(Recording([first, replace(first, repeat=1)], {}), [first.name])
    assert plan[f"{first.name}/joints"].args == (first,)
    assert "2 performances of 1 reach" in plan["summary"]().get_suptitle()


def test_an_unknown_reach_is_refused_before_anything_is_written(motors, tmp_path):
    with pytest.raises(UnknownNameError, match="no recorded reach named 'nobody'"):
        draw_recording(motors, tmp_path / "new", ["nobody"])
    assert not (tmp_path / "new").exists()
