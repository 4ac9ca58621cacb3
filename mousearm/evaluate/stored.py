"""Reading an evaluation.json back."""

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from mousearm.errors import RunError
from mousearm.evaluate.metrics import Evaluation, Yardstick
from mousearm.evaluate.movement import Movement
from mousearm.evaluate.results import SPLITS, Errors, ReachResult
from mousearm.files import read_json

Kind = TypeVar("Kind", Errors, Movement, ReachResult, Yardstick)


def read_evaluation(file: Path) -> Evaluation:
    """The evaluation that ``Evaluation.as_json`` was written of.

    Raises:
        RunError: if the file cannot be read, or lacks something.
    """
    content = read_json(file)
    try:
        reaches = [_reach(reach) for reach in content["reaches"]]
        splits = {
            split: {key: _make(Errors, content[split][key]) for key in ("paw_mm", "elbow_mm")}
            for split in SPLITS
            if split in content
        }
        if not splits or not reaches:
            raise KeyError(" or ".join(SPLITS) if reaches else "reaches")
        return Evaluation(_make(Yardstick, content), reaches, splits)
    except (KeyError, TypeError) as error:
        lacking = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise RunError(
            f"{file} is no evaluation as this version writes it: {lacking}. Make it anew: "
            f"python scripts/evaluate.py {file.parent} --json {file}"
        ) from error


def _reach(content: dict[str, Any]) -> ReachResult:
    nested = {key: _make(Errors, content[key]) for key in ("paw_mm", "elbow_mm")}
    return _make(ReachResult, {**content, **nested, "movement": _make(Movement, content["movement"])})


def _make(kind: type[Kind], content: dict[str, Any]) -> Kind:
    """An object of its fields; more than these may stand in the content."""
    return kind(**{field.name: content[field.name] for field in fields(kind)})
