from dataclasses import replace

import numpy as np
import pytest

from mousearm.kinematics import Reach, generate, write_csv


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Joint angles that are found in a test are kept for that test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def folder(tmp_path, torque_arm):
    """Two synthetic reaches, one file in millimetres, and one that the arm cannot follow: its elbow bends backwards."""
    path = tmp_path / "reaches"
    path.mkdir()
    first, second = generate(torque_arm, 2, seed=0)
    write_csv(first, path / "good.csv")
    write_csv(second, path / "bold <b>$x$.csv")
    lines = (path / "good.csv").read_text().splitlines()
    rows = [[float(cell) for cell in line.split(",")] for line in lines[1:]]
    big = [",".join(f"{value * (1 if i == 0 else 1e3):.4f}" for i, value in enumerate(row)) for row in rows]
    (path / "millimetres.csv").write_text("\n".join([lines[0], *big]) + "\n")
    backwards = first.elbow - (first.paw - first.elbow)
    write_csv(replace(first, name="backwards", paw=backwards), path / "backwards.csv")
    return path


@pytest.fixture
def turning():
    """A reach whose paw circles the elbow by 14 mm at 10 rad/s, 150 Hz; with changes of time and paw."""

    def make(change=lambda time, paw: (time, paw)):
        time = np.arange(60) / 150
        elbow = np.tile([0.0, 0.0, -0.012], (60, 1))
        around = np.stack([np.cos(10 * time), np.sin(10 * time), 0 * time], axis=1)
        time, paw = change(time, elbow + 0.014 * around)
        return Reach("turning", time, shoulder=np.zeros((len(time), 3)), elbow=elbow[: len(time)], paw=paw)

    return make
