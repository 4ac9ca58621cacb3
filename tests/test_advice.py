"""Every message of the package that tells what to do: doing that works, or leads to a message that says more.

In `COMMANDS`, where `told` is called, and in other files that have a ``test_advice...``, something is refused with an
advice, a part of the message as it stands in the source; then the same is done as it says. `ELSEWHERE` names the tests
of messages that are put together, and `NOT_DONE` those of which no test can do what they say, with the reason. A
message that is in none of them fails a test.
"""

import ast
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import mousearm
from mousearm import checkpoint, experiment, nan_guard
from mousearm.agent import reproduce
from mousearm.algo import build_algo
from mousearm.config import compose
from mousearm.door import MANIFEST, check_file, check_name, read_json, read_plain
from mousearm.env.gym_env import TrackingEnv
from mousearm.env.references import prepare
from mousearm.errors import MouseArmError, RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.film import Shot, film
from mousearm.files import (
    append_text,
    check_place,
    make_folder,
    new_output,
    staged,
    write_bytes,
    write_json,
    write_sealed,
)
from mousearm.kinematics import Reach, find_reaches, generate, read_reaches, resample, split_reaches, write_csv
from mousearm.model import load_arm
from mousearm.model.load import model_file
from mousearm.model.scaling import fit_segments
from mousearm.paths import resolve
from mousearm.record import read_recording
from mousearm.record.files import seal_recording
from mousearm.render import view
from mousearm.report.comparison import compare
from mousearm.retarget import retarget
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import JOBS, find_runs, with_resume
from mousearm.setup import Setup
from mousearm.sweep.progress import begin, status
from mousearm.sweep.records import Sweep, local_process
from mousearm.training.interruption import Interruption
from mousearm.trajectory import LANDMARKS

PACKAGE = Path(mousearm.__file__).parent
TESTS = Path(__file__).parent

# ---------------------------------------------------------------------------------------------------------------------
# The inventory: texts in the source that tell what to do.

_VERBS = (
    "Add|Ask|Bring|Cancel|Change|Check|Choose|Clear|Convert|Correct|Cut|Drop|End|Export|Fix|Flip|Free|Give|Include|"
    "Install|Leave|Log|Look|Lower|Make|Move|Name|Open|Put|Raise|Record|Remove|Rename|Reorder|Repeat|Replace|Resample|"
    "Resume|Run|Save|Say|See|Set|Split|Start|Stiffen|Take|Train|Triangulate|Try|Turn|Use|Visit|Wait|Work|Write"
)
_REMEDY = re.compile(
    rf"(?:^|[.:;]\s+|\n)(?:{_VERBS})\b|pip install|python (?:run|scripts|-m)"
    rf"|(?:[:;,]|, or|\bor|\band) (?:{_VERBS.lower()}) "
)


@cache
def inventory():
    """File and text of every message that tells what to do; what is filled in is left out of the text."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for text in texts_of(ast.parse(path.read_text(encoding="utf-8"))):
            if len(text) > 15 and _REMEDY.search(text):
                found.append((path.relative_to(PACKAGE).as_posix(), text))
    return found


def texts_of(node):
    """Texts of a source, without docstrings and without the arguments of calls that describe options and keys."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("argument", "key", "Range", "command"):
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from texts_of(child)


def advice_that_is_followed():
    """Texts of the files with tests of advice, which say what messages have in them, and those of the lists below."""
    for file in TESTS.rglob("test_*.py"):
        source = file.read_text(encoding="utf-8")
        if "advice" not in file.name and "def test_advice" not in source:
            continue
        parts = [
            part for part in ast.parse(source).body if getattr(getattr(part, "target", None), "id", "") not in LISTS
        ]
        yield from (text for part in parts for text in texts_of(part) if len(text) > 12)
    yield from listed()


def listed():
    """Parts of messages in the lists below."""
    return [says for parts in LISTS.values() for of in parts.values() for says in of]


def test_every_message_with_a_remedy_is_followed_by_a_test():
    messages, followed = inventory(), list(advice_that_is_followed())
    assert len(messages) > 250
    without = [f"{file}: {text}" for file, text in messages if not any(says in text for says in followed)]
    assert not without, "\n".join(["Do what it says in a test of advice, and name that test in ELSEWHERE:", *without])


def test_what_is_listed_stands_in_the_source():
    texts = [text for _, text in inventory()]
    assert [says for says in listed() if not any(says in text for text in texts)] == []
    for place in ELSEWHERE:
        file, _, name = place.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8"), place


def told(says, call, *arguments, **options):
    """Do what is refused, and see that its message tells this."""
    with pytest.raises(MouseArmError) as refused:
        call(*arguments, **options)
    said = " ".join(str(refused.value).split())
    assert says in said, said


# ---------------------------------------------------------------------------------------------------------------------
# Command lines, each in a folder of its own that holds `run` (finished), `run.h5`, `reaches` (three), `demo.csv`.

QUICK = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784", "algo.eval_freq=784")

COMMANDS = [
    ("make_synthetic two.csv --n 2", "Give --n 1, or a folder", "make_synthetic two.csv --n 1"),
    ("make_synthetic two.csv --n 2", "Give --n 1, or a folder", "make_synthetic two --n 2"),
    ("make_synthetic some --n 0", "give a whole number, 1 to ", "make_synthetic some --n 1"),
    (f"make_synthetic some --n {10**20}", "give a whole number, 1 to ", "make_synthetic some --n 1"),
    ("make_synthetic some --n 1 --seed -1", "give a whole number of at least 0", "make_synthetic some --n 1 --seed 0"),
    ("make_synthetic some --n 1 --frames 5 4", "3 <= fewest <= most", "make_synthetic some --n 1 --frames 4 5"),
    ("make_synthetic a --n 1 --like recorded --frames 5 9", "leave out --like", "make_synthetic a --n 1 --frames 5 9"),
    ("make_synthetic a --n 1 --like recorded --frames 50 99", "at most", "make_synthetic a --n 1 --like recorded"),
    ("record run --out a.h5 --repeats 0", "give 1 or more", "record run --out a.h5 --repeats 1"),
    ("record run --out a.h5 --noise -1", "give 0, or a number such as 0.1", "record run --out a.h5 --noise 0.1"),
    ("record run --out a.h5 --noise nan", "give 0, or a number such as 0.1", "record run --out a.h5 --noise 0"),
    ("record run --out a.h5 --seed -1", "give 0 or more", "record run --out a.h5 --seed 0"),
    ("record run --out a.h5 --repeats 2", "Add noise such as 0.1", "record run --out a.h5 --repeats 2 --noise 0.1"),
    ("record run --out a.h5 --repeats 2", "or record one", "record run --out a.h5"),
    ("record run --out a.xyz", "say --format sto", "record run --out a.xyz --format sto"),
    ("record run --out a.xyz", "change it, or say", "record run --out a.h5"),
    ("record run --out a.h5 --format sto", "must be a folder for --format", "record run --out a --format sto"),
    ("record run --out run.h5", "Give --overwrite to replace it, or another", "record run --out run.h5 --overwrite"),
    ("record run --out run.h5", "Give --overwrite to replace it, or another", "record run --out other.h5"),
    ("record run --out reaches --format sto", "Give another folder, or remove it", "record run --out new --format sto"),
    ("check_reaches empty", "Give a CSV file or a folder with some", "check_reaches demo.csv"),
    ("check_reaches empty", "Give a CSV file or a folder with some", "check_reaches reaches"),
    ("compare nothing", "Give run folders or sweeps", "compare run"),
    ("compare run --by rewrad", "Did you mean 'reward'", "compare run --by reward"),
    ("evaluate run --checkpoint 3", "Those that exist", "evaluate run --checkpoint best"),
    ("evaluate run --json nowhere/a.json", "Make the folder, or bring it back", "evaluate run --json reaches/a.json"),
]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """What the command lines work with."""
    folder = tmp_path_factory.mktemp("workshop")
    for name in ("reaches", "empty"):
        (folder / name).mkdir()
    data = resolve("package:synthetic", "kinematics/data")
    shutil.copy(resolve("package:demo.csv", "kinematics/data"), folder / "demo.csv")
    for name in ("reach_02", "reach_05", "reach_12"):
        shutil.copy(data / f"{name}.csv", folder / "reaches")
    overrides = ["name=run", "threads=1", *QUICK, f"kinematics.path={folder / 'demo.csv'}"]
    experiment.run(compose(overrides), folder / "run", overrides)
    return folder


@pytest.fixture
def place(workshop, tmp_path, monkeypatch):
    """A copy of the workshop, in which the test is."""
    shutil.copytree(workshop, tmp_path, dirs_exist_ok=True)
    (tmp_path / "run.h5").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("wrong", "says", "right"), COMMANDS, ids=[wrong for wrong, _, _ in COMMANDS])
def test_advice_of_a_command(place, run_script, wrong, says, right):
    refused = run_script(*shlex.split(wrong))
    assert refused.status in (1, 2)
    assert says in " ".join(refused.err.split()), refused.err
    done = run_script(*shlex.split(right))
    assert done.status == 0, done.err


# ---------------------------------------------------------------------------------------------------------------------
# Calls.


def test_advice_where_a_name_is_taken(tmp_path):
    (tmp_path / "a").write_text("1")
    told("Give another name, or remove it", new_output(tmp_path / "a").__enter__)
    with new_output(tmp_path / "b") as file:
        file.write_text("2")
    (tmp_path / "a").unlink()
    with new_output(tmp_path / "a") as file:
        file.write_text("2")
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() == "2"


def test_advice_where_a_file_stands_in_the_way_of_a_folder(tmp_path):
    (tmp_path / "a").write_text("1")
    told("Remove the file of that name, or give another place", make_folder, tmp_path / "a")
    told("A file is where a folder should be: give another place", make_folder, tmp_path / "a" / "b")
    make_folder(tmp_path / "b")
    told("A folder is where a file should be: give another name", check_place, tmp_path / "b", False)
    check_place(tmp_path / "c", False)
    (tmp_path / "a").unlink()
    assert make_folder(tmp_path / "a" / "b").is_dir()


def test_advice_where_a_folder_is_not_there(tmp_path):
    told("Make the folder, or bring it back", write_bytes, tmp_path / "a" / "b", b"1")
    told("Make the folder, or bring it back", append_text, tmp_path / "a" / "b", "1")
    told("Make the folder, or bring it back", staged(tmp_path / "a" / "b").__enter__)
    make_folder(tmp_path / "a")
    append_text(tmp_path / "a" / "b", "1")
    write_bytes(tmp_path / "a" / "b", b"2")
    assert (tmp_path / "a" / "b").read_bytes() == b"2"


def test_advice_where_a_benchmark_is_to_be_written(run_script, tmp_path):
    words = ("benchmark", "--only", "seconds_to_mm", "--runs", "none", "--json", tmp_path / "new" / "a.json")
    assert "Make the folder" in run_script(*words).err
    (tmp_path / "new").mkdir()
    assert "no training (--runs) named 'none'" in run_script(*words).err  # which is said after files are looked at


def test_advice_on_intervals_of_synthetic_reaches(torque_arm):
    told("give a positive number.", generate, torque_arm, 1, 0, dt=0.0)
    assert generate(torque_arm, 1, 0, dt=0.01)[0].n_frames > 3


def test_advice_to_use_an_arm_that_reaches_as_mice_do(torque_arm, build_two_link):
    stiff = build_two_link(
        *('name="shoulder" range="-1.5 1.5"', 'name="elv_angle" range="-0.5 0.5"'),
        *('joint name="elbow"', 'joint name="elbow_flex"'),
        *('joint="shoulder"', 'joint="elv_angle"', 'joint="elbow"', 'joint="elbow_flex"'),
        landmarks={"shoulder": "joint:elv_angle", "elbow": "joint:elbow_flex", "paw": "site:paw"},
    )
    told("Use an arm with the published joint axes", generate, stiff, 1, 0)
    assert len(generate(torque_arm, 1, 0)) == 1


def test_advice_on_cameras(torque_arm):
    points = np.zeros((1, 3))
    told("give AZIMUTH,ELEVATION in degrees, such as 158,-14", view, torque_arm.model, "nan,0", points)
    told("Did you mean", view, torque_arm.model, "tpo", points)
    assert view(torque_arm.model, "158,-14", points).azimuth == 158
    assert view(torque_arm.model, "top", points).elevation == -90


def test_advice_to_make_a_gif_or_to_name_ffmpeg(two_link, swing, assemble, configure, tmp_path, monkeypatch):
    import imageio_ffmpeg

    agent = assemble(configure("policy.lstm_hidden_size=8"), two_link, [swing(two_link, 3)])
    (shot,) = [Shot(trial, two_link.model) for trial in agent.evaluate()[1]]
    found = imageio_ffmpeg.get_ffmpeg_exe()
    with monkeypatch.context() as patch:
        patch.setattr("imageio_ffmpeg._utils.get_ffmpeg_exe", lambda: None)
        patch.setattr("imageio_ffmpeg.get_ffmpeg_exe", _no_ffmpeg)
        told("or make a GIF, which needs none", film, [shot], tmp_path / "a.mp4", size=(32, 32), speed=1)
        film([shot], tmp_path / "a.gif", size=(32, 32), speed=1)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", found)
    film([shot], tmp_path / "a.mp4", size=(32, 32), speed=1)
    assert (tmp_path / "a.mp4").stat().st_size > 0


def _no_ffmpeg():
    raise RuntimeError("No ffmpeg exe could be found.")


def test_advice_on_dumps(place, two_link):
    told("Give RUN/diverged or RUN/nonfinite", nan_guard.describe, place / "run")
    states = {"qpos": np.zeros((1, 1, 2)), "qvel": np.full((1, 1, 2), np.nan), "activation": np.zeros((1, 1, 0))}
    states |= {"ctrl": np.zeros((1, 1, 2)), "force": np.zeros((1, 1, 2)), "frame": np.zeros((1, 1), dtype=int)}
    folder = place / "run" / "diverged"
    dumps = nan_guard.Dumps(folder, two_link.model)
    for what in ("it fell apart", "it did again"):
        dumps.write(what, 3, states)
    assert "it fell apart" in nan_guard.describe(folder)
    (folder / "000.npz").write_bytes(b"PK")
    told(". Move it away to see the others.", nan_guard.describe, folder)
    (folder / "000.npz").rename(place / "000.npz")
    assert "it did again" in nan_guard.describe(folder)


def test_advice_on_what_the_network_sees(build_task, two_link, swing):
    words = ("env.path_steps=0", "env.observation=[path]")
    told("Add qpos and qvel", build_task, two_link, [swing(two_link, 5)], 1, *words)
    seen = build_task(two_link, [swing(two_link, 5)], 1, "env.path_steps=0", "env.observation=[path,qpos,qvel]")
    assert seen.n_observations == 4


def test_advice_on_devices(configure, two_link, swing, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    told("device=auto takes one where there is one", build_algo, configure("device=cuda"), None)
    for device in ("auto", "cpu"):
        config = configure(f"device={device}", "policy.lstm_hidden_size=8", "env.num_envs=2")
        env = Setup(config, two_link, [swing(two_link, 5)], split=_only("swing"), unused=[]).training_env()
        assert build_algo(config, env).device.type == "cpu"


def _only(name):
    from mousearm.kinematics import Split

    return Split([name], [], {})


def test_advice_to_draw_without_a_window(monkeypatch, configure):
    monkeypatch.setattr("glfw.init", lambda: False)
    env = TrackingEnv(config=configure(), render_mode="human")
    told("Use render_mode='rgb_array'", env.reset)
    env = TrackingEnv(config=configure(), render_mode="rgb_array")
    env.reset()
    assert env.render().ndim == 3


def test_advice_on_folders_of_runs(place, configure):
    told("Give run folders or sweeps, such as outputs/NAME", find_runs, [place / "nothing"])
    told(f"There are {place / 'run'}.", with_resume, [f"resume={place}"])
    told("Resume a sweep by its name= and overrides", with_resume, ["-m", f"resume={place / 'run'}"])
    assert find_runs([place / "run"]) == [place / "run"]
    assert str(place / "run") in with_resume([f"resume={place / 'run'}"])[0]
    told("Give a run's folder, such as outputs/first.", RunFolder(place / "nothing" / "here").saved_config)
    told(f"There are {place / 'run'}.", RunFolder(place).saved_config)
    RunFolder(place / "run").saved_config()
    told("so no sweep can begin there. Choose another name=.", Sweep(place / "run").check_free)
    Sweep(place / "other").check_free()


def test_advice_where_a_folder_holds_something_else(place):
    told("holds no run. Choose another name=, or remove it", RunFolder(place / "reaches").check_unused)
    RunFolder(place / "other").check_unused()
    shutil.rmtree(place / "reaches")
    RunFolder(place / "reaches").check_unused()
    told("Give the same command again to resume it", RunFolder(place / "run").check_unused)


def train(place, *words):
    overrides = ["name=run", "threads=1", *QUICK, f"kinematics.path={place / 'demo.csv'}", *words]
    return experiment.run(compose(overrides), place / "run", overrides)


@pytest.mark.slow
def test_advice_where_a_run_is_another_one(place, capsys):
    told("Leave these overrides out to continue it, or choose another name=", train, place, "algo.gamma=0.5")
    train(place, "algo.timesteps=784")
    assert "raise algo.timesteps to train further" in capsys.readouterr().out
    train(place, "algo.timesteps=1568")
    assert "raise algo.timesteps" not in capsys.readouterr().out
    assert RunFolder(place / "run").status().steps == 1568


@pytest.mark.slow
def test_advice_where_a_run_has_lost_its_checkpoints(place):
    run = RunFolder(place / "run")
    shutil.copytree(run.path / "checkpoints", place / "copy")
    for file in run.path.glob("checkpoints/*/*.safetensors"):
        file.write_bytes(b"")
    told(", or choose another name= to train again.", train, place, "algo.timesteps=1568")
    damaged = (run.path / "checkpoints").rename(place / "damaged")
    told("Choose another name= to train again", train, place, "algo.timesteps=1568")
    shutil.copytree(place / "copy", run.path / "checkpoints")
    train(place, "algo.timesteps=1568")
    assert run.status().steps == 1568
    assert damaged.is_dir()
    experiment.run(
        compose(["name=again", "threads=1", *QUICK, f"kinematics.path={place / 'demo.csv'}"]), place / "again"
    )


@pytest.mark.slow
def test_advice_where_a_run_begins_with_a_network_of_another_kind(place):
    def begin(name, *words):
        overrides = [f"name={name}", f"start_from={place / 'run'}", "threads=1", "algo.timesteps=784", *words]
        experiment.run(compose(overrides), place / name, overrides)

    told(
        "leave out keys of env, model and policy, and experiments, that differ from", begin, "wrong", "env.path_steps=3"
    )
    begin("right")
    assert RunFolder(place / "right").status().state == "finished"


@pytest.mark.slow
def test_advice_where_no_run_is_finished(place):
    RunFolder(place / "run").set_status("interrupted", 784, "SIGTERM")
    told("What was interrupted is finished by", compare, [place / "run"])
    train(place)
    assert [run.folder.path.name for run in compare([place / "run"]).runs] == ["run"]


@pytest.mark.slow
def test_advice_to_begin_again_without_checkpoints(place):
    run = RunFolder(place / "run")
    run.set_status("interrupted", 784, "SIGTERM")
    for file in run.path.glob("checkpoints/*/*.safetensors"):
        file.write_bytes(b"")
    told("back from a copy", train, place)
    told(", or remove it to start again.", train, place)
    shutil.rmtree(run.path / "checkpoints")
    train(place)
    assert run.status().state == "finished"


@pytest.mark.slow
def test_advice_to_remove_a_checkpoint_that_cannot_be_loaded(place):
    """None of these is damaged, by its hashes; where it is removed, the run goes on from the one before."""
    run, more = RunFolder(place / "run"), "algo.timesteps=1000"
    good = run.checkpoints()[-1]
    state, strange = checkpoint.load_state(good), run.checkpoint(900)
    shutil.copytree(good, strange)
    told("steps. Remove ", checkpoint.load_state, run.complete_checkpoints()[-1])
    shutil.rmtree(strange)
    parts = {file.name: file.read_bytes() for file in good.iterdir() if file.name != MANIFEST}
    run.seal(strange, {**parts, "state.json": b'{"format": 2, "steps": 900}', "state.pt": b"PK"})
    told(", which is no whole checkpoint", checkpoint.load_state, run.complete_checkpoints()[-1])
    shutil.rmtree(strange)
    checkpoint.save(run, replace(state, steps=900, states={**state.states, "env": {}}))
    told("same command resumes from the one before", train, place, more)
    shutil.rmtree(strange)
    train(place, more)
    assert run.status().steps >= 1000


def test_advice_where_model_or_split_have_changed(place, configure):
    run = RunFolder(place / "run")
    saved = run.split.read_text()
    run.split.write_text(saved.replace('"train"', '"test"', 1).replace('"test": []', '"train": []', 1))
    told("Bring it back, or start another run", run.saved_split)
    run.split.write_text(saved)
    assert run.saved_split().train == ["demo"]
    told("Bring the files back as they were", run.check_model, {"torque.xml": "another"})


def test_advice_where_an_evaluation_is_missing(place, run_script):
    """All that follows the colon is run as it stands, as it would be copied."""
    file = place / "run" / "evaluation.json"
    before = Evaluation.load(file)
    for says, damage in (
        (". Make it: {}", Path.unlink),
        ("Make it again: {}", lambda file: write_json(file, {"model": {}})),
        (". Make it again: {}", lambda file: write_sealed(file, "{}")),
    ):
        damage(file)
        with pytest.raises(MouseArmError) as refused:
            Evaluation.load(file)
        program, script, *words = shlex.split(str(refused.value).partition(says.format(""))[2])
        assert (program, script) == ("python", "scripts/evaluate.py"), str(refused.value)
        done = run_script("evaluate", *words)
        assert done.status == 0, done.err
        assert Evaluation.load(file).objective == before.objective


def test_advice_on_recordings(place, run_script):
    assert run_script("record", "run", "--out", "good.h5").status == 0
    (place / "damaged.h5").write_bytes((place / "good.h5").read_bytes()[:1000])
    told("or record again with scripts/record.py", read_recording, place / "damaged.h5")
    assert len(read_recording(place / "good.h5").reaches) == 1


@pytest.mark.parametrize(
    ("says", "wrong", "right"),
    [
        (": check rate and unit of time", ("--rate=25", "--axes=x y z"), ("--rate=150", "--axes=x y z")),
        ("of the frames: check axes and side", ("--rate=150", "--axes=x z -y"), ("--rate=150", "--axes=x y z")),
        ("or turn these files:", ("--rate=150", "--axes=x z -y"), ("--rate=150", "--axes=x y z")),
    ],
)
def test_advice_on_imported_reaches(place, run_script, says, wrong, right):
    lines = (place / "demo.csv").read_text().splitlines()
    (place / "film.csv").write_text("\n".join(line.partition(",")[2] for line in lines) + "\n")
    for words, is_told in ((wrong, True), (right, False)):
        done = run_script("import_reaches", "film.csv", "--out", f"reaches_{is_told}", "--units", "m", *words)
        assert done.status == 0, done.err
        checked = " ".join(run_script("check_reaches", f"reaches_{is_told}").out.split())
        assert (says in checked) == is_told


def test_advice_on_records_of_a_sweep(tmp_path):
    sweep = Sweep(tmp_path / "sweep")

    def again(folder):
        begin(folder, "sweep", "local", {}, keep_jobs=False)

    told("submit named, such as outputs/NAME", status, tmp_path)
    again(sweep)
    plan = tmp_path / "sweep" / JOBS / "0" / "plan.json"
    for says, change in (
        ("that can be used. Bring it back, or choose another name=", {"overrides": 3}),
        ("that can be used. Bring it back, or choose another name=", {"worker": None}),
        ("names no worker. Bring it back, or choose another name=", {"worker": {"cluster": "local"}}),
    ):
        sweep.job(0).plan(["seed=0"], local_process(_ended()))
        before = read_json(plan)
        write_json(plan, {**before, **change})
        told(says, status, sweep.path)
        if "worker" in change:
            told(says, again, sweep)
        again(Sweep(tmp_path / f"other{len(list(tmp_path.iterdir()))}"))
        write_json(plan, before)
        assert "seed=0" in status(sweep.path)
        again(sweep)


def _ended():
    """The number of a process that is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_advice_where_the_reaches_are_elsewhere(place):
    make_folder(place / "moved")
    (place / "demo.csv").rename(place / "moved" / "demo.csv")
    config = RunFolder(place / "run").config
    config.write_text(
        config.read_text().replace(str(RunFolder(place / "run").saved_config().kinematics.path), "gone.csv")
    )
    told("If you changed it yourself, remove", reproduce, place / "run")
    (place / "run" / "sha256sums.txt").unlink()
    told("Say where you have them: --kinematics PATH", reproduce, place / "run")
    assert reproduce(place / "run", str(place / "moved")).largest_mm == 0


def test_advice_on_models(configure, tmp_path):
    shutil.copytree(resolve("package:", "model"), tmp_path / "models", ignore=shutil.ignore_patterns("*.py", "__*"))
    told("Give the path of an MJCF (.xml) file", load_arm, configure(f"model.file={tmp_path}/none.xml").model)
    told("Name the model itself", model_file, configure(f"model.file={tmp_path}/models").model)
    assert load_arm(configure(f"model.file={tmp_path}/models/torque.xml").model).nq
    fitted = configure("model.fit=animal").model
    told("give model.upper_arm_mm and model.forearm_mm", load_arm, fitted)
    assert load_arm(replace(fitted, upper_arm_mm=12.0, forearm_mm=17.0)).nq
    told("add model.fit=animal", compose, ["model.upper_arm_mm=12"])
    compose(["model.upper_arm_mm=12", "model.fit=animal"])
    told("give one of them, and null for the other", compose, ["model.osim=a.osim"])
    compose(["model=osim", "model.osim=a.osim"])


def test_advice_where_a_value_is_missing():
    told(". Give one as KEY=VALUE.", compose, ["seed=???"])
    assert compose(["seed=3"]).seed == 3


def test_advice_on_several_animals(tmp_path, configure):
    reaches = read_reaches(resolve("package:synthetic", "kinematics/data"))
    for animal, reach in zip(("one", "two"), reaches, strict=False):
        make_folder(tmp_path / animal / "monday")
        write_csv(reach, tmp_path / animal / "monday" / "reach.csv")
    words = f"kinematics.path={tmp_path}", "model.fit=animal"
    told("Give the folder of one animal, or the lengths to use", prepare, configure(*words))
    assert prepare(configure(f"kinematics.path={tmp_path / 'one'}", "model.fit=animal")).references
    assert len(prepare(configure(*words, "model.upper_arm_mm=12", "model.forearm_mm=17")).references) == 2


# Of a model: what is put instead of what into the two-link arm; what is told; what is put there instead.
GEOM = '<geom name="upper" fromto="0 0 0 0.01 0 0"/>'
MODELS = [
    ("<worldbody>", '<extension><plugin plugin="x"/></extension><worldbody>', "Leave them out", "<worldbody>"),
    (
        "<worldbody>",
        "<compiler><lengthrange/></compiler><worldbody>",
        "Give every muscle its lengthrange",
        "<worldbody>",
    ),
    (
        "<worldbody>",
        '<worldbody><body name="b"><freejoint name="f"/><geom type="sphere" size="0.001"/></body>',
        "replace it by three slides and three hinges",
        '<worldbody><body name="b"><geom type="sphere" size="0.001"/>'
        '<joint name="x" type="slide" axis="1 0 0"/><joint name="y" type="slide" axis="0 1 0"/>'
        '<joint name="z" type="slide"/><joint name="u" axis="1 0 0"/><joint name="v" axis="0 1 0"/><joint name="w"/>'
        "</body>",
    ),
    (
        "<worldbody>",
        '<asset><mesh name="m" content_type="model/obj" file="m.obj"/></asset><worldbody>',
        "because a file's suffix says what it is. Leave it out",
        '<asset><mesh name="m" file="m.obj"/></asset><worldbody>',
    ),
    (
        "<worldbody>",
        '<asset><model name="m" file="part.xml"/></asset><worldbody>',
        "Include it",
        PART := '<include file="part.xml"/><worldbody>',
    ),
    ("<worldbody>", '<include file="../part.xml"/><worldbody>', "put the file there", PART),
    (
        'joint="elbow" gear="1e-5" ctrlrange="-1 1"',
        'joint="elbow"',
        'Give it one, as ctrllimited="true" ctrlrange="-1 1"',
        'joint="elbow" ctrllimited="true" ctrlrange="-1 1"',
    ),
    (
        '<joint name="elbow" range="-2 2"/>',
        '<joint name="elbow" type="ball"/>',
        "Replace a ball joint by three hinges",
        '<joint name="elbow"/><joint name="b" axis="0 1 0"/><joint name="c" axis="1 0 0"/>',
    ),
    ('pos="0.01 0 0"><joint', 'pos="1e30 0 0"><joint', "Correct the model", 'pos="0.02 0 0"><joint'),
    ("<mujoco", '<!DOCTYPE a [<!ENTITY b "c">]><mujoco', "or fill the memory; remove it", "<mujoco"),
]


@pytest.mark.parametrize(("old", "wrong", "says", "right"), MODELS, ids=[says for _, _, says, _ in MODELS])
def test_advice_on_what_a_model_holds(configure, two_link_xml, tmp_path, old, wrong, says, right):
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (tmp_path, folder):
        (place / "part.xml").write_text(
            '<mujoco><worldbody><geom name="part" type="sphere" size="0.001"/></worldbody></mujoco>'
        )
    (folder / "m.obj").write_text("v 0 0 0\nv 0 0 1\nv 0 1 0\nv 1 0 0\nf 1 2 3\nf 1 3 4\nf 1 4 2\nf 2 4 3\n")
    words = [f"model.landmarks.{name}={place}" for name, place in TWO_LINKS.items()]
    config = configure(f"model.file={folder}/arm.xml", *words).model
    assert old in two_link_xml
    (folder / "arm.xml").write_text(two_link_xml.strip().replace(old, wrong, 1))
    told(says, load_arm, config)
    (folder / "arm.xml").write_text(two_link_xml.strip().replace(old, right, 1))
    assert load_arm(config).nq >= 2


TWO_LINKS = {"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "site:paw"}


def test_advice_on_keys_of_a_model(configure):
    told("Write KIND:NAME", load_arm, configure("model.landmarks.paw=handm").model)
    assert load_arm(configure("model.landmarks.paw=site:handm").model)
    told("Name joints, or give null for all", load_arm, configure("model.joints=[]").model)
    for joints in ("[elbow_flex]", "null"):
        assert load_arm(configure(f"model.joints={joints}").model)


def test_advice_on_folders_of_reaches(tmp_path):
    (reach,) = read_reaches(resolve("package:demo.csv", "kinematics/data"))
    for place in ("one/monday", "two/friday"):
        make_folder(tmp_path / place)
        write_csv(reach, tmp_path / place / "reach.csv")
    manifest, file = tmp_path / "manifest.csv", "one/monday/reach.csv"
    manifest.write_text(f"file,animal\n{file},one\n")
    told("if it is a reach, give it another name", find_reaches, tmp_path)
    manifest.write_text(f"file,animal,session\n{file},one,monday\nthree.csv,a,b\n")
    told("Correct or remove the row", find_reaches, tmp_path)
    manifest.write_text(f"file,animal,session\n{file},one,monday\n")
    files = find_reaches(tmp_path)
    told("Put files into FOLDER/animal/session/reach.csv, or name all of them", split_reaches, files, 0.5, 0, "animal")
    manifest.unlink()  # the folders say it too
    files = find_reaches(tmp_path)
    told("Remove one", split_reaches, files, 0.5, 0, "animal")
    assert split_reaches(files[:1], 0.5, 0, "animal").train
    with (tmp_path / file).open("a") as more:
        more.write("\n")
    split = split_reaches(files, 0.5, 0, "animal")
    told("Give fewer, or raise kinematics.train_ratio", split.with_train, 2, 0)
    assert split.with_train(1, 0).train == split.train
    assert split_reaches(files, 1.0, 0, "animal").with_train(2, 0)
    told("evaluate on other reaches with --kinematics", split.find, files[:1])
    assert split.find(files) == list(files)


def test_advice_on_lines_of_a_reach(tmp_path):
    source = resolve("package:demo.csv", "kinematics/data").read_text().splitlines()
    file = tmp_path / "reach.csv"

    def refused(says, *lines):
        file.write_text("\n".join(lines) + "\n")
        told(says, read_reaches, file)

    refused("Write a decimal number, or", *source[:5], source[5].replace(",", ",x", 1), *source[6:])
    refused("Write a header with the names of those that there are", *(line.partition(",")[2] for line in source[1:]))
    refused("remove or reorder the frames", *source[:5], source[6], source[5], *source[7:])
    file.write_text("\n".join(source) + "\n")
    assert read_reaches(file)


def test_advice_on_intervals(torque_arm):
    (reach,) = generate(torque_arm, 1, 0)
    told("give a positive number of seconds", resample, reach, 0.0)
    told("Choose a smaller dt or leave this reach out", resample, reach, 1.0)
    assert resample(reach, 0.01).n_frames > 10


def test_advice_on_gaps_of_a_reach(torque_arm):
    (reach,) = generate(torque_arm, 1, 0)

    def of(time, landmarks):
        return Reach("a", time, **dict(zip(LANDMARKS, np.moveaxis(landmarks, 1, 0), strict=True)))

    unseen = reach.landmarks.copy()
    unseen[20:23, 2] = np.nan
    told("Fill the gap or cut the recording there.", of, reach.time, unseen)
    seen = np.delete(np.arange(reach.n_frames), [20, 21, 22])
    lost = of(reach.time[seen], reach.landmarks[seen])
    told("Fill the gap or cut the recording there.", resample, lost, 0.01)
    filled = CubicSpline(lost.time, lost.landmarks)(reach.time)
    for time, landmarks in ((reach.time, filled), (reach.time[:20], unseen[:20]), (reach.time[23:], unseen[23:])):
        assert resample(of(time, landmarks), 0.01).n_frames > 10


def test_advice_where_the_arm_cannot_follow(configure, torque_arm):
    (reach,) = generate(torque_arm, 1, 0)
    moved = replace(reach, paw=reach.elbow + 1.4 * (reach.paw - reach.elbow))
    words = ("kinematics.retarget=uniform", "kinematics.max_residual_mm=0.5")

    def fit(*words):
        return retarget(moved, torque_arm, 1 / moved.rate, configure(*words).kinematics)

    told("Try kinematics.retarget=segments", fit, *words)
    assert fit("kinematics.retarget=segments", words[1]).residual_mm.max() < 0.5
    told("columns, or raise the bound", fit, *words)
    assert fit(words[0], "kinematics.max_residual_mm=20").residual_mm.max() < 20


def test_advice_on_searches(tmp_path):
    study = pytest.importorskip("mousearm.sweep.study", reason="Optuna is not installed")
    space = study.Space.of
    told("Give one, such as seed=0", space, ["name=a", "seed=0,1"])
    told("Give ranges", space, ["name=a", "seed=0"])
    told("or lists of values, such as reward=default,paw_heavy", space, ["name=a"])
    for word in ("algo.gamma=interval(0.8,0.99)", "reward=default,paw_heavy"):
        assert space(["name=a", "seed=0", word]).searched
    (tmp_path / "runs" / "0").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    words = ["name=a", "algo.gamma=interval(0.8,0.99)"]
    told("holds runs and is no search", study.Study, tmp_path / "runs", space(words), 0)
    study.Study(tmp_path / "other", space(words), 0).draw(1)
    told("Give the same command to continue it", study.Study, tmp_path / "other", space([*words, "seed=1"]), 0)
    assert len(study.Study(tmp_path / "other", space(words), 0)) == 1


def test_advice_on_what_is_read(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.json").write_text("[]")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe{}")
    told("Correct the name", read_json, tmp_path / "none.json")
    told("Name a file", read_json, tmp_path / "folder")
    told("it holds no JSON object. Bring it back as it was", read_json, tmp_path / "a.json")
    told("Save it as UTF-8", read_json, tmp_path / "b.json")
    told("Give it a plain one, such as reach_1", check_name, "../x")
    check_name("reach_1")
    (tmp_path / "a.json").write_text("{}")
    assert read_json(tmp_path / "a.json") == {}
    told("Give a shorter name", write_bytes, tmp_path / ("x" * 300), b"")


@pytest.mark.parametrize(
    ("text", "says", "right"),
    [
        ("a: &x [1]\nb: *x\n", "write it out", "a: [1]\nb: [1]\n"),
        ("a: !!python/name:os.system ''\n", "which is not read; leave it out", "a: 1\n"),
        ("a: 1\na: 2\n", "is there twice; leave one out", "a: 2\n"),
    ],
)
def test_advice_on_yaml(tmp_path, text, says, right):
    file = tmp_path / "a.yaml"
    file.write_text(text)
    told(says, read_plain, file)
    file.write_text(right)
    assert read_plain(file)


def test_advice_where_another_run_trains():
    with Interruption().listening():
        told("Wait until it has ended, or start this one as a program", Interruption().listening().__enter__)
    with Interruption().listening():
        pass


def test_advice_where_another_process_trains(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.locked():
        told("Wait until it ends, stop it (kill -INT), or choose another name=", folder.locked().__enter__)
        with RunFolder(tmp_path / "other").locked():
            pass
    with folder.locked():
        pass


def test_advice_on_arms_that_cannot_have_the_size_of_the_animal(build_two_link):
    def fit(arm):
        return fit_segments(arm, 0.012, 0.014)

    places = {"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "site:paw"}
    wrong = build_two_link(landmarks={**places, "elbow": "joint:shoulder"})
    told("Name the joints by model.landmarks, or leave out model.fit=animal", fit, wrong)
    assert fit(build_two_link(landmarks=places)).segment_lengths() == pytest.approx((0.012, 0.014))


def test_advice_on_what_is_too_large_or_under_a_file(tmp_path):
    (tmp_path / "a.json").write_text("{}" + " " * 20)
    told("Give the file that was meant, or a part of it", check_file, tmp_path / "a.json", 10, RunError)
    check_file(tmp_path / "a.json", 100, RunError)
    told("A file is where a folder should be: correct the name", read_json, tmp_path / "a.json" / "b.json")
    told("Correct the name, or bring the file back", read_json, tmp_path / "b.json")
    (tmp_path / "c.json").symlink_to(tmp_path / "c.json")
    told("Put the file itself there, not a link in a circle", read_json, tmp_path / "c.json")
    (tmp_path / "c.json").unlink()
    shutil.copy(tmp_path / "a.json", tmp_path / "c.json")
    assert read_json(tmp_path / "c.json") == {}
    assert read_json(tmp_path / "a.json") == {}


def test_advice_to_raise_the_limit_on_the_size_of_files(tmp_path):
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
        told("Raise the limit on the size of files (ulimit -f)", write_bytes, tmp_path / "a", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    write_bytes(tmp_path / "a", bytes(2000))


def test_advice_where_a_recording_is_none_or_lacks_something(place, run_script):
    assert run_script("record", "run", "--out", "good.h5").status == 0
    file = place / "bad.h5"
    file.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(2000))
    told("Give an HDF5 file that scripts/record.py wrote, or a run folder", read_recording, file)
    shutil.copy(place / "good.h5", file)
    with h5py.File(file, "r+") as content:
        path = content["trials/path"].asstr()[0]
        del content[path]["qpos"]
    seal_recording(file)
    told("has no signal ", read_recording, file)
    with h5py.File(file, "r+") as content:
        content[path]["qpos"] = np.zeros((2, 2))
        content[path]["qpos"].attrs.update({"unit": "rad", "description": ""})
    seal_recording(file)
    told(": the signals of ", read_recording, file)
    with h5py.File(file, "r+") as content:
        del content["trials/path"]
        content["trials/path"] = np.array([], dtype=h5py.string_dtype())
    seal_recording(file)
    told("holds no performance of a reach. Record again with scripts/record.py", read_recording, file)
    file.unlink()
    assert run_script("record", "run", "--out", "bad.h5").status == 0
    assert read_recording(file).reaches


def test_every_extra_that_is_to_be_installed_exists():
    extras = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {name for _, text in inventory() for name in re.findall(r"install '(?:mousearm|\.)\[(\w+)\]'", text)}
    assert len(named) >= 4
    assert named <= set(extras)


# Tests that do what messages say, each with a part of these messages.
ELSEWHERE: dict[str, list[str]] = {
    "emg_comparison/test_emg_comparison_advice.py::test_advice_on_tables": [
        "Write its activations as CSV: a row per frame"
    ],
    "emg/test_emg_advice.py::test_advice_on_folders": ["is a folder. Name its files, such as "],
    "emg/test_emg_advice.py::test_advice_on_which_muscles_channels_show": ["name all channels in --muscles, as "],
    "test_cli.py::test_an_output_that_cannot_be_is_refused_before_the_work": [": change the name."],
    "neural/test_pieces.py::test_results_do_not_depend_on_the_number_of_processes": [
        "run the same command again with fewer processes than "
    ],
    "neural/test_neural_study.py::test_a_cohort_with_repeated_trials_is_compared_on_its_own_reaches_and_with_emg": [
        "cannot be: give {} or more.",
        "Give one, such as hidden",
        "leave the session out, or record more",
    ],
    "neural/test_study_page.py::test_more_nulls_are_advised_where_few_can_tell_nothing": ["give more (--nulls)"],
    "test_matlab.py::test_cells_structures_texts_and_numbers_are_the_same_from_every_version": [
        "Save arrays and cells."
    ],
    "policy/test_rate_units.py::test_what_only_rate_units_have_is_refused_with_a_remedy": [
        ": give policy=ctrnn, or policy.",
        "Give policy.nonlinearity=softplus.",
    ],
    "planning/test_muscles.py::test_families_and_movements_that_follow_emg": [": no family. Give --within"],
    "env/test_emg_target.py::test_emg_that_is_weighed_must_be_named": ["Give kinematics.emg=FOLDER, as"],
    "env/test_emg_target.py::test_scales_and_reaches_that_do_not_fit_are_refused_and_the_remedy_works": [
        ": take their reaches, or name files after them.",
        "Give one for all of them, or one for each.",
    ],
    "env/test_emg_target.py::test_emg_shows_muscles_alone": ["is no muscle with an activation, which EMG shows."],
    "optimal/test_emg_cost.py::test_weights_of_muscles_are_named_and_what_is_no_weight_is_refused": [
        "Write it as optimal.muscle_weights=["
    ],
    "record/test_opened.py::test_an_arm_of_ones_own_lies_beside_it": ["beside the recording; or, of an arm that"],
    "record/test_opened.py::test_what_says_nothing_or_something_bad_of_its_arm_is_refused": [
        "Record again to look at it, or draw it with scripts/figures.py.",
        "its arm cannot be built",
    ],
    "record/test_opened.py::test_recordings_have_their_reaches": ["leave --kinematics out, or give a run folder."],
    "report/test_standards.py::test_it_has_the_same_reaches": [
        "Record the same reaches, such as by scripts/optimal.py."
    ],
    "report/test_standards.py::test_recordings_alone_are_no_comparison": ["Give a run folder too."],
    "report/test_standards.py::test_without_targets_of_the_elbow_it_is_left_out": [
        "there are no errors. Leave it out."
    ],
    "model/test_arm.py::test_advice_on_a_range_that_is_the_wrong_way_round": ["Write the smaller number first:"],
    "advice/test_advising.py::test_advice_to_leave_out_what_is_of_a_run": ["and -m alone. Leave out: "],
    "advice/test_advising.py::test_what_it_prints_can_be_run_and_stands_on_the_page": [
        "to perform it, use motors (",
        "Use pretrain=cmc: imitate a classical controller first",
        ": the first command below says why.",
    ],
    "report/test_report.py::test_nothing_is_called_lowest_where_a_group_has_one_seed": ["train each with several"],
    "config/test_command_line.py::test_advice_for_a_wrong_command_line_works": [
        "Hydra's options: python run.py --hydra-help",
        ". Leave the word out for its default.",
        ": leave the + out:",
        "is no name. Leave it out for the time of day.",
        "Give one of folders named as groups are.",
    ],
    "config/test_command_line.py::test_advice_for_a_wrong_file_names_it_and_works": [
        "exist counts as none. Leave optional out.",
        "leads back to itself. Leave it out.",
        "Leave it out, and give debug=",
        "' below defaults.",
    ],
    "test_experiment.py::test_advice_for_senses_that_an_arm_lacks": ["show the network nothing. Give model=muscle."],
    "faults/test_damage.py::test_what_a_run_began_with_is_needed": ["the run began with. Bring it back as it was."],
    "faults/test_disk.py::test_a_full_disk": ["Free some space there"],
    "faults/test_disk.py::test_a_read_only_folder": ["file system writable, or give another place"],
    "faults/test_ways_of_use.py::test_advice_for_a_terminal_of_ascii": ["lacks. Give it as PYTHONUTF8=1 python ..."],
    "hub/test_download.py::test_what_is_given_on_request_says_how_to_get_it": [
        "access; when it is granted, log in here by"
    ],
    "hub/test_hub_advice.py::test_advice_of_a_download_is_a_command_that_works": [". Look at them:"],
    "hub/test_hub_advice.py::test_advice_to_make_it_private_first": ["and all can see it. Make it private on"],
    "kinematics/imports/test_dialects.py::test_advice_for_what_cannot_be_read": [
        "and mm are known. Export it in one of these.",
        "SLEAP-Anipose, movement or NWB with poses wrote. Or",
        "Hz. Say --rate",
        "or leave all empty cells of the row out.",
        "time, in s), paw_x, paw_y, paw_z, elbow_x ... shoulder_z",
        "sheet as 'CSV UTF-8' there, and give that",
        "SLEAP or Anipose, and give what that writes",
        "packed. Unpack it, and give the file in it",
        "Resample them to the same, and save that.",
        "dataset.to_netcdf(path, engine='h5netcdf')",
        "an HDF5 file. Give it with the suffix .h5",
        "first bytes. Give it with the suffix .c3d",
        "(File > Export Tracking Data), and give that",
        "> Export), or give the trial's own .c3d file",
        "Manager. Export C3D there (File > Export), and give that",
        "Principles. Export C3D there (File > Export), and give that",
        "w_y,elbow_z,shoulder_x,shoulder_y,shoulder_z.",
        ". Write all in one.",
    ],
    "evaluate/test_film_overlay.py::test_advice_on_films_and_cameras": [
        "Give the film as that camera recorded it, or choose another camera.",
        "Give the film of this recording, and --offset where it began",
    ],
    "kinematics/test_cameras.py::test_advice_on_a_calibration_that_cannot_be": [
        "which cannot be drawn on. Choose another camera."
    ],
    "kinematics/imports/test_project.py::test_advice_on_what_is_wrong_in_it": [
        "Correct it, or remove the file and give the options again.",
        "' is not a number. Correct it.",
        "true, false and {peak_speed: 0.12}. Correct it.",
        "has several values. Give one.",
    ],
    "kinematics/imports/test_project.py::test_a_folder_is_told_as_such": [" is a folder. Give the files in it"],
    "kinematics/imports/test_project.py::test_advice_where_an_option_contradicts": [
        "If that is to stay, write it there."
    ],
    "kinematics/test_noise.py::test_advice_on_numbers_that_differ": ["Remove the column, or correct it"],
    "kinematics/test_plausible.py::test_advice_in_another_unit": ["out a recording in which the paw rests."],
    "kinematics/test_plausible.py::test_advice_what_was_written_here_is_hashed": [
        "changed it yourself, remove its line from"
    ],
    "model/test_arm.py::test_advice_where_actuators_are_switched_off": [". Leave that out, or the actuator."],
    "model/test_arm.py::test_advice_to_add_actuators": ["to what moves, and an <actuator> for it."],
    "model/test_coupling.py::test_advice_to_leave_out_what_cannot_be_held": [
        'Leave it out, or give it active="false"',
        ". Correct one of them.",
        "; or write it as <equality><joint/>.",
        "; or name the other joint as joint1.",
    ],
    "model/test_coupling.py::test_advice_where_contacts_or_tendons_are_in_the_way": [
        'correct its range, or give it limited="false"'
    ],
    "model/test_fit.py::test_advice_to_put_what_guides_a_tendon_into_a_body": [
        "is fixed to the world: put it into a body."
    ],
    "model/test_opensim.py::test_advice_where_there_are_no_muscles": ["has no muscles; give its joints motors:"],
    "model/test_opensim_held.py::test_advice_where_a_default_value_is_out_of_its_range": [
        "Correct one of them, or set clamped to false."
    ],
    "model/test_opensim_held.py::test_advice_to_replace_what_cannot_even_be_held": [
        ": replace it by one of these in OpenSim.",
        ": replace it in OpenSim.",
    ],
    "model/test_overlay.py::test_advice_to_give_angles_in_radians": ["in rad. Leave it out, and give angles in rad."],
    "rundir/test_folder.py::test_advice_on_what_has_changed_since_it_was_written": [
        "Bring it back as it was.",
        "move it away: nothing but reports needs it.",
    ],
    "rundir/test_logs.py::test_advice_on_metrics_with_a_broken_row_that_others_follow": [
        "the run begins a new one where it resumes."
    ],
    "rundir/test_status.py::test_advice_on_a_status_that_has_changed": ["Remove it: the run then resumes without it."],
    "sweep/test_progress.py::test_a_sweep_is_not_launched_into_one_that_goes_on": [
        "them, cancel them, or choose another name=."
    ],
    "test_advice.py::test_advice_on_folders_of_reaches": ["to train on, one to test with. Remove one."],
    "test_advice.py::test_advice_on_what_a_model_holds": ["copies of copies have no end. Include it."],
    "test_advice.py::test_advice_on_yaml": ["), which is not read; write it out"],
    "test_agent_import.py::test_advice_of_the_script": [
        ": the agent itself decides on",
        "Name the arm that it was trained with: model=muscle, or model.file=FILE.",
    ],
    "test_agent_import.py::test_statistics_of_observations_go_along": ["Give the file that VecNormalize.save wrote."],
    "tracking/test_sync.py::test_the_parts_of_a_run_become_one_run_and_are_uploaded_once": [
        "yet. python scripts/sync.py RUN uploads it."
    ],
    "tracking/test_wandb_settings.py::test_advice_for_what_wandb_refuses_comes_before_the_folder": [
        "Weights & Biases refuses"
    ],
    "view/test_door.py::test_advice_to_open_the_address_that_was_printed": [
        "the port, on this machine or by a tunnel."
    ],
}

# Why no test does what messages say, with a part of each.
NOT_DONE: dict[str, list[str]] = {
    "OpenSim does it": [
        "sim.Model('OLD.osim').printToXML('NEW.osim')\"",
        "Open the file in OpenSim 4 and save it.",
    ],
    "another program does it": [
        "triangulate them first, with sleap-anipose.",
        "the file that deeplabcut.triangulate wrote.",
        "which has a row for every frame of the film.",
        "3D or Anipose, and import what that writes.",
    ],
    "for errors of the Hub that nobody foresees": [
        ". Try again.",
    ],
    "for errors of the system that nobody foresees": [
        "See that it can be read and written",
    ],
    "it installs libraries of the system": [
        "set MUJOCO_GL=egl before MuJoCo is imported.",
    ],
    "it installs something; test_every_extra_that_is_to_be_installed_exists": [
        "dependency of mousearm): pip install opensim",
        "pip install 'mousearm[c3d]'. Or export .trc.",
        "(pip install 'mousearm[gpu]'; torch's builds",
        "): pip install 'mousearm[nwb]'.",
        "): pip install 'mousearm[search]'",
        "needs viser: pip install 'mousearm[web]'.",
        "checkout: python -m pip install '.[report]'",
        "Install another: pip install viser==1.1.1",
    ],
    "it needs OpenSim": [
        "changes sides; see scripts/check_model.py.",
    ],
    "it needs OpenSim; tests/fidelity": [
        ". Give the path of an OpenSim model (.osim).",
    ],
    "it needs a cluster of several nodes": [
        ". Put .venv where all nodes see it.",
    ],
    "it needs a cluster; tests/slurm": [
        "hydra.launcher.partition=NAME. There are",
        "or with another hydra.launcher.partition.",
    ],
    "it needs a file system with quotas": [
        "Free some of your quota there",
    ],
    "it needs a run that an older version has made": [
        "name=) to share it with these files.",
    ],
    "it needs an account": [
        "On a cluster set WANDB_API_KEY.",
    ],
    "it needs another computer": [
        ": cancel the sweep there.",
    ],
    "no advice": [
        "was trained on the reach: train or test",
        "mm, run",
        "to test with, split by",
    ],
    "no refusal": [
        "only one process at a time trains there.",
    ],
    "no refusal; tests of the script": [
        "`python scripts/video.py` writes films.",
    ],
    "no refusal; tests/docs run what the card says": [
        "seen:\n\n```\npython scripts/download.py agent",
    ],
    "there is no newer version": [
        "the version that wrote it, or a newer one.",
    ],
    "who is root may always write": [
        "the folder writable, or give another place",
    ],
}

LISTS = {"ELSEWHERE": ELSEWHERE, "NOT_DONE": NOT_DONE}
