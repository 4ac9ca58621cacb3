"""Train a controller: ``python run.py [KEY=VALUE ...]``, ``-m`` for a sweep, ``resume=RUN_FOLDER``. See README.md."""

import contextlib
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from mousearm import experiment
from mousearm.config import check_group_files, check_overrides, load
from mousearm.errors import MouseArmError
from mousearm.rundir import with_resume
from mousearm.sweep.job import run_job
from mousearm.sweep.plugins import register
from mousearm.sweep.records import Job
from mousearm.train import Interrupted


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(composed: DictConfig) -> float:
    """Run one job; the objective is returned for sweepers."""
    job = HydraConfig.get()
    folder = Path(job.runtime.output_dir)
    overrides = list(job.overrides.task)
    try:
        if job.mode is RunMode.MULTIRUN:
            return run_job(Job(folder.parent, job.job.num), lambda: load(composed), overrides)
        return experiment.run(load(composed), folder, overrides)
    except MouseArmError as error:
        with contextlib.suppress(OSError):
            folder.rmdir()  # Hydra made it; where nothing was written, nothing stays
        sys.exit(f"error: {error}")
    except Interrupted as stop:
        sys.exit(stop.status)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    try:
        sys.argv[1:] = with_resume(sys.argv[1:])
        check_overrides(sys.argv[1:])
        check_group_files(sys.argv[1:])
    except MouseArmError as error:
        sys.exit(f"error: {error}")
    register()
    main()
