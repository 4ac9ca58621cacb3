"""The questions of docs/choosing.md, in its order, answered for the reaches at hand, and the commands to run.

What is said here is said there, with the reasons; a test compares the two.
"""

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mousearm.advice.findings import Ability, Findings, look_at
from mousearm.advice.pace import Pace, pace_of
from mousearm.config import Config, compose
from mousearm.config.command_line import parse
from mousearm.env.device_env import is_on_gpu
from mousearm.paths import PACKAGE
from mousearm.text import TERMINAL, duration, facts, listed, plural, printable, shell, wrapped

ONE_MOTORS = "0.04 to 0.12 mm after a minute"
ONE_MUSCLES = "0.03 to 0.04 mm after imitation, 0.03 mm at the end"
"""Results of one reach of the shipped arm: motors by reward alone, muscles with a warm start."""
WARM, COLD = "0.02 mm", "0.04 to 0.12 mm"  # motors, after imitation and by reward alone
FEW = 16  # reaches below which a network for any reach is better trained on synthetic ones
SEEDS = {"it works": "one", "how well it works, roughly": "three", "one setting is better than another": "five or more"}
TOLERABLE_MM = 0.02  # noise floor below which no network comes anyway
_MOST_NAMES = 3


def advise(config: Config, words: Sequence[str], n_jobs: int = 1) -> str:
    """Advice on a configuration that words make, of ``n_jobs`` runs with it where they are a sweep's first.

    Raises:
        MouseArmError: as a run of these words would, before it starts.
    """
    config.check_start()
    found = look_at(config)
    words = [word for word in words if not word.startswith("name=")]
    advised = _advised_words(found, words)
    pace = pace_of(compose(advised))
    answers = {
        "Motors or muscles?": _motors_or_muscles(found),
        "One reach or any reach?": _one_or_any(found),
        "Warm start or reward alone?": _warm_start(found),
        "How many seeds?": _seeds(),
        "Are my recordings good enough?": _recordings(found),
        "When may muscle activity be interpreted?": _muscle_activity(found),
        "When may hidden activity be interpreted?": _hidden_activity(found),
        "Laptop, cluster or GPU?": _machine(pace, n_jobs, is_on_gpu(replace(config, device="auto"))),
    }
    lines = [facts(_summary(found))]
    for question, texts in answers.items():
        lines += ["", f"== {question} =="]
        for text in texts:
            lines += wrapped(printable(text), width=TERMINAL - 2)
    return "\n".join([*lines, "", "== Commands ==", *_commands(found, words, advised)])


def _summary(found: Findings) -> dict[str, str]:
    """The reaches in a few facts."""
    measures = [item.measures for item in found.good if item.measures]
    frames, seconds = [one.n_frames for one in measures], [one.n_frames / one.rate for one in measures]
    rates = sorted({round(one.rate) for one in measures})
    whose = [plural(n, what) for n, what in ((found.n_animals, "animal"), (found.n_sessions, "session")) if n]
    fastest = max(found.good, key=lambda item: item.measures.peak_speed if item.measures else 0.0)
    speed = fastest.measures.peak_speed if fastest.measures else np.nan
    return {
        "reaches": f"{len(found.good)} of {len(found.check.checked)} can be trained on"
        + (f"; {' and '.join(whose)}" if whose else ""),
        "frames": f"{_span(frames, 'd')} at {_span(rates, 'd')} Hz, {_span(seconds, '.2f')} s",
        "noise": f"{found.noise_mm:.3f} mm per axis at the paw; targets known to {found.floor_mm:.3f} mm"
        if np.isfinite(found.noise_mm + found.floor_mm)
        else "too few frames to tell",
        "fastest": f"{speed:.2f} m/s at the paw, in {fastest.name}",
    }


def _span(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"


def _motors_or_muscles(found: Findings) -> list[str]:
    """Choice of actuators: what each kind can do for these reaches."""
    texts = [_ability(ability, found) for ability in found.abilities]
    if len(found.abilities) > 1:
        texts.append(
            f"For the movement, and for what a network must know to perform it, use motors ({ONE_MOTORS}). For "
            f"muscle activity, effort or EMG, use model=muscle, of one reach with pretrain=optimal ({ONE_MUSCLES})."
        )
    return texts


def _ability(ability: Ability, found: Findings) -> str:
    n = len(found.good)
    beyond = [demand for demand in ability.demands if demand.is_beyond]
    which = f"{len(ability.demands)} of these reaches, the fastest among them," if len(ability.demands) < n else ""
    which = which or ("this reach" if n == 1 else "these reaches")
    text = (
        f"{ability.kind.capitalize()} follow {which} within {ability.baseline_mm:.2f} mm "
        f"(mean paw error of the controller cmc{f', after a filter at {found.cutoff:g} Hz' if found.cutoff else ''})."
    )
    if beyond:
        names = listed([f"{one.reach} ({one.lacking:.0%} of its frames)" for one in beyond], _MOST_NAMES)
        text += f" Too fast for them, for lack of torque: {names}. No network will do better there."
    return text


def _one_or_any(found: Findings) -> list[str]:
    """Advice on whether the network must see the path."""
    n = len(found.good)
    if n == 1:
        return [
            "One reach: the network sees no target and keeps time itself. That is enough to ask whether the arm can "
            "perform it, and at what cost. You cannot test it on other reaches."
        ]
    texts = [
        f"{n} reaches: use experiment=any_reach. The network then sees the next 40 ms of the path. Without the path it "
        "cannot know which reach it is to perform."
    ]
    if n < FEW:
        texts.append(
            f"With fewer than {FEW} reaches, a network for any reach is better trained on synthetic ones. Then "
            "evaluate it on yours; the commands for both are below."
        )
    split = _split_by(found)
    if split != "file":
        texts.append(f"kinematics.split_by={split} tests on whole {split}s that the network never saw.")
    return texts


def _split_by(found: Findings) -> str:
    """Units that the split never divides: animals where there are several, else sessions, else files."""
    return "animal" if found.n_animals > 1 else "session" if found.n_sessions > 1 else "file"


def _warm_start(found: Findings) -> list[str]:
    """Advice on whether to imitate first."""
    if found.is_muscular:
        teacher = "optimal control of the reach" if _teacher(found) == "optimal" else "a classical controller"
        return [
            f"Use pretrain={_teacher(found)}: imitate {teacher} first. To ask which pattern learning finds by itself, "
            "train by reward alone, a few minutes for one reach (experiment=muscle_from_scratch)."
        ]
    return [
        f"Use pretrain=cmc: imitate a classical controller first ({WARM} on a recorded reach; {COLD} by reward alone). "
        "To ask which pattern learning finds by itself, train by reward alone."
    ]


def _teacher(found: Findings) -> str:
    """Teacher of a warm start: whole reaches are solved for where that is one, of muscles."""
    return "optimal" if found.is_muscular and len(found.good) == 1 else "cmc"


def _seeds() -> list[str]:
    """Numbers of seeds for each statement."""
    return ["Seeds per setting, for the claim that " + "; ".join(f"{what}: {n}" for what, n in SEEDS.items()) + "."]


def _recordings(found: Findings) -> list[str]:
    """Faults of recordings, and what their noise hides."""
    texts = [f"{len(found.check.refused)} cannot be used. Correct them, or leave them out by kinematics.on_bad=skip:"]
    texts = texts if found.check.refused else []
    texts += [f"REFUSED {item.name}: {item.refusal}" for item in found.check.refused[:_MOST_NAMES]]
    if found.check.suspicions:
        texts.append("Axes or side look wrong: the first command below says of which reaches, and how to turn them.")
    if n := len({remark.partition(":")[0] for remark in found.check.remarks}):
        texts.append(f"Look at {plural(n, 'reach', 'reaches')}: the first command below says why.")
    if not np.isfinite(found.floor_mm):
        return [*texts, "The frames are too few to tell the tracking noise."]
    if found.floor_mm < TOLERABLE_MM:
        return [*texts, f"Noise hides little: it sets a floor of {found.floor_mm:.3f} mm."]
    texts.append(f"Noise sets a floor of {found.floor_mm:.2f} mm: an error below it says nothing about the animal.")
    if found.cutoff:
        now, then = found.cutoffs.errors_mm[[0, found.cutoffs.best], -1]
        texts.append(
            f"Import the recording again with --cutoff auto: a filter at {found.cutoff:g} Hz brings the paw from "
            f"{now:.2f} to {then:.2f} mm of where it was."
        )
    return texts


def _muscle_activity(found: Findings) -> list[str]:
    """Conditions under which muscle activity means something."""
    muscles = next((ability for ability in found.abilities if ability.kind == "muscles"), None)
    if muscles is None:
        return ["Motors have none."]
    texts = [] if found.is_muscular else ["Motors have none; with model=muscle:"]
    texts.append(
        f"If the network's error is close to that of the baseline ({muscles.baseline_mm:.2f} mm), the pattern stays "
        "the same with other seeds and with slightly more or less effort (reward.w_effort), and it matches the "
        "recorded EMG of this reach better than that of other reaches."
    )
    if any(demand.is_beyond for demand in muscles.demands):
        texts.append("Not in the reaches that are too fast for the muscles.")
    return texts


def _hidden_activity(found: Findings) -> list[str]:
    """Conditions under which hidden activity means something."""
    if len(found.good) == 1:
        return ["Not from one reach: there is no test reach that the network could perform as well."]
    return [
        "If the network performs test reaches as well as training reaches, the finding appears with every seed and in "
        "another kind of network (experiment=backbone_comparison), and it does not appear in an untrained network, nor "
        "in the joint angles and velocities that every network receives."
    ]


def _machine(pace: Pace, n_jobs: int, has_gpu: bool) -> list[str]:
    """Duration here, and what else would help."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = (
        f"{pace.text()}: an estimate, from two rounds of imitation and two rollouts that were just done on "
        f"{plural(cores, 'core')}. Figures and films come on top."
    )
    sweep = f" Your sweep of {n_jobs} runs: {duration(n_jobs * pace.total)}, one after the other." if n_jobs > 1 else ""
    return [
        f"{text}{sweep}",
        "A laptop is enough. For sweeps of many runs, use a cluster (-m hydra/launcher=slurm).",
        "A GPU does not help networks of the default size with few arms. "
        + ("This computer has one" if has_gpu else "This computer has none that torch can use")
        + "; with hundreds of arms at once it learns in seconds (experiment=many_arms).",
    ]


def _advised_words(found: Findings, words: Sequence[str]) -> list[str]:
    """The overrides that are advised: those that were given, and what they leave open."""
    said, n = {parse(word).key_or_group for word in words}, len(found.good)
    advised = list(words)
    if not said & {"experiment", "env.path_steps"} and n > 1:
        advised.append("experiment=any_reach")
    elif not any(one.startswith(("pretrain", "experiment")) for one in said):
        advised.append(f"pretrain={_teacher(found)}")
    if n > 1 and _split_by(found) != "file" and "kinematics.split_by" not in said:
        advised.append(f"kinematics.split_by={_split_by(found)}")
    if found.check.refused and "kinematics.on_bad" not in said:
        advised.append("kinematics.on_bad=skip")
    return advised


def _commands(found: Findings, words: Sequence[str], advised: Sequence[str]) -> list[str]:
    """Commands to run, each within the columns of a terminal."""
    source, model = found.check.source, [word for word in words if word.startswith("model")]
    skip = [word for word in advised if word.startswith("kinematics.on_bad")]
    path, lines = source, [shell("scripts/check_reaches.py", source, *model)]
    if found.cutoff and not found.check.refused and (files := _files(found)):
        path, options = "filtered", ("--out", "filtered", "--units", "m", "--axes", "x y z", "--cutoff", "auto")
        lines.append(f"{shell('scripts/import_reaches.py')} {files} {shlex.join(options)}")
    advised = [f"kinematics.path={path}" if word.startswith("kinematics.path=") else word for word in advised]
    lines.append(shell("run.py", *advised, "name=first"))
    if 1 < len(found.good) < FEW:
        lines.append(shell("scripts/make_synthetic.py", "synthetic", "--n", 320))
        synthetic = [word for word in advised if not word.startswith("kinematics")]
        lines.append(shell("run.py", *synthetic, "kinematics.path=synthetic", "name=any"))
        lines.append(shell("scripts/evaluate.py", "outputs/any", "--kinematics", path))
    seedless = [word for word in advised if not word.startswith("seed=")]
    lines.append(shell("run.py", "-m", *seedless, "seed=0,1,2", "name=seeds"))
    lines.append(shell("scripts/compare.py", "outputs/seeds"))
    lines.append(shell("scripts/evaluate.py", "--controller", "cmc", *model, *skip, "--kinematics", path))
    return [_folded(line) for line in lines]


def _files(found: Findings) -> str:
    """The reaches as a shell takes them; empty where they are not the files of one folder, or ship."""
    parents = {item.path.parent for item in found.good}
    if found.check.source.startswith(PACKAGE) or len(parents) > 1:
        return ""
    paths = [item.path for item in found.good]
    return shlex.quote(str(paths[0])) if len(paths) == 1 else f"{shlex.quote(str(paths[0].parent))}/*.csv"


def _folded(command: str) -> str:
    """A command on lines that end with a backslash where it is too long for one; words stay whole."""
    words = re.findall(r"(?:'[^']*'|\S)+", command)
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) > TERMINAL - 4:
            lines.append(line)
            line = "   "
        line = f"{line} {word}" if line else word
    return " \\\n".join([*lines, line])
