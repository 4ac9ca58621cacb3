"""mousearm in Python: what notebooks call, and the notebooks of the documentation."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import mousearm
from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.kinematics import read_reaches
from mousearm.rundir.folder import RunFolder

GOLDEN = Path(__file__).parent / "golden" / "3" / "run"
NOTEBOOKS = Path(__file__).parents[1] / "docs" / "notebooks"
BARS = "application/vnd.jupyter.widget-view+json"  # progress bars of notebooks
# What each notebook trains in a test, in place of the numbers of its cell of parameters.
SHORT = {
    "first_reach": "steps = 1568",
    "own_data": "steps, rounds = 0, 1",
    "compare": "steps, seeds = 1568, range(2)",
}


@pytest.fixture
def folder(tmp_path):
    """A finished run of a tiny network."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


def test_a_run_tells_in_a_line_what_it_is(folder):
    run = mousearm.Run(str(folder))
    saved = Evaluation.load(folder / "evaluation.json").objective
    assert repr(run) == f"<mousearm.Run {folder}: finished, 300 steps, paw {saved:.3f} mm>"
    assert run.config.policy.lstm_hidden_size == RunFolder(folder).saved_config().policy.lstm_hidden_size


def test_the_table_of_a_run_has_the_errors_that_were_saved(folder):
    saved = Evaluation.load(folder / "evaluation.json")
    table = mousearm.Run(folder).evaluate()
    assert list(table.index) == [reach.name for reach in saved.reaches]
    for reach in saved.reaches:
        assert table.loc[reach.name, "paw_mean_mm"] == pytest.approx(reach.paw_mm.mean, abs=1e-6)
        assert table.loc[reach.name, "elbow_max_mm"] == pytest.approx(reach.elbow_mm.max, abs=1e-6)


def test_metrics_are_numbers_by_steps(folder):
    metrics = mousearm.Run(folder).metrics()
    assert metrics.index.name == "steps"
    assert metrics.index.is_monotonic_increasing
    assert all(pd.api.types.is_numeric_dtype(metrics[column]) for column in metrics)


def test_a_recording_is_short_where_it_is_shown_and_whole_inside(folder):
    recording = mousearm.Run(folder).record(noise=0.1, repeats=2)
    assert len(repr(recording.reaches[0])) < 200
    assert len(repr(recording)) < 1000
    assert {reach.repeat for reach in recording.reaches} == {0, 1}
    assert recording.reaches[0].signals["hidden"].values.ndim == 3


def test_runs_are_compared_in_a_table_with_their_reasons_to_doubt(folder, tmp_path, capsys):
    other = shutil.copytree(folder, tmp_path / "other")
    table = mousearm.compare([mousearm.Run(folder), other], by=["reward"])
    assert table.runs.tolist() == [2]
    assert table.paw_mm.iloc[0] == pytest.approx(Evaluation.load(folder / "evaluation.json").objective)
    assert "Mean paw error, test reaches" in capsys.readouterr().out


@pytest.mark.slow
def test_optimal_control_is_a_recording_with_its_evaluation():
    solved = mousearm.optimal_control("threads=1", kinematics="package:synthetic/reach_12.csv")
    (trajectory,), (reach,) = solved.trajectories, solved.recording.reaches
    error = solved.evaluation.objective
    assert error < 0.01
    assert reach.trial.mean_errors_mm[2] == pytest.approx(error)
    assert reach.signals["qpos"].values == pytest.approx(trajectory.qpos, abs=1e-6)
    assert f"{error:.3f}" in solved.table()


def test_advice_on_a_run_that_is_not_there_makes_it(tmp_path):
    with pytest.raises(RunError, match=r"mousearm\.train"):
        mousearm.Run(tmp_path / "first")
    quick = ("debug=quick", "video=false", "algo.timesteps=784", "policy.lstm_hidden_size=8")
    run = mousearm.train(*quick, name="first", folder=tmp_path)
    assert run.status.state == "finished"
    assert mousearm.train(*quick, "algo.timesteps=1568", name="first", folder=str(tmp_path)).status.steps >= 1568
    assert run._repr_png_().startswith(b"\x89PNG")


def test_what_is_not_offered_is_refused_by_its_name():
    with pytest.raises(AttributeError, match="trian"):
        mousearm.trian  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("first_reach", ["paw_mean_mm", "image/png", BARS, "'hidden': ((50, 1, 128), '1')"]),
        ("own_data", ["4 of 4 reaches can be trained on", "trajectory.png", BARS]),
        ("compare", ["paw_heavy", "image/png"]),
    ],
)
def test_a_notebook_of_the_documentation_runs(name, shows, tmp_path, run_notebook):
    import nbformat  # slow to import

    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    (parameters,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    parameters.source += f"\n{SHORT[name]}"  # what a test has time for
    shown = "\n".join(run_notebook(notebook, tmp_path))
    assert [text for text in shows if text not in shown] == []
    if name == "own_data":
        assert len(read_reaches(tmp_path / "my_session" / "reaches")) == 4
    if name == "compare":
        assert (tmp_path / "comparison.png").is_file()


def test_every_notebook_has_a_test():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(SHORT)
