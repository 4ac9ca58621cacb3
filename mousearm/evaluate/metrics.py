"""The result of an evaluation, per reach, per split and per kind of reach, and how it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mousearm.config import Config
from mousearm.evaluate.kinds import Kind, KindErrors, kinds_of
from mousearm.evaluate.movement import Movement
from mousearm.evaluate.results import SPLITS, Errors, ReachResult
from mousearm.evaluate.rollout import Rollout
from mousearm.model import Arm


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Whose millimetres the errors are, and how the recorded reaches came to be in them.

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
    def of(config: Config, arm: Arm) -> "Yardstick":
        """That of a configuration and the arm that was built of it."""
        upper_arm, forearm = arm.segment_lengths()
        return Yardstick(arm.name, config.kinematics.retarget, config.model.fit, 1e3 * upper_arm, 1e3 * forearm)

    def text(self) -> str:
        """One line for people."""
        whose = "animal" if self.fit == "animal" else "model"
        return f"millimetres of the {whose} (upper arm {self.upper_arm_mm:.2f}, forearm {self.forearm_mm:.2f} mm)"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a deterministic evaluation.

    Attributes:
        yardstick: whose millimetres these are.
        reaches: one result per reach.
        splits: for ``train`` and ``test``, where they have reaches: ``paw_mm`` and ``elbow_mm`` over all steps of all
            their reaches.
    """

    yardstick: Yardstick
    reaches: list[ReachResult]
    splits: dict[str, dict[str, Errors]]

    @property
    def objective(self) -> float:
        """Mean paw error in mm on the test split, or on the train split where there is no test split."""
        return self.splits["test" if "test" in self.splits else "train"]["paw_mm"].mean

    @property
    def train_objective(self) -> float:
        """Mean paw error in mm on the train split: what networks of one run are chosen by.

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
    def kinds(self) -> list[Kind]:
        """Errors by distance, peak speed and direction of the reaches, where there are enough of them."""
        return kinds_of(self.reaches)

    def as_json(self) -> dict[str, Any]:
        """The content of evaluation.json; a gap that is NaN is null."""
        content: dict[str, Any] = {**asdict(self.yardstick), "reaches": [asdict(reach) for reach in self.reaches]}
        content |= {s: {key: asdict(errors) for key, errors in both.items()} for s, both in self.splits.items()}
        if gap := self.generalisation_gap:
            content["generalisation_gap"] = {key: None if np.isnan(ratio) else ratio for key, ratio in gap.items()}
        if kinds := self.kinds:
            content["kinds"] = [
                {"by": kind.by, "kind": kind.kind, **{split: asdict(errors) for split, errors in kind.splits.items()}}
                for kind in kinds
            ]
        return content


def evaluate_rollout(rollout: Rollout, split_of: Mapping[str, str], yardstick: Yardstick) -> Evaluation:
    """Measure a rollout.

    Errors are counted at frames 1 to the last: frame 0 is where the arm was put. An arm that diverged counts to the
    end too, frozen in its last good frame, so that diverging never looks like following.

    Args:
        rollout: what the arms did.
        split_of: split of each reach.
        yardstick: of the arm that was used.
    """
    distances = rollout.errors_mm()
    results, collected = [], {split: [] for split in SPLITS}
    for i, name in enumerate(rollout.names):
        frames = slice(1, int(rollout.n_frames[i]))
        elbow, paw = distances[i, frames].T
        results.append(
            ReachResult(
                name=name,
                split=split_of[name],
                steps=int(rollout.n_frames[i]) - 1,
                completed=bool(rollout.completed[i] == rollout.n_frames[i]),
                paw_mm=Errors.of(paw),
                elbow_mm=Errors.of(elbow),
                effort=float(rollout.effort[i, frames].mean()),
                movement=Movement.of(rollout.targets[i, : rollout.n_frames[i], 1], rollout.dt),
            )
        )
        collected[split_of[name]].append((elbow, paw))
    return Evaluation(yardstick, results, {split: _pool(errors) for split, errors in collected.items() if errors})


def _pool(errors: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, Errors]:
    elbow, paw = (np.concatenate(column) for column in zip(*errors, strict=True))
    return {"paw_mm": Errors.of(paw), "elbow_mm": Errors.of(elbow)}


def table(evaluation: Evaluation, longest: int = 40) -> str:
    """The evaluation as text: a row per reach (the worst ones, if there are more than ``longest``) and per split.

    Where there are several reaches, the ratio of test to train error and the errors by kind of reach follow. The last
    line says whose millimetres these are.
    """
    width = max([len("reach"), *(len(reach.name) for reach in evaluation.reaches)])
    columns = "paw mm: mean    rms    max  elbow mm: mean    rms    max"
    header = f"{'reach':<{width}}  {'split':<5}  {columns}"
    shown = sorted(evaluation.reaches, key=lambda reach: -reach.paw_mm.mean)[:longest]
    shown.sort(key=lambda reach: reach.name)
    lines = [header, "-" * len(header)]
    for reach in shown:
        note = "" if reach.completed else "  diverged"
        lines.append(f"{reach.name:<{width}}  {reach.split:<5}  {_cells(reach.paw_mm, reach.elbow_mm)}{note}")
    if len(shown) < len(evaluation.reaches):
        lines.append(f"({len(evaluation.reaches) - len(shown)} reaches with smaller paw errors are not shown)")
    if len(evaluation.reaches) > 1:
        lines.append("-" * len(header))
        for split, both in evaluation.splits.items():
            lines.append(f"{'all':<{width}}  {split:<5}  {_cells(both['paw_mm'], both['elbow_mm'])}")
    if gap := evaluation.generalisation_gap:
        lines.append(f"{'test / train':<{width + 7}}  {gap['paw']:12.2f}{gap['elbow']:30.2f}{'':14}")
    return "\n".join([*lines, *_kind_lines(evaluation.kinds), "", f"Errors are {evaluation.yardstick.text()}."])


def _cells(paw: Errors, elbow: Errors) -> str:
    return f"{paw.mean:12.3f} {paw.rms:6.3f} {paw.max:6.3f}  {elbow.mean:14.3f} {elbow.rms:6.3f} {elbow.max:6.3f}"


def _kind_lines(kinds: Sequence[Kind]) -> list[str]:
    """An empty line and a table of the kinds: number of reaches and mean errors, train beside test."""
    if not kinds:
        return []
    columns = "  ".join(f"{split + ':':<6} reaches  paw mm  elbow mm" for split in SPLITS)
    lines = ["", f"{'by':<10}  {'':<18}  {columns}"]
    lines.append("-" * len(lines[1]))
    for before, kind in zip([None, *kinds], kinds, strict=False):
        by = "" if before is not None and before.by == kind.by else kind.by
        cells = (_kind_cells(kind.splits.get(split)) for split in SPLITS)
        lines.append(f"{by:<10}  {kind.kind:<18}  {'  '.join(cells)}")
    return lines


def _kind_cells(errors: KindErrors | None) -> str:
    if errors is None:
        return f"{0:14d}{'-':>8}{'-':>10}"
    return f"{errors.reaches:14d}{errors.paw_mm:8.3f}{errors.elbow_mm:10.3f}"


def representatives(evaluation: Evaluation) -> list[int]:
    """Indices of the reaches with the smallest, the middle and the largest mean paw error; fewer if there are fewer."""
    return smallest_middle_largest([reach.paw_mm.mean for reach in evaluation.reaches])


def smallest_middle_largest(values: Sequence[float]) -> list[int]:
    """Indices of these values, without repetitions."""
    order = np.argsort(values, kind="stable")
    return list(dict.fromkeys(int(order[i]) for i in (0, len(order) // 2, -1)))
