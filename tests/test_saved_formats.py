import json
import shutil

import numpy as np
import pytest
from golden_run import FOLDERS, LAST_BUT_ONE, STEPS, layout, make
from safetensors.torch import load_file

import mousearm
from mousearm import checkpoint, formats
from mousearm.agent import Agent
from mousearm.door import read_json
from mousearm.errors import FormatError
from mousearm.experiment import run
from mousearm.files import write_json
from mousearm.formats import CHECKPOINT, RECORDING, RUN, SPLIT
from mousearm.record.files import read_recording, seal_recording
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.status import FINISHED

# Other processors may round otherwise.
WITHIN = {"rel": 1e-3, "abs": 1e-6}


# The first format goes through all upgrades.
BETWEEN = [pytest.param(path, marks=pytest.mark.slow) for path in FOLDERS[1:-1]]


@pytest.fixture(params=[FOLDERS[0], *BETWEEN, FOLDERS[-1]], ids=lambda path: f"format {path.name}")
def golden(request, tmp_path):
    """A copy of what was saved in a format."""
    return shutil.copytree(request.param, tmp_path / "golden")


@pytest.mark.parametrize("which", ["run", "agent"])
def test_an_agent_has_the_errors_that_it_had(golden, which):
    found, _ = Agent.load(golden / which).evaluate()
    stated = read_json(golden / which / "evaluation.json")
    for split in ("train", "test"):
        for point in ("paw_mm", "elbow_mm"):
            assert found.as_json()[split][point] == pytest.approx(stated[split][point], **WITHIN)


def test_a_run_is_resumed_and_comes_to_the_same(golden, configure):
    folder = RunFolder(golden / "run")
    last = folder.checkpoint(STEPS)
    weights, metrics = load_file(last / "policy.safetensors"), read_metrics(folder.metrics)
    shutil.rmtree(last)
    assert folder.complete_checkpoints() == [folder.checkpoint(LAST_BUT_ONE)]
    run(configure(), folder.path)
    assert folder.status().state == FINISHED
    for name, tensor in load_file(last / "policy.safetensors").items():
        np.testing.assert_allclose(tensor, weights[name], rtol=1e-3, atol=1e-5)
    again = read_metrics(folder.metrics)
    assert again.columns == metrics.columns
    assert again.column("eval/test_paw_mm") == pytest.approx(metrics.column("eval/test_paw_mm"), **WITHIN)


def test_a_recording_has_the_errors_of_its_agent(golden):
    recording = read_recording(golden / "recording.h5")
    stated = {reach["name"]: reach for reach in read_json(golden / "run" / "evaluation.json")["reaches"]}
    assert [reach.name for reach in recording.reaches] == ["a", "b"]
    assert recording.about["run"] == "golden"
    for reach in recording.reaches:
        elbow, paw = reach.signals["error"].values[1:].mean(axis=0)
        assert (elbow, paw) == pytest.approx([stated[reach.name][f"{p}_mm"]["mean"] for p in ("elbow", "paw")])


def test_what_is_saved_changes_only_with_a_new_number(tmp_path):
    make(tmp_path / "new")
    assert layout(tmp_path / "new") == layout(FOLDERS[-1]), (
        "What is saved is no longer what the last folder of tests/golden holds. Add an upgrade to mousearm/formats.py, "
        "which raises the number, and then a folder: python tests/golden_run.py"
    )


def newer(kind):
    return {"format": formats.newest(kind) + 1, "mousearm": "9.9"}


@pytest.mark.parametrize(
    ("kind", "file", "read"),
    [
        (RUN, "run/origin.json", lambda golden: RunFolder(golden / "run").saved_config()),
        (RUN, "agent/origin.json", lambda golden: Agent.load(golden / "agent")),
        (SPLIT, "run/split.json", lambda golden: RunFolder(golden / "run").saved_split()),
        (CHECKPOINT, "run/best/state.json", lambda golden: checkpoint.load_policy(golden / "run" / "best", None)),
        (
            CHECKPOINT,
            "run/checkpoints/300/state.json",
            lambda golden: checkpoint.load_state(golden / "run/checkpoints/300"),
        ),
    ],
)
def test_a_newer_format_is_refused(golden, kind, file, read):
    write_json(golden / file, {**read_json(golden / file), **newer(kind)})
    with pytest.raises(FormatError) as refusal:
        read(golden)
    error = refusal.value
    assert (error.kind, error.number, error.version) == (kind, error.newest + 1, "9.9")


def test_a_newer_recording_is_refused(golden):
    import h5py

    with h5py.File(golden / "recording.h5", "r+") as file:
        file.attrs.update(newer(RECORDING))
    if golden.joinpath("recording.h5").read_bytes().startswith(b"mousearm"):
        seal_recording(golden / "recording.h5")
    with pytest.raises(FormatError) as refusal:
        read_recording(golden / "recording.h5")
    assert (refusal.value.kind, refusal.value.version) == (RECORDING, "9.9")


@pytest.mark.parametrize("saved", [0, -1, 1.0, "2", None, True])
def test_what_is_no_number_of_a_format_is_refused(saved):
    with pytest.raises(FormatError):
        formats.format_number(RUN, {"format": saved}, "origin.json")


def test_the_refusal_says_who_wrote_it_what_is_read_and_what_to_do():
    with pytest.raises(FormatError) as refusal:
        formats.format_number(SPLIT, {"format": 7, "mousearm": "9.9"}, "split.json")
    assert str(refusal.value) == (
        "split.json: this split has the format 7, written by mousearm 9.9. This mousearm reads 1 to "
        f"{formats.newest(SPLIT)}: install the version that wrote it, or a newer one."
    )


def test_older_formats_go_through_every_upgrade_from_theirs_on(monkeypatch):
    steps = tuple(lambda content, i=i: {"seen": [*content["seen"], i]} for i in (2, 3, 4))
    monkeypatch.setattr(formats, "UPGRADES", {RUN: steps})
    assert formats.stamp(RUN) == {"format": 4, "mousearm": mousearm.__version__}
    for found, seen in ((1, [2, 3, 4]), (3, [4]), (4, [])):
        assert formats.format_number(RUN, {"format": found}, "") == found
        assert formats.upgrade(RUN, {"seen": []}, found) == {"seen": seen}
    assert formats.format_number(RUN, {}, "") == 1


def test_splits_without_hashes_and_runs_without_a_name_are_understood():
    assert formats.upgrade(SPLIT, {"train": ["a"], "test": []}, 1) == {"train": ["a"], "test": [], "sha256": {}}
    assert formats.upgrade(RUN, {"origin.json": {}}, 1) == {"origin.json": {"run": ""}}
    upgraded = formats.upgrade(RUN, {"config.yaml": {"seed": 0}}, 1)
    assert upgraded == {"config.yaml": {"seed": 0, "engine": "mujoco"}}


def test_the_budget_of_older_runs_counts_their_imitation():
    older = {"config.yaml": {"algo": {"timesteps": 9}, "pretrain": {"teacher": "cmc"}}}
    upgraded = formats.upgrade(RUN, older, 3)["config.yaml"]
    known = {"engine": "mujoco"}
    assert upgraded == {**known, "algo": {"timesteps": 9}, "pretrain": {"teacher": "cmc", "in_timesteps": True}}
    for others in ({"pretrain": {"teacher": "none"}}, {}):
        assert formats.upgrade(RUN, {"config.yaml": others}, 3) == {"config.yaml": {**known, **others}}
    assert formats.upgrade(RUN, {"origin.json": {}}, 3) == {"origin.json": {}}


def test_older_runs_were_simulated_by_mujoco():
    assert formats.upgrade(RUN, {"config.yaml": {"seed": 1}}, 4) == {"config.yaml": {"seed": 1, "engine": "mujoco"}}
    states = {"algo": {"steps": 5}, "env": {}}
    upgraded = formats.upgrade(CHECKPOINT, {"network": {}, "states": states}, 2)
    algo = {"steps": 5, "imitated": 0, "return_scale": 1.0}
    assert upgraded == {"network": {}, "states": {"algo": algo, "env": {}}}
    assert formats.upgrade(CHECKPOINT, {"network": {}}, 2) == {"network": {}}


def test_muscles_of_older_runs_were_as_published_and_began_at_rest():
    older = {"config.yaml": {"engine": "mujoco", "model": {"file": "a.xml"}, "env": {"control_dt": 0.01}}}
    upgraded = formats.upgrade(RUN, older, 5)["config.yaml"]
    assert upgraded["model"] == {"file": "a.xml", "muscle_dynamics": "published"}
    assert upgraded["env"] == {"control_dt": 0.01, "initial_activation": "zero"}
    assert older["config.yaml"]["env"] == {"control_dt": 0.01}  # as it was
    assert formats.upgrade(RUN, {"config.yaml": {"seed": 1}}, 5) == {"config.yaml": {"seed": 1}}


def test_after_a_warm_start_rollouts_of_older_runs_stay_as_they_were():
    for size, kept in ((1568, 60), (60, 60), (30, 30), (None, None), ("many", "many")):
        sizes = {"algo": {"n_steps": 30}, "env": {"num_envs": 2}, "pretrain": {"batch_size_after": size}}
        assert formats.upgrade(RUN, {"config.yaml": sizes}, 10)["config.yaml"]["pretrain"]["batch_size_after"] == kept
    assert formats.upgrade(RUN, {"config.yaml": {"seed": 1}}, 10) == {"config.yaml": {"seed": 1}}
    assert formats.upgrade(RUN, {"origin.json": {}}, 5) == {"origin.json": {}}


def test_keys_that_were_dropped_are_left_out_of_older_runs():
    older = {"algo": {"gamma": 0.9, "stats_window_size": 100}, "pretrain": {"noise": 0.1, "freeze_normalizer": True}}
    upgraded = formats.upgrade(RUN, {"config.yaml": older}, 9)["config.yaml"]
    assert upgraded == {"algo": {"gamma": 0.9}, "pretrain": {"noise": 0.1}}
    assert "stats_window_size" in older["algo"]  # as it was
    assert formats.upgrade(RUN, {"origin.json": {}}, 9) == {"origin.json": {}}


def test_the_stamp_is_no_part_of_a_content():
    content = {"train": [], "test": []}
    assert formats.without_stamp({**formats.stamp(SPLIT), **content}) == content
    assert json.dumps(formats.stamp(SPLIT))
