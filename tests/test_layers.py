"""A module imports from its own floor or from floors below it, never from one above."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mousearm

PACKAGE = Path(mousearm.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# The plan of the house. A new module must be given its floor here.
FLOORS = {
    "__init__": 0,
    "errors": 0,
    "cli": 1,
    "analysis": 0,
    "plots": 0,
    "text": 0,
    "html": 0,
    "files": 0,
    "formats": 0,
    "atomic_dir": 0,
    "trajectory": 0,
    "registry": 0,
    "keys": 0,
    "snapshot": 0,
    "action": 0,
    "observation": 0,
    "reward": 0,
    "termination": 0,
    "config": 1,
    "rundir": 1,
    # So low because any path of a configuration may be a place on the Hub: whoever reads models and reaches asks it.
    "hub": 1,
    "paths": 1,
    "model": 1,
    "kinematics": 1,
    "retarget": 2,
    "simulation": 2,
    "render": 2,
    "mechanics": 3,
    "nan_guard": 3,
    "env": 4,
    "policy": 5,
    "buffer": 5,
    "algo": 5,
    "evaluate": 5,
    "pretrain": 5,
    "model_check": 5,
    "reach_check": 5,
    "fidelity": 6,
    "checkpoint": 6,
    "agent": 6,
    "record": 7,
    "tracking": 6,
    "train": 6,
    "experiment": 7,
    "benchmark": 8,
    "agent_import": 8,
    "figures": 8,
    "sweep": 8,
    "view": 8,
    "report": 9,
    "share": 10,
}

# Libraries that only some modules may know.
KNOWN_BY = {
    "daqp": {"mechanics", "retarget"},
    "hydra": {"config", "report", "sweep"},
    "hydra_plugins": {"sweep"},
    "submitit": {"sweep"},
    "optuna": {"sweep"},
    "omegaconf": {"config", "rundir", "tracking", "report", "sweep"},
    "yaml": {"config"},
    "torch": {
        "policy",
        "pretrain",
        "buffer",
        "algo",
        "benchmark",
        "checkpoint",
        "train",
        "agent_import",
        "experiment",
    },
    "stable_baselines3": {"env", "policy", "algo", "benchmark", "train", "tracking"},
    "sb3_contrib": {"algo", "benchmark"},
    "wandb": {"tracking", "report"},
    "wandb_workspaces": {"report"},
    "opensim": {"fidelity"},
    "sklearn": {"analysis"},
    "h5py": {"kinematics", "record"},
    "pynwb": {"record"},
    "hdmf": {"record"},
    "glfw": {"env", "view"},
    "viser": {"view"},
    "trimesh": {"view"},
    "huggingface_hub": {"hub"},
    "pandas": set(),  # it and tables unpickle what they find in a file
    "tables": set(),
}


def top_of(path: Path) -> str:
    """The module or package directly below mousearm that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(source: str) -> Iterator[tuple[str, ...]]:
    """Dotted names of everything that a source imports, wherever the statement stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import; write the whole name"
            assert node.module is not None
            parts = tuple(node.module.split("."))
            yield from ((*parts, alias.name) for alias in node.names)


def own_imports(source: str) -> set[str]:
    """Modules directly below mousearm that a source imports from."""
    return {parts[1] for parts in imported(source) if parts[0] == "mousearm" and len(parts) > 1}


def test_imports_are_found_in_every_form():
    source = (
        "import os, mousearm.env.task\nfrom mousearm import train\ndef f():\n    from mousearm.model.arm import Arm"
    )
    assert own_imports(source) == {"env", "train", "model"}


def test_every_module_has_a_floor_and_every_floor_a_module():
    assert {top_of(path) for path in FILES} == set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_from_above(path):
    own = FLOORS[top_of(path)]
    above = {name for name in own_imports(path.read_text(encoding="utf-8")) if FLOORS.get(name, 99) > own}
    assert not above, f"{top_of(path)} (floor {own}) imports from above: {sorted(above)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_where_they_belong(path):
    libraries = {parts[0] for parts in imported(path.read_text(encoding="utf-8"))}
    strange = {name for name in libraries & set(KNOWN_BY) if top_of(path) not in KNOWN_BY[name]}
    assert not strange, f"{top_of(path)} is not to know {sorted(strange)}"


def test_evaluation_knows_nothing_of_training():
    for path in (path for path in FILES if top_of(path) == "evaluate"):
        assert own_imports(path.read_text(encoding="utf-8")).isdisjoint({"policy", "buffer", "algo", "train"}), path
