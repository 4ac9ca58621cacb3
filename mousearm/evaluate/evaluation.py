"""An evaluation: errors per reach and per split, as evaluation.json has them and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, asdict, astuple, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.door import check_name, check_seal, read_json
from mousearm.errors import RunError
from mousearm.evaluate.results import (
    NOISE,
    REACH_DIRECTIONS,
    SPLITS,
    UNCERTAIN,
    Category,
    Errors,
    ErrorScale,
    Means,
    OtherEngine,
    ReachResult,
    Repeats,
    breakdown,
)
from mousearm.kinematics.noise import UNMODELLED_MM
from mousearm.stats import ENOUGH
from mousearm.text import columns, listed, shell, shortened


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation, simulated by MuJoCo: the same every time, noise of the task included."""

    scale: ErrorScale
    reaches: list[ReachResult]
    splits: dict[str, dict[str, Errors]]  # of ``train`` and ``test``: ``paw_mm`` and ``elbow_mm`` over all steps
    trained_in: OtherEngine | None = None
    repeats: dict[str, Repeats] = field(default_factory=dict)  # by split, where it was repeated with noise

    @property
    def objective(self) -> float:
        """Mean paw error in mm on the test split, or on the train split where there is no test split."""
        return self.splits["test" if "test" in self.splits else "train"]["paw_mm"].mean

    @property
    def train_objective(self) -> float:
        """Mean paw error in mm on the train split, which chooses a run's best network: the test split has no say."""
        return self.splits["train"]["paw_mm"].mean

    @property
    def generalisation_gap(self) -> dict[str, float]:
        """Mean error on the test split over that on the train split, of ``paw`` and ``elbow``; empty without both.

        NaN where the train split has no error.
        """
        if not set(SPLITS) <= set(self.splits):
            return {}
        train, test = ({key: errors.mean for key, errors in self.splits[split].items()} for split in SPLITS)
        return {key.removesuffix("_mm"): test[key] / train[key] if train[key] > 0 else float("nan") for key in train}

    @property
    def representatives(self) -> list[int]:
        """Indices of the reaches with the smallest, the middle and the largest mean paw error, each once."""
        return smallest_middle_largest([reach.paw_mm.mean for reach in self.reaches])

    @property
    def middle(self) -> int:
        """Index of the reach with the middle mean paw error, which stands for all."""
        return self.representatives[len(self.representatives) // 2]

    def beside(self, other: "Evaluation", engine: str) -> "Evaluation":
        """The same result, with the mean errors of one by the engine that the network was trained in."""
        means = {split: Means(both["paw_mm"].mean, both["elbow_mm"].mean) for split, both in other.splits.items()}
        return replace(self, trained_in=OtherEngine(engine, means))

    @property
    def engines(self) -> str:
        """Agreement of MuJoCo and the engine of the training, in words; empty where these are the same."""
        if self.trained_in is None:
            return ""
        name, means = self.trained_in.engine, self.trained_in.splits
        pairs = [(self.splits[s][f"{at}_mm"].mean, getattr(means[s], at)) for s in means for at in ("elbow", "paw")]
        if max(abs(one - other) for one, other in pairs) <= _SAME_MM:
            return f"MuJoCo measured them; the {name} engine, which trained it, agrees."
        paws = ", ".join(f"{split} {mm.paw:.3f} mm" for split, mm in means.items())
        return f"MuJoCo measured them; in the {name} engine, which trained it, the paw had: {paws}."

    def noise_mm(self, split: str) -> dict[str, Means]:
        """Means over all steps of a split, by those of its names that all of its reaches have; and how uncertain."""
        reaches, found = [reach for reach in self.reaches if reach.split == split], {}
        weights = np.array([reach.steps for reach in reaches]) / max(1, sum(reach.steps for reach in reaches))
        for name in (*NOISE, UNCERTAIN) if reaches else ():
            if all(name in reach.noise_mm for reach in reaches):
                of_reaches = np.array([astuple(reach.noise_mm[name]) for reach in reaches])
                mean = weights @ of_reaches
                if name == UNCERTAIN:  # chance differs from reach to reach; what is not modelled may not
                    mean = np.hypot(np.linalg.norm(weights[:, None] * of_reaches, axis=0), UNMODELLED_MM)
                found[name] = Means(*mean.tolist())
        return found

    def as_json(self) -> dict[str, Any]:
        """Content of evaluation.json; a gap that is NaN is null."""
        reaches = [{key: of for key, of in asdict(reach).items() if of not in ({}, None)} for reach in self.reaches]
        content: dict[str, Any] = {**asdict(self.scale), "reaches": reaches}
        content |= {s: {key: asdict(errors) for key, errors in both.items()} for s, both in self.splits.items()}
        if gap := self.generalisation_gap:
            content["generalisation_gap"] = {key: None if np.isnan(ratio) else ratio for key, ratio in gap.items()}
        if self.trained_in is not None:
            content["trained_in"] = asdict(self.trained_in)
        if self.repeats:
            content["repeats"] = {split: asdict(repeats) for split, repeats in self.repeats.items()}
        if categories := breakdown(self.reaches):
            content["kinds"] = [{"by": one.by, "kind": one.kind, **one.splits} for one in categories]
        return content

    def excitation(self, split: str) -> float | None:
        """Mean of squared excitations over all steps of a split; None where one is not known, or there is none."""
        found = [(reach.excitation, reach.steps) for reach in self.reaches if reach.split == split]
        known = [(of, steps) for of, steps in found if of is not None]
        return (
            sum(of * steps for of, steps in known) / sum(steps for _, steps in known) if known == found != [] else None
        )

    @property
    def known_to(self) -> str:
        """Precision of the paw's targets in the split of the objective, in words; empty where it is not known."""
        noise = self.noise_mm("test" if "test" in self.splits else "train")
        return f" Targets are known to {noise['floor'].paw:.3f} mm." if "floor" in noise else ""

    @property
    def sums(self) -> list[list[str]]:
        """Rows below those of the reaches: errors of all, where there are several, and what noise says of them."""
        rows = []
        for split, both in self.splits.items():
            cells = _cells(both["paw_mm"], both["elbow_mm"], self.repeats.get(split))
            rows += [["all", split, *cells, _squared(self.excitation(split))]] if len(self.reaches) > 1 else []
            noise = self.noise_mm(split)
            for name in (name for name in NOISE if name in noise):
                unsure = noise.get(UNCERTAIN) if name == "expected" else None
                known_to = [f"±{2 * sd:.3f}" for sd in astuple(unsure)] if unsure else ["", ""]
                mm = noise[name]
                rows.append(
                    [NOISE[name], split, f"{mm.paw:.3f}", known_to[0], "", f"{mm.elbow:.3f}", known_to[1], "", ""]
                )
        return rows

    def table(self, longest: int = 40) -> str:
        """Text of 80 columns: a row per reach, or for the ``longest`` worst ones, and for all; errors by kind."""
        shown = sorted(self.reaches, key=lambda reach: -reach.paw_mm.mean)[:longest]
        beside = "±" if self.repeats else "rms"
        rows = [["reach", "split", "paw mm", beside, "max", "elbow", beside, "max", "u^2"]]
        for reach in sorted(shown, key=lambda reach: reach.name):
            cells = [*_cells(reach.paw_mm, reach.elbow_mm, reach.repeats), _squared(reach.excitation)]
            rows.append([shortened(reach.name, _LONGEST_NAME), reach.split, *cells])
        n = len(rows)
        rows += self.sums
        if gap := self.generalisation_gap:
            rows.append(["test / train", "", f"{gap['paw']:.2f} ", "", "", f"{gap['elbow']:.2f} ", "", "", ""])
        known = any(row[-1] for row in rows[1:])
        lines = columns(rows if known else [row[:-1] for row in rows], right=range(2, 9))
        if len(shown) < len(self.reaches):
            lines.insert(n, f"({len(self.reaches) - len(shown)} reaches with smaller paw errors are not shown)")
        rule = "-" * len(lines[0])
        lines[1:n] = [rule, *lines[1:n], *([rule] if len(rows) > n else [])]
        lines += [*_category_lines(breakdown(self.reaches)), "", f"Errors are {self.scale.text()}."]
        lines += [_repeated(next(iter(self.repeats.values())).n)] if self.repeats else []
        lines += [_EXCITATION] if known else []
        lines += [self.engines] if self.engines else []
        if lost := [reach.name for reach in self.reaches if not reach.completed]:
            lines.append(f"These diverged, and their last good frame counts to the end: {listed(lost, most=3)}.")
        return "\n".join(lines)

    @staticmethod
    def load(file: Path, checked: bool = True) -> "Evaluation":
        """Read the content of ``as_json`` from a file.

        RunError if there is none, it cannot be read, lacks something, or, if that is checked, was changed since.
        """
        remedy = shell("scripts/evaluate.py", file.parent, "--json", file)
        if not file.exists():
            raise RunError(f"There is no {file}. Make it: {remedy}")
        if checked:
            check_seal(file, f"Make it again: {remedy}")
        content = read_json(file)
        try:
            reaches = [_make(ReachResult, reach) for reach in content["reaches"]]
            pooled = {split: content[split] for split in SPLITS if split in content}
            splits = {s: {key: _make(Errors, of[key]) for key in ("paw_mm", "elbow_mm")} for s, of in pooled.items()}
            if not splits or not reaches:
                raise KeyError(" or ".join(SPLITS) if reaches else "reaches")
            if {reach.split for reach in reaches} != splits.keys():
                raise ValueError(f"its reaches are of other splits than {' and '.join(splits)}")
            repeats = {split: _make(Repeats, of) for split, of in content.get("repeats", {}).items() if split in splits}
            return Evaluation(_make(ErrorScale, content), reaches, splits, _other_engine(content, splits), repeats)
        except (KeyError, TypeError, ValueError, RunError) as error:
            lacking = f"it lacks {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
            raise RunError(
                f"{file} is not an evaluation as this version writes it: {lacking}. Make it again: {remedy}"
            ) from error


_SAME_MM = 1e-3  # a difference that no recording could tell
_LONGEST_NAME = 20  # of a reach in a table of 80 columns
_EXCITATION = "u^2 is the effort: the mean squared excitation of muscles, or control of motors."
_LARGEST = 1e15  # more no arm of a mouse comes to
_CHOICES: dict[str, Sequence[str]] = {"split": SPLITS, "direction": REACH_DIRECTIONS, "fit": ("none", "animal")}


def _make(kind: type, content: dict[str, Any]) -> Any:
    """An object of its fields, and of theirs; the content may have more, and can come from anywhere."""
    known = [
        field
        for field in fields(kind)
        if field.name in content or (field.default_factory is MISSING and field.default is MISSING)
    ]
    return kind(**{field.name: _checked(field, content[field.name]) for field in known})


def _other_engine(content: dict[str, Any], splits: Mapping[str, Any]) -> OtherEngine | None:
    if (found := content.get("trained_in")) is None:
        return None
    check_name(found["engine"])
    return OtherEngine(found["engine"], {split: _make(Means, found["splits"][split]) for split in splits})


def _checked(field: Field[Any], value: Any) -> Any:
    if isinstance(field.type, type) and is_dataclass(field.type):
        return _make(field.type, value)
    if field.name == "repeats":
        return _make(Repeats, value)
    if field.name == "noise_mm":
        return {name: _make(Means, value[name]) for name in (*NOISE, UNCERTAIN) if name in value}
    kind = float if field.type == float | None else field.type
    is_number = kind in (int, float) and type(value) in (int, kind) and 0 <= value < _LARGEST
    if not (is_number or type(value) is kind in (str, bool)) or value not in _CHOICES.get(field.name, [value]):
        raise TypeError(f"{field.name} cannot be {str(value)[:80]!r}")
    if field.name == "name":
        check_name(value)
    return value


def _cells(paw: Errors, elbow: Errors, repeats: Repeats | None) -> list[str]:
    """Mean, root mean square and largest error of both; of repeats, half the interval of the mean in the middle."""
    beside = [paw.rms, elbow.rms] if repeats is None else [repeats.paw_mm.half, repeats.elbow_mm.half]
    values = [paw.mean, beside[0], paw.max, elbow.mean, beside[1], elbow.max]
    return [f"{value:.3f}" for value in values]


def _repeated(n: int) -> str:
    what = "half the 95 % interval" if n >= ENOUGH else "half the range"
    return f"Means over {n} repeats, each with noise of its own; ± is {what} of the mean."


def _squared(excitation: float | None) -> str:
    return "" if excitation is None else f"{excitation:.4f}"


def _category_lines(categories: Sequence[Category]) -> list[str]:
    """An empty line and a table: number of reaches and mean errors, train beside test."""
    rows = [["kind of reach", *(title for split in SPLITS for title in (split, "paw mm", "elbow"))]]
    for one in categories:
        cells: list[str] = []
        for split in SPLITS:
            of = one.splits.get(split)
            cells += [str(of["reaches"]), f"{of['paw_mm']:.3f}", f"{of['elbow_mm']:.3f}"] if of else ["0", "-", "-"]
        rows.append([f"{one.by} {one.kind}", *cells])
    head, *lines = columns(rows, right=range(1, 7))
    return ["", head, "-" * len(head), *lines] if categories else []


def smallest_middle_largest(values: Sequence[float]) -> list[int]:
    """Indices of these values, without repetitions."""
    order = np.argsort(values, kind="stable")
    return list(dict.fromkeys(int(order[i]) for i in (0, len(order) // 2, -1)))
