"""What every command line shares: its arguments, and how it ends."""

import os
import sys

import pytest

from mousearm import cli
from mousearm.errors import Interrupted, MouseArmError


def status_of(error):
    with pytest.raises(SystemExit) as end, cli.handled():
        raise error
    return end.value.code


@pytest.mark.parametrize(
    ("error", "text", "status"),
    [
        (MouseArmError("There is no x."), "error: There is no x.\n", 1),
        (PermissionError(13, "Permission denied", "a.json"), "error: [Errno 13] Permission denied: 'a.json'\n", 1),
        (BrokenPipeError(32, "Broken pipe"), "error: [Errno 32] Broken pipe\n", 1),  # of another pipe than stdout
        (Interrupted("SIGTERM", 143), "", 143),
        (KeyboardInterrupt(), "", 130),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_status_tells_how_a_command_ended(capsys, error, text, status):
    assert status_of(error) == status
    assert capsys.readouterr() == ("", text)


def test_a_mistake_in_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), cli.handled():
        raise ZeroDivisionError


def test_nothing_is_said_where_nobody_reads(monkeypatch, capsys):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", nobody)
        with pytest.raises(SystemExit) as end, cli.handled():
            print("a table")
    assert end.value.code == 141
    assert capsys.readouterr().err == ""


def test_main_returns_its_status_and_takes_its_own_arguments():
    @cli.handled()
    def main(argv=None):
        parser = cli.parser("Help.", cli.OVERRIDES, cli.JSON, cli.CHECKPOINT.but(default="best"))
        given = parser.parse_intermixed_args(argv)
        assert (given.overrides, str(given.json), given.checkpoint) == (["a=1", "b=2"], "x.json", "best")
        return 3

    assert main(["a=1", "--json", "x.json", "b=2"]) == 3
    assert cli.CHECKPOINT.options.get("default") is None  # the shared argument is as it was
    with pytest.raises(SystemExit) as end:
        main(["--jsn", "x"])
    assert end.value.code == 2
