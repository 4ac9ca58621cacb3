"""The program: ``python -m mousearm``, and ``python run.py`` in a checkout, trains a controller."""

import sys
from collections.abc import Sequence
from pathlib import Path

import hydra
from omegaconf import DictConfig

from mousearm import cli
from mousearm.config import CONF, check_command_line, compose, explaining, help_text
from mousearm.config.command_line import first_of_sweep
from mousearm.errors import ConfigError, OutputError, os_errors_as
from mousearm.rundir.runs import with_resume
from mousearm.sweep.job import run_composed
from mousearm.sweep.plugins import register
from mousearm.text import shell

ADVISE = "--advise"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def _train(composed: DictConfig) -> float:
    """Run one job; the objective is returned for sweepers."""
    with cli.outliving_readers(), cli.handled(), explaining():
        return run_composed(composed)


def _advise(words: Sequence[str]) -> None:
    """Print which settings fit the reaches of these overrides, as docs/choosing.md decides."""
    sweeps = {"-m", "--multirun"}
    if others := [word for word in words if word.startswith(("-", "resume=")) and word not in sweeps]:
        raise ConfigError(f"{ADVISE} goes with KEY=VALUE and -m alone. Leave out: {' '.join(others)}")
    overrides, n_jobs = first_of_sweep([word for word in check_command_line(words) if word not in sweeps])
    from mousearm.advice import advise  # slow to import

    print(advise(compose(overrides), overrides, n_jobs))


@cli.handled()
def main(argv: Sequence[str] | None = None) -> None:
    """Refuse what Hydra would not explain as well; then Hydra composes the configuration and trains."""
    given = list(sys.argv[1:] if argv is None else argv)
    if ADVISE in given:
        _advise([word for word in given if word != ADVISE])
        return
    with cli.outliving_readers():  # as training does: what is told of the words ends nothing
        sys.argv[1:] = words = check_command_line(with_resume(given))
    options = [word for word in words if word.startswith("-")]
    if options in (["-h"], ["--help"]):
        usage = f"{shell('run.py')} [KEY=VALUE ...], -m for a sweep, resume=RUN_FOLDER"
        print(f"Trains a controller: {usage}; README.md tells more.")
        print(f"Which settings fit your reaches: {shell('run.py', ADVISE, 'kinematics.path=PATH')}")
        print(f"\n{help_text([word for word in words if word not in options])}")
        return
    register()
    with explaining(), os_errors_as(OutputError, Path("outputs")):  # Hydra makes the run's folder
        _train()


if __name__ == "__main__":
    main()
