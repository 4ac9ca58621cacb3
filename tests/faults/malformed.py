"""Readers of the package, each with real files to damage; run as a program it tries one reader on many of them.

``python malformed.py READER FIRST LAST FOLDER`` prints a line of JSON for each seed: ok, refused with the text, or a
traceback. A seed that takes the processor for longer than `SECONDS`, or waits for twenty times as long, ends the
program, and so does whatever crashes it.
"""

import hashlib
import json
import random
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium
import mujoco
import numpy as np
from mutations import damage
from sb3_contrib import RecurrentPPO

from mousearm.agent import Agent
from mousearm.agent_import import load_weights, read_archive, sizes
from mousearm.config import LandmarksConfig, ModelConfig, compose, read_saved, to_yaml
from mousearm.errors import MouseArmError
from mousearm.experiment import run
from mousearm.kinematics import read_reaches, resample
from mousearm.kinematics.imports import CutRule, ImportOptions, import_reaches
from mousearm.model import load_arm
from mousearm.paths import resolve
from mousearm.policy.network import build_policy
from mousearm.retarget import retarget

SECONDS = 60
TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "kinematics" / "imports"), str(TESTS / "model"), str(TESTS)]


@dataclass(frozen=True)
class Reader:
    """What writes good files into a folder, and what reads it when one of them is damaged."""

    write: Callable[[Path], Any]
    read: Callable[[Path, random.Random], Any]


@cache
def torque():
    config = compose(["name=test", "threads=1"])
    return config, load_arm(config.model)


def write_reaches(folder):
    source = resolve("package:synthetic", "kinematics/data")
    for name in ("reach_00", "reach_01"):
        (folder / "a" / "monday").mkdir(parents=True, exist_ok=True)
        shutil.copy(source / f"{name}.csv", folder / "a" / "monday")
    rows = ["file,animal,session", *(f"a/monday/reach_0{i}.csv,a,monday" for i in range(2))]
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")


def read_folder(folder, rng):
    config, arm = torque()
    for reach in read_reaches(folder):
        resampled = resample(reach, config.env.control_dt)
        if resampled.n_frames < 500:
            retarget(resampled, arm, config.env.control_dt, config.kinematics)


def write_recordings(folder):
    import tracked_files

    for name, write in tracked_files.WRITERS.items():
        write(folder / name, 1e3 * tracked_files.arm(60))


def read_recordings(folder, rng):
    import tracked_files

    cut = CutRule() if rng.random() < 0.3 else None
    options = ImportOptions(
        tracked_files.POINTS, "mm", "x y z", tracked_files.RATE, cutoff=rng.choice((None, 30.0)), cut=cut
    )
    refusals = []
    for file in sorted(folder.iterdir()):
        out = folder.with_name("out")
        try:
            import_reaches([file], out, options)
        except MouseArmError as error:
            refusals.append(error)
            assert not out.exists(), "an import that was refused left a folder"
        shutil.rmtree(out, ignore_errors=True)
    if cut is None and refusals:
        raise refusals[0]


def write_config(folder):
    (folder / "config.yaml").write_text(to_yaml(torque()[0]))


OVERRIDES = (
    *(
        "model=muscle",
        "env.path_steps=5",
        "env.observation=[qpos,qvel]",
        "reward.w_paw=2",
        "policy.net_arch_pi=[64,64]",
    ),
    *(
        "name=a",
        "tracking.tags=[a,b]",
        "algo.learning_rate=1e-3",
        "kinematics.path=package:demo.csv",
        "model.joints=null",
    ),
)


def read_overrides(folder, rng):
    compose((folder / "overrides").read_bytes().decode("latin-1").split("\n"))


def write_overrides(folder):
    (folder / "overrides").write_text("\n".join(OVERRIDES))


def write_mjcf(folder):
    for name in ("forelimb.xml", "torque.xml", "muscle.xml"):
        shutil.copy(resolve(f"package:{name}", "model"), folder)


def read_mjcf(folder, rng):
    file = folder / rng.choice(("torque.xml", "muscle.xml"))
    landmarks = LandmarksConfig("joint:elv_angle", "joint:elbow_flex", "site:handm")
    move(load_arm(ModelConfig(file=str(file), osim=None, landmarks=landmarks, joints=None, action_map="direct")))


def write_osim(folder):
    from osim_text import document, roll

    (folder / "arm.osim").write_text(document())
    (folder / "roll.osim").write_text(roll(0.002, (0.004, 0.003)))


def read_osim(folder, rng):
    landmarks = LandmarksConfig("joint:lift", "joint:bend", "site:paw")
    for file in sorted(folder.iterdir()):
        move(load_arm(ModelConfig(file=None, osim=str(file), landmarks=landmarks, joints=None, action_map="direct")))


def move(arm):
    """A few steps of an arm that was loaded, from whatever pose it rests in."""
    data = mujoco.MjData(arm.physics)
    data.qpos[:], data.ctrl[:] = arm.rest_qpos, arm.ctrl_range.mean(axis=1)
    mujoco.mj_step(arm.physics, data, nstep=5)
    assert np.isfinite(arm.landmark_positions(arm.rest_qpos[None])).all()


QUICK = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784", "algo.eval_freq=784")


def write_run(folder):
    reaches = folder.with_name("reaches.csv")
    shutil.copy(resolve("package:demo.csv", "kinematics/data"), reaches)
    overrides = ["name=test", "threads=1", *QUICK, f"kinematics.path={reaches}"]
    run(compose(overrides), folder / "run", overrides)
    for path in (folder / "run").iterdir():
        if path.name not in ("config.yaml", "split.json", "best", "checkpoints"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def read_run(folder, rng):
    Agent.load(folder / "run", rng.choice(("best", "latest"))).evaluate()


def write_agent(folder):
    kinds = {"enable_critic_lstm": False, "shared_lstm": True, "lstm_hidden_size": 8}
    RecurrentPPO("MlpLstmPolicy", gymnasium.make("Pendulum-v1"), policy_kwargs=kinds).save(folder.with_name("agent"))
    shutil.unpack_archive(folder.with_name("agent.zip"), folder)  # so that damage gets past the checksums of the zip


def read_agent(folder, rng):
    archive = read_archive(Path(shutil.make_archive(str(folder.with_name("agent")), "zip", folder)))
    config = torque()[0]
    network = replace(config.policy, normalize_observation=False, **sizes(archive))
    policy = build_policy(replace(config, policy=network), 3, 1)
    load_weights(policy, archive, np.array([[-2.0, 2.0]]))


READERS = {
    "reaches": Reader(write_reaches, read_folder),
    "recordings": Reader(write_recordings, read_recordings),
    "config": Reader(write_config, lambda folder, rng: read_saved(folder / "config.yaml")),
    "overrides": Reader(write_overrides, read_overrides),
    "mjcf": Reader(write_mjcf, read_mjcf),
    "osim": Reader(write_osim, read_osim),
    "run": Reader(write_run, read_run),
    "agent": Reader(write_agent, read_agent),
}


def outcome(reader, good, work, seed):
    """What becomes of one damaged file: "ok", "refused: why", or anything else, which is a fault."""
    rng = random.Random(seed)
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(good, work)
    file = rng.choice(sorted(path for path in work.rglob("*") if path.is_file()))
    file.write_bytes(damage(file.read_bytes(), rng))
    before = content(work)
    try:
        reader.read(work, rng)
        said = "ok"
    except MouseArmError as error:
        said = f"refused: {error}"
    except Exception:
        said = traceback.format_exc()
    return said if content(work) == before else f"the folder was changed; {said}"


def content(folder):
    """Hashes of all files of a folder."""
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*") if path.is_file()}


def main(name, first, last, folder):
    warnings.simplefilter("ignore")
    reader, good = READERS[name], Path(folder) / "good"
    good.mkdir(parents=True)
    reader.write(good)
    print("ready", flush=True)
    for seed in range(int(first), int(last)):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # nobody catches the signals: they end the process
        signal.alarm(20 * SECONDS)
        print(json.dumps([seed, outcome(reader, good, Path(folder) / "work", seed)]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
