"""An evaluation: errors per reach and per split, as evaluation.json has them and as a table."""

from collections.abc import Sequence
from dataclasses import Field, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mousearm.door import check_name, check_seal, read_json
from mousearm.errors import RunError
from mousearm.evaluate.results import (
    REACH_DIRECTIONS,
    SPLITS,
    Category,
    Errors,
    MeanErrors,
    PawMovement,
    ReachResult,
    breakdown,
)
from mousearm.text import shell
from mousearm.trajectory import ELBOW, PAW, Trial, errors_mm, hold

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.model import Arm


@dataclass(frozen=True, slots=True)
class ErrorScale:
    """The arm in whose millimetres errors are given, and how reaches were fitted to it.

    Attributes:
        model: the model file's name.
        retarget: ``kinematics.retarget``.
        fit: ``model.fit``: ``none`` or ``animal``.
        upper_arm_mm: length of the arm's upper arm.
        forearm_mm: of its forearm, at the rest pose.
    """

    model: str
    retarget: str
    fit: str
    upper_arm_mm: float
    forearm_mm: float

    @staticmethod
    def of(config: "Config", arm: "Arm") -> "ErrorScale":
        """The scale of a configuration and the arm that was built of it."""
        upper_arm, forearm = arm.segment_lengths()
        return ErrorScale(arm.name, config.kinematics.retarget, config.model.fit, 1e3 * upper_arm, 1e3 * forearm)

    def text(self) -> str:
        """One line for people."""
        whose = "animal" if self.fit == "animal" else "model"
        return f"millimetres of the {whose} (upper arm {self.upper_arm_mm:.2f}, forearm {self.forearm_mm:.2f} mm)"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a deterministic evaluation.

    Attributes:
        scale: of the errors.
        reaches: one result per reach.
        splits: for ``train`` and ``test``, where they have reaches: ``paw_mm`` and ``elbow_mm`` over all steps of all
            their reaches.
    """

    scale: ErrorScale
    reaches: list[ReachResult]
    splits: dict[str, dict[str, Errors]]

    @property
    def objective(self) -> float:
        """Mean paw error in mm on the test split, or on the train split where there is no test split."""
        return self.splits["test" if "test" in self.splits else "train"]["paw_mm"].mean

    @property
    def train_objective(self) -> float:
        """Mean paw error in mm on the train split, by which networks of one run are chosen.

        If the test split chose the best, its error would be of reaches that had a say, and too low.
        """
        return self.splits["train"]["paw_mm"].mean

    @property
    def generalisation_gap(self) -> dict[str, float]:
        """Mean error on the test split over that on the train split, of ``paw`` and ``elbow``; empty without both.

        1: reaches that were never trained on are performed as well as those that were. NaN where those have no error.
        """
        if not set(SPLITS) <= set(self.splits):
            return {}
        train, test = ({key: errors.mean for key, errors in self.splits[split].items()} for split in SPLITS)
        return {key.removesuffix("_mm"): test[key] / train[key] if train[key] > 0 else float("nan") for key in train}

    @property
    def breakdown(self) -> list[Category]:
        """Errors by distance, peak speed and direction of the reaches, where there are enough of them."""
        return breakdown(self.reaches)

    @property
    def representatives(self) -> list[int]:
        """Indices of the reaches with the smallest, the middle and the largest mean paw error, each once."""
        return smallest_middle_largest([reach.paw_mm.mean for reach in self.reaches])

    @property
    def middle(self) -> int:
        """Index of the reach with the middle mean paw error, which stands for all."""
        chosen = self.representatives
        return chosen[len(chosen) // 2]

    def as_json(self) -> dict[str, Any]:
        """Content of evaluation.json; a gap that is NaN is null."""
        content: dict[str, Any] = {**asdict(self.scale), "reaches": [asdict(reach) for reach in self.reaches]}
        content |= {s: {key: asdict(errors) for key, errors in both.items()} for s, both in self.splits.items()}
        if gap := self.generalisation_gap:
            content["generalisation_gap"] = {key: None if np.isnan(ratio) else ratio for key, ratio in gap.items()}
        if categories := self.breakdown:
            content["kinds"] = [
                {"by": one.by, "kind": one.kind, **{split: asdict(errors) for split, errors in one.splits.items()}}
                for one in categories
            ]
        return content

    def table(self, longest: int = 40) -> str:
        """Format as text: a row per reach (the worst ones, if there are more than ``longest``) and per split.

        Where there are several reaches, the ratio of test to train error and the errors by kind of reach follow. The
        last line says whose millimetres these are.
        """
        width = max([len("reach"), *(len(reach.name) for reach in self.reaches)])
        columns = "paw mm: mean    rms    max  elbow mm: mean    rms    max"
        header = f"{'reach':<{width}}  {'split':<5}  {columns}"
        shown = sorted(self.reaches, key=lambda reach: -reach.paw_mm.mean)[:longest]
        shown.sort(key=lambda reach: reach.name)
        lines = [header, "-" * len(header)]
        for reach in shown:
            note = "" if reach.completed else "  diverged"
            lines.append(f"{reach.name:<{width}}  {reach.split:<5}  {_cells(reach.paw_mm, reach.elbow_mm)}{note}")
        if len(shown) < len(self.reaches):
            lines.append(f"({len(self.reaches) - len(shown)} reaches with smaller paw errors are not shown)")
        if len(self.reaches) > 1:
            lines.append("-" * len(header))
            for split, both in self.splits.items():
                lines.append(f"{'all':<{width}}  {split:<5}  {_cells(both['paw_mm'], both['elbow_mm'])}")
        if gap := self.generalisation_gap:
            lines.append(f"{'test / train':<{width + 7}}  {gap['paw']:12.2f}{gap['elbow']:30.2f}{'':14}")
        return "\n".join([*lines, *_category_lines(self.breakdown), "", f"Errors are {self.scale.text()}."])

    @staticmethod
    def load(file: Path, checked: bool = True) -> "Evaluation":
        """Read the content of ``as_json`` from a file.

        Raises:
            RunError: if there is no such file, it cannot be read, lacks something, or, if that is checked, has changed
                since it was written.
        """
        remedy = shell("scripts/evaluate.py", file.parent, "--json", file)
        if not file.exists():
            raise RunError(f"There is no {file}. Make it: {remedy}")
        if checked:
            check_seal(file, f"Make it again: {remedy}")
        content = read_json(file)
        try:
            reaches = [_make(ReachResult, reach) for reach in content["reaches"]]
            splits = {
                split: {key: _make(Errors, content[split][key]) for key in ("paw_mm", "elbow_mm")}
                for split in SPLITS
                if split in content
            }
            if not splits or not reaches:
                raise KeyError(" or ".join(SPLITS) if reaches else "reaches")
            if {reach.split for reach in reaches} != splits.keys():
                raise ValueError(f"its reaches are of other splits than {' and '.join(splits)}")
            return Evaluation(_make(ErrorScale, content), reaches, splits)
        except (KeyError, TypeError, ValueError, RunError) as error:
            lacking = f"it lacks {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
            raise RunError(
                f"{file} is not an evaluation as this version writes it: {lacking}. Make it again: {remedy}"
            ) from error


_LARGEST = 1e15  # more no arm of a mouse comes to
_CHOICES: dict[str, Sequence[str]] = {"split": SPLITS, "direction": REACH_DIRECTIONS, "fit": ("none", "animal")}


def _make(kind: type, content: dict[str, Any]) -> Any:
    """An object of its fields, and of theirs; the content may have more, and can come from anywhere."""
    return kind(**{field.name: _checked(field, content[field.name]) for field in fields(kind)})


def _checked(field: Field[Any], value: Any) -> Any:
    if isinstance(field.type, type) and is_dataclass(field.type):
        return _make(field.type, value)
    is_number = field.type in (int, float) and type(value) in (int, field.type) and 0 <= value < _LARGEST
    if not (is_number or type(value) is field.type in (str, bool)) or value not in _CHOICES.get(field.name, [value]):
        raise TypeError(f"{field.name} cannot be {str(value)[:80]!r}")
    if field.name == "name":
        check_name(value)
    return value


def evaluate_trials(trials: Sequence[Trial], scale: ErrorScale) -> Evaluation:
    """Measure the trials of a rollout.

    Errors are counted at frames 1 to the last: frame 0 is where the arm was put. An arm that diverged counts to the
    end too, frozen in its last good frame, so that diverging never looks like following.

    Args:
        trials: one per reach, each with its split and its effort.
        scale: of the arm that was used.
    """
    results, collected = [], {split: [] for split in SPLITS}
    for trial in trials:
        n = trial.n_frames
        errors = errors_mm(hold(trial.landmarks, n), trial.targets)[1:]
        elbow, paw = errors[:, ELBOW], errors[:, PAW]
        results.append(
            ReachResult(
                name=trial.name,
                split=trial.split,
                steps=n - 1,
                completed=not trial.diverged,
                paw_mm=Errors.of(paw),
                elbow_mm=Errors.of(elbow),
                effort=float(hold(trial.effort, n)[1:].mean()),
                movement=PawMovement.of(trial.targets[:, PAW], trial.dt),
            )
        )
        collected[trial.split].append((elbow, paw))
    return Evaluation(scale, results, {split: _pool(errors) for split, errors in collected.items() if errors})


def _pool(errors: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, Errors]:
    elbow, paw = (np.concatenate(column) for column in zip(*errors, strict=True))
    return {"paw_mm": Errors.of(paw), "elbow_mm": Errors.of(elbow)}


def _cells(paw: Errors, elbow: Errors) -> str:
    return f"{paw.mean:12.3f} {paw.rms:6.3f} {paw.max:6.3f}  {elbow.mean:14.3f} {elbow.rms:6.3f} {elbow.max:6.3f}"


def _category_lines(categories: Sequence[Category]) -> list[str]:
    """An empty line and a table: number of reaches and mean errors, train beside test."""
    if not categories:
        return []
    columns = "  ".join(f"{split + ':':<6} reaches  paw mm  elbow mm" for split in SPLITS)
    lines = ["", f"{'by':<10}  {'':<18}  {columns}"]
    lines.append("-" * len(lines[1]))
    for before, one in zip([None, *categories], categories, strict=False):
        by = "" if before is not None and before.by == one.by else one.by
        cells = (_category_cells(one.splits.get(split)) for split in SPLITS)
        lines.append(f"{by:<10}  {one.kind:<18}  {'  '.join(cells)}")
    return lines


def _category_cells(errors: MeanErrors | None) -> str:
    if errors is None:
        return f"{0:14d}{'-':>8}{'-':>10}"
    return f"{errors.reaches:14d}{errors.paw_mm:8.3f}{errors.elbow_mm:10.3f}"


def smallest_middle_largest(values: Sequence[float]) -> list[int]:
    """Indices of these values, without repetitions."""
    order = np.argsort(values, kind="stable")
    return list(dict.fromkeys(int(order[i]) for i in (0, len(order) // 2, -1)))
