import json

import pytest

from mousearm.errors import HubError
from mousearm.hub import Place, export, fetch

FILES = {"arm.xml": b"<mujoco/>", "meshes/bone.bin": b"b" * 100, "README.md": b"# Arm"}


@pytest.fixture
def arm(hub):
    return hub.add("lab/arm", FILES)


def get(text="lab/arm"):
    return fetch(Place.parse(text))


def contents(folder):
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != "hub.json")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_a_copy_has_plain_files_and_says_what_it_is(arm, tmp_path):
    assert export(get(), tmp_path / "arm") == ""
    assert contents(tmp_path / "arm") == FILES
    assert not any(file.is_symlink() for file in (tmp_path / "arm").rglob("*"))
    record = json.loads((tmp_path / "arm" / "hub.json").read_text())
    assert (record["repo"], record["kind"], record["revision"]) == ("lab/arm", "model", "main")
    assert record["commit"] == arm.refs["main"]
    assert set(record["files"]) == set(FILES)


def test_a_copy_is_brought_up_to_date_and_the_difference_told(arm, tmp_path):
    export(get(), tmp_path / "arm")
    first = arm.refs["main"]
    new = {"arm.xml": b"<mujoco model='b'/>", "README.md": b"# Arm", "leg.xml": b"<mujoco/>"}
    second = arm.commit(new)
    told = export(get(), tmp_path / "arm")
    assert told == (
        f"lab/arm has changed: {tmp_path / 'arm'} was {first[:12]}, and is {second[:12]} now. "
        "Changed, new or gone: arm.xml, leg.xml, meshes/bone.bin."
    )
    assert contents(tmp_path / "arm") == new


def test_only_what_was_asked_for_is_copied(arm, tmp_path):
    export(get("lab/arm/meshes"), tmp_path / "part")
    assert set(contents(tmp_path / "part")) == {"meshes/bone.bin"}


def change(folder):
    (folder / "arm.xml").write_text("mine")


def add(folder):
    (folder / "notes.txt").write_text("mine")


@pytest.mark.parametrize(("do", "named"), [(change, "arm.xml"), (add, "notes.txt")])
def test_what_somebody_changed_is_not_overwritten(arm, tmp_path, do, named):
    export(get(), tmp_path / "arm")
    do(tmp_path / "arm")
    with pytest.raises(HubError, match=f"was changed since it was downloaded: {named}. It stays as it is"):
        export(get(), tmp_path / "arm")
    assert (tmp_path / "arm" / named).read_text() == "mine"


def test_a_folder_of_something_else_is_left_alone(hub, arm, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    with pytest.raises(HubError, match=r"holds something else\. Give a new folder"):
        export(get(), tmp_path / "thesis")
    export(get(), tmp_path / "arm")
    hub.add("lab/other", FILES)
    with pytest.raises(HubError, match="holds a copy of lab/arm, not of lab/other"):
        export(get("lab/other"), tmp_path / "arm")
