from dataclasses import replace

import numpy as np
import pytest
from test_sessions import STEP, session

from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.made_files import write_made
from mousearm.neural.quality import check_session, quality_sentence, session_cells, unit_cells
from mousearm.neural.session import NeuralTrial
from mousearm.neural.spike_tables import session_of_tables


def drifting_session(slopes, n_trials=20):
    """Units that fire evenly, at 40 /s in the first of trials of a second, and slope times as much in the last."""
    ratios = 1 + np.outer(np.linspace(0, 1, n_trials), np.array(slopes) - 1)
    spikes = {
        f"u{unit}": np.concatenate([2.0 * k + np.arange(0.0, 1.0, 1 / (40 * ratio)) for k, ratio in enumerate(column)])
        for unit, column in enumerate(ratios.T)
    }
    trials = {"reach": [f"r{k % 4}" for k in range(n_trials)], "start": 2.0 * np.arange(n_trials)}
    return session_of_tables("file", ("m", "d"), spikes, {}, {**trials, "stop": 2.0 * np.arange(n_trials) + 1})


def test_drift_is_the_change_that_is_there():
    quality = check_session(drifting_session([1.0, 2.0, 0.5]), STEP)
    assert quality.change[1:] == pytest.approx([1 / 1.5, -0.5 / 0.75], abs=0.06)
    assert np.isnan(quality.change[0])  # the same in every trial
    assert (quality.drifts[1:] < 1e-6).all()
    assert quality.drifting == (2, int(np.isfinite(quality.drifts).sum()))
    assert quality.by_trial[0] == pytest.approx(40, abs=1)
    assert len(quality.rates.reaches) == 20
    assert session_cells([quality])[0][2:6] == ["3", "3", "20", "4"]
    few = check_session(session(), STEP)
    assert np.isnan(few.drifts).all()
    assert "too few trials" in quality_sentence(few)


def moving_session(late):
    """Trials of a second, with a paw that is fastest in their middle or later; and the speed of that reach."""
    t = np.arange(0.0, 40, STEP)
    phase = (t - late) % 2.0
    paw = np.stack([0.02 * np.tanh((phase - 0.5) / 0.05), 0 * t, 0 * t], axis=1)
    recorded = replace(drifting_session([1.0]), paw=(t, paw))
    frames = STEP * np.arange(90)
    return recorded, {f"r{k}": np.cosh((frames + 0.2 - 0.5) / 0.05) ** -2 for k in range(4)}


def test_a_movement_that_is_elsewhere_shows_a_wrong_alignment():
    """Reaches of 0.6 s begin 0.2 s after their trial; where the paw moves 0.1 s later, so does the reach."""
    for late in (0.0, 0.1, -0.1):
        recorded, speeds = moving_session(late)
        frames = dict.fromkeys(speeds, 90)
        (note,) = check_session(recorded, STEP, frames, offset_ms=200, speeds=speeds).notes
        if late:
            assert f"Change --offset by {1e3 * late:+.0f} ms" in note
            (note,) = check_session(recorded, STEP, frames, offset_ms=200 + 1e3 * late, speeds=speeds).notes
        assert note.startswith("alignment: ")
    still = replace(recorded, paw=(recorded.paw[0], np.sin(50 * recorded.paw[1])[:, ::-1] + 0 * recorded.paw[1]))
    other = {name: np.sin(40 * STEP * np.arange(90)) ** 2 for name in speeds}
    assert "not be the same reaches" in check_session(still, STEP, frames, offset_ms=200, speeds=other).notes[0]
    assert check_session(drifting_session([1.0]), STEP, frames, offset_ms=200, speeds=speeds).notes == ()


def test_units_that_are_left_out_say_why():
    quality = check_session(session((np.arange(0.0, 10, 0.05), np.array([3.0]), np.empty(0))), STEP)
    assert [row[-1] for row in unit_cells(quality)] == ["", "below 0.5 spikes/s", "silent, without a spike"]
    assert quality.is_kept.tolist() == [True, False, False]
    assert quality.rates.units == ("unit_0",)


def test_the_page_is_written_by_command(run_script, tmp_path):
    from test_made import NETWORK

    made = make_neurons([(NETWORK.trials(range(10)), 1.0)], Recipe(n_units=8, silent=1), 0)
    write_made(made, tmp_path / "a.nwb")
    done = run_script("check_neurons", tmp_path / "a.nwb", "--out", tmp_path / "out")
    assert done.status == 0, done.err
    assert "7 of 8 units kept, 10 trials of 10 reaches" in done.out
    page = (tmp_path / "out" / "neurons.html").read_text()
    assert page.count("<img") == 1
    assert (tmp_path / "out" / "session_1.pdf").stat().st_size > 10_000
    one = session(trials=(NeuralTrial("x", 1.0, 1.5),))
    assert check_session(one, STEP).by_trial.shape == (1, 2)
    refused = run_script("check_neurons", tmp_path / "a.nwb", "--out", tmp_path / "b", "--areas", "V1")
    assert (refused.status, (tmp_path / "b").exists()) == (1, False)
