import pytest

from mousearm.errors import HubError
from mousearm.hub.download import pin
from mousearm.hub.repository import HubUri, as_saved

COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("hf://lab/arm", HubUri("lab/arm", None, "main")),
        ("lab/arm", HubUri("lab/arm", None, "main")),
        ("hf://lab/arm@v1/a/b.xml", HubUri("lab/arm", None, "v1", "a/b.xml")),
        ("hf://models/lab/arm", HubUri("lab/arm", "model", "main")),
        ("datasets/lab/reaches", HubUri("lab/reaches", "dataset", "main")),
        ("hf://datasets/lab/reaches@main/mouse_1", HubUri("lab/reaches", "dataset", "main", "mouse_1")),
        ("https://huggingface.co/lab/arm", HubUri("lab/arm", "model", "main")),
        ("https://huggingface.co/datasets/lab/r/tree/v2/a", HubUri("lab/r", "dataset", "v2", "a")),
    ],
)
def test_places_are_read_as_the_hubs_own_library_writes_them(text, place):
    assert HubUri.parse(text) == place


@pytest.mark.parametrize("text", ["hf://lab/arm@v1/a/b.xml", "hf://datasets/lab/reaches@main", "hf://models/lab/arm@x"])
def test_a_place_is_written_as_it_was_read(text):
    assert str(HubUri.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hf://arm", "'hf://arm' is not a place on the Hub: .* Write hf://OWNER/NAME"),
        ("lab/arm/../../secret", "leads out of the repository"),
        ("hf://lab/arm@main/a\\..\\b", "leads out of the repository"),
        ("hf://spaces/lab/demo", "is a space; only model and dataset repositories are used"),
    ],
)
def test_what_is_no_place_is_refused(text, message):
    with pytest.raises(HubError, match=message):
        HubUri.parse(text)


@pytest.mark.parametrize(
    ("wanted", "goes_on_with_the_saved"),
    [
        ("hf://lab/r@main/a", True),
        ("hf://lab/r@v2/a", True),
        ("hf://datasets/lab/r/a", True),
        ("hf://models/lab/r/a", False),
        ("hf://lab/other/a", False),
        ("hf://lab/r@main", False),
        (f"hf://lab/r@{COMMIT[::-1]}/a", False),  # another commit, said on purpose
        ("my_reaches", False),
    ],
)
def test_a_run_goes_on_with_the_commit_that_it_took(wanted, goes_on_with_the_saved):
    saved = f"hf://datasets/lab/r@{COMMIT}/a"
    assert as_saved(wanted, saved) == (saved if goes_on_with_the_saved else wanted)


def test_what_is_not_on_the_hub_is_left_as_it_is():
    assert pin("package:demo.csv") == "package:demo.csv"
    assert as_saved("hf://lab/r", "package:demo.csv") == "hf://lab/r"
