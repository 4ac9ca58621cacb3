import hashlib
import subprocess
import sys

import pytest
from hub_server import STRANGER

from mousearm.errors import HubError
from mousearm.hub import Place, fetch, pin
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
    return fetch(Place.parse(text))


def contents(snapshot):
    files = (file for file in snapshot.folder.rglob("*") if file.is_file())
    return {file.relative_to(snapshot.folder).as_posix(): file.read_bytes() for file in files}


def test_a_repository_arrives_as_it_is(hub, arm):
    snapshot = get("lab/arm")
    assert contents(snapshot) == FILES
    assert snapshot.place == Place("lab/arm", "model", arm.refs["main"])
    assert (snapshot.asked, snapshot.before, snapshot.moved) == ("main", None, "")


def test_a_data_set_is_found_where_there_is_no_model_of_the_name(hub):
    hub.add("lab/reaches", FILES, "dataset")
    assert get("lab/reaches").place.kind == "dataset"
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
    first = get("lab/arm").place.revision
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
