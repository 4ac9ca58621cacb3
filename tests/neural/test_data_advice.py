"""What messages on neural data tell to do."""

import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from test_activity import activity

from mousearm.errors import NeuralError
from mousearm.neural import made_files, matlab_session, nwb_session, quality, spike_tables
from mousearm.neural.activity import matched
from mousearm.neural.alignment import align, read_cohort, read_session
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.predictors import predictor
from mousearm.neural.rates import Kernel
from mousearm.neural.session import UnitFilter, keep_units
from mousearm.neural.source import PredictorSource


def told(says, call, *arguments, **options):
    with pytest.raises(NeuralError) as refused:
        call(*arguments, **options)
    assert says in " ".join(str(refused.value).split())


def test_advice_where_activities_do_not_match():
    a, b = activity(lengths=(30, 30)), activity("b", (30, 30))
    told("read the neurons with the step of the recording", matched, a, replace(b, step_s=0.02))
    told("Name the trials of one as the reaches of the other", matched, a, replace(b, reaches=("x", "y")))
    twice = (activity("c", (30,) * n, ("one",) * n) for n in (2, 3))
    told("Give one of them a single trial of each reach", matched, *twice)
    assert matched(activity("c", (30, 30), ("one", "one")), b)[1].reaches == ("one", "one")
    told("Check the event that trials are aligned to", matched, a, activity("b", (30, 26)))
    assert matched(a, activity("b", (30, 27)))[0].n_frames == (30, 27)


def test_advice_where_neurons_are_made():
    a, b = activity(lengths=(30, 30)), activity("b", (30, 27))
    told("Neurons cannot be made with ", Recipe, depth=-1)
    assert make_neurons([(a, 1)], Recipe(depth=0)).neurons.n_units == 60
    told("is none: give a number of at least 0", make_neurons, [(a, -1)])
    told("are not on the same trials: give both to matched first", make_neurons, [(a, 1), (b, 1)])
    assert make_neurons([(of, 1) for of in matched(a, b)]).neurons.n_frames == (30, 27)


def test_advice_on_what_neurons_are_made_of():
    told("Give names with shares of at least 0, such as hidden=0.6,kinematics=0.4", made_files.read_mix, "hidden=-1")
    assert made_files.read_mix("hidden=0.6,kinematics=0.4") == {"hidden": 0.6, "kinematics": 0.4}


def test_advice_on_kernels():
    told("There is no kernel ", Kernel, "box")
    told("Give more than 0 and at most 1000 ms", Kernel, "causal", 0)
    assert Kernel("causal", 1000).margins(0.1) == (40, 0)


def test_advice_on_what_a_recording_lacks(two_link, swing, assemble, configure):
    agent = assemble(configure("policy.lstm_hidden_size=8"), two_link, [swing(two_link, 12)])
    source = PredictorSource.of_agent(agent)
    told("Leave out what is made of it", predictor, source, "muscles")
    told("or leave emg out", predictor, source, "emg")
    told("Leave untrained out for this layer", predictor, source, "untrained", "inputs")
    told("Give the run folder to make it untrained", predictor, replace(source, agent=None), "untrained")
    still = replace(source, reaches=(_still(source.reaches[0]),))
    told("can explain nothing. Leave it out", predictor, still, "speed")
    for name in ("hidden", "untrained", "kinematics"):
        assert predictor(source, name).n_frames == (12,)
    broken = replace(source, reaches=(replace(source.reaches[0], completed=False),))
    told("Record a network that does", broken.lived)
    assert source.lived().diverged == ()


def _still(reach):
    target = reach.signals["target"]
    held = replace(target, values=np.broadcast_to(target.values[:1], target.values.shape))
    return replace(reach, signals={**reach.signals, "target": held})


SPIKES, TRIALS = "unit,time_s\na,1.2\na,3.2\nb,1.4\n", "reach,start_s,stop_s\nx,1,2\ny,3,4\n"


def tables(folder, spikes=SPIKES, trials=TRIALS, units=None):
    """A session in a folder of tables."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("spikes", spikes), ("trials", trials), ("units", units)):
        (folder / f"{name}.csv").unlink(missing_ok=True)
        if text is not None:
            (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("says", "wrong", "right"),
    [
        ("Add a row for it", {"units": "unit,area\na,M1\n"}, {"units": "unit,area\na,M1\nb,M1\n"}),
        ("Correct the number", {"spikes": "unit,trial,time_s\na,3,0.2\n"}, {"spikes": "unit,trial,time_s\na,2,0.2\n"}),
        ("Give a table with a header and a row for each entry", {"trials": "reach,start_s,stop_s\n"}, {}),
        ("row 3: cannot be read (field larger ", {"spikes": f'unit,time_s\na,1.2\n"b,{"1" * 200_000}'}, {}),
        ("Rename or remove one", {"spikes": "unit,time_s,time_s\na,1.2,5\n"}, {}),
        ("spike 2 has no unit. Name it, or remove the row", {"spikes": "unit,time_s\na,1.2\n,1.4\n"}, {}),
        ("units have the same name", {"units": "unit,area\na,M1\na,M2\nb,M1\n"}, {"units": "unit,area\na,M1\nb,M1"}),
        ("row 5: has 1 cells, and the header 2", {"spikes": "unit,time_s\n\na,1.2\n\nb\n"}, {}),
        ("and the header", {"spikes": "unit,time_s\n\r\na\n"}, {"spikes": SPIKES.replace("\n", "\r")}),
        ("and the header", {"spikes": "unit,time_s\na\n"}, {}),
        ("Add or rename one", {"spikes": "cell,time_s\na,1.2\n"}, {}),
        ("holds something else than numbers", {"spikes": "unit,time_s\na,1;2\n"}, {}),
        ("or add a column reach", {"trials": "which,start_s,stop_s\nx,1,2\n"}, {}),
        (
            "Add it, in s, or as ",
            {"trials": "reach,start_s\nx,1\n"},
            {"trials": "reach,start_ms,stop_ms\nx,1000,2000\n"},
        ),
    ],
)
def test_advice_on_tables(tmp_path, says, wrong, right):
    told(says, read_session, tables(tmp_path / "m" / "d", **wrong))
    assert len(read_session(tables(tmp_path / "m" / "d", **right)).units) in (1, 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml",
            "spikes.csv: is an Excel file. Save the sheet as 'CSV UTF-8'",
        ),
        (bytes(5000), f"is no text, and of no kind that is known here. {spike_tables._AS_CSV}."),
        (
            bytes(range(256)) * 20,
            "Write it as CSV: a row of names, such as unit,time_s in spikes.csv, and a row for each",
        ),
        (bytes(4) + b"ftypisom" + bytes(50), f"spikes.csv: is a film. {spike_tables._AS_CSV}."),
    ],
    ids=["Excel", "zeros", "bytes", "film"],
)
def test_advice_on_tables_that_are_no_text(tmp_path, content, says):
    folder = tables(tmp_path / "m" / "d")
    file = folder / "spikes.csv"
    right = file.read_text()
    file.write_bytes(content)
    told(says, read_session, folder)
    file.write_text(right, encoding="utf-16")
    assert len(read_session(folder).units) == 2


def test_advice_to_name_the_column(tmp_path):
    folder = tables(tmp_path / "d", trials="which,start_s,stop_s\nx,1,2\n")
    told("(--names COLUMN)", read_session, folder)
    assert read_session(folder, "which").trials[0].name == "x"


def test_advice_on_sessions(tmp_path):
    folder = tables(tmp_path / "m" / "d")
    told("Give a file .nwb or .mat, or a folder with ", read_session, tmp_path)
    (tmp_path / "empty").mkdir()
    told("Give .nwb or .mat files, or folders.", read_cohort, [tmp_path / "empty"])
    told("Give one of them, or correct animal and session in one", read_cohort, [folder, folder])
    session = read_session(folder)
    assert read_cohort([tmp_path])[0].sha256 == session.sha256
    twice = {"units": ("a", "a")}
    told("Give each its own", replace, session, **twice)
    told("give a lower --min-rate, a higher --max-short, or other areas", keep_units, session, UnitFilter(5.0))
    late = replace(session, spikes=tuple(1e3 * times for times in session.spikes))
    told("Or give spikes and trials in s on one clock: spikes are from ", keep_units, late, UnitFilter())
    assert keep_units(session, UnitFilter(0.1)).units == ("a", "b")


def test_advice_on_alignment(tmp_path):
    trials = "reach,start_s,stop_s,go_s,never_s\nx,1,2,1.3,\n"
    session = read_session(tables(tmp_path / "m" / "d", trials=trials))
    told("Name trials as ANIMAL/SESSION/REACH", align, session, 0.01, {"a/x": 9, "b/x": 9})
    told("give another event (--event; there are ", align, session, 0.01, {"x": 101}, event="go")
    assert align(session, 0.01, {"x": 101}).n_frames == (101,)
    told("which part of it is the reach is not known", align, session, 0.01, {"x": 51})
    assert align(session, 0.01, {"x": 51}, event="go").n_frames == align(session, 0.01, {"x": 51}, offset_ms=9).n_frames
    told("Give another one (--event)", align, session, 0.01, {"x": 51}, event="never")
    told("Give the column that names the reach (--names), or", align, session, 0.01, {"z": 101})
    late = replace(session, spikes=tuple(1e3 + times for times in session.spikes))
    told("Give both in s on one clock", align, late, 0.01)


def test_advice_on_files_of_matlab(tmp_path, monkeypatch):
    cells = np.empty((2, 1), dtype=object)
    cells[:, 0] = [np.array([1.2, 3.2]), np.array([1.4])]
    square = np.empty((2, 4), dtype=object)
    square[:] = [[np.zeros(1)] * 4] * 2
    words = np.empty((2, 1), dtype=object)
    words[:, 0] = ["a", "b"]
    right = {"spikes": cells, "reach": np.array(["x", "y", "z"], dtype=object)}
    right |= {"trial_start": np.array([1.0, 3, 5]), "trial_stop": np.array([2.0, 4, 6])}
    path = tmp_path / "a.mat"

    def given(**changes):
        savemat(path, {name: of for name, of in {**right, **changes}.items() if of is not None})
        return path

    for says, changes in (
        ("Add it, or rename one", {"trial_start": None}),
        ("Make it one, such as {[0.1 0.5]; []}", {"spikes": np.zeros((2, 3))}),
        ("trials (trial_start). Correct it", {"trial_stop": np.array([2.0, 4])}),
        ("Make it one of units x 1 or of units x trials", {"spikes": square}),
        ("units. Correct it", {"area": np.array(["M1"] * 3, dtype=object)}),
        ("units have the same name (unit). Give each its own", {"unit": np.array(["a", "a"], dtype=object)}),
        ("Save them as numbers, in s", {"trial_stop": np.array(["x", "y", "z"], dtype=object)}),
        ("of the unit 1, holds something else than numbers", {"spikes": words}),
    ):
        told(says, read_session, given(**changes))
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(300))
    told("Save it again with save(..., '-v7')", read_session, path)
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(300))
    told("Save it again with save(..., '-v7')", read_session, path)
    with monkeypatch.context() as patch:
        patch.setattr(matlab_session, "_MAX_BYTES", 10)
        told("Give the file that was meant, or a part of it", read_session, given())
    assert read_session(given()).units == ("1", "2")


def test_advice_to_install_what_is_missing(tmp_path, monkeypatch, write_usual_nwb):
    path = write_usual_nwb(tmp_path / "a.nwb")
    assert read_session(path).units
    with monkeypatch.context() as patch:
        for module in ("pynapple", "pynwb"):
            patch.setitem(sys.modules, module, None)
        told("Reading NWB needs pynapple, which cannot be imported here", nwb_session.read_nwb, path)
        told("Writing NWB needs pynwb, which cannot be imported here", made_files._pynwb)
    with h5py.File(path, "a") as file:
        del file["units"]
    told("Give a file of Neurodata Without Borders (.nwb) with units and trials", nwb_session.read_nwb, path)


def test_advice_on_a_wrong_alignment_by_the_paw():
    """The rest is done by test_quality.py::test_a_movement_that_is_elsewhere_shows_a_wrong_alignment."""
    shifts = [quality.Shift("x", 0.05, 0.9)] * 3
    assert "Change --offset by " in quality.shift_note(shifts, 0.01)
    assert "Change" not in quality.shift_note([quality.Shift("x", 0.0, 0.9)], 0.01)
