"""Raw EMG with a planted truth comes out as that truth; and what spoils it is said."""

import json
from dataclasses import replace

import emg_files as emg
import numpy as np
import pytest

from mousearm.emg import importing, load_folder
from mousearm.emg.filtering import delay_ms, for_rate
from mousearm.emg.importing import write_envelopes
from mousearm.emg.mapping import PUBLISHED_MUSCLES
from mousearm.emg.page import import_text, write_emg_page
from mousearm.emg.recording import EmgOptions
from mousearm.emg.synthetic import RawEmgModel, raw_emg, write_raw_emg
from mousearm.kinematics import find_reaches, write_reaches

DELAY, N = 0.012, 8
CHANNELS = ("biceps", "triceps")
SPOILT = RawEmgModel(delay_s=DELAY, hum=1e-4, crosstalk=0.1, offset=2e-3)
TIMED = {"rate": None, "unit": None, "align": None, "offset_s": 0.0, "notch_hz": 50.0}


def activation(seed):
    """Activations (50, 2) at 150 Hz of two muscles: bursts of excitation through their dynamics, 15 and 60 ms."""
    rng = np.random.default_rng(seed)
    step, fine = 1 / 3000, np.arange(980) / 3000
    found = []
    for _ in CHANNELS:
        bursts = (rng.uniform(0.1, 0.8) * np.exp(-0.5 * ((fine - rng.uniform(0, 0.33)) / 0.03) ** 2) for _ in range(3))
        excitation, level, levels = np.clip(0.02 + sum(bursts), 0, 1), 0.02, []
        for wanted in excitation:
            level += (
                step
                * (wanted - level)
                / (0.015 * (0.5 + 1.5 * level) if wanted > level else 0.06 / (0.5 + 1.5 * level))
            )
            levels.append(level)
        found.append(np.interp(np.arange(50) / 150, fine, levels))
    return np.stack(found, axis=1)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Reaches, the activations of each, and raw EMG of them as files."""
    folder = tmp_path_factory.mktemp("planted")
    (demo,) = emg.demo_reaches()
    write_reaches([replace(demo.read(), name=f"mouse/day/r{i}") for i in range(N)], folder / "reaches")
    truth = {f"mouse/day/r{i}": (np.arange(50) / 150, activation(i)) for i in range(N)}
    files = write_raw_emg(truth, CHANNELS, SPOILT, 0, 0.2, folder / "raw")
    return files, find_reaches(folder / "reaches"), {name: of for name, (_, of) in truth.items()}, folder


def test_a_planted_truth_is_found_and_what_spoils_it_is_said(planted, tmp_path):
    files, reaches, truth, _ = planted
    found = emg.examined(files, TIMED, reaches=reaches)
    assert not found.refusals
    write_envelopes(found, tmp_path)
    envelopes = load_folder(tmp_path)
    assert envelopes.keys() == truth.keys()
    late = {name: of.at(np.arange(50) / 150 + DELAY) for name, of in envelopes.items()}
    true, made = (np.concatenate([of[name] for name in truth]) for of in (truth, late))
    for c in range(2):
        assert np.corrcoef(true[:, c], made[:, c])[0, 1] >= 0.95
        assert abs(np.corrcoef(true[:, c], made[:, 1 - c])[0, 1]) < 0.6
    (pair,) = found.common["mouse/day"]
    assert pair.is_suspicious
    assert pair.share == pytest.approx(0.1, abs=0.03)
    one = envelopes["mouse/day/r0"]
    assert (one.animal, one.session) == ("mouse", "mouse/day")
    assert one.about["source"] == "r0_emg.csv"
    assert one.about["delay_ms"] == 0.0
    assert one.muscles["biceps"] == {"Biceps_Long_Head": 0.5, "Biceps_Short_Head": 0.5}
    assert one.time[0] == pytest.approx(-0.1, abs=1e-3)
    assert one.about["rate_hz"] == pytest.approx(150.0, rel=1e-3)
    values = np.concatenate([of.values for of in envelopes.values()])
    assert np.quantile(values, 0.98) == pytest.approx(1.0, abs=0.15)


def test_hum_and_cross_talk_are_said_where_they_are_only(planted, tmp_path):
    files, reaches, truth, _ = planted
    loud = emg.examined(files[:4], TIMED, reaches=reaches, notch_hz=None)
    assert any("--notch-hz 50 takes it out" in remark for remark in loud.remarks)
    assert any("cross-talk of about" in remark for remark in loud.remarks)
    times = {name: (np.arange(50) / 150, of) for name, of in truth.items()}
    clean = write_raw_emg(times, CHANNELS, RawEmgModel(), 0, 0.2, tmp_path / "clean")
    assert emg.examined(clean[:4], TIMED, reaches=reaches).remarks == []
    silent = {name: (time, of * [1, 0.03]) for name, (time, of) in times.items()}
    heard = write_raw_emg(silent, CHANNELS, RawEmgModel(crosstalk=0.1), 0, 0.2, tmp_path / "silent")
    found = emg.examined(heard[:4], TIMED, reaches=reaches)
    assert any(text.startswith("mouse/day: triceps: ") and "below their cross-talk" in text for text in found.remarks)
    (share,) = found.envelopes[0].about["covered"].values()  # 0.1^2 of 0.1^2 + 0.03^2, as muscles are alike
    assert share == pytest.approx(0.1**2 / (0.1**2 + 0.03**2), abs=0.05)


def test_a_file_of_a_session_is_cut_by_the_clock(planted):
    """One file, whose reaches begin at 1 and 2 s of its clock, gives what a file of each would."""
    _, _, truth, folder = planted
    (demo,) = emg.demo_reaches()
    one = demo.read()
    write_reaches([replace(one, name=f"s/d/c{i}", time=one.time + i) for i in (1, 2)], folder / "cut")
    clock = np.arange(0, 3, 1 / 150)
    level = sum(
        np.stack([np.interp(clock - i, np.arange(50) / 150, of, 0, 0) for of in truth[f"mouse/day/r{i}"].T], 1)
        for i in (1, 2)
    )
    at, raw = raw_emg(clock, level + 0.02, RawEmgModel(), 0)
    path = emg.write_csv(folder / "session.csv", {"time_s": at, **dict(zip(CHANNELS, raw.T, strict=True))})
    found = emg.examined([path], reaches=find_reaches(folder / "cut"), rate=None, align="clock")
    assert not found.refusals
    assert [of.reach for of in found.envelopes] == ["s/d/c1", "s/d/c2"]
    for i, envelope in zip((1, 2), found.envelopes, strict=True):
        true, made = truth[f"mouse/day/r{i}"], envelope.at(np.arange(50) / 150)
        assert np.corrcoef(true.T.ravel(), made.T.ravel())[0, 1] > 0.9


def test_scales_are_those_that_were_asked_for(planted):
    files, reaches, _, _ = planted
    for how, over in (("max", "session"), ("max", "file"), ("z", "session"), ("percentile", "file")):
        found = emg.examined(files[:2], TIMED, reaches=reaches, normalise=how, over=over)
        pooled = [1e-6 * of.envelope[:, 0] for of in found.signals]  # V
        for i, envelope in enumerate(found.envelopes):
            over_all = np.concatenate(pooled) if over == "session" else pooled[i]
            low, size = envelope.about["scale"]["biceps"]
            if how == "z":
                assert (low, size) == pytest.approx((over_all.mean(), over_all.std()))
            else:
                assert (low, size) == pytest.approx(
                    (0, over_all.max() if how == "max" else np.percentile(over_all, 98))
                )


def test_filters_delay_what_they_say_and_resampling_leaves_nothing_that_aliases():
    options = EmgOptions(kind="raw", causal=True, low_pass_hz=10.0)
    assert delay_ms(2000.0, options) == pytest.approx(1e3 * np.sqrt(2) / (2 * np.pi * 10.0), rel=0.01)  # of order 2
    assert delay_ms(2000.0, EmgOptions()) == 0.0
    time = np.arange(4000) / 2000
    fast, slow = np.sin(2 * np.pi * 140 * time), np.sin(2 * np.pi * 5 * time)
    kept = for_rate(np.stack([fast, slow], 1), 2000.0, 150.0, EmgOptions(), np.inf)[400:-400]
    assert np.abs(kept[:, 0]).max() < 0.05  # would be one of 10 Hz
    assert np.abs(kept[:, 1] - slow[400:-400]).max() < 0.01


def test_a_sparse_envelope_stays_as_it_is_and_that_is_said(tmp_path):
    time = np.linspace(0, 49 / 150, 13)
    path = emg.write_csv(tmp_path / "demo_emg.csv", {"time_s": time, "biceps": time**2})
    said = {"kind": "envelope", "rate": None, "unit": None, "normalise": "none"}
    found = emg.examined([path], said, ("biceps=Biceps_Long_Head",))
    (envelope,) = found.envelopes
    np.testing.assert_allclose(envelope.time, time, atol=1e-8)
    np.testing.assert_allclose(envelope.values[:, 0], time**2, atol=1e-8)
    assert any("missed by 14 ms" in text for text in found.assumptions)


def test_the_page_and_the_text_show_what_is_refused_and_what_is_not(planted, tmp_path, monkeypatch):
    files, reaches, _, _ = planted
    wrong = emg.write_csv(
        tmp_path / "r1_emg.csv",
        {"time_s": np.arange(1200) / 2000, **emg.signals(), "biceps": np.ones(1200), "bicep": np.ones(1200)},
    )
    found = emg.examined([files[0], wrong, tmp_path / "<b>r2_emg.csv"], TIMED, reaches=reaches, unit="V")
    page = write_emg_page(found, tmp_path / "emg_quality.html").read_text()
    text = import_text(found)
    for said in (page, text):
        assert "constant" in said
        assert "cannot be read" in said
    assert page.count("<img") == 2
    assert "<b>" not in page
    assert max(map(len, text.splitlines())) < 120
    monkeypatch.setattr(emg, "FORCES", dict.fromkeys(set().union(*PUBLISHED_MUSCLES.values()), 1.0))
    ready = emg.examined([wrong], TIMED, ["published"], reaches, unit="V")
    assert "bicep: left out" in " ".join(import_text(ready).split())


def test_the_command_imports_beside_the_reaches(planted, run_script, tmp_path, monkeypatch):
    (file, *_), _, _, folder = planted
    monkeypatch.chdir(folder)
    words = ("import_emg", file, "--reaches", "reaches", "--kind", "raw", "--offset-s", "0")
    words = (*words, "--muscles", "biceps=Biceps_Long_Head", "triceps=Triceps_Long_Head")
    checked = run_script(*words, "--check", "--out", tmp_path)
    assert (checked.status, [path.name for path in tmp_path.iterdir()]) == (0, ["emg_quality.html"])
    done = run_script(*words, "--assume", "it is")
    assert done.status == 0, done.err
    head = (folder / "reaches" / "mouse" / "day" / "r0_emg.tsv").read_text().splitlines()
    about = dict(line.removeprefix("# about.").split(": ", 1) for line in head if line.startswith("# about."))
    assert json.loads(about["assumptions"]) == ["it is"]
    assert len(find_reaches(folder / "reaches")) == N  # envelopes are no reaches
    with monkeypatch.context() as patch:  # it is said before any file is read
        patch.setattr(importing, "examine_emg", lambda *_: pytest.fail("files were examined"))
        again = run_script(*words)
    assert (again.status, "Give --overwrite" in again.err) == (1, True)
    assert run_script(*words, "--overwrite").status == 0
