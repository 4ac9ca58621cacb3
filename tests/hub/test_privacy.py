"""Planted secrets are found, wherever they are, and nothing else is."""

import re
from pathlib import Path

import pytest
from secrets_to_plant import CARRIERS, SECRETS

from mousearm.errors import RunError
from mousearm.paths import PACKAGE, resolve
from mousearm.rundir.logs import read_environment
from mousearm.share.privacy import Private, check_private, find_private, private_texts

WORDS = [
    Private("/home/jane/lab", "a path of this machine"),
    Private("jane_doe", "your user name"),
    Private("Jane Doe", "your user name"),
    Private("gpu-node-17", "the name of this machine"),
    Private("janes-lab", "your account of Weights & Biases"),
    Private("sesame-open-123", "what HF_TOKEN is", is_secret=True),
]
NO_SECRETS = (
    *("e-mail", "address of a machine", "address in a network", "path of a cluster", "path of a person", "Windows"),
    *("machine", "user", "account"),
)
PLANTED = [(kind, text) for kind, texts in SECRETS.items() for text in texts]
GOLDEN = Path(__file__).parents[1] / "golden"


def found(name, content, allowed=()):
    return find_private({name: content}, WORDS, allowed)


def test_there_are_enough_kinds():
    assert len(PLANTED) >= 40
    assert len(SECRETS) >= 20


@pytest.mark.parametrize("name", CARRIERS)
def test_a_planted_secret_is_found_in_every_file(name):
    assert found(name, CARRIERS[name]("nothing to see")) == []
    for kind, text in PLANTED:
        assert found(name, CARRIERS[name](text)), (kind, text)


@pytest.mark.parametrize(("kind", "text"), [(kind, texts[0]) for kind, texts in SECRETS.items() if "/" not in texts[0]])
def test_a_file_may_not_be_named_by_one_either(kind, text):
    told = found(f"figures/{text}.png", CARRIERS["figures/a.png"]("plain"))
    assert told
    assert all(line.startswith("the name of figures/") for line in told)
    assert kind in NO_SECRETS or not any(text.split()[-1][3:] in line for line in told)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"ok\nfile: /home/jane/lab/x", "a.txt, line 2: a path of this machine (/home/jane/lab)"),
        ("a.txt", b"by Jane_Doe, 2025", "a.txt, line 1: your user name (jane_doe)"),
        ("a.txt", b"key=sesame-open-123", "a.txt, line 1: what HF_TOKEN is (…, 15 characters)"),
        ("a.txt", b"hf_" + b"a" * 31, "a.txt, line 1: a token (hf_…, 34 characters)"),
        ("a.xml", b'\n<mesh file="/data/other/x.stl"/>', "a.xml, line 2: a path (/data/other/x.stl)"),
        ("a.txt", rb"C:\Users\bob\arm.xml", r"a.txt, line 1: a path (C:\Users\bob\arm.xml)"),
        ("a.mp4", b"\0\0/home/jane/lab/film\0", "a.mp4, byte 2: a path of this machine (/home/jane/lab)"),
    ],
)
def test_file_and_line_are_told_but_secrets_not_repeated(name, content, told):
    assert told in found(name, content)


@pytest.mark.parametrize("written", ["&#{};", "&#x{:x};", "\\u{:04x}", "\\x{:02x}"])
def test_letters_are_read_as_xml_json_and_yaml_write_them(written):
    key = "hf_" + "aB3" * 11
    for text in (key, "jane_doe"):
        line = "".join(written.format(ord(letter)) for letter in text)
        assert found("a.txt", f'a="{line}"'.encode()), text


def test_no_secret_is_repeated():
    for text in (text for kind, text in PLANTED if kind not in NO_SECRETS):
        assert not any(text.split()[-1][3:] in line for line in found("a.txt", text.encode())), text


@pytest.mark.parametrize(
    "text",
    [
        *("janet and marijane", "https://example.org/home/data/x", "1/2, a/b/c, package:demo.csv", "hf_short"),
        *("hf://datasets/lab/reaches@v2.release/mouse_1", f"hf://models/lab/arm@{'0f' * 20}/arm.xml"),
        *("opencv-python==4.10.0.84", "password: null", "token: none", "</body></geom>", "(N/m)/s/kg", "~5/10 mm"),
        *("<socket_parent_frame>/bodyset/humerus</socket_parent_frame>", "git@github.com:lab/arm.git"),
        *("a" * 64, "0f" * 32, "0f" * 16, "#!/usr/bin/env python", "5 rad/s/s", "sk-learn", "./outputs/first/x"),
        *("2026:11:26 10:30:00", "std::vector", "fcl::mesh", "12:30:45"),
    ],
)
def test_other_texts_pass(text):
    assert found("a.txt", text.encode()) == []


def test_what_the_program_ships_and_makes_raises_no_alarm():
    folders = [resolve(f"{PACKAGE}.", "model"), resolve(f"{PACKAGE}.", "kinematics/data"), *GOLDEN.glob("*/agent")]
    files = [file for folder in folders for file in folder.rglob("*.*") if file.suffix not in (".py", ".pyc")]
    contents = {str(file.relative_to(file.parents[2])): file.read_bytes() for file in files}
    assert len(contents) > 30
    commits = [read_environment(file).commit for file in files if file.name == "environment.txt"]
    assert find_private(contents, WORDS, commits) == []


@pytest.mark.parametrize(("kind", "text"), [(kind, texts[0]) for kind, texts in SECRETS.items()])
def test_advice_to_allow_what_is_no_secret(kind, text):
    content = f"note\n{text}\n/data/shared/x".encode()
    told = found("a.txt", content)
    with pytest.raises(RunError, match="say --allow TEXT"):
        check_private({"a.txt": content}, WORDS)
    left = found("a.txt", content, allowed=[text, *re.findall(r"\w+", text), *re.split("[ =]", text)])
    assert left == [line for line in told if "/data/shared/x" in line]


def test_many_findings_are_counted():
    with pytest.raises(RunError, match="and 10 more"):
        check_private({"a.txt": b"/data/x/y\n" * 30}, [])


def test_long_lines_and_large_files_take_their_time():
    line = "key://" + "a:" * 50_000 + "@@" + "-" * 25_000
    assert found("a.txt", line.encode()) is not None
    assert found("a.mp4", b"\0" + b"\x78\x9c" * 25_000) == []


def test_what_is_private_is_known(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("MY_LAB_PASSWORD", "sesame-open")
    monkeypatch.setenv("LOGNAME", "jane")
    words = {text.text: text.what for text in private_texts([tmp_path / "reaches"], "janes-lab")}
    assert words[str(tmp_path / "reaches")] == "a path of this machine"
    assert words["jane"] == "your user name"
    assert words["janes-lab"] == "your account of Weights & Biases"
    assert words["k" * 40] == "what WANDB_API_KEY is"
    assert words["sesame-open"] == "what MY_LAB_PASSWORD is"
    monkeypatch.setenv("LOGNAME", "root")
    assert "root" not in {text.text for text in private_texts([], None)}
