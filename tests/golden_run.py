"""Small saved things of every format that there was: ``python tests/golden_run.py`` writes those of today.

``tests/golden/NUMBER`` holds a run folder, the agent of it that would be shared, and a recording of it: two rods that
follow one of two reaches, with a network of three units. Whoever changes a format raises its number in
mousearm/formats.py, and adds a folder here; what older ones hold never changes.
"""

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
import yaml
from safetensors.torch import load_file

from mousearm.agent import Agent
from mousearm.config import compose
from mousearm.door import read_seal, sha256
from mousearm.experiment import run
from mousearm.files import seal, to_json, write_json
from mousearm.record.trials import write_recording
from mousearm.rundir.folder import RunFolder
from mousearm.share.contents import gather, write_contents

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = sorted((path for path in GOLDEN.iterdir()), key=lambda path: int(path.name))
STEPS = 300
LAST_BUT_ONE = 180
"""Steps of the checkpoint before the last one."""

_LANDMARKS = "{shoulder: joint:shoulder, elbow: joint:elbow, paw: site:paw}"
_TRAINING = (
    *(
        "name=golden",
        "engine=mujoco",
        "threads=1",
        "video=false",
        "kinematics.train_ratio=0.5",
        "env.num_envs=2",
        "algo.n_steps=30",
    ),
    *("algo.batch_size=60", "algo.n_epochs=2", "policy.lstm_hidden_size=3", "policy.net_arch_pi=[3]"),
    *("policy.net_arch_vf=[3]", f"algo.timesteps={STEPS}", "algo.eval_freq=150", f"model.landmarks={_LANDMARKS}"),
)
_PACKAGES = re.compile(r"(mousearm|mujoco|numpy|stable_baselines3|torch)==")


def make(folder: Path) -> None:
    """Write ``run``, ``agent`` and ``recording.h5`` of today into a folder, without paths and names of this machine."""
    inputs = FOLDERS[0] / "run"
    paths = (f"model.file={inputs / 'model' / 'two_link.xml'}", f"kinematics.path={inputs / 'kinematics'}")
    trained = RunFolder(folder / "run")
    run(compose([*_TRAINING, *paths]), trained.path, [*_TRAINING, *paths])
    write_recording(Agent.load(trained.path), folder / "recording.h5")
    for place in (trained.figures, trained.tensorboard, trained.checkpoint(0)):
        shutil.rmtree(place)
    (trained.path / "lock").unlink()
    write_contents(gather(trained.path, "somebody/golden", True, False), folder / "agent")
    for name in ("model", "kinematics"):
        shutil.copytree(inputs / name, trained.path / name)
    for file in (trained.config, trained.overrides):
        file.write_text(file.read_text().replace(f"{inputs}/", "run:"))
    status = json.loads((trained.path / "status.json").read_text())
    status = {key: value for key, value in status.items() if key != "sha256"} | {"host": "host", "pid": 1}
    write_json(trained.path / "status.json", {**status, "sha256": sha256(to_json(status).encode())})
    for file in (trained.environment, folder / "agent" / "environment.txt"):
        packages = [line for line in file.read_text().splitlines() if _PACKAGES.match(line)]
        file.write_text("\n".join(["python 3 on Linux", "", *packages, ""]))
    for place in (trained.path, folder / "agent"):
        seal(place, {name: sha256(place / name) for name in read_seal(place)})


def layout(folder: Path) -> dict[str, Any]:
    """What a folder holds, without what differs from run to run: names, keys, kinds and shapes."""
    return {
        file.relative_to(folder).as_posix(): _readers.get(file.suffix, lambda _: None)(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _json(file: Path) -> Any:
    return _tree(json.loads(file.read_text()))


def _yaml(file: Path) -> Any:
    content = yaml.safe_load(file.read_text())
    if isinstance(content, list):
        return _tree(content)
    return {key: sorted(value) if isinstance(value, dict) else "value" for key, value in content.items()}


def _tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): item if key == "format" else _tree(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(item) for item in value[:1]]
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"{value.dtype} of {value.ndim} axes"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _recording(file: Path) -> Any:
    found: dict[str, Any] = {}

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        found[name] = [*sorted(item.attrs), *([str(item.attrs["unit"])] if "unit" in item.attrs else [])]

    with h5py.File(file) as content:
        content.visititems(note)
        return {**found, "about": {key: int(v) if key == "format" else "" for key, v in content.attrs.items()}}


_readers = {
    ".json": _json,
    ".yaml": _yaml,
    ".safetensors": lambda file: {name: list(tensor.shape) for name, tensor in load_file(file).items()},
    ".pt": lambda file: _tree(torch.load(file, weights_only=True)),
    ".h5": _recording,
}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        make(Path(temporary) / "new")
        shutil.copytree(Path(temporary) / "new", GOLDEN / str(len(FOLDERS) + 1))
