import pytest
from hub_server import STRANGER

from mousearm.errors import HubError
from mousearm.hub.download import fetch
from mousearm.hub.repository import HubUri, push

FILES = {
    "README.md": b"---\nlicense: mit\ntags: [mouse]\n---\n# A",
    "config.yaml": b"seed: 0\n",
    "best/weights.safetensors": b"w" * 5000,
}
AGENT = HubUri("jane/agent", "model", "main")


def pushed(files=FILES, private=False, uri=AGENT):
    return push(files, uri, ["config.yaml"], private, "Share")


def test_what_is_pushed_is_what_arrives(hub, log_in):
    log_in()
    place = pushed()
    repository = hub.repositories["model", "jane/agent"]
    assert place.revision == repository.refs["main"]
    assert not repository.private
    assert {name: content for name, content in repository.files.items() if name != ".gitattributes"} == FILES
    snapshot = fetch(place)
    assert all((snapshot.path / name).read_bytes() == content for name, content in FILES.items())


def test_an_agent_may_be_replaced_as_a_whole(hub, log_in):
    log_in()
    pushed()
    new = {"README.md": FILES["README.md"], "config.yaml": b"seed: 1\n"}
    pushed(new)
    repository = hub.repositories["model", "jane/agent"]
    assert repository.files == {**new, ".gitattributes": b"*.bin filter=lfs\n"}
    assert len(repository.commits) == 3  # made, and two pushes: what was there is in the history


def test_something_else_is_not_overwritten(hub, log_in):
    log_in()
    thesis = hub.add("jane/agent", {"thesis.tex": b"mine"})
    with pytest.raises(HubError, match=r"holds something else \(thesis.tex\), which is not overwritten"):
        pushed()
    assert thesis.files == {"thesis.tex": b"mine"}


def test_private_is_private(hub, log_in):
    log_in()
    pushed(private=True)
    assert hub.repositories["model", "jane/agent"].private
    hub.add("jane/public", {})
    with pytest.raises(HubError, match=r"exists, and all can see it\. Make it private on http"):
        pushed(private=True, uri=HubUri("jane/public", "model", "main"))


def test_who_may_not_write_is_told_to_log_in(hub, log_in):
    with pytest.raises(HubError, match=r"you are not logged in\. Log in by `hf auth login`"):
        pushed()
    assert hub.requests == []
    log_in(STRANGER)
    with pytest.raises(HubError, match=r"the Hub does not allow it \(403\)") as error:
        pushed()
    assert STRANGER not in str(error.value)
