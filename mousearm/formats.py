"""Formats of what is saved: each kind has a number, and older ones are read through a list of upgrades.

What is saved says its number and the version of mousearm that wrote it; number 1 is what says none. Whoever changes
what a kind holds, or what it means, appends a function to `UPGRADES` that makes the new content of the one before it;
the number is one more than there are upgrades. An agent is a run folder, without what only training needs.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import mousearm
from mousearm.errors import FormatError

RUN, CHECKPOINT, SPLIT, RECORDING = "run folder", "checkpoint", "split", "recording"
ENVELOPE = "EMG envelope"

Content = dict[str, Any]
"""Argument and result of an upgrade. Of a run folder: the content of its files, by name, as far as they are read. Of a
checkpoint: ``network`` and, unless it is the best network alone, ``states``. Of a split: its keys. Of a recording:
``reaches``. Of an envelope: what stands above its table.
"""


def _run_2(files: Content) -> Content:
    """Add the identifier that runs once did not have."""
    return {**files, "origin.json": {"run": "", **files["origin.json"]}} if "origin.json" in files else files


def _run_4(files: Content) -> Content:
    """Let the budget of runs with a warm start contain it, as it once did."""
    pretrain = files.get("config.yaml", {}).get("pretrain")
    if not isinstance(pretrain, dict) or pretrain.get("teacher") == "none":
        return files
    return {**files, "config.yaml": {**files["config.yaml"], "pretrain": {**pretrain, "in_timesteps": True}}}


def _run_5(files: Content) -> Content:
    """Name the engine, which once was always MuJoCo."""
    if "config.yaml" not in files:
        return files
    return {**files, "config.yaml": {"engine": "mujoco", **files["config.yaml"]}}


def _run_6(files: Content) -> Content:
    """Say that muscles have the time constants of their file and begin without activation, as they once all did."""
    config = files.get("config.yaml")
    if config is None:
        return files
    config = dict(config)
    for group, old in (("model", {"muscle_dynamics": "published"}), ("env", {"initial_activation": "zero"})):
        if isinstance(config.get(group), dict):
            config[group] = {**old, **config[group]}
    return {**files, "config.yaml": config}


def _run_10(files: Content) -> Content:
    """Leave out keys that nobody gave another value."""
    config = files.get("config.yaml")
    if config is None:
        return files
    config = dict(config)
    dropped = {"algo": ("stats_window_size",), "pretrain": ("freeze_normalizer", "learning_rate_after_final")}
    for group, keys in dropped.items():
        if isinstance(config.get(group), dict):
            config[group] = {key: value for key, value in config[group].items() if key not in keys}
    return {**files, "config.yaml": config}


def _run_11(files: Content) -> Content:
    """Let rollouts after a warm start stay as long as `algo.n_steps` says: they once did not wait for a minibatch."""
    config = files.get("config.yaml", {})
    try:
        rollout = config["algo"]["n_steps"] * config["env"]["num_envs"]
        size = min(config["pretrain"]["batch_size_after"], rollout)
    except (KeyError, TypeError):  # keys that are missing have their defaults; what is wrong is told where it is read
        return files
    return {**files, "config.yaml": {**config, "pretrain": {**config["pretrain"], "batch_size_after": size}}}


def _checkpoint_3(parts: Content) -> Content:
    """Add the steps of imitation that the budget does not contain: once, it contained all."""
    states = parts.get("states")
    return {**parts, "states": {**states, "algo": {**states["algo"], "imitated": 0}}} if states else parts


def _checkpoint_4(parts: Content) -> Content:
    """Say that the value head learned in units of the reward, as it once always did."""
    states = parts.get("states")
    return {**parts, "states": {**states, "algo": {**states["algo"], "return_scale": 1.0}}} if states else parts


def _split_2(split: Content) -> Content:
    """Add the hashes that splits once did not have."""
    return {"sha256": {}, **split}


def _same(content: Content) -> Content:
    """Change nothing but the number."""
    return content


UPGRADES: Mapping[str, tuple[Callable[[Content], Content], ...]] = MappingProxyType(
    {
        RUN: (_run_2, _same, _run_4, _run_5, _run_6, _same, _same, _same, _run_10, _run_11),
        CHECKPOINT: (_same, _checkpoint_3, _checkpoint_4),
        SPLIT: (_split_2,),
        RECORDING: (_same,),
        ENVELOPE: (),
    }
)
"""By kind, what makes the next format of each, from the first one on."""


def newest(kind: str) -> int:
    """The number of the format that is written."""
    return 1 + len(UPGRADES[kind])


def stamp(kind: str) -> dict[str, Any]:
    """Mark of a saved content: the number of its format, and the version of mousearm."""
    return {"format": newest(kind), "mousearm": mousearm.__version__}


def without_stamp(content: Mapping[str, Any]) -> Content:
    """A content without the stamp that was saved in it."""
    return {key: value for key, value in content.items() if key not in stamp(RUN)}


def format_number(kind: str, saved: Mapping[str, Any], path: object) -> int:
    """Read the number of a saved thing's format from its stamp; FormatError if it is newer than this, or none."""
    found = saved.get("format", 1)
    if type(found) is not int or not 1 <= found <= newest(kind):
        raise FormatError(kind, path, found, newest(kind), str(saved.get("mousearm", "unknown")))
    return found


def upgrade(kind: str, content: Content, found: int) -> Content:
    """Bring a content, without its stamp, to the newest format from that of a number."""
    for step in UPGRADES[kind][found - 1 :]:
        content = step(content)
    return content
