"""Studies of real networks: an example agent at once, and a run that is trained on under a condition."""

import re
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from mousearm.agent import Agent
from mousearm.config import compose
from mousearm.errors import ConfigError, RunError
from mousearm.experiment import run
from mousearm.model.load import model_file
from mousearm.rundir.folder import RunFolder
from mousearm.stats import LESS, MORE, NONE_SHOWN
from mousearm.whatif.cases import build_cases, resolved_for
from mousearm.whatif.effects import LesionStudy
from mousearm.whatif.study import Asked, study_runs
from mousearm.whatif.trials import perform_case

EXAMPLE = Path("package:example_muscle")
QUICK = ("debug=quick", "threads=1", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784")


@pytest.fixture(scope="module")
def example():
    return Agent.load(EXAMPLE)


@pytest.mark.slow
def test_the_intact_case_is_the_evaluation_to_the_last_bit_and_chance_is_common(example):
    words = ["condition=noise,silence", "condition.silence.units=component"]
    intact, noisy, silent = build_cases(words, [0.5])
    (row,) = perform_case(example, "a", intact, 5).rows
    assert row.paw_mm == example.evaluate()[0].reaches[0].paw_mm.mean
    assert row.effort == pytest.approx(np.mean(row.muscles))
    first, again = (perform_case(example, "a", noisy, 2).rows for _ in range(2))
    assert ([one.repeat for one in first], first) == ([0, 1], again)
    assert first[0].paw_mm != first[1].paw_mm
    known = resolved_for(example, silent)
    assert known.condition.silence.units == "listed"
    assert compose(known.words).condition.silence.listed == known.condition.silence.listed
    assert perform_case(example, "a", known, 1).rows[0].paw_mm > row.paw_mm
    assert perform_case(example, "a", intact, 1).rows == [row]  # nothing of the others is left


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the muscle arm with one muscle more, between two points of one bone, which can move nothing."""
    folder = tmp_path_factory.mktemp("trained")
    text = mujoco.MjSpec.from_file(str(model_file(compose(["model=muscle"]).model))).to_xml()
    text = re.sub(r" (\d+) 0 1\.71", r" \1 1e-12 1.71", text)  # of passive force, which the writer rounds to 0
    extra = '<spatial name="idle"><site site="idle_a"/><site site="idle_b"/></spatial></tendon>'
    text = text.replace("</tendon>", extra, 1)
    assert extra in text
    body = text.index('<body name="humerus"')
    body = text.index(">", body) + 1
    text = text[:body] + '<site name="idle_a" pos="0 0.001 0"/><site name="idle_b" pos="0 0.009 0"/>' + text[body:]
    muscle = '<muscle name="Idle" tendon="idle" lengthrange="0.005 0.011" range="0.6 1.2" force="0.03" fpmax="1"/>'
    text = text.replace("</actuator>", muscle + "</actuator>", 1)
    (folder / "arm.xml").write_text(text)
    words = [*QUICK, "model=muscle", f"model.file={folder / 'arm.xml'}", "env.noise.motor_share=0.1", "name=first"]
    run(compose(words), folder / "first", words)
    return folder / "first"


@pytest.mark.slow
def test_a_muscle_that_moves_nothing_is_found_to_do_nothing(trained):
    """With common chance nothing changes; with chance of its own it is a finding in at most 5 of 100 studies."""
    asked = Asked(["condition=weakness", "condition.weakness.muscles=[Idle]"], "1", repeats=3)
    study = study_runs([trained], asked, trained / "whatif").study
    (effect,) = (one for one in study.effects if one.measure == "paw_mm")
    assert (effect.change.difference.mean, effect.p) == (0.0, 1.0)
    agent, (intact, weak) = Agent.load(trained), build_cases(asked.overrides, [1.0])
    before, after = (perform_case(agent, "a", case, n).rows for case, n in ((intact, 600), (weak, 1200)))
    assert [row.paw_mm for row in before] == [row.paw_mm for row in after[:600]]
    verdicts = []
    for i in range(0, 600, 6):  # of six reaches, each with the intact arm and with the weak one, of different chance
        pairs = zip(before[i : i + 6], after[600 + i : 606 + i], strict=True)
        rows = [replace(row, reach=f"{k}") for k, pair in enumerate(pairs) for row in pair]
        (effect,) = (one for one in LesionStudy(rows, study.actuators).effects if one.measure == "paw_mm")
        verdicts.append(effect.verdict)
    assert verdicts.count(NONE_SHOWN) >= 95
    assert {*verdicts} <= {NONE_SHOWN, MORE, LESS}


@pytest.mark.slow
def test_networks_of_the_experiment_are_those_that_a_study_takes(trained, tmp_path, monkeypatch, run_script):
    monkeypatch.chdir(tmp_path)
    words = ("condition=intact,load", "condition.severity=0.2", "algo.timesteps=784", "video=false", "threads=1")
    swept = run_script("run", "experiment=lesion_study", f"start_from={trained}", "name=lesions", *words)
    assert swept.status == 0, swept.err
    lesions = tmp_path / "outputs" / "lesions"
    conditions = [RunFolder(lesions / job).saved_config().condition for job in ("0", "1")]
    assert [(one.load.severity, one.severity) for one in conditions] == [(0.0, 0.2), (1.0, 0.2)]
    study = study_runs([trained], Asked(["condition=load"], "0.2", 1, retrained=[lesions]), tmp_path / "study").study
    assert {(row.phase, row.condition) for row in study.rows} >= {("retrained", "intact"), ("retrained", "load")}


@pytest.mark.slow
def test_training_goes_on_from_the_network_of_a_run(trained, tmp_path):
    asked = Asked(["condition=push"], "0.5", repeats=1, retrain=784)
    result = study_runs([trained], asked, tmp_path)
    phases = {(row.phase, row.condition) for row in result.study.rows}
    assert phases == {("acute", "intact"), ("acute", "push"), ("retrained", "intact"), ("retrained", "push"),
                      ("aftereffect", "push")}  # fmt: skip
    assert [change["condition"] for change in result.changed] == ["intact", "push"]
    (folder,) = (tmp_path / "retrained" / "push_0.5").iterdir()
    saved, source = RunFolder(folder).saved_config(), RunFolder(trained).saved_config()
    assert (saved.policy, saved.env, saved.model) == (source.policy, source.env, source.model)
    assert (saved.condition.push.severity, saved.condition.severity, saved.seed) == (1.0, 0.5, source.seed)
    again = study_runs([trained], asked._replace(retrain=None, retrained=[tmp_path]), tmp_path / "again")
    assert again.study.rows == result.study.rows
    with pytest.raises(RunError) as refused:
        study_runs(
            [trained], Asked(["condition=push"], "0.25", 1, retrained=[tmp_path / "retrained" / "push_0.5"]), tmp_path
        )
    assert "these networks, under one of these conditions and severities: look into start_from and" in str(
        refused.value
    )


def test_advice_on_a_budget_of_nothing(tmp_path):
    words = ["start_from=package:example_muscle", "algo.timesteps=0", "threads=1", "video=false"]
    with pytest.raises(ConfigError) as refused:
        run(compose([*words, "name=x"]), tmp_path / "x", words)
    assert "nothing would be learned. Give algo.timesteps=100000." in str(refused.value).replace("  ", " ")


def test_advice_on_runs_that_are_no_repetitions(tmp_path):
    with pytest.raises(RunError) as refused:
        study_runs([EXAMPLE, Path("package:example_torque")], Asked(["condition=load"], "0.5"), tmp_path)
    assert "so that their trials are no repetitions. Take them one " in str(refused.value)
    assert study_runs([EXAMPLE], Asked(["condition=load"], "0.5"), tmp_path).study.rows
