"""Controllers against planted EMG: what is there is found, what is not there is not, in the rates that are stated."""

import json

import numpy as np
import pytest

from mousearm.emg import Envelope
from mousearm.emg.synthetic import RawEmgModel, raw_emg
from mousearm.emg_comparison.controllers import MuscleController, MusclePerformance, of_tables, without_network
from mousearm.emg_comparison.page import emg_caveats, emg_text, sentences, write_emg_study
from mousearm.emg_comparison.study import COMMON, compare_emg
from mousearm.emg_comparison.tables import muscle_results
from mousearm.emg_comparison.timing import delay, emg_reach_rows
from mousearm.emg_comparison.traces import (
    Trace,
    best_lag,
    coactivation,
    correlations,
    mean_of_others,
    onset_and_peak,
    scale,
    scaled_errors,
    synergy_fit,
)

MUSCLES = ("a", "b", "c")
MAP = {"biceps": {"a": 1.0}, "long": {"b": 1.0}, "lateral": {"c": 1.0}}
TIME = np.arange(50) / 150


def smooth(rng, *shape, width=3.0):
    """Activations (..., T, C) of this smoothness, in frames, above 0."""
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / width) ** 2)
    table = np.array([np.convolve(row, kernel, "same") for row in np.eye(50)])
    return np.exp(0.3 * np.einsum("st,...tc->...sc", table, rng.normal(size=shape)))


def controller(name, activations):
    """A controller that has these activations (n, T, 3) in the reaches r0, r1 ..."""
    traces = {f"r{i}": Trace(f"r{i}", TIME, of, TIME[-1]) for i, of in enumerate(activations)}
    speeds = {name: Trace(name, TIME, np.sin(9 * TIME)[:, None] ** 2, TIME[-1]) for name in traces}
    return MuscleController(name, [MusclePerformance(MUSCLES, traces, speeds)])


def envelopes(values, time=TIME, animals=None, **about):
    return {
        f"r{i}": Envelope(f"r{i}", time, of, tuple(MAP), MAP, animal=animals[i] if animals else "", about=about)
        for i, of in enumerate(values)
    }


def rectified(time, activation, seed, delay_s):
    """Raw EMG at 2 kHz, made to an envelope by hand: rectified, and smoothed without delay."""
    clock, raw = raw_emg(time, activation, RawEmgModel(delay_s=delay_s), seed, margin_s=0.1)
    kernel = np.exp(-0.5 * (np.arange(-60, 61) / 16) ** 2)
    return clock, np.stack([np.convolve(np.abs(of), kernel / kernel.sum(), "same") for of in raw.T], axis=1)


def test_planted_emg_is_found_with_its_delay_and_permuted_muscles_are_not():
    rng = np.random.default_rng(1)
    truth = smooth(rng, 6, 50, 3)
    made = [rectified(TIME, of, seed, 0.012) for seed, of in enumerate(truth)]
    found = {f"r{i}": Envelope(f"r{i}", *of, tuple(MAP), MAP) for i, of in enumerate(made)}
    both = [controller("right", truth), controller("wrong", truth[..., [2, 0, 1]])]
    study = compare_emg(both, found, lag_ms=12)
    (one,) = study.sets
    right, wrong = (one.evidence(i, study.channels) for i in range(2))
    assert right.agreeing == study.channels
    assert wrong.agreeing == wrong.better_than_null == ()
    assert (one.at_lag.r[0] > 0.8).all()
    late = delay(one, one.measured[0], study.lags_ms)
    assert late.ms == pytest.approx(12, abs=1)
    assert late.low <= 12 <= late.high
    assert sentences(study)[0].startswith("right: better than its null in 3 of 3 muscles, of a ceiling that is not")
    assert "too few" not in emg_text(study, muscle_results(study))
    assert {row.reach for row in emg_reach_rows(study)} == set(found)


@pytest.mark.slow
def test_of_twenty_comparisons_under_the_null_one_finds_something():
    """Muscles and EMG with one time course in all reaches, and each with its own beyond that; 35 in 1000 is 2.8 s.e."""
    rng, found = np.random.default_rng(2), np.zeros(3)
    for _ in range(300):
        course = smooth(rng, 50, 3)
        muscles, emg = course + smooth(rng, 5, 50, 3), course + smooth(rng, 5, 50, 3)
        (one,) = compare_emg([controller("none", muscles)], envelopes(emg), window_ms=1).sets
        found += [
            (one.at_lag.null.p_corrected <= 0.05).any(),
            (one.at_best.null.p_corrected <= 0.05).any(),
            bool(one.evidence(0, tuple(MAP)).agreeing),
        ]
    assert found[:2] / 300 == pytest.approx([0.05, 0.05], abs=0.035)
    assert found[2] / 300 <= 0.05


def test_lags_are_positive_where_the_emg_is_later_and_reaches_are_stretched():
    values = np.sin(20 * TIME)[:, None]
    muscle = Trace("r", TIME, values, TIME[-1])
    later = Trace("r", TIME + 0.02, values, TIME[-1])
    curve = correlations([muscle], [later], np.arange(-30, 31) / 1000)[:, 0, 0, 0]
    assert best_lag(curve, np.arange(-30.0, 31)) == pytest.approx(20, abs=0.01)
    slow = Trace("slow", 2 * TIME, values, 2 * TIME[-1])
    assert correlations([muscle], [slow])[0, 0, 0, 0] == pytest.approx(1)
    assert correlations([muscle], [Trace("r", TIME, np.ones((50, 1)), TIME[-1])])[0, 0, 0, 0] == 0
    mean = mean_of_others([muscle, slow, slow], ["", "", ""])[0]
    assert mean.values == pytest.approx(values)


def test_measures_by_hand():
    time = np.array([0.0, 0.1, 0.2, 0.3])
    ramp = np.array([[0.0, 1], [0.2, 1], [0.4, 1], [1.0, 1]])  # 30 % of 0 to 1 is passed at 0.2 s
    onset, peak = onset_and_peak(time, ramp)
    assert (onset[0], peak[0]) == (0.2, 0.3)
    assert np.isnan([onset[1], peak[1]]).all()
    assert scale(np.array([1.0, 1, 2]), np.array([3.0, 4, 6])) == 3  # ratios 3, 4, 3 with weights 1, 1, 2
    assert scale(np.zeros(2), np.ones(2)) == 0
    ones, twos = np.ones((4, 1)), 2 * np.ones((4, 1))
    assert scaled_errors([ones, ones, ones], [twos, twos, 3 * ones])[:, 0].tolist() == [0, 0, 1]
    assert np.isnan(scaled_errors([ones], [twos])).all()
    one, none = np.array([1.0, 0, 1, 0]), np.array([0.0, 1, 0, 1])
    both = coactivation([np.stack([one, 5 * one, none], axis=1)])
    assert (both[0, 1], both[0, 2]) == (1, 0)
    once = np.array([0.0, 1, 0, 0])  # less often than `one`, so that a single synergy is that of `one`
    fit = synergy_fit([np.stack([one, one], axis=1)], [np.stack([one, once], axis=1)])
    assert fit is not None
    assert fit.own[0] == pytest.approx(1, abs=1e-3)
    assert fit.by_other[1] == pytest.approx(1, abs=1e-3)  # two muscles alone make any pattern
    assert fit.by_other[0] == pytest.approx(0.5, abs=1e-3)  # one of two equal muscles


def test_page_and_tables_of_few_reaches_say_that_they_are_too_few(tmp_path):
    rng = np.random.default_rng(3)
    truth = smooth(rng, 3, 50, 3)
    about = {"assumptions": ["the clip is the file"], "covered": {"long": 0.8, "of no muscle": 0.9}}
    given = envelopes(truth + 0.1, animals=["m1", "m1", "m2"], **about)
    (tmp_path / "t").mkdir()
    for i in range(2):
        rows = "\n".join(",".join(map(str, (t, *row))) for t, row in zip(TIME, truth[i], strict=True))
        head = "time,/forceset/a/activation,b,/c/activation"
        (tmp_path / "t" / f"r{i}_moco.csv").write_text(f"{head}\n{rows}\n")
    tables = of_tables(sorted((tmp_path / "t").iterdir()), list(given))
    assert [one.name for one in tables] == ["moco"]
    study = compare_emg([controller("three", truth), *tables], given, group="animal")
    assert [one.reaches.names for one in study.sets] == [("r0", "r1", "r2"), ("r0", "r1")]
    assert study.sets[0].at_lag.null.arrangements == 2  # two of one animal
    assert all("too few recordings" in line for line in sentences(study))
    assert any("the clip is the file" in line for line in emg_caveats(study))
    assert [line[:12] for line in emg_caveats(study) if "do not interpret it" in line] == ["long: 80% of"]
    rows = muscle_results(study)
    assert len(rows) == 6
    assert {row.agrees for row in rows} == {False}
    alone = compare_emg(tables, given)
    assert list(alone.sets[0].reaches.rivals) == [COMMON]  # of tables no paw is known
    assert np.isnan(muscle_results(alone)[0].p_over_speed)


@pytest.mark.slow
def test_the_page_and_its_files(tmp_path):
    rng = np.random.default_rng(3)
    truth = smooth(rng, 3, 50, 3)
    study = compare_emg([controller("three", truth)], envelopes(truth))
    page = write_emg_study(study, ["x"], tmp_path / "out", "session")
    assert "too few recordings" in page.read_text()
    assert sorted(file.name for file in page.parent.iterdir()) == [
        "emg.html", "emg.json", "emg.md", "lags.csv", "muscles.csv", "reaches.csv", "scores.pdf", "scores.png",
        "together.csv", "traces.pdf", "traces.png",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_command_compares_a_network_a_recording_and_a_controller_without_one(run_script, tmp_path, monkeypatch):
    """With EMG that is the activation of computed muscle control in three reaches, and noise."""
    monkeypatch.chdir(tmp_path)
    assert run_script("make_synthetic", "reaches", "--n", "3", "--frames", "30", "30").status == 0
    run, rng = "package:example_muscle", np.random.default_rng(0)
    (cmc,) = without_network("cmc", [], "reaches", "activation").performances
    muscle = cmc.actuators.index("Triceps_Long_Head")
    (tmp_path / "emg").mkdir()
    for name, trace in cmc.muscles.items():
        values = trace.values[:, [muscle]]
        values = values + 0.1 * values.std() * rng.normal(size=values.shape)
        made = Envelope(name, trace.time, values, ("long",), {"long": {"Triceps_Long_Head": 1}})
        made.save(tmp_path / "emg" / f"{name}_emg.tsv")
    recorded = run_script("record", run, "--kinematics", "reaches", "--emg", "emg", "--out", "r.h5")
    assert recorded.status == 0, recorded.err
    words = run, "r.h5", "--emg", "emg", "--controllers", "cmc", "--kinematics", "reaches", "--out", "out"
    done = run_script("emg", *words)
    assert done.status == 0, done.err
    assert "Page: out/emg.html" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    rows = {row["controller"]: row for row in json.loads((tmp_path / "out" / "emg.json").read_text())["muscles"]}
    assert list(rows) == ["example_muscle", "r", "cmc"]
    assert rows["example_muscle"]["r"] == rows["r"]["r"]
    assert rows["cmc"]["r"] > 0.9
