"""The trained agents that ship: they do what is stated of them, and every command takes them by name."""

from pathlib import Path

import numpy as np
import pytest

import mousearm
from mousearm.agent import reproduce
from mousearm.errors import UnknownNameError
from mousearm.figures import usual_place
from mousearm.rundir.runs import run_path
from mousearm.trajectory import PAW
from mousearm.view import simulator_of_run

NAMES = sorted(path.name for path in (mousearm.INSTALLED / "agents").iterdir())
AGENTS = [f"package:{name}" for name in NAMES]


def test_there_is_one_for_each_arm():
    assert NAMES == ["example_muscle", "example_torque"]


@pytest.mark.parametrize("agent", AGENTS)
def test_it_has_the_stated_errors(agent):
    found = reproduce(Path(agent))
    assert found.largest_mm < 0.001
    assert found.stated.objective < 0.15


@pytest.mark.parametrize("agent", AGENTS)
def test_it_is_small(agent):
    files = [file for file in run_path(agent).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 300_000


@pytest.mark.parametrize("agent", AGENTS)
def test_it_moves_in_the_viewer(agent):
    trial = simulator_of_run(Path(agent)).simulate(0)
    paw = 1e3 * trial.landmarks[:, PAW]
    assert not trial.diverged
    assert np.linalg.norm(np.diff(paw, axis=0), axis=1).sum() > 10  # mm, of the 14 that it travels


def test_scripts_and_python_take_it_by_name(run_script):
    done = run_script("evaluate", "package:example_torque")
    run = mousearm.Run("package:example_torque")
    assert done.status == 0
    assert f"{run.evaluate()['paw_mean_mm'].iloc[0]:.3f}" in done.out
    assert "finished" in repr(run)


def test_an_unknown_name_is_told_with_those_that_exist():
    with pytest.raises(UnknownNameError) as refused:
        run_path("package:example_motor")
    assert all(name in str(refused.value) for name in NAMES)


def test_nothing_is_written_into_the_package():
    assert usual_place(Path("package:example_torque")) == Path("example_torque_figures")
