"""An afternoon from a recording to a shared agent, by the command line alone, in which what is printed is done."""

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import h5py
import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest
from inputs import DATA, checkout
from pages import ROOT

from mousearm.evaluate.evaluation import Evaluation
from mousearm.trajectory import LANDMARKS

pytestmark = pytest.mark.slow

NOISE_MM = 0.15
BUDGET = (
    *("policy=lstm_small", "pretrain.num_envs=12", "pretrain.rounds=10", "pretrain.teacher_rounds=4", "threads=1"),
    *("env.num_envs=4", "algo.n_steps=98", "algo.batch_size=392", "algo.timesteps=784", "algo.eval_freq=784"),
)
SESSION = ("session.csv", "--points", "paw=hand", "shoulder=sh1", "--units", "mm", "--rate", "150", "--cut")
PICTURES = ("trajectory.png", "joints.png", "activation.png", "summary.png", "synergies.png", "state.png")


@pytest.fixture
def do(tmp_path, monkeypatch):
    """Run a command in a copy of the source, by a user who has nothing but it; gives what it prints.

    Commands are those of Python or words of one, in which stars stand for files; they share their imports: warm.py.
    """
    folder = tmp_path / "mousearm"
    checkout(folder)
    write_session(folder / "session.csv")
    (home := tmp_path / "home").mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {
        "PATH": path,
        "HOME": str(home),
        "PYTHONPATH": str(folder),
        "COLUMNS": "80",
        "OMP_NUM_THREADS": "1",
        "LOGNAME": "jane_doe",
    }
    server = runpy.run_path(str(ROOT / "tests" / "hub" / "hub_server.py"))
    with server["Hub"]() as hub:
        own |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": server["TOKEN"], "HF_HUB_DISABLE_XET": "1"}
        warm = [sys.executable, str(Path(__file__).with_name("warm.py")), str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": folder, "env": own}
        with subprocess.Popen(warm, **pipes) as process:
            assert process.stdout.readline() == "ready\n"

            def run(*words, status=0):
                words = shlex.split(words[0].removeprefix("python ")) if len(words) == 1 else [*map(str, words)]
                there = [sorted(folder.glob(word)) if "*" in word else [word] for word in words]
                print(json.dumps([str(name) for names in there for name in names]), file=process.stdin, flush=True)
                ended, output, errors = json.loads(process.stdout.readline())
                assert ended == status, f"{words}\n{output[-2000:]}\n{errors[-2000:]}"
                return output

            run.folder, run.home = folder, home
            yield run
            process.stdin.close()
    assert {place.name for place in home.iterdir()} <= {".cache", ".config"}


def write_session(path):
    """What DeepLabCut saves of a mouse that reaches four times: in mm, x forward, y left, z up, with noise."""
    tracked = runpy.run_path(str(ROOT / "tests" / "kinematics" / "imports" / "tracked_files.py"))
    rng, parts = np.random.default_rng(1), []
    for number in range(4):
        table = pd.read_csv(DATA / "synthetic" / f"reach_0{number}.csv")
        forward, up, right = (1e3 * table[[f"{name}_{axis}" for name in LANDMARKS]].to_numpy() for axis in "xyz")
        reach = np.stack([forward, -right, up], axis=2)
        parts += [np.repeat(reach[:1], 40, axis=0), reach, np.repeat(reach[-1:], 40, axis=0)]
    whole = np.concatenate(parts)
    whole += rng.normal(0, NOISE_MM, whole.shape)
    tracked["write_dlc_csv"](path, whole, likelihood=np.full(whole.shape[:2], 0.95))


def told(pattern, text):
    """What is printed at a place, in whatever lines."""
    found = re.search(pattern, " ".join(text.split()))
    assert found, f"{pattern!r} is not in\n{text}"
    return found[1]


def test_from_a_recording_with_wrong_axes_to_a_shared_agent(do):
    import_and_mend(do)
    train_both_arms(do)
    compare_record_and_draw(do)
    share_and_reproduce(do)


def import_and_mend(do):
    """Wrong axes are told, and each of the two ways out is gone; then the filter that is proposed is taken."""
    imported = do("scripts/import_reaches.py", *SESSION, "--out", "wrong", "--axes", "y z x")
    assert "SUSPICIOUS 4 of 4" in imported
    checked = do(told(r"Look at them: (python \S+ \S+)", imported), status=1)
    assert "0 of 4 reaches" in checked or "suspicious" in checked
    do(told(r"turn these files: (python .*?--axes '[^']*')", checked))
    assert "4 of 4 reaches can be trained on." in do("scripts/check_reaches.py", "turned")

    axes = shlex.split(told(r"Import again, into another folder, with (--axes '[^']*')", imported))
    cutoff = told(r"known paw to \S+ mm; to \S+ mm with (--cutoff \S+)", imported).split()
    again = do("scripts/import_reaches.py", "session.csv", "--out", "reaches", *axes, *cutoff)  # the rest is remembered
    assert "SUSPICIOUS" not in again
    assert axes == ["--axes", "x z -y"]
    assert abs(float(told(r"noise shoulder \S+ elbow \S+ paw (\S+) mm", again)) - NOISE_MM) < 0.03
    known, unfiltered = float(told(r"known paw to (\S+) mm", again)), float(told(r"\(unfiltered (\S+)\)", again))
    assert known < 0.75 * unfiltered
    assert "4 of 4 reaches can be trained on." in do("scripts/check_reaches.py", "reaches", "--out", "check.html")
    see(do.folder / "reaches" / "noise.png")
    assert (do.folder / "check.html").read_text().count("data:image/png") >= 2


def train_both_arms(do):
    """A network that is not shown its reach is warned of, and made one that is; a budget too short is raised."""
    alone = do("run.py", "kinematics.path=reaches", "name=alone", "video=false", *BUDGET)
    remedy = told(r"Train it with (experiment=\S+),", alone)
    for name, arm in {"motors": "model=torque", "muscles": "model=muscle"}.items():
        words = (remedy, arm, "kinematics.path=reaches", f"name={name}", *BUDGET)
        printed = do("run.py", *words, f"video={str(name == 'motors').lower()}")  # muscles take longer to draw
        assert "targets known to" in printed
        assert "cannot know which" not in printed
        assert_narrow(printed)
    longer = do(told(r"(python run.py resume=\S+ algo.timesteps=\d+) trains on", alone))
    assert "run folder" in longer
    before, after = (Evaluation.load(do.folder / "outputs" / name / "evaluation.json") for name in ("alone", "motors"))
    assert after.objective < before.objective
    assert len(imageio.imread(next((do.folder / "outputs" / "motors" / "videos").glob("*.mp4")))) > 10


def compare_record_and_draw(do):
    """The table of the comparison, the recording and the figures for print hold what they should."""
    compared = do("scripts/compare.py", "outputs/motors", "outputs/muscles", "--out", "comparison")
    assert_narrow(compared)
    assert "One seed each cannot tell which is better" in " ".join(compared.split())
    table = pd.read_csv(do.folder / "comparison" / "reaches.csv")
    assert len(table) == 8
    assert np.isfinite(table.select_dtypes("number").to_numpy()).all()
    assert "data:image/png" in (do.folder / told(r"Page: (\S+)", compared)).read_text()

    do("scripts/record.py", "outputs/muscles", "--out", "muscles.h5")
    with h5py.File(do.folder / "muscles.h5") as recording:
        arrays = []
        recording.visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
        arrays = [array for array in arrays if array.dtype.kind == "f"]
        assert len(arrays) >= 4
        assert all(np.isfinite(array[()]).all() for array in arrays)
    files = do("scripts/figures.py", "muscles.h5", "--out", "paper", "--reach", "session_001").split()
    assert {Path(file).name for file in files} >= set(PICTURES)
    for file in files:
        see(do.folder / file)
        assert (do.folder / file).with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def share_and_reproduce(do):
    """What is shared has the errors that it states, for whoever follows the command that is printed."""
    shared = do("scripts/share.py", "outputs/muscles", "my-lab/muscles", "--with-kinematics", "--yes")
    reproduced = do(told(r"(python scripts/reproduce.py \S+)", shared))
    assert "Reproduced: every error is the same" in reproduced
    assert_narrow(reproduced)


def see(picture):
    """See that a picture is one, and not blank."""
    pixels = imageio.imread(picture)
    assert min(pixels.shape[:2]) > 200, picture
    assert pixels[..., :3].std() > 5, picture


def assert_narrow(printed):
    """See that no line but those with commands and places, which may be long, is wider than 80 columns."""
    wide = [line for line in printed.splitlines() if len(line) > 80 and not re.search(r"python |/|\.mp4", line)]
    assert wide == []
