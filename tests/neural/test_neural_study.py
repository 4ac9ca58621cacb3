"""A study from a run and a file of neurons: what is kept is not computed again, and truth is found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted import smooth

from mousearm.agent import Agent
from mousearm.door import MANIFEST
from mousearm.emg import Envelope
from mousearm.errors import NeuralError, UnknownNameError
from mousearm.kinematics import generate, write_csv
from mousearm.neural.contrasts import predicted_courses
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.made_files import spike_times, write_made
from mousearm.neural.page import Shown, neural_text
from mousearm.neural.predictors import predictor
from mousearm.neural.results import ENCODING, UNIQUE
from mousearm.neural.session import NeuralSession, NeuralTrial
from mousearm.neural.source import PredictorSource
from mousearm.neural.study import NeuralAsked, compare_sources, recording_key, study_neurons
from mousearm.record.signals import ReachRecording, Signal

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


STEP = 1 / 150
REACHES = [f"mouse_{a}/day_{d}/reach_{i}" for a in "12" for d in "12" for i in range(3)]


def source_of(arm, seed, moves):
    """Two animals, two sessions each, three reaches each, without a simulation; runs that share movement share EMG."""
    hidden, random = np.random.default_rng(seed), np.random.default_rng(moves)
    reaches, envelopes = [], {}
    for name in REACHES:
        time = STEP * np.arange(40)
        signals = {
            "time": Signal(time, "s", ""),
            "target": Signal(smooth(random, 40, 6).reshape(40, 2, 3), "m", "", tuple("xyz"), ("elbow", "paw")),
            "reference_qpos": Signal(smooth(random, 40, 2), "rad", "", ("shoulder", "elbow")),
            "hidden": Signal(smooth(hidden, 40, 2)[:, None], "1", ""),
        }
        reaches.append(ReachRecording(name, "test", 0, signals))
        envelopes[name] = Envelope(name, time, smooth(random, 40, 2), ("biceps", "triceps"), {})
    return PredictorSource(f"run {seed}", arm, tuple(reaches), envelopes=envelopes)


def session_of(source, group, repeats):
    """Neurons of the hidden layer in the reaches of one session, each performed several times."""
    own = [i for i, name in enumerate(REACHES) if name.startswith(group)] * repeats
    made = make_neurons([(predictor(source, "hidden").trials(own), 1.0)], Recipe(8, rate_hz=200, depth=0.6), len(group))
    times, starts = spike_times(made)
    trials = tuple(
        NeuralTrial(REACHES[i].rpartition("/")[2], at, at + 39 * STEP) for i, at in zip(own, starts, strict=True)
    )
    return NeuralSession("file", *group.split("/"), made.neurons.units, tuple(times), ("M1",) * 8, trials)


@pytest.mark.slow
def test_a_cohort_with_repeated_trials_is_compared_on_its_own_reaches_and_with_emg(hanging, tmp_path):
    sources = {name: source_of(hanging, seed, 9) for seed, name in enumerate("AB")}
    groups = ["mouse_1/day_1", "mouse_1/day_2", "mouse_2/day_1", "mouse_2/day_2"]
    sessions = [session_of(sources["A"], group, 2) for group in groups]
    asked = NeuralAsked([], against=["kinematics", "emg"], measures=["encoding"], nulls=9)
    result = compare_sources(sessions, sources, asked, tmp_path)
    study = result.study
    assert study.labels == ["A: hidden", "B: hidden", "kinematics", "emg"]  # movement and EMG are both runs'
    assert [of.activity.reaches[:3] for of in result.populations] == [tuple(REACHES[i : i + 3]) for i in (0, 3, 6, 9)]
    assert result.facts["mouse_1/day_1 M1"].startswith("8 neurons, 6 trials of 3 reaches; ceilings by trials")
    assert {len(one.reaches) for one in study.besides} == {3}
    found = {(one.label, one.rival, one.measure): one for one in study.contrasts}
    for rival in ("kinematics", "emg", "B: hidden"):
        one = found["A: hidden", rival, ENCODING]
        assert (one.change.n, one.verdict, one.mean.unit) == (12, "more", found["A: hidden", rival, UNIQUE].mean.unit)
    assert found["B: hidden", "kinematics", ENCODING].verdict != "more"
    for wrong in ({"nulls": -1}, {"processes": 0}, {"layers": []}):
        with pytest.raises(NeuralError, match="--"):
            replace(asked, **wrong)
    alone = replace(sessions[0], trials=sessions[0].trials[:1])
    with pytest.raises(NeuralError, match=r"file has trials of 1 reach.*leave the session out"):
        compare_sources([alone], sources, asked, tmp_path)
    text = neural_text(Shown(study, []))
    assert "2 animals" in text
    assert max(map(len, text.splitlines())) <= 80


def test_another_model_is_recorded_anew(configure, two_link, two_link_xml, swing, assemble, tmp_path):
    (tmp_path / MANIFEST).write_text("")
    (arm := tmp_path / "arm.xml").write_text(two_link_xml)
    agent = assemble(configure(f"model.file={arm}"), two_link, [swing(two_link, 20)])
    agent = replace(agent, checkpoint=tmp_path)
    first = recording_key(agent)
    assert recording_key(agent) == first
    arm.write_text(two_link_xml.replace("1e-5", "2e-5"))
    assert recording_key(agent) != first
