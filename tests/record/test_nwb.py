"""Neurodata Without Borders: what is read back is the recording, and validator and inspector have nothing to say."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mousearm.emg import Envelope
from mousearm.errors import EmgError
from mousearm.record import read_recording, record, write_recording
from mousearm.record.signals import EMG

pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed (pip install 'mousearm[nwb]')")


@pytest.fixture(scope="module", params=["muscle", pytest.param("torque", marks=pytest.mark.slow)])
def written(request, build_agent, tmp_path_factory):
    """A recording of nine performances, and its file."""
    agent, path = build_agent(f"model={request.param}"), tmp_path_factory.mktemp("nwb") / "a.nwb"
    write_recording(agent, path, repeats=3, noise=0.1, seed=1)
    return record(agent, 3, 0.1, 1), path


@pytest.fixture
def nwb(written):
    with pynwb.NWBHDF5IO(written[1], "r") as io:
        yield io.read()


def inspected(path):
    """(importance, check, object) of every message of the inspector."""
    inspector = pytest.importorskip("nwbinspector", reason="nwbinspector is not installed")
    messages = inspector.inspect_nwbfile(nwbfile_path=path)
    return {(message.importance.name, message.check_function_name, message.object_name) for message in messages}


def test_the_validator_finds_nothing(written):
    assert pynwb.validate(path=written[1]) == []


def test_the_inspector_misses_only_who_made_it_and_where(written):
    assert {check for _, check, _ in inspected(written[1])} == {"check_experimenter_exists", "check_institution"}


def test_every_series_is_the_signal_of_all_performances(written, nwb):
    recording, _ = written
    arm = nwb.processing["behavior"]["arm"].time_series
    series = {**nwb.acquisition, **arm}
    names = set(recording.reaches[0].signals) - {"time", "landmarks", "target"}
    assert set(series) == names
    assert set(nwb.acquisition) == names & {
        *("observation", "hidden", "cell", "actor_1", "critic_1", "value", "action", "action_noise")
    }
    for name, one in series.items():
        signals = [reach.signals[name] for reach in recording.reaches]
        np.testing.assert_array_equal(one.data[:], np.concatenate([signal.values for signal in signals]))
        assert one.description == signals[0].description
        scale = {"mm": ("m", 1e-3), "mm/s": ("m/s", 1e-3)}.get(signals[0].unit, (signals[0].unit, 1.0))
        assert (one.unit, one.conversion) == scale
        if signals[0].columns:
            assert tuple(json.loads(one.comments)["columns"]) == signals[0].columns


def test_points_are_positions(written, nwb):
    recording, _ = written
    points = nwb.processing["behavior"]["points"].spatial_series
    assert set(points) == {"shoulder", "elbow", "paw", "elbow_target", "paw_target"}
    paw = np.concatenate([reach.signals["landmarks"].values[:, 2] for reach in recording.reaches])
    np.testing.assert_array_equal(points["paw"].data[:], paw)


def test_trials_cut_the_session_into_performances(written, nwb):
    recording, _ = written
    trials, time = nwb.trials.to_dataframe(), nwb.acquisition["hidden"].timestamps[:]
    assert len(trials) == 9
    for (_, trial), reach in zip(trials.iterrows(), recording.reaches, strict=True):
        assert (trial.reach, trial.split, trial["repeat"]) == (reach.name, reach.split, reach.repeat)
        within = (time >= trial.start_time) & (time <= trial.stop_time)
        np.testing.assert_array_equal(nwb.acquisition["hidden"].data[within], reach.signals["hidden"].values)
    assert np.diff(time).min() > 0
    np.testing.assert_allclose(trials.start_time[1:].to_numpy() - trials.stop_time[:-1].to_numpy(), 1)


def test_one_performance_has_a_rate(build_agent, tmp_path):
    write_recording(build_agent("model=muscle", only="short"), tmp_path / "a.nwb")
    assert pynwb.validate(path=tmp_path / "a.nwb") == []
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        series = io.read().acquisition["hidden"]
        assert (series.starting_time, series.rate) == (0, pytest.approx(150))
    # The inspector takes data of fewer frames than units for transposed ones.
    serious = {found[1:] for found in inspected(tmp_path / "a.nwb") if found[0] != "BEST_PRACTICE_SUGGESTION"}
    assert serious == {("check_data_orientation", "actor_1"), ("check_data_orientation", "critic_1")}


def test_emg_stands_beside_activations(build_agent, tmp_path):
    """In HDF5 and NWB: what was recorded at the frames, NaN where nothing was."""
    agent = build_agent("model=muscle")
    name = agent.evaluator.task.references.names[0]
    time = np.arange(0, 0.1, 0.002)
    given = {name: Envelope(name, time, np.stack([time, 1 - time], 1), ("biceps", "x"), {"biceps": {"Anconeus": 1}})}
    for kind in ("h5", "nwb"):
        write_recording(agent, tmp_path / f"a.{kind}", envelopes=given)
    reaches = read_recording(tmp_path / "a.h5").reaches
    emg, frames = reaches[0].signals[EMG], reaches[0].signals["time"].values
    known = frames < 0.098
    assert emg.columns == ("biceps", "x")
    assert emg.values[known, 0] == pytest.approx(frames[known])
    assert np.isnan(emg.values[frames > 0.099]).all()
    assert all(np.isnan(reach.signals[EMG].values).all() for reach in reaches[1:])
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        series = io.read().acquisition[EMG]
        together = np.concatenate([reach.signals[EMG].values for reach in reaches])
        np.testing.assert_array_equal(series.data[:], together)
    assert pynwb.validate(path=tmp_path / "a.nwb") == []
    with pytest.raises(EmgError, match="with the reaches of the EMG, or name their files after them"):
        write_recording(agent, tmp_path / "b.h5", envelopes={"other": replace(given[name], reach="other")})
    other = {name: given[name], "other": replace(given[name], reach="other", channels=("biceps", "y"))}
    with pytest.raises(EmgError, match="Import them together, with one map of channels"):
        write_recording(agent, tmp_path / "b.h5", envelopes=other)
    assert not (tmp_path / "b.h5").exists()
