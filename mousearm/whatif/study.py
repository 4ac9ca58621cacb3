"""A study from the first trial to the page: at once, and after more training where that is asked for."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from mousearm.agent import Agent, titles
from mousearm.errors import ConfigError, RenderError, RunError
from mousearm.rundir.runs import find_runs, run_path
from mousearm.text import facts, listed
from mousearm.trajectory import Trial
from mousearm.whatif.cases import INTACT, Case, build_cases, parsed_severities, resolved_for
from mousearm.whatif.effects import LesionStudy
from mousearm.whatif.retraining import find_retrained, retrain, unit_correlation, weight_changes
from mousearm.whatif.trials import AFTEREFFECT, RETRAINED, Performance, TrialRow, perform_case

MOST_PANELS = 9  # of the film
_FPS, _PANEL = 20, (400, 300)  # small, for there are many


class Asked(NamedTuple):
    """The settings of a study."""

    overrides: Sequence[str]  # conditions and their keys, and tracking
    severities: str = "0,0.25,0.5,0.75,1"
    repeats: int = 10
    checkpoint: str = "best"
    kinematics: str | None = None  # other reaches than the runs' own
    retrain: int | None = None  # control steps of more training
    retrained: Sequence[Path] = ()  # runs, or sweeps of them, that were trained further already


class StudyResult(NamedTuple):
    """The result of a study."""

    study: LesionStudy
    changed: list[dict[str, Any]]  # by retraining, in networks
    panels: list[tuple[Trial, str]]  # for a film: the intact arm, and each condition at its largest severity
    agent: Agent  # of the first run, whose panels they are


def study_runs(folders: Sequence[Path], asked: Asked, out: Path) -> StudyResult:
    """Let the networks of runs, or of all runs in sweeps, perform in all cases; retrained ones go below ``out``.

    Raises:
        MouseArmError: if a run, a condition or its keys cannot be used, the runs have other reaches or actuators than
            one another, or nothing of what was retrained fits.
    """
    for option, n in (("repeats", asked.repeats), ("retrain", asked.retrain)):
        if n is not None and n < 1:
            raise ConfigError(f"--{option} {n}: give 1 or more.")
    cases = build_cases(asked.overrides, parsed_severities(asked.severities))
    paths = _runs(folders)
    agents = [Agent.load(path, asked.checkpoint, asked.kinematics) for path in paths]
    _check_alike(paths, agents)
    names = titles(paths)
    rows: list[TrialRow] = []
    acute: dict[tuple[str, str, float], Performance] = {}
    of_run = [[resolved_for(agent, case) for case in cases] for agent in agents]
    jobs = [(name, agent, case) for name, agent, own in zip(names, agents, of_run, strict=True) for case in own]
    for name, agent, case in tqdm(jobs, "trials", delay=1, leave=False, unit=" cases"):
        done = acute[name, case.name, case.severity] = perform_case(agent, name, case, asked.repeats)
        rows += done.rows
    changed = []
    for name, path, agent, own in zip(names, paths, agents, of_run, strict=True):
        for case, folder in _retrained(path, name, own, asked, out):
            after, change = _again(name, agent, case, cases[0], folder, acute[name, case.name, case.severity], asked)
            rows += after
            changed.append(change)
    if asked.retrained and not changed:
        raise RunError(
            f"None of the finished runs in {listed([str(path) for path in asked.retrained], most=3)} began with one of "
            "these networks, under one of these conditions and severities: look into start_from and condition of their "
            "config.yaml."
        )
    study = LesionStudy(rows, agents[0].arm.actuator_names)
    return StudyResult(study, changed, _panels(acute, names[0], cases), agents[0])


def _runs(folders: Sequence[Path]) -> list[Path]:
    """Run folders; those in sweeps one by one."""
    return [run for folder in folders for run in ([folder] if run_path(folder) != folder else find_runs([folder]))]


def _check_alike(paths: Sequence[Path], agents: Sequence[Agent]) -> None:
    """Refuse runs whose trials cannot be put together."""

    def parts(agent: Agent) -> dict[str, tuple[str, ...]]:
        return {"actuators": (*agent.arm.actuator_names,), "reaches": (*agent.evaluator.task.references.names,)}

    first = parts(agents[0])
    for path, agent in zip(paths, agents, strict=True):
        if other := [kind for kind, own in parts(agent).items() if own != first[kind]]:
            raise RunError(
                f"{path} has other {other[0]} than {paths[0]}, so that their trials are no repetitions. Take them one "
                "by one, or let both perform the same reaches: --kinematics PATH."
            )


def _retrained(path: Path, name: str, cases: Sequence[Case], asked: Asked, out: Path) -> Iterator[tuple[Case, Path]]:
    """Runs that went on from a run under the cases: those that exist, and those that are to be trained now."""
    if asked.retrained:
        yield from find_retrained(asked.retrained, path, cases)
    if asked.retrain is not None:
        tracking = [word for word in asked.overrides if word.startswith("tracking")]
        for case in cases:
            yield case, retrain(path, name, case, asked.retrain, tracking, out / "retrained")


def _again(
    name: str, before: Agent, case: Case, intact: Case, folder: Path, acute: Performance, asked: Asked
) -> tuple[list[TrialRow], dict[str, Any]]:
    """Trials of a network that was trained further, in its case and with the intact arm; what changed in it."""
    after = Agent.load(folder, kinematics=asked.kinematics)
    now = perform_case(after, name, case, asked.repeats, RETRAINED)
    rows = now.rows
    if case.name != INTACT:
        without = perform_case(after, name, intact, asked.repeats, AFTEREFFECT).rows
        rows = rows + [row.under(case) for row in without]
    change = {"run": name, "condition": case.name, "severity": case.severity}
    weights = {f"weights, {part}": value for part, value in weight_changes(before, after).items()}
    return rows, {**change, **weights, "units": unit_correlation(acute.units, now.units)}


def _panels(
    acute: dict[tuple[str, str, float], Performance], name: str, cases: Sequence[Case]
) -> list[tuple[Trial, str]]:
    """The middle reach with the intact arm, and in each condition at its largest severity."""
    intact = acute[name, INTACT, 0.0]
    errors = [row.paw_mm for row in intact.rows if row.repeat == 0]
    middle = sorted(range(len(errors)), key=errors.__getitem__)[len(errors) // 2]
    largest = {case.name: case.severity for case in cases}  # ascending, so that the last one stays
    return [
        (acute[name, one, severity].trials[middle], one if one == INTACT else f"{one} {severity:g}")
        for one, severity in largest.items()
    ][:MOST_PANELS]


def film_study(result: StudyResult, path: Path) -> str:
    """Film the intact arm beside lesioned ones; a line that says where, or why there is none."""
    from mousearm.evaluate.film import Shot, film  # slow to import

    shots = [Shot(trial, result.agent.arm.model, title) for trial, title in result.panels]
    try:
        film(shots, path, fps=_FPS, size=_PANEL)
    except RenderError as error:
        return facts({"no film": error})
    return facts({"film": path})
