"""What the pages speak of as the reader's own: files, the folder in which commands are run, an account of the Hub."""

import re
import runpy
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pages import ROOT
from sb3_contrib import RecurrentPPO

from mousearm.env.gym_env import TrackingEnv

DATA = ROOT / "mousearm" / "kinematics" / "data"
SOURCE = ("run.py", "conf", "mousearm", "scripts")


def checkout(folder: Path) -> None:
    """A copy of the source, which pages may change."""
    folder.mkdir()
    for name in SOURCE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)


def small_programs(folder: Path) -> None:
    """A command ``python`` that makes what it runs small; see small.py."""
    folder.mkdir()
    command = folder / "python"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("small.py")}" "$@"\n')
    command.chmod(0o755)


def write_inputs(folder: Path) -> None:
    """Reaches, recordings, arms and an agent, by the names that the pages use."""
    shutil.copy(DATA / "demo.csv", folder / "my_reach.csv")
    for name, chosen in {"my_reaches": slice(0, 5), "other_reaches": slice(5, 8)}.items():
        (folder / name).mkdir()
        for path in sorted((DATA / "synthetic").glob("*.csv"))[chosen]:
            shutil.copy(path, folder / name)
    _write_recordings(folder)
    _write_arms(folder)
    _write_agent(folder / "agent.zip")


@contextmanager
def lab_hub(folder: Path) -> Iterator[dict[str, str]]:
    """A Hub with the repositories that the pages name; gives the environment in which the reader is logged in to it."""
    server = runpy.run_path(str(ROOT / "tests" / "hub" / "hub_server.py"))
    reach = (folder / "my_reach.csv").read_bytes()
    reaches = {path.name: path.read_bytes() for path in (folder / "my_reaches").iterdir()}
    arms = {"arm.xml": (folder / "arm.xml").read_bytes(), "forelimb.xml": (folder / "forelimb.xml").read_bytes()}
    with server["Hub"]() as hub:
        hub.add("AlBornoLab/MouseArmModel", {"arm.xml": _one_file("muscle.xml")})
        hub.add("AlBornoLab/MouseArmKinematics", reaches, "dataset")
        hub.add("AlBornoLab/Welle", {"agent.zip": (folder / "agent.zip").read_bytes()}, gated=True)
        hub.add("my-lab/arms", {}).commit(arms, branch="v2")
        hub.add("my-lab/reaches", {"mouse_1/reach.csv": reach}, "dataset")
        yield {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(folder / "huggingface"),
            "HF_TOKEN": server["TOKEN"],
            "HF_HUB_DISABLE_XET": "1",
        }


def _one_file(model: str) -> bytes:
    """A shipped arm with what it includes in the same file."""
    text, bones = ((ROOT / "mousearm" / "model" / name).read_text(encoding="utf-8") for name in (model, "forelimb.xml"))
    inside = re.search(r"<mujoco[^>]*>(.*)</mujoco>", bones, re.DOTALL)
    return text.replace('<include file="forelimb.xml" />', inside[1]).encode()


def _write_recordings(folder: Path) -> None:
    """DeepLabCut's files of a reach, rest, and the way back, in mm; its axes are x forward, y left, z up."""
    tracked = runpy.run_path(str(ROOT / "tests" / "kinematics" / "imports" / "tracked_files.py"))
    for name, source in {"take1.csv": DATA / "demo.csv", "take2.csv": DATA / "synthetic" / "reach_00.csv"}.items():
        reach = np.loadtxt(source, delimiter=",", skiprows=1)[:, 1:].reshape(-1, 3, 3)  # paw, shoulder, elbow
        forward, up, right = np.moveaxis(1e3 * reach[:, [1, 2, 0]], 2, 0)
        there = np.stack([forward, -right, up], axis=2)
        start, end = (np.repeat(points, 40, axis=0) for points in (there[:1], there[-1:]))
        whole = np.concatenate([start, there, end, there[::-1], start])
        tracked["write_dlc_csv"](folder / name, whole, likelihood=np.full(whole.shape[:2], 0.9))


def _write_arms(folder: Path) -> None:
    """The shipped arm under other names, and two rods as OpenSim saves them."""
    shipped = ROOT / "mousearm" / "model"
    renamed = {"handm": "hand_marker", "elbow_flex": "elbow", "forelimb.xml": "my_forelimb.xml"}
    for source, name in {"torque.xml": "my_arm.xml", "forelimb.xml": "my_forelimb.xml"}.items():
        text = (shipped / source).read_text(encoding="utf-8")
        for old, new in renamed.items():
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    for source in ("torque.xml", "forelimb.xml"):
        shutil.copy(shipped / source, folder / {"torque.xml": "arm.xml"}.get(source, source))
    rods = runpy.run_path(str(ROOT / "tests" / "model" / "osim_text.py"))
    (folder / "my_arm.osim").write_text(rods["document"](), encoding="utf-8")


def _write_agent(path: Path) -> None:
    """An agent as Stable-Baselines3 saves it."""
    network = {"shared_lstm": True, "enable_critic_lstm": False, "lstm_hidden_size": 8}
    algo = RecurrentPPO("MlpLstmPolicy", TrackingEnv(["threads=1"]), n_steps=64, batch_size=64, policy_kwargs=network)
    algo.learn(64).save(path)
