"""What a study says of planted matches: verdicts, differences between kinds of runs, the page and its tables."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from planted_table import planted_study

from mousearm.neural.contrasts import Spaces
from mousearm.neural.differences import differences
from mousearm.neural.page import Shown, neural_text, neural_verdict, write_neural
from mousearm.neural.results import UNIQUE, NeuralStudy, Resemblance


def test_what_is_planted_is_said_and_what_is_not_judged_is_not_drawn():
    study = planted_study(("mouse1 M1", "mouse2 M1"))
    assert {one.verdict for one in study.contrasts} == {"more"}
    assert study.contrasts[0].mean.spread.mean == pytest.approx(0.1, abs=0.02)
    assert "rsa" not in study.above_chance("A: hidden_1")
    assert not [one for one in study.contrasts if one.measure == "rsa"]
    assert all(len(line) <= 80 for line in neural_text(Shown(study, [])).splitlines())


@pytest.mark.slow
def test_the_page_its_tables_and_its_figures_are_written(tmp_path):
    courses = [np.random.default_rng(i).standard_normal((30, 3)).cumsum(axis=0) for i in range(3)]
    study = planted_study()
    shown = Shown(
        study, ["outputs/A", "a.nwb"], Spaces({"neurons": courses}, ["a", "b", "c"]), facts={"rates": "Gaussian"}
    )
    page = write_neural(shown, tmp_path).read_text()
    assert {path.stem for path in tmp_path.glob("*.png")} == {"similarity", "lags", "neurons", "subspaces"}
    assert all(line in page for line in ("Against rivals", "Lag", "How it was done"))
    rows = list(csv.DictReader((tmp_path / "contrasts.csv").open()))
    written = json.loads((tmp_path / "neural.json").read_text())
    assert len(rows) == len(written["contrasts"]) == 8 == len({(r["against"], r["measure"]) for r in rows})


def test_nothing_is_credited_where_nothing_is_planted():
    study = planted_study(beyond=0.0)
    unique = [one for one in study.contrasts if one.measure == UNIQUE]
    assert {one.verdict for one in unique} == {"none shown"}
    assert "beyond it: nothing shown, " in neural_verdict(Shown(study, []))[0]
    few = planted_study(n=5)
    assert {one.verdict for one in few.contrasts} == {"too few"}


def runs_of(effect, seed):
    """Matches of runs of three backbones, two efforts and three seeds; `gru` is more by an effect."""
    rng = np.random.default_rng(seed)
    matches, factors = [], {}
    for policy in ("lstm", "gru", "ffn"):
        for effort in "01":
            for number in "012":
                run = f"{policy}/{effort}/{number}"
                factors[run] = {"policy": policy, "effort": effort, "seed": number}
                score = 0.4 + effect * (policy == "gru") + 0.1 * int(effort) + rng.normal(0, 0.02)
                matches.append(Resemblance(run, "hidden", "m", "m", "CKA", score, 0.0, (-0.1, 0.1) * 20, (0.6, 0.7)))
    return NeuralStudy(matches, [], ["hidden"]), factors


def test_differences_hold_where_they_are_planted_and_are_found_by_chance_in_one_study_of_twenty():
    found = {(one.one, one.other): one for one in differences(*runs_of(0.2, 0))}
    assert found["0", "1"].change.n == 9
    assert found["0", "1"].verdict == "more"
    assert found["lstm", "gru"].change.n == 6
    assert found["lstm", "gru"].verdict == "too few"  # six pairs and four tests: 4 x 2 / 2^6 is above 0.05
    assert found["lstm", "gru"].change.difference.mean == pytest.approx(0.2, abs=0.02)
    assert [one.verdict for one in differences(*runs_of(-1.0, 0)) if one.factor == "effort"] == ["more"]


def test_more_nulls_are_advised_where_few_can_tell_nothing():
    study = planted_study()
    few = replace(study, matches=[replace(match, nulls=match.nulls[:9]) for match in study.matches])
    assert "give more (--nulls)" in neural_text(Shown(few, []))
    assert "give more (--nulls)" not in neural_text(Shown(study, []))
