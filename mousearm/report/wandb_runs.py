"""Weights & Biases: who is logged in, and which runs are there."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import wandb
from wandb.errors import AuthenticationError, UsageError

from mousearm.errors import RunError
from mousearm.report.comparison import Comparison
from mousearm.report.publishing import Project
from mousearm.report.runs import Run

LOGIN = "Log in once with: wandb login (the key is at https://wandb.ai/authorize). On a cluster set WANDB_API_KEY."


def final_error(split: str, point: str) -> str:
    """Under which name the summary of a run has the mean error of ``paw`` or ``elbow`` of its best network, mm."""
    return f"result/{split}_{point}_mm_mean"


@contextlib.contextmanager
def explained(project: Project) -> Iterator[None]:
    """Say what went wrong with Weights & Biases, and what to do.

    Raises:
        RunError: instead of whatever the body raised.
    """
    try:
        yield
    except UsageError as error:
        raise RunError(f"Nobody is logged in to Weights & Biases. {LOGIN}") from error
    except AuthenticationError as error:
        raise RunError(f"Weights & Biases cannot be reached, or does not know this key: {error} {LOGIN}") from error
    except Exception as error:  # the service's, the network's and the checks of what came back: no common kind
        raise RunError(f"Weights & Biases, {project}: {error}. Does it exist, and may you write there?") from error


def find_uploads(comparison: Comparison, project: Project) -> tuple[list[Run], list[str]]:
    """The runs that a project has, with the errors that evaluation.json says; and of the others the reasons.

    Raises:
        RunError: if nobody is logged in, there is no such project, or it has none of the runs.
    """
    ids = {run.folder.id: run for run in comparison.runs if run.folder.id}
    with explained(project):
        listed = wandb.Api().runs(
            str(project), filters={"name": {"$in": list(ids)}}, per_page=len(ids) or 1, lazy=False
        )
        errors = {run.id: run.summary.get(final_error(comparison.split, "paw")) for run in listed}
    problems = {run.name: _problem(run, comparison.split, errors) for run in comparison.runs}
    there = [run for run in comparison.runs if not problems[run.name]]
    absent = [f"{run.name} {problems[run.name]}" for run in comparison.runs if problems[run.name]]
    if not there:
        homes = ", ".join(sorted({run.settings["tracking.project"] for run in comparison.runs}))
        listed = "\n  ".join(absent)
        raise RunError(
            f"None of these {len(absent)} runs can be shown from {project}:\n  {listed}\n"
            f"Their configurations say tracking.project={homes}; another project is named by --wandb ENTITY/PROJECT."
        )
    return there, absent


def _problem(run: Run, split: str, errors: dict[str, object]) -> str:
    """Why panels cannot show a run, and what to do; empty where they can."""
    path, here = run.folder.path, Path.cwd()
    path = path.relative_to(here) if path.is_relative_to(here) else path
    if run.folder.id not in errors:
        if run.settings["tracking.wandb"] == "disabled":
            return f"was not tracked: python run.py resume={path} tracking=wandb"
        return f"is not uploaded yet: python scripts/sync.py {path}"
    found, known = errors[run.folder.id], run.error_mm(split, "paw")
    if not isinstance(found, float | int):
        return f"is there without its result: python scripts/sync.py {path} --again"
    if not math.isclose(found, known, rel_tol=1e-6):
        text = f"has another error there ({found:.3f} mm) than evaluation.json ({known:.3f} mm)"
        return f"{text}: python scripts/sync.py {path} --again"
    return ""
