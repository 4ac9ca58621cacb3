"""What studies of muscles refuse, before they solve anything; and that doing what they say works, or says more."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from planar import planar_setup, planted

from mousearm import experiment
from mousearm.config import InverseConfig, compose
from mousearm.emg.envelope import Envelope
from mousearm.errors import MouseArmError
from mousearm.optimal import trajectories
from mousearm.planning import muscle_commands
from mousearm.planning.informed import inform, mean_envelope
from mousearm.planning.inverse import invert
from mousearm.planning.muscles import Solver, movements_of, recorded_emg
from mousearm.trajectory import Trial


def told(says, call, *arguments, **options):
    with pytest.raises(MouseArmError) as refused:
        call(*arguments, **options)
    assert says in " ".join(str(refused.value).split()), refused.value


def trial(name, setup):
    """A trial of two frames in which nothing happens."""
    none = np.zeros((2, setup.arm.nu))
    points = np.zeros((2, 3, 3))
    return Trial(name=name, dt=0.01, landmarks=points, targets=points, activation=none, ctrl=none)


@pytest.fixture
def setup(tmp_path):
    return planar_setup(tmp_path, 2)


def test_a_weight_out_of_range_is_refused_before_anything_is_solved(setup, tmp_path, monkeypatch):
    monkeypatch.setattr(trajectories, "cache_folder", lambda: tmp_path / "cache")
    emg = planted(setup, np.random.default_rng(0).random((2, 17, 6)))
    told("optimal.w_emg=-1.0 is out of range: finite, 0 or more mm^2", inform, Solver(setup), emg, "mm", -1.0)
    told("Give one above 0: --w-emg 1.", inform, Solver(setup), emg, "mm", 0.0)
    assert not (tmp_path / "cache").exists()


def test_advice_on_reaches_and_channels(setup):
    told("Record the same reaches, such as with", movements_of, "a", "a", setup, [trial("reach_0", setup)])
    both = [trial(name, setup) for name in ("reach_1", "reach_0")]
    assert movements_of("a", "a", setup, both).activation.shape == (2, 17, 6)
    emg = planted(setup, np.random.default_rng(0).random((2, 17, 6)))
    one = emg._replace(values=emg.values[..., :1], weights=emg.weights[:, :1], channels=emg.channels[:1])
    told("Import another muscle, or leave kinematics.emg_channels out.", inform, Solver(setup), one, "ab", 1.0)
    alone = replace(setup, references=setup.references[:1])
    told("Give a folder of reaches.", invert, Solver(alone), emg.of(np.array([0])), "a", InverseConfig(), 0)
    told("Give a folder of two or more.", mean_envelope, emg.of(np.array([0])), np.array([17]), "a", "m", 0.1)
    assert np.isfinite(mean_envelope(emg, np.array([17, 17]), "ab", "mm", 0.1)).all()


def test_advice_on_emg_that_is_not_named(setup, tmp_path):
    told("Give --emg FOLDER, as", recorded_emg, setup)
    Envelope("reach_0", np.array([0.0, 1.0]), np.ones((2, 1)), ("back",), {"back": {"triceps": 1}}).save(
        tmp_path / "reach_0_emg.tsv"
    )
    kinematics = replace(setup.config.kinematics, emg=str(tmp_path), emg_scale=[7.0])
    found = recorded_emg(replace(setup, config=replace(setup.config, kinematics=kinematics)))
    assert (found.values[0] == 1).all()  # without a scale
    assert np.isnan(found.values[1]).all()


def test_advice_on_arms(setup, tmp_path, monkeypatch):
    told("has no muscles. Give model=muscle.", muscle_commands._to_test, compose([]))
    assert muscle_commands._to_test(compose(["model=muscle"])).arm.na > 0
    opened = SimpleNamespace(actuator_names=("motor",)), []
    monkeypatch.setattr(muscle_commands, "open_trials", lambda path, kinematics: opened)
    told("Give one of the same arm, or model=.", muscle_commands.read_movements, tmp_path / "a.h5", setup)
    opened = setup.arm, [trial(f"reach_{i}", setup) for i in (0, 1)]
    assert muscle_commands.read_movements(tmp_path / "a.h5", setup).name == "a.h5"


def test_a_search_for_a_cost_is_no_job_of_a_sweep(tmp_path):
    config = compose(["inverse.trials=3"])
    told("and no job of a sweep. Leave -m out.", experiment.run, config, tmp_path)
    told("has no muscles. Give model=muscle.", muscle_commands.choose_cost, config, tmp_path)  # as without -m


def test_the_script_wants_one_path_and_a_study(run_script):
    assert run_script("redundancy", "family", "a", "b", "--out", "c").status == 2
    assert run_script("redundancy", "neither", "--out", "c").status == 2
