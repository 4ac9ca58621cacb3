from dataclasses import asdict, replace
from functools import cache

import pytest
from omegaconf import OmegaConf
from PIL import Image

from mousearm.config import compose, to_yaml
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Errors, ErrorScale, PawMovement, ReachResult
from mousearm.files import write_json, write_text
from mousearm.kinematics import Split
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import FINISHED
from mousearm.tracking.logger import MetricsFile

composed = cache(lambda *overrides: compose(["name=x", *overrides]))


@pytest.fixture
def configure_run():
    """The configuration of some overrides; seeds, of which there are many, do not make it anew."""

    def configure(name, overrides):
        seeds = [word for word in overrides if word.startswith("seed=")]
        config = composed(*(word for word in overrides if word not in seeds))
        return replace(config, name=name, seed=int(seeds[0].removeprefix("seed=")) if seeds else 0)

    return configure


@pytest.fixture
def make_run(tmp_path, configure_run):
    """Write what a run writes, but for what it learned: ``make_run("sweep/0", ["seed=1"], {"reach": 0.25})``.

    Paw errors are given by reach; elbow errors are half of them. With ``test`` the last reach is of the test split.
    """

    def make(
        place, overrides, paw_mm, *, state=FINISHED, reason="", test=False, effort=0.5, upper_arm=11.5, host="one"
    ):
        folder = RunFolder(tmp_path / "outputs" / place)
        folder.path.mkdir(parents=True)
        name = place.split("/")[0]
        write_text(folder.config, to_yaml(configure_run(name, overrides)))
        write_text(folder.path / "overrides.yaml", OmegaConf.to_yaml(OmegaConf.create([f"name={name}", *overrides])))
        write_text(folder.path / "environment.txt", "$ git rev-parse HEAD\nabcdef\n\n\n$ git diff HEAD\n\n")
        write_json(folder.origin, {"run": f"id-{place.replace('/', '-')}"})
        write_json(folder.path / "status.json", {"state": state, "steps": 1000, "reason": reason, "host": host})
        sides = {"train": list(paw_mm)[:-1], "test": list(paw_mm)[-1:]} if test else {"train": list(paw_mm)}
        split_of = {reach: side for side, own in sides.items() for reach in own}
        split = Split(sides["train"], sides.get("test", []), {reach: f"hash of {reach}" for reach in paw_mm})
        write_json(folder.split, asdict(split))
        means = {side: sum(paw_mm[reach] for reach in own) / len(own) for side, own in sides.items()}
        log(folder, means)
        if state == FINISHED:
            reaches = [
                ReachResult(
                    reach, split_of[reach], 49, True, around(mm), around(mm / 2), effort, PawMovement(9.0, 0.2, "up")
                )
                for reach, mm in paw_mm.items()
            ]
            splits = {side: {"paw_mm": around(mean), "elbow_mm": around(mean / 2)} for side, mean in means.items()}
            scale = ErrorScale("torque", "segments", "none", upper_arm, 17.0)
            write_json(folder.evaluation, Evaluation(scale, reaches, splits).as_json())
            folder.figures.mkdir()
            for reach in paw_mm:
                Image.new("RGB", (4, 3), "white").save(folder.figures / f"{reach}.png")
        return folder

    return make


def around(mean):
    return Errors(mean, 1.1 * mean, 2 * mean)


def log(folder, means):
    """Three evaluations, 5 s apart: errors fall from twice the means to these."""
    metrics, timing = (MetricsFile(file, lambda key: True) for file in (folder.metrics, folder.timing))
    for steps in (0, 500, 1000):
        metrics.write({f"eval/{side}_paw_mm": mean * (2 - steps / 1000) for side, mean in means.items()}, {}, steps)
        timing.write({"time/training_s": steps / 100}, {}, steps)
    metrics.close()
    timing.close()


@pytest.fixture
def sweep(make_run, tmp_path):
    """A sweep of two rewards and three seeds: paw errors of 0.2, 0.3, 0.4 mm and of 0.5, 0.6, 1.0 mm."""
    errors = {"default": (0.2, 0.3, 0.4), "smooth": (0.5, 0.6, 1.0)}
    jobs = [(reward, seed, mm) for reward, own in errors.items() for seed, mm in enumerate(own)]
    for job, (reward, seed, mm) in enumerate(jobs):
        make_run(f"rewards/{job}", [f"reward={reward}", f"seed={seed}"], {"reach": mm}, effort=mm / 100)
    folder = tmp_path / "outputs" / "rewards"
    (folder / "multirun.yaml").write_text("hydra: {}\n")
    return folder


@pytest.fixture
def run(run_script, monkeypatch, tmp_path):
    """Run scripts/compare.py in the folder of the test; gives how it ended."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_script("compare", *arguments)
