"""A clock that is set while a run trains changes nothing."""

import itertools
import time

import pytest
from short_runs import QUICK, result

from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder


@pytest.mark.slow
def test_a_clock_that_jumps(tmp_path, configure, unbroken, monkeypatch):
    day_s = 86_400
    jumps = itertools.cycle([0, 30 * day_s, -30 * day_s, 0, -day_s, 7 * day_s])
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() + next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + next(jumps) * 10**9)
    run(configure(*QUICK, "max_minutes=60"), tmp_path / "r")
    monkeypatch.undo()
    folder = RunFolder(tmp_path / "r")
    assert folder.status().state == "finished"
    assert result(folder) == unbroken(QUICK)[0]
