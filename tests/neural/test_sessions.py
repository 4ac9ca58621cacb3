"""Sessions in: NWB as laboratories write it, CSV and MATLAB; their units, their alignment, and what cannot be used."""

import shutil

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from test_made import MOVEMENT, NETWORK

from mousearm.errors import NeuralError, UnknownNameError
from mousearm.neural.alignment import align, read_cohort, read_session
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.made_files import spike_times, write_made
from mousearm.neural.rates import Kernel
from mousearm.neural.session import NeuralSession, NeuralTrial, UnitFilter, keep_units
from mousearm.neural.spike_tables import session_of_tables

STEP = 1 / 150


@pytest.fixture(scope="module")
def usual(tmp_path_factory, write_usual_nwb):
    return write_usual_nwb(tmp_path_factory.mktemp("nwb") / "a.nwb")


def session(spikes=None, trials=None, **others):
    """Two units that fire regularly, and two trials of half a second."""
    spikes = spikes or (np.arange(0.0, 10, 0.05), np.arange(0.01, 10, 0.1))
    trials = trials or tuple(
        NeuralTrial(f"reach_{i}", 2.0 * i + 1, 2.0 * i + 1.5, {"go": 2.0 * i + 1.1}) for i in range(2)
    )
    names = tuple(f"unit_{i}" for i in range(len(spikes)))
    parts = {"source": "file", "animal": "m", "session": "d", "areas": ("M1",) * len(spikes), "units": names}
    return NeuralSession(**{**parts, "spikes": spikes, "trials": trials, **others})


def test_an_nwb_file_that_others_wrote_is_read(usual):
    read = read_session(usual)
    assert (read.animal, read.session, read.group) == ("mouse_7", "day_3", "mouse_7/day_3")
    assert read.areas == ("M1", "striatum", "M1", "striatum")
    assert [trial.name for trial in read.trials] == [f"reach_{i}" for i in range(5)]
    assert read.trials[1].events == {"movement": pytest.approx(11.1)}
    assert read.rates == pytest.approx(20, rel=0.1)
    assert read_session(usual).sha256 == read.sha256
    with pytest.warns(UserWarning, match="3 trials left out"):
        activity = align(read, STEP, {"mouse_7/day_3/reach_1": 30, "reach_4": 31, "reach_9": 30}, event="movement")
    assert activity.reaches == ("mouse_7/day_3/reach_1", "reach_4")
    assert (activity.n_frames, activity.groups, activity.kind) == ((30, 31), ("mouse_7/day_3",) * 2, "neurons")
    assert np.concatenate(activity.values).mean() == pytest.approx(20, rel=0.3)
    apart = read.by_area()
    assert {area: part.units for area, part in apart.items()} == {"M1": ("0", "2"), "striatum": ("1", "3")}


def test_units_are_kept_by_rate_isolation_quality_and_area(usual):
    read = read_session(usual)
    rule = UnitFilter(areas=("M1", "striatum"), quality={"quality": ["good"]}, least={"isolation_distance": 5})
    assert keep_units(read, rule).units == ("1", "2")
    assert len(keep_units(read, rule).notes) == 2
    doubled = np.sort([*np.arange(0.0, 10, 0.05), *np.arange(0.001, 10, 0.1)])  # 2 of 3 intervals are 1 ms
    three = session((np.arange(0.0, 10, 0.05), doubled, np.empty(0), np.array([5.0])))
    assert three.short_intervals == pytest.approx([0, 1 / 3, 0, 0], abs=0.01)
    assert keep_units(three, UnitFilter()).units == ("unit_0",)
    with pytest.raises(NeuralError):
        keep_units(three, UnitFilter(least_rate=99))
    for wrong in (UnitFilter(areas=("V1",)), UnitFilter(least={"snr": 1}), UnitFilter(quality={"label": ["good"]})):
        with pytest.raises(UnknownNameError):
            keep_units(read, wrong)


def test_made_neurons_written_as_nwb_are_read_as_they_were_made(tmp_path):
    for kernel in (Kernel(), Kernel("causal", 30.0)):
        made = make_neurons([(NETWORK, 1.0), (MOVEMENT, 0.5)], Recipe(n_units=6, silent=1, kernel=kernel), 3)
        write_made(made, path := tmp_path / f"{kernel.shape}.nwb", areas=("M1", "S1"))
        read = read_session(path)
        frames = dict(zip(made.neurons.reaches, made.neurons.n_frames, strict=True))
        again = align(read, made.neurons.step_s, frames, kernel)
        assert again.reaches == made.neurons.reaches
        np.testing.assert_allclose(np.concatenate(again.values), np.concatenate(made.neurons.values), atol=1e-6)
        np.testing.assert_allclose(read.facts["true_unique"], made.unique)
    assert read.areas == ("M1", "S1") * 3
    assert read.short_intervals.max() < 0.01


def test_tables_of_csv_and_matlab_hold_the_same_session(tmp_path):
    made = make_neurons([(NETWORK.trials(range(3)), 1.0)], Recipe(n_units=3), 0)
    times, starts = spike_times(made)
    ends = starts + STEP * (np.array(made.neurons.n_frames) - 1)
    folder = tmp_path / "mouse_1" / "monday"
    folder.mkdir(parents=True)
    rows = [f"u{u},{1e3 * t!r}" for u, of in enumerate(times) for t in map(float, of)]
    (folder / "spikes.csv").write_text("unit,time_ms\n" + "\n".join(rows) + "\n")
    trials = [
        f"{r},{a!r},{b!r}" for r, a, b in zip(made.neurons.reaches, map(float, starts), map(float, ends), strict=True)
    ]
    (folder / "trials.csv").write_text("reach,start_s,stop_s\n" + "\n".join(trials))
    (folder / "units.csv").write_text("unit,area,snr\nu0,M1,1\nu1,S1,2\nu2,M1,3\nu3,M1,4\n")
    known = read_session(folder)
    for table in folder.glob("*.csv"):  # as of a German Excel
        table.write_text(table.read_text().replace(",", ";").replace(".", ","), encoding="utf-8-sig")
    assert read_session(folder).sha256 == known.sha256
    cells = np.empty((3, 1), dtype=object)
    cells[:, 0] = times
    names = np.array(made.neurons.reaches, dtype=object)
    mat = {
        "spikes": cells,
        "reach": names,
        "trial_start": starts,
        "trial_stop": ends,
        "area": np.array(["M1", "S1", "M1"], dtype=object),
    }
    savemat(tmp_path / "a.mat", {**mat, "animal": "m", "go": starts + 0.1}, do_compression=True)
    each = np.empty((3, 3), dtype=object)
    for u in range(3):
        for k in range(3):
            own = times[u][np.abs(times[u] - starts[k] - 0.2) < 1]
            each[u, k] = own - starts[k]
    savemat(tmp_path / "b.mat", {**mat, "spikes": each})
    table, one, other = (read_session(path) for path in (folder, tmp_path / "a.mat", tmp_path / "b.mat"))
    assert (table.group, table.areas, table.facts["snr"]) == (
        "mouse_1/monday",
        ("M1", "S1", "M1", "M1"),
        ("1", "2", "3", "4"),
    )
    assert keep_units(table, UnitFilter(least={"snr": 2})).units == ("u1", "u2")
    assert (one.animal, one.areas, one.trials[2].events["go"]) == (
        "m",
        ("M1", "S1", "M1"),
        pytest.approx(starts[2] + 0.1),
    )
    for read in (table, one, other):
        values = np.concatenate(align(read, STEP).values)[:, :3]
        np.testing.assert_allclose(values, np.concatenate(made.neurons.values), atol=1e-6)


def test_a_cohort_is_read_and_sessions_are_told_apart(tmp_path):
    for animal in ("mouse_1", "mouse_2"):
        folder = tmp_path / "all" / animal / "monday"
        folder.mkdir(parents=True)
        (folder / "spikes.csv").write_text("unit,trial,time_s\na,1,0.2\nb,2,0.1\na,2,0.3\n")
        (folder / "trials.csv").write_text("reach,start_s,stop_s\nx,1,2\ny,3,4\n")
    cohort = read_cohort([tmp_path / "all"])
    assert [of.group for of in cohort] == ["mouse_1/monday", "mouse_2/monday"]
    assert [times.tolist() for times in cohort[0].spikes] == [[1.2, 3.3], [3.1]]
    with pytest.raises(NeuralError):
        read_cohort([tmp_path / "all", folder])
    for nothing in (tmp_path / "none.nwb", tmp_path, tmp_path / "a.txt"):
        with pytest.raises(NeuralError):
            read_session(nothing)


def test_trials_that_miss_something_are_left_out_and_named(tmp_path, write_usual_nwb):
    def change(nwb):
        nwb.add_trial(start_time=55.0, stop_time=np.nan, reach="endless", movement=55.1)
        nwb.add_trial(start_time=56.0, stop_time=56.5, reach="still", movement=np.nan)

    read = read_session(write_usual_nwb(tmp_path / "a.nwb", change))
    assert any("endless" in note for note in read.notes)
    with pytest.warns(UserWarning, match="still"):
        found = align(read, STEP, event="movement")
    assert len(found.reaches) == 5
    one = align(session(trials=session().trials[:1]), STEP)
    assert one.n_frames == (76,)


@pytest.mark.parametrize(
    ("frames", "others"),
    [
        ({"reach_0": 76, "reach_1": 120}, {}),  # the reach is longer than its trial
        ({"reach_0": 76, "reach_1": 40}, {}),  # much shorter, and nobody said which part of the trial it is
        ({"reach_0": 76}, {"event": "go"}),  # ends 0.1 s after the trial
        ({"reach_0": 40}, {"offset_ms": -300.0}),
        ({"other": 40}, {}),
        ({"reach_0": 1}, {}),
        ({"a/reach_0": 76, "b/reach_0": 76}, {}),
    ],
)
def test_a_wrong_alignment_is_refused(frames, others):
    with pytest.raises(NeuralError) as refused:
        align(session(), STEP, frames, **others)
    assert "file" in str(refused.value)
    first = session(trials=session().trials[:1])
    assert align(first, STEP, {"reach_0": 40}, event="go").n_frames == (40,)
    with pytest.raises(UnknownNameError):
        align(session(), STEP, {"reach_0": 40}, event="cue")


def test_spikes_on_another_clock_are_refused():
    with pytest.raises(NeuralError):
        align(session(tuple(1e3 * times + 5e4 for times in session().spikes)), STEP)


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": ("a", "a")},
        {"spikes": (np.array([0.0, np.nan]), np.zeros(1))},
        {"trials": ()},
        {"spikes": (), "units": (), "areas": ()},
    ],
)
def test_a_session_that_is_none_is_refused(wrong):
    with pytest.raises(NeuralError):
        NeuralSession(**{**vars_of(session()), **wrong})


def vars_of(of):
    return {name: getattr(of, name) for name in ("source", "animal", "session", "units", "spikes", "areas", "trials")}


def test_tables_that_cannot_be_used_are_refused():
    times, trials = {"a": np.arange(9.0)}, {"reach": ["x"], "start": [1.0], "stop": [2.0]}
    assert session_of_tables("f", ("", ""), times, {}, {**trials, "go_ms": [1500]}).trials[0].events == {"go": 1.5}
    for wrong in ({"start": ["soon"]}, {"start": None}, {"reach": None}, {"stop": [0.5]}, {"reach": [""]}):
        table = {name: of for name, of in {**trials, **wrong}.items() if of is not None}
        with pytest.raises(NeuralError):
            session_of_tables("f", ("", ""), times, {}, table)
    with pytest.raises(UnknownNameError):
        session_of_tables("f", ("", ""), times, {}, trials, names="trial")


def hostile_files(folder, usual):
    """Files that are not what their name says, or try to do harm; each is to end in words."""
    content = usual.read_bytes()
    (folder / "noise.nwb").write_bytes(bytes(range(256)) * 40)
    (folder / "half.nwb").write_bytes(content[: len(content) // 2])
    (folder / "broken.nwb").write_bytes(content[:4000] + b"\xff" * 4000 + content[8000:])
    shutil.copy(usual, folder / "linked.nwb")
    shutil.copy(usual, folder / "vast.nwb")
    shutil.copy(usual, folder / "no_units.nwb")
    with h5py.File(folder / "linked.nwb", "a") as file:
        file["units/elsewhere"] = h5py.ExternalLink("/etc/hosts", "/a")
    with h5py.File(folder / "vast.nwb", "a") as file:
        del file["units/spike_times"]
        file.create_dataset("units/spike_times", shape=(10**12,), dtype="f8", chunks=(1000,))
    with h5py.File(folder / "no_units.nwb", "a") as file:
        del file["units"]
    (folder / "noise.mat").write_bytes(bytes(range(256)) * 40)
    (folder / "new.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(600))
    savemat(folder / "poor.mat", {"spikes": np.zeros(3)})
    start = {"trial_start": np.arange(3.0), "trial_stop": np.arange(3.0) + 1, "reach": np.array(["a", "b", "c"])}
    cells = np.empty((2, 2), dtype=object)
    cells[:] = [[np.zeros(1), np.zeros(1)]] * 2
    savemat(folder / "square.mat", {"spikes": cells, **start})
    savemat(folder / "flat.mat", {"spikes": np.zeros((2, 4)), **start})
    row = np.empty((2, 1), dtype=object)
    row[:, 0] = ["soon", "later"]
    savemat(folder / "texts.mat", {"spikes": row, **start})
    for name, spikes, trials in (
        ("no_column", "unit,when\na,1\n", "reach,start_s,stop_s\nx,1,2\n"),
        ("no_number", "unit,time_s\na,soon\n", "reach,start_s,stop_s\nx,1,2\n"),
        ("ragged", "unit,time_s\na,1,2\n", "reach,start_s,stop_s\nx,1,2\n"),
        ("no_rows", "unit,time_s\n", "reach,start_s,stop_s\nx,1,2\n"),
        ("no_trial", "unit,trial,time_s\na,2,0.1\n", "reach,start_s,stop_s\nx,1,2\n"),
        ("not_a_time", "unit,time_s\na,nan\n", "reach,start_s,stop_s\nx,1,2\n"),
        ("no_name", "unit,time_s\na,1.2\n", "which,start_s,stop_s\nx,1,2\n"),
    ):
        (folder / name).mkdir()
        (folder / name / "spikes.csv").write_text(spikes)
        (folder / name / "trials.csv").write_text(trials)
    (folder / "alone").mkdir()
    (folder / "alone" / "spikes.csv").write_text("unit,time_s\na,1.2\n")
    return sorted(folder.iterdir())


def test_malformed_and_hostile_files_end_in_words(tmp_path, usual, monkeypatch):
    for path in hostile_files(tmp_path, usual):
        with pytest.raises(NeuralError) as refused:
            align(read_session(path), STEP)
        assert path.name in str(refused.value), path
    (path := tmp_path / "no_column.nwb").write_bytes(usual.read_bytes())
    with h5py.File(path, "a") as file:
        del file["intervals/trials/reach"]
    with pytest.raises(NeuralError):
        read_session(path)
    path.write_bytes(usual.read_bytes())  # into the same file, which must not have stayed open
    assert len(read_session(path).trials) == 5
    monkeypatch.setattr("mousearm.neural.matlab_session._MAX_BYTES", 10_000)
    savemat(tmp_path / "bomb.mat", {"spikes": np.zeros(10**5)}, do_compression=True)
    with pytest.raises(NeuralError, match="unpacks"):
        read_session(tmp_path / "bomb.mat")
