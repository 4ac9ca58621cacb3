"""What messages about the Hub tell to do works."""

import json
import shutil

import pytest
from hub_server import STRANGER

from mousearm.errors import HubError, ModelError
from mousearm.hub.download import export, fetch
from mousearm.hub.repository import HubUri, push
from mousearm.model.load import model_file

FILES = {"config.yaml": b"seed: 0\n", "arm.xml": b"<mujoco/>"}


def pushed(uri="jane/agent", private=False):
    place = HubUri.parse(uri)
    return push(FILES, HubUri(place.repo, "model", "main"), ["config.yaml"], private, "Share")


def refused(call, *arguments, **options):
    """The message of what is refused."""
    with pytest.raises(HubError) as error:
        call(*arguments, **options)
    return str(error.value)


def test_advice_to_log_in(hub, log_in):
    assert "Log in by `hf auth login`" in refused(pushed)
    log_in(STRANGER)
    assert "with a token that may do so" in refused(pushed)
    log_in()
    assert pushed().revision


def test_advice_to_log_in_for_what_is_private(hub, log_in):
    hub.add("lab/hidden", FILES, private=True)
    assert "log in by `hf auth login` (or set HF_TOKEN) if it is private" in refused(fetch, HubUri.parse("lab/hidden"))
    log_in()
    assert fetch(HubUri.parse("lab/hidden")).files


def test_advice_to_push_elsewhere(hub, log_in):
    log_in()
    hub.add("jane/agent", {"thesis.tex": b"mine"})
    assert "Give another REPO" in refused(pushed)
    assert pushed("jane/other").revision


def test_advice_to_make_it_private_first(hub, log_in):
    log_in()
    repository = hub.add("jane/agent", {"config.yaml": b""})
    assert f"Make it private on {hub.url}/jane/agent/settings first" in refused(pushed, private=True)
    repository.private = True
    assert pushed(private=True).revision


def test_advice_to_copy_elsewhere(hub, tmp_path):
    hub.add("lab/arm", FILES)
    hub.add("lab/other", FILES)
    arm, other = (fetch(HubUri.parse(name)) for name in ("lab/arm", "lab/other"))
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    assert "Give a new folder (--out)" in refused(export, arm, tmp_path / "thesis")
    export(arm, tmp_path / "arm")
    assert "Give another folder (--out)" in refused(export, other, tmp_path / "arm")
    export(other, tmp_path / "other")
    (tmp_path / "arm" / "arm.xml").write_text("mine")
    assert "Give another folder (--out), or remove it" in refused(export, arm, tmp_path / "arm")
    export(arm, tmp_path / "again")
    shutil.rmtree(tmp_path / "arm")
    export(arm, tmp_path / "arm")
    assert (tmp_path / "arm" / "arm.xml").read_bytes() == (tmp_path / "again" / "arm.xml").read_bytes()


def test_advice_where_a_transfer_is_damaged(hub, monkeypatch):
    hub.add("lab/arm", FILES)
    with monkeypatch.context() as patch:
        patch.setattr(hub, "tampered", {"arm.xml": b"<mojuco/>"})
        assert "Try again later" in refused(fetch, HubUri.parse("lab/arm"))
    snapshot = fetch(HubUri.parse("lab/arm"))
    assert (snapshot.folder / "arm.xml").read_bytes() == FILES["arm.xml"]


def test_advice_without_a_network(hub, monkeypatch):
    hub.add("lab/arm", FILES)
    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.constants.ENDPOINT", "http://localhost:9")
        assert "Try again with a network" in refused(fetch, HubUri.parse("lab/arm"))
    assert fetch(HubUri.parse("lab/arm")).files


def test_advice_on_places(hub):
    hub.add("lab/arm", FILES)
    assert "Give a path below it" in refused(HubUri.parse, "lab/arm/../x")
    for text in ("lab/arm", "hf://lab/arm", "hf://lab/arm@main/arm.xml"):
        assert fetch(HubUri.parse(text)).files
    message = refused(HubUri.parse, "lab")
    assert "Write hf://OWNER/NAME, hf://OWNER/NAME@REVISION/PATH, or hf://datasets/OWNER/NAME" in message


def test_advice_to_say_a_revision_once(hub, run_script):
    repository = hub.add("lab/arm", FILES)
    commit = repository.refs["main"]
    words = ("download", "model", f"lab/arm@{commit}")
    assert "Say it once" in run_script(*words, "--revision", "v2").err
    assert run_script(*words).status == 0
    assert run_script("download", "model", "lab/arm", "--revision", commit).status == 0


def test_advice_to_name_one_of_several_models(hub, configure):
    hub.add("lab/two", {"a.xml": b"<mujoco/>", "b.xml": b"<mujoco/>"})
    with pytest.raises(ModelError, match=r"Name the model itself, as model\.file=hf://lab/two/FILE"):
        model_file(configure("model.file=hf://lab/two").model)
    assert model_file(configure("model.file=hf://lab/two/b.xml").model).name == "b.xml"


def test_advice_of_a_download_is_a_command_that_works(hub, run_script, tmp_path, monkeypatch):
    """What comes next is said as a command; of reaches both are given as they stand."""
    from mousearm.paths import resolve

    hub.add("lab/reaches", {"one.csv": resolve("package:demo.csv", "kinematics/data").read_bytes()}, kind="dataset")
    monkeypatch.chdir(tmp_path)
    told = run_script("download", "kinematics", "datasets/lab/reaches", "--out", "reaches").out
    assert "python scripts/check_reaches.py reaches" in told
    assert run_script("check_reaches", "reaches").status == 0
    assert "python run.py kinematics.path=reaches" in told
    assert json.loads((tmp_path / "reaches" / "hub.json").read_text())["repo"] == "lab/reaches"
