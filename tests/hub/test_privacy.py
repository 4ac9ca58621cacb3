import pytest

from mousearm.errors import RunError
from mousearm.share.contents import Private, check_private, private_texts

WORDS = [
    Private("/home/jane/lab", "a path of this machine"),
    Private("jane", "your user name", is_short=True),
    Private("sesame123", "what HF_TOKEN is", is_secret=True),
]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"ok\nfile: /home/jane/lab/x", r"a.txt, line 2: a path of this machine \(/home/jane/lab\)"),
        ("a.txt", b"by Jane, 2025", r"a.txt, line 1: your user name \(jane\)"),
        ("jane_reach.csv", b"", r"the name of jane_reach.csv: your user name"),
        ("a.txt", b"key=sesame123", "a.txt, line 1: what HF_TOKEN is\n"),
        ("a.txt", b"token hf_" + b"a" * 30, "a.txt, line 1: a token of the Hub\n"),
        ("a.xml", b'<mesh file="/data/other/bone.stl"/>', r"an absolute path \(/data/other/bone.stl\)"),
        ("a.txt", rb"C:\Users\bob\arm.xml", r"an absolute path \(C:\\Users\\bob\\arm.xml\)"),
        ("w.safetensors", b"\x00\xff sesame123 \x00", "w.safetensors, line 1: what HF_TOKEN is"),
        ("film.mp4", b"\x00 jane \x00/home/jane/lab/film\x00", "film.mp4, line 1: a path of this machine"),
    ],
)
def test_private_texts_are_found_and_named_but_secrets_not_repeated(name, content, told):
    with pytest.raises(RunError, match=told) as error:
        check_private({name: content}, WORDS)
    assert "sesame123" not in str(error.value)
    assert "hf_a" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [b"janet and marijane", b"https://example.org/home/data/x", b"1/2, a/b/c, package:demo.csv", b"hf_short"],
)
def test_other_texts_pass(content):
    check_private({"a.txt": content}, WORDS)


def test_what_is_no_secret_can_be_allowed():
    files = {"a.txt": b"jane\n/data/shared/x"}
    check_private(files, WORDS, ["jane", "/data/shared/x"])
    with pytest.raises(RunError, match="line 2"):
        check_private(files, WORDS, ["jane"])


def test_what_is_private_is_known(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("LOGNAME", "jane")
    words = {text.text: text.what for text in private_texts([tmp_path / "reaches"], "janes-lab")}
    assert words[str(tmp_path / "reaches")] == "a path of this machine"
    assert words["jane"] == "your user name"
    assert words["janes-lab"] == "your account of Weights & Biases"
    assert words["k" * 40] == "what WANDB_API_KEY is"
