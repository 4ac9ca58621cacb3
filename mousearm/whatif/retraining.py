"""More training under a condition, from the network of a run; and what it changed in that network.

A network that is trained further is a run of its own, as ``run.py start_from=RUN condition=...`` makes it, so that a
sweep on a cluster can make it as well; it is found by its configuration.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.agent import Agent
from mousearm.condition import Condition, Conditions
from mousearm.config import compose
from mousearm.errors import MouseArmError, RunError
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import find_runs, run_path
from mousearm.rundir.status import FINISHED
from mousearm.text import facts, override
from mousearm.whatif.cases import Case


def retrain(run: Path, name: str, case: Case, steps: int, overrides: Sequence[str], out: Path) -> Path:
    """Train the network of a run further under a case, in a folder below ``out``; what is there already is resumed.

    ``steps`` are control steps by reward, ``overrides`` say more, such as tracking. Returns the run folder. Errors are
    those of `experiment.run`.
    """
    from mousearm import experiment  # slow to import

    folder = out / f"{case.name}_{case.severity:g}" / re.sub(r"\W+", "_", name)
    words = [override("start_from", str(run)), *case.words, f"algo.timesteps={steps}", *overrides]
    print(f"\n{facts({'trains on': f'{name}, {case.name} {case.severity:g}, in {folder}'})}", flush=True)
    config = compose([*words, "video=false"])
    experiment.run(replace(config, name=folder.as_posix().lstrip("/")), folder, words)
    return folder


def find_retrained(folders: Sequence[Path], run: Path, cases: Sequence[Case]) -> list[tuple[Case, Path]]:
    """Finished runs in folders or sweeps that began with the network of a run, by the cases of their training."""
    found: list[tuple[dict[str, Condition], Path]] = []
    for folder in map(RunFolder, find_runs(folders)):
        with suppress(MouseArmError):  # jobs that never began
            config = folder.saved_config()
            if folder.status().state == FINISHED and config.start_from and _is_same(config.start_from, run):
                found.append((Conditions(config.condition).by_name, folder.path))
    wanted = [(case, Conditions(case.condition).by_name) for case in cases]
    return [(case, path) for case, present in wanted for by_name, path in found if by_name == present]


def _is_same(one: str, other: Path) -> bool:
    return run_path(one).resolve() == run_path(other).resolve()


def weight_changes(before: Agent, after: Agent) -> dict[str, float]:
    """Relative change of weights, |after - before| / |before|, of the backbone, and of the heads for action and value.

    RunError if the networks differ in more than their weights.
    """
    old, new = (dict(agent.policy.named_parameters()) for agent in (before, after))
    if {name: tensor.shape for name, tensor in old.items()} != {name: tensor.shape for name, tensor in new.items()}:
        raise RunError(f"{after.checkpoint.parent} has another network than the run that it began with.")
    parts: dict[str, list[str]] = {"backbone": [], "action": [], "value": []}
    for name in old:
        part = "backbone" if name.startswith("backbone") else "value" if "value" in name or "_vf" in name else "action"
        if name != "log_std":
            parts[part].append(name)
    return {part: _relative([(old[name], new[name]) for name in names]) for part, names in parts.items() if names}


def _relative(pairs: Sequence[tuple[Any, Any]]) -> float:
    changed = sum(float((after - before).detach().square().sum()) for before, after in pairs)
    return float(np.sqrt(changed / sum(float(before.detach().square().sum()) for before, _ in pairs)))


def unit_correlation(before: np.ndarray, after: np.ndarray) -> float:
    """Mean over units of the correlation of their activity, both (reaches, steps, units); without constant ones."""
    one, other = (units.reshape(-1, units.shape[-1]).astype(float) for units in (before, after))
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    sizes = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
    moves = sizes > 1e-9
    return float(np.mean((one * other).sum(axis=0)[moves] / sizes[moves])) if moves.any() else float("nan")
