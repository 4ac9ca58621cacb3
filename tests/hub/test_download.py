import hashlib
import json
import shlex
import subprocess
import sys

import pytest
from hub_server import STRANGER

from mousearm.config import compose
from mousearm.errors import HubError
from mousearm.hub.download import RECORD, export, fetch, next_steps, pin
from mousearm.hub.repository import HubUri
from mousearm.paths import resolve

FILES = {
    "arm.xml": b"<mujoco/>",
    "reaches/a.csv": b"1,2,3\n",
    "reaches/b.csv": b"4,5\n",
    "best/weights.bin": b"w" * 50_000,
}


@pytest.fixture
def arm(hub):
    """A repository of a model."""
    return hub.add("lab/arm", FILES)


def get(text):
    return fetch(HubUri.parse(text))


def contents(result):
    return copied(result.folder)


def copied(folder):
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != RECORD)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_a_repository_arrives_as_it_is(hub, arm):
    snapshot = get("lab/arm")
    assert contents(snapshot) == FILES
    assert snapshot.uri == HubUri("lab/arm", "model", arm.refs["main"])
    assert (snapshot.asked, snapshot.before, snapshot.moved) == ("main", None, "")


def test_a_data_set_is_found_where_there_is_no_model_of_the_name(hub):
    hub.add("lab/reaches", FILES, "dataset")
    assert get("lab/reaches").uri.kind == "dataset"
    with pytest.raises(HubError, match="lab/reaches cannot be downloaded: there is no such repository"):
        get("hf://models/lab/reaches")


def test_only_what_is_asked_for_is_downloaded(hub, arm):
    assert set(contents(get("lab/arm/reaches"))) == {"reaches/a.csv", "reaches/b.csv"}


@pytest.mark.parametrize("path", ["reaches/b.csv", "reaches", "arm.xml"])
def test_paths_of_the_configuration_may_be_on_the_hub(hub, arm, path):
    found = resolve(f"hf://lab/arm/{path}", "model")
    assert found.is_dir() == (path == "reaches")
    assert found.name == path.split("/")[-1]


def test_a_commit_that_is_in_the_cache_needs_no_network(hub, arm):
    pinned = pin("hf://lab/arm@main/reaches")
    assert pinned == f"hf://models/lab/arm@{arm.refs['main']}/reaches"
    hub.requests.clear()
    assert resolve(pinned, "kinematics/data").is_dir()
    assert pin(pinned) == pinned
    assert hub.requests == []


def test_a_branch_is_what_it_was_where_the_hub_cannot_be_reached(hub, arm, monkeypatch):
    before = get("lab/arm")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")  # where nobody answers
    assert get("lab/arm").folder == before.folder
    with pytest.raises(HubError, match="the Hub cannot be reached, and it is not complete in the cache"):
        get("lab/another")


def test_a_revision_that_has_moved_is_told(hub, arm, capsys):
    first = get("lab/arm").uri.revision
    second = arm.commit({**FILES, "arm.xml": b"<mujoco model='b'/>"})
    told = f"lab/arm has changed: main was {first[:12]} here before, and is {second[:12]} now."
    assert get("lab/arm").moved == told
    assert get("lab/arm").moved == ""
    assert contents(get(f"lab/arm@{first}")) == FILES
    arm.commit(FILES, "back")
    pin("hf://lab/arm")
    assert f"lab/arm has changed: main was {second[:12]} here before" in capsys.readouterr().out


def test_a_broken_transfer_goes_on_where_it_broke(hub, arm, monkeypatch):
    # The library keeps what it has in pieces of 10 MB; a file of the test is smaller.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 4096)
    sha256 = hashlib.sha256(FILES["best/weights.bin"]).hexdigest()
    hub.cut[sha256] = 20_000
    assert contents(get("lab/arm")) == FILES
    ranges = [part for method, path, part in hub.requests if path == f"/storage/{sha256}"]
    assert ranges == [None, "bytes=16384-"]


@pytest.mark.parametrize("path", ["reaches/a.csv", "best/weights.bin"])
def test_a_damaged_cache_is_found_and_mended(hub, arm, capsys, path):
    snapshot = get("lab/arm")
    (snapshot.folder / path).resolve().write_bytes(b"9" * len(FILES[path]))
    hub.requests.clear()
    assert contents(get("lab/arm")) == FILES
    assert f"Damaged in the cache, and downloaded again: {path}" in capsys.readouterr().out
    sha256 = hashlib.sha256(FILES[path]).hexdigest()
    fetched = [asked for method, asked, _ in hub.requests if method == "GET" and asked.endswith((path, sha256))]
    assert len(fetched) == 1


def test_a_hub_that_gives_other_bytes_than_it_says_is_not_believed(hub, arm, monkeypatch):
    monkeypatch.setattr(hub, "tampered", {"arm.xml": b"<mojuco/>"})
    with pytest.raises(HubError, match=r"does not arrive as the Hub says it is: arm\.xml"):
        get("lab/arm")


def test_what_is_given_on_request_says_how_to_get_it(hub, log_in):
    hub.add("AlBornoLab/Welle", FILES, gated=True)
    page = f"Visit {hub.url}/AlBornoLab/Welle, log in there and ask for access"
    with pytest.raises(HubError, match="you are not logged in") as error:
        get("AlBornoLab/Welle")
    assert page in str(error.value)
    assert "`hf auth login`" in str(error.value)
    log_in(STRANGER)
    with pytest.raises(HubError, match="your account has no access to it") as error:
        get("AlBornoLab/Welle")
    assert page in str(error.value)
    assert STRANGER not in str(error.value)
    log_in()
    assert contents(get("AlBornoLab/Welle")) == FILES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lab/none", "there is no such repository, or log in by `hf auth login`"),
        ("lab/hidden", "there is no such repository, or log in by `hf auth login`"),
        ("lab/arm@v7", "lab/arm has no revision 'v7'. Those that exist: http"),
        ("lab/arm/leg.xml", r"lab/arm \(model, main\) has no 'leg.xml'. It has arm.xml, reaches/a.csv"),
    ],
)
def test_what_is_missing_is_explained(hub, arm, text, message):
    hub.add("lab/hidden", FILES, private=True)
    with pytest.raises(HubError, match=message):
        get(text)


def test_nothing_gets_slower_where_the_hub_is_not_used():
    code = "import sys, mousearm.paths, mousearm.model; sys.exit('huggingface_hub' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_copy_has_plain_files_and_says_what_it_is(arm, tmp_path):
    assert export(get("lab/arm"), tmp_path / "arm") == ""
    assert copied(tmp_path / "arm") == FILES
    assert not any(file.is_symlink() for file in (tmp_path / "arm").rglob("*"))
    record = json.loads((tmp_path / "arm" / "hub.json").read_text())
    assert (record["repo"], record["kind"], record["revision"]) == ("lab/arm", "model", "main")
    assert record["commit"] == arm.refs["main"]
    assert set(record["files"]) == set(FILES)


def test_a_copy_is_brought_up_to_date_and_the_difference_told(arm, tmp_path):
    export(get("lab/arm"), tmp_path / "arm")
    first = arm.refs["main"]
    new = {"arm.xml": b"<mujoco model='b'/>", "reaches/a.csv": FILES["reaches/a.csv"], "leg.xml": b"<mujoco/>"}
    second = arm.commit(new)
    told = export(get("lab/arm"), tmp_path / "arm")
    assert told == (
        f"lab/arm has changed: {tmp_path / 'arm'} was {first[:12]}, and is {second[:12]} now. "
        "Changed, new or gone: arm.xml, best/weights.bin, leg.xml, reaches/b.csv."
    )
    assert copied(tmp_path / "arm") == new


def test_only_what_was_asked_for_is_copied(arm, tmp_path):
    export(get("lab/arm/reaches"), tmp_path / "part")
    assert set(copied(tmp_path / "part")) == {"reaches/a.csv", "reaches/b.csv"}


@pytest.mark.parametrize("name", ["../../evil.xml", "/tmp/evil.xml", "a/../../../evil.xml", "a\x1b[2Jb.xml", "x" * 300])
def test_names_from_the_hub_lead_nowhere(hub, tmp_path, name):
    hub.add("lab/arm", {**FILES, name: b"<mujoco/>"})
    with pytest.raises(HubError) as error:
        get("lab/arm")
    assert "\x1b" not in str(error.value)
    assert not list(tmp_path.rglob("evil.xml"))


def test_a_repository_may_have_a_note_of_our_name(hub, tmp_path):
    hub.add("lab/arm", {**FILES, RECORD: b"{}"})
    for _ in range(2):
        export(get("lab/arm"), tmp_path / "arm")
    assert json.loads((tmp_path / "arm" / RECORD).read_text())["repo"] == "lab/arm"


@pytest.mark.slow
def test_a_large_file_is_not_held_in_memory(hub):
    hub.add("lab/arm", {"large.bin": bytes(200_000_000)})
    get("lab/arm")
    code = (
        "import resource, sys; from mousearm.hub.download import fetch; from mousearm.hub.repository import HubUri;"
        "import huggingface_hub; before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "fetch(HubUri.parse('lab/arm')); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    more = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert int(more) < 150_000  # kB


@pytest.mark.parametrize(
    "name", ["my arm.xml", "a;rm -rf x.xml", "$(id).xml", "a'b.xml", "a,b.xml", "a=b.xml", "[a].xml"]
)
def test_advice_after_a_download(tmp_path, name):
    """What is printed can be given to a shell, whatever files are called."""
    (tmp_path / name).write_text("<mujoco/>")
    (told,) = next_steps("model", tmp_path, str(tmp_path))
    words = shlex.split(told)
    assert words[:3] == ["python", "run.py", "model=hub"]
    assert compose(words[2:]).model.file == str(tmp_path / name)


def change(folder):
    (folder / "arm.xml").write_text("mine")


def add(folder):
    (folder / "notes.txt").write_text("mine")


@pytest.mark.parametrize(("do", "named"), [(change, "arm.xml"), (add, "notes.txt")])
def test_what_somebody_changed_is_not_overwritten(arm, tmp_path, do, named):
    export(get("lab/arm"), tmp_path / "arm")
    do(tmp_path / "arm")
    with pytest.raises(HubError, match=f"was changed since it was downloaded: {named}. It stays as it is"):
        export(get("lab/arm"), tmp_path / "arm")
    assert (tmp_path / "arm" / named).read_text() == "mine"


def test_a_folder_of_something_else_is_left_alone(hub, arm, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    with pytest.raises(HubError, match=r"holds something else\. Give a new folder"):
        export(get("lab/arm"), tmp_path / "thesis")
    export(get("lab/arm"), tmp_path / "arm")
    hub.add("lab/other", FILES)
    with pytest.raises(HubError, match="holds a copy of lab/arm, not of lab/other"):
        export(get("lab/other"), tmp_path / "arm")
