"""What holds for every file: floors and circles (pyproject.toml), who knows which library, one name per thing."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from importlinter.api import read_configuration
from importlinter.cli import lint_imports
from packaging.specifiers import SpecifierSet

import mousearm

PACKAGE = Path(mousearm.__file__).parent
ROOT = PACKAGE.parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Libraries that only some modules may know.
KNOWN_BY = {
    "array_api_compat": {"arrays"},
    "daqp": {"inverse_kinematics", "mechanics"},
    "hydra": {"__main__", "config", "report", "sweep"},
    "hydra_plugins": {"sweep"},
    "submitit": {"sweep"},
    "optuna": {"planning", "sweep"},
    "omegaconf": {"__main__", "config", "rundir", "tracking", "report", "sweep"},
    "yaml": {"door"},
    "torch": {
        "env",
        "policy",
        "pretrain",
        "buffer",
        "algo",
        "ppo",
        "device",
        "random_state",
        "benchmark",
        "checkpoint",
        "training",
        "agent_import",
        "experiment",
        "engine",
        "neural",
    },
    "cuda": {"engine"},
    "stable_baselines3": {"env", "policy", "algo", "device", "benchmark", "training", "tracking"},
    "sb3_contrib": {"algo", "benchmark"},
    "wandb": {"tracking", "report"},
    "wandb_workspaces": {"report"},
    "opensim": {"fidelity"},
    "sklearn": {"analysis", "neural"},
    "h5py": {"door", "emg", "kinematics", "matlab", "neural", "record"},
    "pynapple": {"neural"},
    "rsatoolbox": {"neural"},
    "pynwb": {"neural", "record"},
    "hdmf": {"record"},
    "glfw": {"env", "view"},
    "viser": {"view"},
    "msgspec": {"view"},
    "websockets": {"view"},
    "trimesh": {"view"},
    "huggingface_hub": {"hub"},
    "pandas": {"api"},  # it and tables unpickle what they find in a file
    "tables": set(),
}

# Names of one meaning that stand in several files on purpose: name -> why.
SHARED_NAMES = {
    "Activity": "of units that a condition changes, and of whatever is compared with neurons",
    "Run": "of a report, and of notebooks",
    "check_reaches": "what notebooks call by this name, and what does it",
    "compare": "what notebooks call by this name, and what does it",
    "import_reaches": "what notebooks call by this name, and what does it",
    "main": "what a program begins with, where a module is one",
    "optimal": "a controller and an initial activation, which users call by this name",
    "paw": "a reward term and an observation term, which users call by this name",
    "qpos": "a reward term and an observation term, which users call by this name",
    "qvel": "a reward term and an observation term, which users call by this name",
}


def top_of(path: Path) -> str:
    """The module or package directly below mousearm that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(source: str) -> Iterator[str]:
    """Dotted names of everything that a source imports, wherever the statement stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def public_names(source: str) -> Iterator[str]:
    """Functions, classes and constants that a file defines at its top level for others."""
    for node in ast.parse(source).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        yield from (name for name in names if not name.startswith("_"))


def test_imports_are_found_in_every_form():
    source = "import os, torch.nn\nfrom mousearm import training\ndef f():\n    from mousearm.model.arm import Arm"
    assert set(imported(source)) == {"os", "torch.nn", "mousearm.training", "mousearm.model.arm.Arm"}


def test_the_contracts_of_imports_are_kept(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out


def test_the_contracts_find_what_they_forbid(tmp_path, monkeypatch, capsys):
    """The same contracts on a house of three files, of which two import upwards and in a circle."""
    house = tmp_path / "little_house"
    (house / "high").mkdir(parents=True)
    (house / "__init__.py").touch()
    (house / "low.py").write_text("from little_house.high import a\n")
    (house / "high" / "__init__.py").touch()
    (house / "high" / "a.py").write_text("from little_house.high import b\n")
    (house / "high" / "b.py").write_text("from little_house.high import a\n")
    stated = read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    kind = {contract["id"]: contract["type"] for contract in stated}
    (tmp_path / "little_house.toml").write_text(
        '[tool.importlinter]\nroot_package = "little_house"\n'
        f'[[tool.importlinter.contracts]]\nname = "floors"\ntype = "{kind["floors"]}"\n'
        'containers = ["little_house"]\nlayers = ["high", "low"]\nexhaustive = true\n'
        f'[[tool.importlinter.contracts]]\nname = "circles"\ntype = "{kind["circles"]}"\n'
        'ancestors = ["little_house"]\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert lint_imports(config_filename="little_house.toml", no_cache=True) == 1
    said = capsys.readouterr().out
    assert "floors BROKEN" in said
    assert "circles BROKEN" in said


def test_libraries_stay_where_they_belong():
    for path in FILES:
        libraries = {name.partition(".")[0] for name in imported(path.read_text(encoding="utf-8"))}
        strange = {name for name in libraries & set(KNOWN_BY) if top_of(path) not in KNOWN_BY[name]}
        assert not strange, f"{path}: {top_of(path)} is not to know {sorted(strange)}"


def test_what_is_printed_has_the_colours_of_the_terminal():
    """So it can be read on dark and on light, and in a file."""
    assert not {"colorama", "rich", "termcolor"} & {name for file in FILES for name in imported(file.read_text())}
    assert [file for file in FILES if re.search(r"\\(x1b|033|e)\[", file.read_text(), re.IGNORECASE)] == []


def test_evaluation_knows_nothing_of_training():
    for path in (path for path in FILES if top_of(path) == "evaluate"):
        known = {
            name.split(".")[1] for name in imported(path.read_text(encoding="utf-8")) if name.startswith("mousearm.")
        }
        assert known.isdisjoint({"policy", "buffer", "algo", "training"}), path


def test_a_public_name_stands_in_one_file():
    places = defaultdict(set)
    for path in FILES:
        for name in public_names(path.read_text(encoding="utf-8")):
            places[name].add(str(path.relative_to(PACKAGE)))
    several = {name: sorted(files) for name, files in places.items() if len(files) > 1}
    assert {name: files for name, files in several.items() if name not in SHARED_NAMES} == {}
    assert set(SHARED_NAMES) <= set(several), "a name that is listed stands in one file only: take it from the list"


def test_pinned_libraries_install_with_every_python_that_is_named():
    """Some need a late patch of it, which a distribution of Linux does not have."""
    pinned = set((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    needs = {
        f"{each.name.lower().replace('_', '-')}=={each.version}": each.metadata["Requires-Python"] or ""
        for each in distributions()
    }
    assert len(pinned & set(needs)) > 100
    assert [each for each in pinned & set(needs) if "3.11.0" not in SpecifierSet(needs[each])] == []
