"""mousearm in Python: import reaches; train, open, evaluate, record and compare runs, in a notebook or a program.

run = mousearm.train("model=muscle", "pretrain=cmc", kinematics="my_reaches", name="first")
run.evaluate()
run.record().reaches[0].signals["activation"].values
mousearm.compare([run, "outputs/second"])
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from mousearm.agent import Agent
from mousearm.config import Config, compose
from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Interval
from mousearm.experiment import run as run_experiment
from mousearm.figures import draw_recording, usual_place
from mousearm.kinematics.imports import import_project
from mousearm.planning.solving import Solved, solve_setup
from mousearm.reach_check import check_reaches as check_files
from mousearm.record import Recording, record
from mousearm.report.comparison import caveats
from mousearm.report.comparison import compare as compare_folders
from mousearm.report.page import verdict
from mousearm.report.tables import group_rows
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.runs import run_path
from mousearm.rundir.status import FINISHED, Status
from mousearm.setup import Setup
from mousearm.text import override, printable


class Run:
    """A run folder, such as ``outputs/first``; as the last line of a notebook's cell it shows its figure.

    ``package:example_torque`` and ``package:example_muscle`` are trained agents that ship. RunError if no run is there.
    """

    def __init__(self, folder: str | Path):
        self.path = Path(folder)
        self._folder = RunFolder(run_path(self.path))
        if not self._folder.exists:
            raise RunError(f"{self.path} holds no run. mousearm.train(..., name='{self.path.name}') makes one.")

    def __repr__(self) -> str:
        status = self.status
        finished = status.state == FINISHED
        error = f", paw {Evaluation.load(self._folder.evaluation).objective:.3f} mm" if finished else ""
        return printable(f"<mousearm.Run {self.path}: {status.state}, {status.steps} steps{error}>")

    def _repr_png_(self) -> bytes | None:
        """The first figure of a finished run, which notebooks show."""
        files = sorted(self._folder.figures.glob("*.png"))
        return files[0].read_bytes() if files else None

    @property
    def config(self) -> Config:
        """The configuration that it was trained with."""
        return self._folder.saved_config()

    @property
    def status(self) -> Status:
        """State (finished, interrupted, ...), steps and, where it failed, the reason."""
        return self._folder.status()

    def metrics(self) -> pd.DataFrame:
        """The training log: a row per evaluation or rollout, indexed by control steps."""
        rows = read_metrics(self._folder.metrics)
        return pd.DataFrame(rows.rows, columns=rows.columns).apply(pd.to_numeric).set_index("steps")

    def evaluate(
        self, kinematics: str | Path | None = None, checkpoint: str = "best", repeats: int | None = None
    ) -> pd.DataFrame:
        """Perform all reaches of the run, or those of another file or folder, and measure the errors.

        The checkpoint is ``best``, ``latest`` or a number of steps. Rows are indexed by the name of the reach. Columns
        are ``split``, ``completed``, ``paw_mean_mm``, ``paw_rms_mm``, ``paw_max_mm``, the same for the elbow, and
        ``effort`` of the forces and ``excitation``, the mean squared excitation of muscles or control of motors. With
        noise each reach is repeated, 20 times if nothing is said; ``paw_low_mm`` and ``paw_high_mm`` are the 95 %
        interval of its mean, and the same for the elbow.

        MouseArmError if the run, the checkpoint or the reaches cannot be used.
        """
        evaluation, _ = self._agent(kinematics, checkpoint, repeats).evaluate()
        rows = [
            {"reach": reach.name, "split": reach.split, "completed": reach.completed}
            | {f"paw_{name}_mm": value for name, value in asdict(reach.paw_mm).items()}
            | {f"elbow_{name}_mm": value for name, value in asdict(reach.elbow_mm).items()}
            | {"effort": reach.effort, "excitation": reach.excitation}
            | (_ends("paw", reach.repeats.paw_mm) | _ends("elbow", reach.repeats.elbow_mm) if reach.repeats else {})
            for reach in evaluation.reaches
        ]
        return pd.DataFrame(rows).set_index("reach")

    def record(
        self,
        kinematics: str | Path | None = None,
        checkpoint: str = "best",
        repeats: int = 1,
        noise: float = 0.0,
        seed: int = 0,
    ) -> Recording:
        """Record what the network sees, computes and does, and what the muscles do, at every step of every reach.

        Reaches, checkpoint and errors are as in `evaluate`; repeats, noise and its seed as in `mousearm.record.record`.
        """
        return record(self._agent(kinematics, checkpoint), repeats, noise, seed)

    def draw(self, out: str | Path | None = None) -> list[Path]:
        """Draw figures for print, PDF and PNG, into a folder (default: `usual_place`); returns the PNG files."""
        files, _ = draw_recording(self.record(), Path(out) if out else usual_place(self.path), [])
        return files

    def _agent(self, kinematics: str | Path | None, checkpoint: str, repeats: int | None = None) -> Agent:
        reaches = None if kinematics is None else str(kinematics)
        return Agent.load(self.path, checkpoint, reaches, repeats=repeats)


def _ends(of: str, interval: Interval) -> dict[str, float]:
    return {f"{of}_low_mm": interval.low, f"{of}_high_mm": interval.high}


def import_reaches(files: Sequence[str | Path], out: str | Path, **options: Any) -> Path:
    """Import files of tracking programs as reaches into a new folder, print what was done, and return the folder.

    Options are those of `mousearm.kinematics.imports.ImportOptions`, such as ``unit="mm", axes="x z -y", rate=150``.
    You need not repeat what ``reaches.yaml`` beside the files says; the first import writes it. MouseArmError if a
    file cannot be read, an option is not valid or something is missing; then nothing is written.
    """
    results, notes = import_project([Path(file) for file in files], Path(out), options)
    print(*(result.text() for result in results), *map(printable, notes), sep="\n")
    return Path(out)


def check_reaches(path: str | Path, *overrides: str) -> None:
    """Check the reaches of a file or folder, and how well the arm of these overrides can follow them; print the result.

    MouseArmError if there are no reaches, or the arm cannot be built.
    """
    print(printable(check_files(compose(overrides, str(path))).text()))


def train(
    *overrides: str,
    kinematics: str | Path | None = None,
    name: str | None = None,
    folder: str | Path = "outputs",
) -> Run:
    """Train a controller as ``run.py`` does. If the folder already has a run of this name, it is continued.

    Overrides are those of the command line, such as ``"model=muscle"`` or ``"algo.timesteps=100000"``. ``kinematics``
    is a file or folder of reaches. The default name is date and time.

    MouseArmError if the configuration, the model or the reaches cannot be used; KeyboardInterrupt if the cell is
    interrupted: the run is saved, and the same call continues it.
    """
    given = {"kinematics.path": kinematics, "name": name}
    words = [*overrides, *(override(key, str(value)) for key, value in given.items() if value is not None)]
    config = compose(words)
    run_experiment(config, Path(folder) / config.name, words)
    return Run(Path(folder) / config.name)


def optimal_control(*overrides: str, kinematics: str | Path | None = None) -> Solved:
    """Optimal control of reaches: the movements of least error and effort, as ``scripts/optimal.py`` finds them.

    ``print(solved.table())`` shows errors, effort and how the searches ended; ``trajectories`` are those of the search,
    ``evaluation`` and ``recording``, which is like one of a network, are of what MuJoCo makes of their controls. What
    was solved before comes from the cache. Overrides are those of the command line, such as ``"model=muscle"`` or
    ``"optimal.w_effort=0.1"``; ``kinematics`` is a file or folder of reaches, None for those of the configuration.

    MouseArmError if the configuration, the model or the reaches cannot be used; it warns of searches without an end.
    """
    return solve_setup(Setup.to_test(compose(overrides, None if kinematics is None else str(kinematics))))


def compare(runs: Sequence[Run | str | Path], by: Sequence[str] = ()) -> pd.DataFrame:
    """Compare finished runs: a row per group of runs that differ only in the seed.

    The verdict, and reasons to doubt it, are printed. Folders may hold several runs, like sweeps. ``by`` lists the only
    keys or groups of the configuration that tell groups apart, such as ``["reward"]``.

    RunError if there is no finished run among them, UnknownNameError if there is no such key.
    """
    comparison = compare_folders([run.path if isinstance(run, Run) else Path(run) for run in runs], by)
    print(*map(printable, (verdict(comparison), *caveats(comparison))), sep="\n")
    return pd.DataFrame(group_rows(comparison)).set_index("group")
