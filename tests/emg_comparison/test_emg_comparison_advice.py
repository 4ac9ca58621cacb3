"""What messages of the comparison with EMG tell to do: doing it works."""

from dataclasses import replace

import numpy as np
import pytest

from mousearm.emg import Envelope
from mousearm.emg_comparison.controllers import (
    MuscleController,
    MusclePerformance,
    asked_controllers,
    of_recording,
    of_tables,
)
from mousearm.emg_comparison.study import check_lags, compare_emg
from mousearm.emg_comparison.traces import Trace
from mousearm.errors import ConfigError, EmgError, KinematicsError, RecordingError
from mousearm.record import ReachRecording, Recording, Signal

TIME = np.arange(40) / 150
ROWS = "\n".join(f"{t},{t}" for t in TIME)
MAP = {"biceps": {"a": 1.0}}


def wave(shift=0.0):
    return np.sin(30 * (TIME + shift))[:, None] + 1


def controller(*names):
    traces = {name: Trace(name, TIME, wave(), TIME[-1]) for name in names}
    return MuscleController("one", [MusclePerformance(("a",), traces, {})])


def envelope(name, time=TIME, **more):
    return Envelope(name, time, np.interp(time, TIME, wave()[:, 0])[:, None], ("biceps",), MAP, **more)


GIVEN = {name: envelope(name) for name in ("r1", "r2")}


def told(says, kind, call, *arguments, **options):
    with pytest.raises(kind) as refused:
        call(*arguments, **options)
    assert says in " ".join(str(refused.value).split()), refused.value


def test_advice_on_reaches_and_lags():
    told("Give --kinematics with the reaches of the EMG", EmgError, compare_emg, [controller("r1")], GIVEN)
    told("is outside the window of", EmgError, compare_emg, [controller("r1", "r2")], GIVEN, window_ms=5, lag_ms=9)
    assert compare_emg([controller("r1", "r2")], GIVEN, window_ms=10, lag_ms=9).lag_ms == 9  # Give a larger --window
    for window in (-3, float("nan"), 1e9):
        told("Give 1 to 1000 ms", EmgError, compare_emg, [controller("r1", "r2")], GIVEN, window_ms=window)
    told("is out of range. Give ", EmgError, check_lags, 0, 0)
    told("Give a smaller --window", EmgError, compare_emg, [controller("r1", "r2")], GIVEN, window_ms=250)
    assert compare_emg([controller("r1", "r2")], GIVEN, window_ms=50)


def test_advice_on_emg():
    short = GIVEN | {"r2": envelope("r2", TIME[:4])}
    says = "Import it again with the right rate and offset, or leave the reach out"
    told(says, EmgError, compare_emg, [controller("r1", "r2")], short)
    assert compare_emg([controller("r1", "r2")], GIVEN)
    three = short | {"r3": envelope("r3")}
    assert compare_emg([controller("r1", "r2", "r3")], {name: three[name] for name in ("r1", "r3")})
    silent = {name: replace(one, muscles={}) for name, one in GIVEN.items()}
    told("Import it again with a map of channels", EmgError, compare_emg, [controller("r1", "r2")], silent)
    other = GIVEN | {"r2": replace(GIVEN["r2"], channels=("arm",), muscles={"arm": {"a": 1.0}})}
    told("Import them together, with one map of channels", EmgError, compare_emg, [controller("r1", "r2")], other)


def test_advice_on_tables(tmp_path):
    def table(name, head="time,a", rows=ROWS):
        (tmp_path / name).write_text(f"{head}\n{rows}\n")
        return [tmp_path / name]

    told("Rename it REACH_NAME", EmgError, of_tables, table("moco.csv"), list(GIVEN))
    told("Rename it REACH_NAME", EmgError, of_tables, table("r11_moco.csv"), list(GIVEN))
    good = of_tables(table("r1_moco.csv"), list(GIVEN))
    assert (good[0].name, good[0].reaches) == ("moco", ["r1"])
    told("Name it time, in s", EmgError, of_tables, table("r1_x.csv", "a,time"), list(GIVEN))
    told("Correct the table", EmgError, of_tables, table("r1_x.csv", rows="1,2\n1,3"), list(GIVEN))
    (tmp_path / "r1_x.csv").write_bytes(bytes(99))
    told("columns time (in s) and those of muscles", KinematicsError, of_tables, [tmp_path / "r1_x.csv"], list(GIVEN))
    two = table("r1_x.csv") + table("r2_x.csv", "time,b")
    told("Give them another name each", EmgError, of_tables, two, list(GIVEN))
    assert len(of_tables(table("r1_x.csv") + table("r2_y.csv", "time,b"), list(GIVEN))) == 2


def test_advice_on_controllers():
    told("Add --controllers optimal", ConfigError, asked_controllers, "cmc", "0.1", None)
    found = asked_controllers("optimal,cmc", "0.1,1", "2,3")
    assert [more for _, more in found][1] == ["optimal.w_effort=1", "optimal.power=2"]
    assert (len(found), found[-1]) == (5, ("cmc", []))
    motors = ReachRecording("r1", "test", 0, {"time": Signal(TIME, "s", "")})
    told("Compare an arm with muscles: model=muscle", RecordingError, of_recording, Recording([motors], {}))
