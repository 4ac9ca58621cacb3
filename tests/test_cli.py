"""What every command line shares: its arguments, and how it ends."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

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
        (MouseArmError("There is no \x1b[2J\u202ex.\nTry y."), "error: There is no \\x1b[2J\\u202ex.\nTry y.\n", 1),
        (BrokenPipeError(32, "Broken pipe"), "error: [Errno 32] Broken pipe\n", 1),  # of another pipe than stdout
        (Interrupted("SIGTERM", 143), "", 143),
        (KeyboardInterrupt(), "", 130),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_status_tells_how_a_command_ended(capsys, error, text, status):
    assert status_of(error) == status
    assert capsys.readouterr() == ("", text)


def test_warnings_are_told_without_their_place_in_the_program():
    usual = warnings.formatwarning
    with cli.handled():
        assert warnings.formatwarning("The arm is \x1b small.", UserWarning, "a.py", 3) == (
            "warning: The arm is \\x1b small.\n"
        )
        assert warnings.formatwarning("overflow", RuntimeWarning, "a.py", 3) == "a.py:3: RuntimeWarning: overflow\n"
    assert warnings.formatwarning is usual


def test_a_mistake_in_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), cli.handled():
        raise ZeroDivisionError


@pytest.mark.parametrize("lines", [1, 10_000])  # in the stream's buffer, and past it
def test_nothing_is_said_where_nobody_reads(monkeypatch, capsys, lines):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", nobody)
        with pytest.raises(SystemExit) as end, cli.handled():
            print("a table\n" * lines)
    assert end.value.code == 141
    assert capsys.readouterr().err == ""


@cli.command("Help.", cli.OVERRIDES, cli.JSON, cli.CHECKPOINT.but(default="best"))
def main(given):
    if given.checkpoint == "latest":
        raise cli.UsageError("latest does not go with this")
    print(given.overrides, given.json, given.checkpoint)
    return 3 if given.json else None


def test_a_command_takes_its_arguments_in_any_order_and_returns_its_status(capsys):
    assert main(["a=1", "--json", "x.json", "b=2"]) == 3
    assert capsys.readouterr().out == "['a=1', 'b=2'] x.json best\n"
    assert main([]) == 0
    assert cli.CHECKPOINT.options.get("default") is None  # the shared argument is as it was


@pytest.mark.parametrize(("words", "text"), [(["--jsn", "x"], "--jsn"), (["--checkpoint", "latest"], "does not go")])
def test_wrong_usage_has_the_status_of_argparse(capsys, words, text):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert text in capsys.readouterr().err


ROOT = Path(__file__).parents[1]
HEAVY = ["torch", "stable_baselines3", "scipy", "matplotlib", "pandas", "wandb", "sklearn", "viser"]
REFUSED = """run.py --help
run.py reward.w_pow=1
run.py reward=nice
run.py env.n_substeps=0 name=r
run.py resume=none
run.py kinematics.path=none.csv
run.py model.file=none.xml
scripts/evaluate.py none
scripts/evaluate.py --controller cmc kinematics.path=none.csv
scripts/record.py none --out a.h5
scripts/video.py none
scripts/view.py none
scripts/share.py none jane/a
scripts/compare.py none
scripts/sync.py none
scripts/sweep.py status none
scripts/check_model.py modle=1
scripts/import_agent.py none.zip --out a
scripts/benchmark.py --only seconds_to_mm --runs none""".splitlines()
# Calls that end before any work is begun, in one new process: a program, its arguments.
LIGHT = """
import contextlib, importlib.util, io, sys
from pathlib import Path

def call(file, *words):
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv = [file.name, *words]
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        module.main(list(words))
    for name in {heavy}:
        if name in sys.modules:
            sys.exit(f"{{file.name}} {{' '.join(words)}} imports {{name}}")

root = Path({root!r})
for file in sorted((root / "scripts").glob("*.py")):
    call(file, "--help")
for words in {refused}:
    name, *arguments = words.split()
    call(root / name, *arguments)
"""


def test_help_and_refusals_import_nothing_that_is_slow(tmp_path):
    code = LIGHT.format(heavy=HEAVY, refused=REFUSED, root=str(ROOT))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Did you mean 'w_paw'?" in done.stderr
    assert "env.n_substeps=0 is out of range" in done.stderr
    assert done.stderr.count("There is no run in none") == 6


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_streams_that_are_closed_from_the_start(monkeypatch, closed):
    monkeypatch.setattr(sys, closed, None)
    with cli.handled(), cli.outliving_readers():
        print("nobody reads this", file=getattr(sys, closed))
