"""What a study says of planted trials, by hand."""

import numpy as np
import pytest

from mousearm.stats import NONE_SHOWN, TOO_FEW
from mousearm.whatif.effects import BASELINE, LesionStudy
from mousearm.whatif.page import study_text, study_verdict, write_study
from mousearm.whatif.tables import effect_rows, muscle_rows, trial_rows
from mousearm.whatif.trials import ACUTE, AFTEREFFECT, RETRAINED, TrialRow

MUSCLES = ("Biceps", "Triceps")


def row(run, reach, mm, condition="intact", severity=0.0, phase=ACUTE, repeat=0, muscles=(0.02, 0.04)):
    effort = sum(muscles) / 2
    return TrialRow(run, phase, condition, severity, reach, "test", repeat, mm, mm / 2, effort, True, muscles)


def study(n_runs=1, n_reaches=10, weak=1.0, twitch=0.0):
    """Reaches whose error weakness raises by about ``weak`` mm, and ``twitch`` by nothing; the triceps takes over."""
    rows = []
    for run in range(n_runs):
        for reach in range(n_reaches):
            place = f"run{run}", f"reach{reach}"
            own, more = 0.2 + 0.01 * reach + 0.1 * run, weak + 0.01 * (reach % 3)
            rows.append(row(*place, own))
            rows.append(row(*place, own + more, "weakness", 0.5, muscles=(0.01, 0.06 + 0.001 * reach)))
            rows.append(row(*place, own + twitch, "twitch", 0.5))
    return LesionStudy(rows, MUSCLES)


def effects_of(made):
    return {(one.condition, one.measure): one for one in made.effects}


def test_reaches_are_the_unit_of_one_run_and_runs_of_several():
    one, several = study(1), study(3)
    assert (one.unit, len(one.units(BASELINE, "paw_mm"))) == ("reach", 10)
    assert (several.unit, len(several.units(BASELINE, "paw_mm"))) == ("run", 3)
    assert several.units(BASELINE, "paw_mm")["run1"] == pytest.approx(0.245 + 0.1)
    # Repeats are averaged first: 0.2 and 0.4 are one reach of 0.3, beside one of 0.6.
    rows = [row("a", "x", 0.2), row("a", "x", 0.4, repeat=1), row("a", "y", 0.6)]
    assert LesionStudy(rows, MUSCLES).intact("paw_mm").mean == pytest.approx(0.45)


def test_what_is_planted_is_found_and_what_is_not_is_not():
    found = effects_of(study())
    weak, twitch = found["weakness", "paw_mm"], found["twitch", "paw_mm"]
    assert weak.change.difference.mean == pytest.approx(1.009)  # 1 + 0.01 (0, 1, 2, 0, 1, 2, 0, 1, 2, 0) / 10
    assert (weak.verdict, weak.change.effect, weak.p) == ("more", 1.0, pytest.approx(2 * 2 / 2**10))
    assert (twitch.verdict, twitch.change.effect, twitch.p) == (NONE_SHOWN, 0.0, 1.0)
    assert found["weakness", "effort"].verdict == "more"
    assert "weakness 0.5: +1.009 mm" in study_verdict(study())
    assert "twitch 0.5: +0.000 mm (95 % interval +0.000 to +0.000), no difference shown" in study_verdict(study())


def test_too_few_for_a_test_is_said():
    few = study(3)
    assert {one.verdict for one in few.effects} == {TOO_FEW}
    assert few.caveats()[0] == "3 runs cannot tell an effect from chance: there is no interval of the differences."
    assert "7 would be enough" in few.caveats()[1]  # 2 * 2 / 2^7 = 0.031
    assert study(1, 10).caveats() == [
        "One network: what is said holds for this network on reaches like these, not for others trained alike."
    ]


def test_muscles_that_took_over():
    gained, lost = study().muscles((ACUTE, "weakness", 0.5))
    assert (gained.actuator, lost.actuator) == ("Triceps", "Biceps")
    assert gained.change.difference.mean == pytest.approx(0.02 + 0.0045)
    assert lost.change.difference.mean == pytest.approx(-0.01)
    assert gained.before == pytest.approx(0.04)


def trained_on():
    """A study with training: weakness adds 1 mm, of which 0.25 is left; without it 0.1 mm are added."""
    rows = [*study().rows]
    for reach in range(10):
        place, own = ("run0", f"reach{reach}"), 0.2 + 0.01 * reach
        rows.append(row(*place, own - 0.05, phase=RETRAINED))
        rows.append(row(*place, own + (1 + 0.01 * (reach % 3)) / 4, "weakness", 0.5, RETRAINED))
        rows.append(row(*place, own + 0.1, "weakness", 0.5, AFTEREFFECT))
    return LesionStudy(rows, MUSCLES)


def test_what_training_gave_back():
    intact, weak = trained_on().regained()
    assert (weak.condition, weak.share) == ("weakness", pytest.approx(0.75))
    assert [mean.mean for mean in weak.means] == pytest.approx([0.245 + 1.009, 0.245 + 1.009 / 4, 0.345])
    assert np.isnan(intact.share)
    assert intact.change.difference.mean == pytest.approx(-0.05)
    assert (intact.change.p, len(intact.means)) == (2 / 2**10, 2)


@pytest.mark.slow
def test_files_have_every_trial_and_text_fits_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr("mousearm.document.PRINT_DPI", 50)
    made = trained_on()
    change = {"run": "run0", "condition": "weakness", "severity": 0.5, "weights, backbone": 0.01, "units": 0.98}
    page = write_study(made, ["outputs/<b>"], [change], tmp_path / "page")
    content = page.read_text()
    assert "outputs/&lt;b&gt;" in content
    assert "What more training gave back" in content
    assert "+1.009" in content
    names = sorted(file.name for file in page.parent.iterdir())
    tables = ["effects.csv", "muscles.csv", "muscles.pdf", "muscles.png", "severity.pdf", "severity.png", "trials.csv"]
    assert names == [*tables, "whatif.html", "whatif.json", "whatif.md"]
    assert (len(trial_rows(made)), len(muscle_rows(made))) == (60, 12)  # 3 + 3 sets of 10; 6 cases, 2 muscles
    assert trial_rows(made)[0]["effort.Triceps"] == 0.04
    assert len(effect_rows(made)) == 2 * (2 + 2 + 1)  # measures; cases at once, after training, without again
    assert all(len(line) <= 80 for line in study_text(made).splitlines())
    assert "75%" in study_text(made)
