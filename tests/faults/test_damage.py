"""Whatever happens to a file of a checkpoint, the run goes on from the one before and ends as it would have."""

import shutil

import pytest
from short_runs import QUICK, result

from mousearm.errors import RunError
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import resumed

FILES = ("manifest.json", "policy.safetensors", "state.json", "state.pt")


def damage(file, how):
    content = bytearray(file.read_bytes())
    if how == "deleted":
        return file.unlink()
    content[len(content) // 3] ^= 4
    return file.write_bytes({"truncated": content[: len(content) // 2], "emptied": b"", "flipped": content}[how])


@pytest.fixture
def folder(tmp_path, stopped):
    return RunFolder(shutil.copytree(stopped, tmp_path / "r"))


@pytest.mark.parametrize(
    ("file", "how"),
    [
        pytest.param(file, how, marks=[] if (file, how) == ("state.pt", "flipped") else pytest.mark.slow)
        for file in FILES
        for how in ("truncated", "emptied", "flipped", "deleted")
    ],
)
def test_a_damaged_checkpoint_is_named_and_passed_over(folder, configure, unbroken, capsys, file, how):
    newest = folder.checkpoints()[-1]
    damage(newest / file, how)
    run(configure(*QUICK), folder.path)
    said = capsys.readouterr().out
    assert f"The checkpoint {newest} is passed over: {newest / file}" in said or file == "manifest.json"
    assert f"The checkpoint {newest} is passed over: " in said
    assert result(folder) == unbroken(QUICK)[0]


def test_without_any_checkpoint_that_can_be_used_a_run_is_refused_and_left_as_it_was(folder, configure):
    for checkpoint in folder.checkpoints():
        damage(checkpoint / "state.json", "truncated")
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file() and path.name != "lock"}
    with pytest.raises(RunError, match=r"No checkpoint of .* can be used\."):
        run(configure(*QUICK), folder.path)
    after = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file() and path.name != "lock"}
    assert after == before


@pytest.mark.slow
@pytest.mark.parametrize("how", ["truncated", "emptied", "deleted"])
@pytest.mark.parametrize("name", ["status.json", "overrides.yaml", "environment.txt", "timing.csv"])
def test_what_is_only_there_to_be_read_is_not_needed(folder, configure, unbroken, name, how):
    damage(folder.path / name, how)
    run(configure(*QUICK), folder.path)
    assert result(folder) == unbroken(QUICK)[0]


@pytest.mark.parametrize("name", ["config.yaml", "split.json", "origin.json"])
@pytest.mark.parametrize("how", ["truncated", "emptied"])
def test_what_a_run_began_with_is_needed(folder, configure, name, how):
    before = (folder.path / name).read_bytes()
    damage(folder.path / name, how)
    with pytest.raises(RunError, match=name.replace(".", r"\.")):
        run(configure(*QUICK), folder.path)
    (folder.path / name).write_bytes(before)  # as the message advises
    assert resumed(folder, folder.saved_config(), []).algo.timesteps == 600
    assert folder.saved_split().train


@pytest.mark.slow
def test_a_best_network_that_is_lost_is_looked_for_anew(folder, configure, unbroken, capsys):
    damage(folder.best / "policy.safetensors", "flipped")
    run(configure(*QUICK), folder.path)
    assert "The best network so far is lost, and is looked for again: " in capsys.readouterr().out
    assert result(folder)[:3] == unbroken(QUICK)[0][:3]
    assert not folder.best_problem()
