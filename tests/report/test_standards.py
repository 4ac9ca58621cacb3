"""Recordings beside the runs of a comparison."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from mousearm.env.references import prepare
from mousearm.errors import RecordingError, RunError
from mousearm.record import record
from mousearm.record.files import seal_recording, write_hdf5
from mousearm.report.comparison import caveats, compare
from mousearm.report.page import comparison_text, write_report
from mousearm.report.tables import group_rows, reach_rows


@pytest.fixture(scope="module")
def recorded(configure, assemble, tmp_path_factory):
    """A recording of an untrained network on the shipped reach, and its evaluation."""
    agent = assemble(*prepare(configure("policy.lstm_hidden_size=8")))
    recording, path = record(agent), tmp_path_factory.mktemp("recorded") / "standard.h5"
    write_hdf5(recording.reaches, recording.about, path)
    return path, agent.evaluate()[0]


def test_a_recording_stands_beside_the_runs_as_its_evaluation_measured_it(recorded, make_run, tmp_path):
    path, evaluation = recorded
    runs = [make_run(f"sweep/{i}", [f"seed={i}"], {"demo": 0.2 + i}).path for i in range(2)]
    comparison = compare([runs[0].parent, path])
    (standard,), (of_runs, row) = comparison.standards, group_rows(comparison)
    assert row.keys() == of_runs.keys()
    assert (row["group"], row["paw_mm"]) == ("standard.h5", pytest.approx(evaluation.objective, abs=1e-12))
    assert row["effort"] == pytest.approx(evaluation.reaches[0].effort, rel=1e-12)
    assert standard.evaluation.reaches[0].excitation == pytest.approx(evaluation.reaches[0].excitation, rel=1e-12)
    assert [one["run"] for one in reach_rows(comparison)][-1] == standard.name
    assert any(standard.name in line for line in caveats(comparison))  # runs of the fixture have another arm
    assert np.isnan(row["minutes"])
    assert standard.name in comparison_text(comparison)
    assert standard.name in write_report(comparison, tmp_path).read_text()


def test_it_has_the_same_reaches(recorded, make_run):
    path, _ = recorded
    run = make_run("other", [], {"other": 0.2}).path
    with pytest.raises(RecordingError) as refused:
        compare([run, path])
    assert "Record the same reaches, such as by scripts/optimal.py." in str(refused.value)


def test_without_targets_of_the_elbow_it_is_left_out(recorded, make_run, tmp_path):
    path = Path(shutil.copy(recorded[0], tmp_path / "point.h5"))
    with h5py.File(path, "r+") as file:
        file["reaches/demo/repeat_0/target"][:, 0] = np.nan
    seal_recording(path)
    run = make_run("first", [], {"demo": 0.2}).path
    with pytest.raises(RecordingError) as refused:
        compare([run, path])
    assert "there are no errors. Leave it out." in str(refused.value)
    assert not compare([run]).standards


def test_recordings_alone_are_no_comparison(recorded):
    with pytest.raises(RunError) as refused:
        compare([recorded[0]])
    assert "Give a run folder too." in str(refused.value)
