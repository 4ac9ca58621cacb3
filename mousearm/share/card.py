"""The model card of a shared agent: its task and network, its errors, how to try it, whom to cite."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from mousearm.config import Config, to_yaml
from mousearm.door import SEAL
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Errors
from mousearm.hub.repository import card_head
from mousearm.kinematics import Split
from mousearm.reward import Reward
from mousearm.rundir.folder import RUN_PREFIX
from mousearm.text import code_block, markdown_table, plural

# Folders of a shared agent for its model and its reaches; its film, by the name that the Hub shows beside the card.
MODEL_FOLDER, REACHES_FOLDER, FILM = "model", "kinematics", "replay.mp4"

# Why a file is there, by itself or by its folder.
_NEEDED = {
    "README.md": "this page",
    "best": "the network",
    "config.yaml": "arm, task and network, to build them again",
    "environment.txt": "the versions that it was trained with",
    "evaluation.json": "the errors that are stated, to compare with",
    "origin.json": "hashes of the arm and of the split, to see that they are the same",
    SEAL: "hashes of these, to see damage by",
    "split.json": "which reaches it was trained on, and their hashes",
    "status.json": "that the run was finished",
    MODEL_FOLDER: "the arm",
    REACHES_FOLDER: "the reaches",
    FILM: "the film",
    "figures": "pictures of some reaches",
}

_MOST_REACHES = 40
_TAGS = (
    *("mouse", "neuroscience", "motor-control", "musculoskeletal", "mujoco"),
    *("reinforcement-learning", "imitation-learning"),
)
_CITATION = "Gilmer et al. (2025). Journal of Neurophysiology 133(4):1266-1278."


@dataclass(frozen=True, slots=True)
class Subject:
    """The content of a card."""

    repo: str  # OWNER/NAME
    licence: str
    config: Config  # as it is shared
    evaluation: Evaluation
    split: Split
    model: Mapping[str, str]  # hashes of its files
    sees: Sequence[str]  # terms of the observation that have columns
    imitated: int  # steps of imitation
    by_reward: int  # steps of learning by reward


def card(subject: Subject, files: Iterable[str]) -> str:
    """The text of README.md, which stands beside files of these names."""
    name, names = subject.repo.split("/")[-1], {*files}
    are_lacking = subject.config.kinematics.path.startswith(RUN_PREFIX) and not any(map(is_reach, names))
    metrics = {
        f"mean {point} error (mm), {split}": round(errors[f"{point}_mm"].mean, 4)
        for split, errors in subject.evaluation.splits.items()
        for point in ("paw", "elbow")
    }
    tags = (*_TAGS, subject.config.policy.backbone)
    needed = sorted((file, _NEEDED[file.split("/")[0]]) for file in names | {"README.md"})
    data = plural(len(subject.evaluation.reaches), "reach", "reaches")
    parts = [
        f"# {name}",
        _headline(subject),
        *_pictures(subject.evaluation, names),
        "## Results",
        _results(subject.evaluation),
        f"Errors are {subject.evaluation.scale.text()}, over all control steps of the deterministic controller; "
        "effort is the mean over steps and actuators of (force / peak force)². All digits: `evaluation.json`.",
        "## What it is",
        markdown_table(("", ""), _facts(subject, are_lacking)),
        "## Use",
        _use(subject, are_lacking),
        "## Configuration",
        f"<details><summary>config.yaml</summary>\n\n{code_block(to_yaml(subject.config), 'yaml')}\n\n</details>",
        "Versions of everything: `environment.txt`.",
        "## Files",
        markdown_table(("file", "what it is needed for"), needed),
        "## Licence and citation",
        f"Licence: {subject.licence}. The arm, and the published reaches, are those of\n\n> {_CITATION}\n\n"
        "Please cite it when you use this agent.",
    ]
    return card_head(name, subject.licence, tags, data, metrics) + "\n" + "\n\n".join(parts) + "\n"


def _headline(subject: Subject) -> str:
    config, evaluation = subject.config, subject.evaluation
    side = "test" if "test" in evaluation.splits else "train"
    unseen = "never trained on" if side == "test" else "trained on"
    n = sum(reach.split == side for reach in evaluation.reaches)
    return (
        f"A neural controller ({config.policy.backbone.upper()}) of a simulated mouse forelimb, trained with mousearm "
        f"to perform reaches. Mean paw error on {plural(n, 'reach', 'reaches')} that it was {unseen}: "
        f"**{evaluation.objective:.3f} mm**.{evaluation.known_to}"
    )


def _pictures(evaluation: Evaluation, files: set[str]) -> list[str]:
    """The film and the figure of the middle reach, and the figure of all, as far as they are among the files."""
    chosen = evaluation.representatives
    middle = f"figures/{evaluation.reaches[chosen[len(chosen) // 2]].name}.png"
    pictures = {
        FILM: f'<video controls loop muted width="480" src="{FILM}"></video>\n\n[The film]({FILM})',
        middle: f"![A reach: paths, errors, controls]({quote(middle)})",
        "figures/generalisation.png": "![Errors by distance, speed and direction](figures/generalisation.png)",
    }
    return [text for name, text in pictures.items() if name in files]


def is_reach(name: str) -> bool:
    """True if a file of a shared agent is one of its reaches."""
    return name.startswith(f"{REACHES_FOLDER}/")


def _results(evaluation: Evaluation) -> str:
    header = ("reach", "split", "paw mean", "rms", "max", "elbow mean", "rms", "max", "effort")
    worst = sorted(evaluation.reaches, key=lambda reach: -reach.paw_mm.mean)[:_MOST_REACHES]
    rows = []
    for reach in sorted(worst, key=lambda reach: reach.name):
        effort = f"{reach.effort:.2g}" + ("" if reach.completed else ", diverged")
        rows.append((reach.name, reach.split, *_cells(reach.paw_mm, reach.elbow_mm), effort))
    rows += [(*row[:-1], "") for row in evaluation.sums]  # whose last is another effort
    left = len(evaluation.reaches) - len(worst)
    others = f"{plural(left, 'reach', 'reaches')} with smaller paw errors"
    more = f"\n\nOnly in `evaluation.json`: {others}." if left else ""
    return "Errors in mm:\n\n" + markdown_table(header, rows) + more


def _cells(*points: Errors) -> list[str]:
    return [f"{value:.3f}" for errors in points for value in astuple(errors)]


def _facts(subject: Subject, are_lacking: bool) -> list[tuple[str, str]]:
    config = subject.config
    kinematics, policy, env = config.kinematics, config.policy, config.env
    ahead = f"; {env.path_steps} frames ahead" if env.path_steps else ""
    imitation = f"{subject.imitated} steps of imitation, " if subject.imitated else ""
    reaches = "not shared" if are_lacking else _place(kinematics.path)
    sides = f"{len(subject.split.train)} to train on, {len(subject.split.test)} to test with"
    by = f"split by {kinematics.split_by}, seed {kinematics.split_seed}"
    name = subject.evaluation.scale.model
    digest = [f", SHA-256 {sha256}" for file, sha256 in subject.model.items() if PurePosixPath(file).stem == name][:1]
    return [
        ("arm", "".join([_place(config.model.osim or config.model.file or ""), *digest])),
        ("reaches", f"{reaches}: {sides}, {by}"),
        ("fitted to the arm by", kinematics.retarget),
        ("network", f"{policy.backbone.upper()} {policy.lstm_hidden_size} x {policy.n_lstm_layers}"),
        ("sees", ", ".join(subject.sees) + ahead),
        ("control", f"{1 / env.control_dt:.0f} Hz, {env.n_substeps} physics steps per control step"),
        ("reward", " + ".join(f"{weight:g} {term}" for term, weight in Reward(config.reward).weights.items())),
        ("warm start", config.pretrain.teacher),
        ("training", f"{imitation}{subject.by_reward} steps by reward, {env.num_envs} simulations, seed {config.seed}"),
    ]


def _place(path: str) -> str:
    return path.removeprefix(RUN_PREFIX) + (" in this repository" if path.startswith(RUN_PREFIX) else "")


def _use(subject: Subject, are_lacking: bool) -> str:
    repo, folder = subject.repo, f"outputs/{subject.repo.split('/')[-1]}"
    lacking = " --kinematics PATH" if are_lacking else ""
    of_reaches = " The reaches are not shared: PATH is where you have them." if are_lacking else ""
    return (
        f"With mousearm installed, this evaluates the agent again and compares with the table above.{of_reaches}\n\n"
        f"```\npython scripts/reproduce.py {repo}{lacking}\n```\n\n"
        "On other reaches, which it may never have seen:\n\n```\n"
        f"python scripts/download.py agent {repo} --out {folder}\n"
        f"python scripts/evaluate.py {folder} --kinematics my_reaches/\n```\n\n"
        "The files hold no code: weights are safetensors, the rest is JSON and plain YAML."
    )
