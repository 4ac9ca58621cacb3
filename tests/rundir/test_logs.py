import re
import shlex
import subprocess

import pytest

from mousearm.errors import RunError
from mousearm.rundir.logs import CODE, describe_environment, read_environment, read_metrics

ASKED = "numpy==2\n\n$ git rev-parse HEAD\n{}\n\n$ git diff HEAD\n{}"


@pytest.mark.parametrize(
    ("text", "commit", "is_changed"),
    [
        (ASKED.format("abc123\n", "\n"), "abc123", False),
        (ASKED.format("abc123\n", "diff --git a/x b/x\n"), "abc123", True),
        (ASKED.format("(not a git checkout)", "(not a git checkout)\n"), "", False),
        (ASKED.format("(git says: fatal: x)", "(git says: fatal: x)\n"), "", False),
        ("", "", False),
    ],
)
def test_commit_and_changes_are_found(tmp_path, text, commit, is_changed):
    file = tmp_path / "environment.txt"
    file.write_text(text)
    found = read_environment(file)
    assert (found.commit, found.is_changed) == (commit, is_changed)
    assert "diff --git" not in found.shareable
    assert found.shareable.startswith(text.partition("$ git diff HEAD\n")[0])


def test_nothing_but_versions_and_the_commit_is_shared(tmp_path):
    file = tmp_path / "environment.txt"
    file.write_text("dear diary\n" + ASKED.format("abc123\n", "\n") + "machine of mine\n")
    assert read_environment(file).shareable == ASKED.format("abc123\n", "(there were changes, which are not shared)\n")


def test_what_is_written_is_read(tmp_path):
    (tmp_path / "environment.txt").write_text(text := describe_environment())
    told = text.partition("$ git diff HEAD\n")[0]
    assert read_environment(tmp_path / "environment.txt").shareable.startswith(told)
    assert read_environment(tmp_path / "environment.txt").shareable.startswith("python 3.")
    assert read_environment(tmp_path / "none") == ("", False, "")


# What git's program does, and what is said of it: in the file, and on the terminal.
GIT = {
    "answers": ("echo abc123", "abc123", ""),
    "no checkout": ("echo fatal: not a git repository >&2; exit 128", "(not a git checkout)", ""),
    "refuses": (
        "printf \"fatal: dubious ownership in '$PWD'\\nTo add an exception, call: git config X $PWD\" >&2; exit 128",
        "(git says: fatal: dubious ownership in 'CODE' To add an exception, call: git config X CODE)",
        f"To add an exception, call: git config X {CODE}",
    ),
    "no commit": ("echo fatal: ambiguous HEAD >&2; exit 128", "(git says: fatal: ambiguous HEAD)", "ambiguous HEAD"),
    "dies": ("kill -9 $$", "(git says: it ends with -9)", "ends with -9"),
    "other letters": ("printf 'diff \\377\\n'", "diff \ufffd", ""),
    "is not there": (None, "(git cannot be asked: No such file or directory)", "git cannot be asked"),
}


@pytest.mark.parametrize(("script", "written", "told"), GIT.values(), ids=GIT)
def test_what_git_says_is_written_and_a_refusal_is_told(tmp_path, monkeypatch, capsys, script, written, told):
    if script is not None:
        (tmp_path / "git").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "environment.txt"
    file.write_text(describe_environment())
    assert f"$ git rev-parse HEAD\n{written}" in file.read_text()
    assert told in capsys.readouterr().out if told else capsys.readouterr().out == ""
    found = read_environment(file)
    assert found.commit == ("" if written.startswith("(") else written)
    assert not (found.is_changed and written.startswith("("))


@pytest.mark.skipif(not (CODE / ".git").exists(), reason="the code is no checkout")
def test_advice_of_git_about_a_folder_of_another_owner_works(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    text = describe_environment()
    assert "detected dubious ownership" in text
    assert str(CODE) not in text
    advice = re.search(r"git config .*?(?=\)\.\n)", capsys.readouterr().out)[0]
    subprocess.run(shlex.split(advice), check=True)
    file = tmp_path / "environment.txt"
    file.write_text(describe_environment())
    assert len(read_environment(file).commit) == 40
    assert capsys.readouterr().out == ""


def test_metrics_by_steps_from_the_first_column_that_has_one(tmp_path):
    file = tmp_path / "metrics.csv"
    file.write_text("steps,a,b\n0,3,4\n50,,\n100,1,\n200,,-")
    assert read_metrics(file).column("b", "a") == {0: 4.0, 100: 1.0}
    assert read_metrics(file).column("none") == {}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (None, []),
        (b"", []),
        (b"steps,a\n0,1\n100,2\n2", ["0", "100"]),  # of 200
        (b"steps,a\n0,1\n100,2.2", ["0"]),  # of 2.25
        (b"steps,a\n0,1\n200", ["0"]),
        (b"steps,a\n0,1\n100,2\n50,1\n", ["0", "100"]),
        (b"steps,a\n0,1\nten,1\n", ["0"]),
        (b"steps,a\n0,1\n" + bytes(4096), ["0"]),  # the power failed
    ],
)
def test_rows_are_read_up_to_what_was_cut_short(tmp_path, text, steps):
    file = tmp_path / "metrics.csv"
    if text is not None:
        file.write_bytes(text)
    assert [row["steps"] for row in read_metrics(file).rows] == steps


@pytest.mark.parametrize(
    "text",
    [
        *(b"\x00\xff,1\n2,3\n", b"a,b\n0,1\n", b"steps,a,a\n0,1,2\n", b"\n0,1\n"),
        *(b"steps,a\n0,1\n100,2,3\n200,1\n", b"steps,a\n0,1\n100\n200,1\n", b"steps,a\n0,1\n\n200,1\n"),
        *(b"steps,a\n0,1\n1OO,2\n200,1\n", b"steps,a\n0,1\n300,2\n200,1\n400,1\n", "steps,a\n²,1\n200,1\n".encode()),
        *(b"steps,a\n" + b"9" * 5000 + b",1\n2,1\n", b"steps,a\n0," + b"1" * 200_000 + b"\n", b"steps,a\n-1,2\n3,4\n"),
    ],
    ids=range(13),
)
def test_advice_on_metrics_with_a_broken_row_that_others_follow(tmp_path, text):
    file = tmp_path / "metrics.csv"
    file.write_bytes(text)
    with pytest.raises(RunError, match=rf"{file}.*move it away"):
        read_metrics(file)
    file.rename(tmp_path / "away.csv")
    assert read_metrics(file).rows == []
