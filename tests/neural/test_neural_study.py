"""A study from a run and a file of neurons: what is kept is not computed again, and truth is found."""

from pathlib import Path

import pytest

from mousearm.agent import Agent
from mousearm.errors import NeuralError, UnknownNameError
from mousearm.kinematics import generate, write_csv
from mousearm.neural.contrasts import predicted_courses
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.made_files import write_made
from mousearm.neural.predictors import predictor
from mousearm.neural.source import PredictorSource
from mousearm.neural.study import NeuralAsked, study_neurons

RUN = Path("package:example_muscle")


@pytest.fixture(scope="module")
def reaches(tmp_path_factory, muscle_arm):
    """A folder of twelve reaches."""
    folder = tmp_path_factory.mktemp("reaches")
    for reach in generate(muscle_arm, 12, seed=3):
        write_csv(reach, folder / f"{reach.name}.csv")
    return folder


@pytest.mark.slow
def test_a_study_goes_on_where_it_was_and_finds_what_neurons_were_made_of(reaches, tmp_path, monkeypatch):
    pytest.importorskip("pynwb", reason="needs the extra neural")
    pytest.importorskip("pynapple", reason="needs the extra neural")
    agent = Agent.load(RUN, kinematics=str(reaches))
    made = make_neurons([(predictor(PredictorSource.of_agent(agent), "hidden"), 1.0)], Recipe(20, rate_hz=60), seed=1)
    write_made(made, tmp_path / "a.nwb")
    asked = NeuralAsked([tmp_path / "a.nwb"], measures=["encoding", "cka"], nulls=19, kinematics=str(reaches))
    first = study_neurons([RUN], asked, tmp_path / "out")
    found = {(one.rival, one.measure): one for one in first.study.contrasts}
    assert found["kinematics", "encoding"].change.difference.mean > 0.05
    assert {one.is_judged for one in first.study.matches} == {True}
    activities = {one.label: one.activity for one in first.predictors}
    assert len(predicted_courses(first.populations[0].activity, activities, asked.settings).reaches) > 1
    monkeypatch.setattr("mousearm.neural.comparing.compare", lambda *_, **__: pytest.fail("computed again"))
    monkeypatch.setattr("mousearm.neural.study.write_recording", lambda *_: pytest.fail("recorded again"))
    assert study_neurons([RUN], asked, tmp_path / "out").study.matches == first.study.matches
    for wrong, kind in (({"measures": ["kca"]}, UnknownNameError), ({"against": ["kinematic"]}, UnknownNameError)):
        with pytest.raises(kind):
            study_neurons([RUN], NeuralAsked(**{**vars(asked), **wrong}), tmp_path / "out")
    with pytest.raises(NeuralError):
        study_neurons([RUN], NeuralAsked([tmp_path / "missing.nwb"]), tmp_path / "out")
