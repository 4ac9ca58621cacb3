"""What every command line shares: its arguments, and how it ends."""

import os
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from mousearm import cli
from mousearm.errors import Interrupted, MouseArmError

SCRIPTS = Path(__file__).parents[1] / "scripts"


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


def test_a_negative_seed_is_refused(capsys):
    @cli.command("", cli.SEED.but(help="of folds"))
    def main(given):
        return given.seed

    with pytest.raises(SystemExit):
        main(["--seed", "-1"])
    assert "The seed -1 (--seed) is negative: give 0 or more." in capsys.readouterr().err
    assert main(["--seed", "0"]) == 0


@pytest.mark.parametrize(
    ("end", "notes", "said", "status"),
    [
        (signal.SIGTERM, [], "Interrupted (SIGTERM): what was done is kept.", 143),
        (signal.SIGINT, ["3 of 5 are kept."], "Interrupted (SIGINT): 3 of 5 are kept.", 130),
    ],
)
def test_what_can_be_resumed_says_so_when_it_is_interrupted(capsys, end, notes, said, status):
    @cli.command("", cli.argument("word"), resumes="scripts/neural.py")
    def main(given):
        try:
            signal.raise_signal(end)
        except KeyboardInterrupt as stop:
            for note in notes:
                stop.add_note(note)
            raise

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left:
        main(["my run"])
    assert left.value.code == status
    assert capsys.readouterr() == ("", f"{said} It goes on by: python scripts/neural.py 'my run'\n")
    assert signal.getsignal(signal.SIGTERM) is before


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


# What every command that writes is given, of inputs none of which exists, and which output: a file, a folder, any; new?
OUTPUTS = [
    ("benchmark", "--json", "file", False),
    ("benchmark", "--figure", "file", False),
    ("check_model none=1", "--figure", "folder", False),
    ("check_neurons none.nwb", "--out", "folder", False),
    ("check_reaches none.csv", "--out", "file", False),
    ("compare none", "--out", "folder", False),
    ("compare_opensim none.osim", "--json", "file", False),
    ("compare_opensim none.osim", "--figure", "folder", False),
    ("describe_model none=1", "--pictures", "folder", False),
    ("download agent none/none", "--out", "folder", False),
    ("emg none --emg none", "--out", "folder", False),
    ("evaluate none", "--json", "file", False),
    ("evaluate --controller cmc none=1", "--figures", "folder", False),
    ("figures none", "--out", "folder", False),
    ("gpu_check", "--json", "file", False),
    ("import_agent none.zip", "--out", "folder", True),
    ("import_emg none.csv --reaches none", "--out", "folder", False),
    ("import_osim none.osim", "--out", "folder", False),
    ("import_reaches none.csv", "--out", "folder", True),
    ("make_emg none", "--out", "folder", True),
    ("make_forelimb none.osim", "--out", "folder", False),
    ("make_neurons none", "--out", ".nwb", True),
    ("make_synthetic --model none", "", "any", True),
    ("neural none --neurons none.nwb", "--out", "folder", False),
    ("optimal none.csv", "--out", "any", True),
    ("record none", "--out", "any", True),
    ("redundancy family none.csv", "--out", "folder", False),
    ("share none none/none", "--to", "folder", True),
    ("video none", "--out", ".mp4", False),
    ("whatif none", "--out", "folder", False),
]


@pytest.mark.parametrize(("words", "option", "kind", "is_new"), OUTPUTS, ids=str)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    run_script, tmp_path, monkeypatch, words, option, kind, is_new
):
    monkeypatch.chdir(tmp_path)
    suffix = kind if kind.startswith(".") else ".h5"
    Path("full").mkdir()
    Path("full", "in_it").touch()
    Path("full" + suffix).symlink_to("full")
    Path("file").touch()
    Path("file" + suffix).touch()
    wrong = {f"file/in_a_file{suffix}": "Not a directory. A file is where a folder should be: give another place"}
    if kind == "folder":
        wrong["file"] = "(--" if is_new else "Not a directory. A file is where"
    elif kind != "any":
        wrong[f"full{suffix}"] = (
            "(--out) exists already, and nothing" if is_new else "Is a directory. A folder is where"
        )
    if kind.startswith("."):
        wrong |= {"new.xyz": f"(--out) must end with {kind}"}
        assert "new." not in run_script(*words.split(), option, f"new{kind}").err
    if words.startswith(("record", "optimal")):
        wrong["new.xyz"] = "(--out) ends with none of"
    if option in ("--json", "--figure") and kind == "file":
        wrong |= {"nowhere/new": "No such file or directory. Make the folder"}
    if is_new:
        replaces = "--overwrite" in run_script(words.split()[0], "--help").out
        remedy = "Give --overwrite to replace it, or another name" if replaces else "Give another name, or remove it"
        wrong |= {f"file{suffix}": f"exists already. {remedy}", f"full{suffix}": "exists already, and nothing"}
    for path, text in wrong.items():
        refused = run_script(*words.split(), *filter(None, [option, path]))
        assert refused.status == 1
        assert refused.err.startswith(f"error: {path} ")
        assert text in refused.err
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["full", f"full{suffix}", "file", f"file{suffix}"]
    )


def test_every_command_that_writes_says_what():
    writing = {
        file.stem for file in SCRIPTS.glob("*.py") if re.search(r"cli\.(output|OUT|JSON|FIGURE)\b", file.read_text())
    }
    assert writing == {words.split()[0] for words, *_ in OUTPUTS}
    assert not [
        file for file in SCRIPTS.glob("*.py") if re.search(r'argument\(\s*"--?(out|json|to)"', file.read_text())
    ]


def test_words_are_paths_or_overrides(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("seed=1").mkdir()
    words = [
        "outputs/a",
        "condition=push",
        "outputs/b=1",
        "condition.push.time_ms=50",
        "seed=1",
        "~x=2",
        f"a={'1' * 999}",
    ]
    paths = ["outputs/a", "outputs/b=1", "seed=1"]
    assert cli.paths_and_overrides(words) == (paths, [word for word in words if word not in paths])
    assert cli.path_and_overrides(["a.csv", "b=1"]) == ("a.csv", ["b=1"])
    assert cli.path_and_overrides(["b=1"]) == (None, ["b=1"])
    with pytest.raises(cli.UsageError, match=r"one PATH at a time.* these are 2: a\.csv b\.csv"):
        cli.path_and_overrides(["a.csv", "b.csv"])


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
