"""What Hydra is to do before and after a sweep, whatever launches it."""

import sys
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from mousearm.errors import RunError
from mousearm.rundir import FINISHED
from mousearm.sweep.progress import begin, progress, reasons
from mousearm.sweep.records import Sweep
from mousearm.sweep.settings import is_search
from mousearm.sweep.workers import LOCAL, this_process

# hydra/launcher=basic does one job after the other; so does who takes such a sweep up again.
_ONE_BY_ONE = {"parallel": 1, "timeout_min": 7 * 24 * 60}


class SweepRecord(Callback):
    """Writes down the jobs of a sweep that this process does; ends a sweep in which jobs failed with status 1."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Write down what is to be done; launchers that give jobs away do so themselves."""
        hydra = config.hydra
        if not hydra.launcher._target_.endswith(".BasicLauncher"):
            return
        sweep = Sweep(Path(hydra.sweep.dir))
        try:
            begin(sweep, str(config.name), LOCAL, _ONE_BY_ONE, is_search(config))
        except RunError as error:
            sys.exit(f"error: {error}")
        if hydra.sweeper._target_.endswith(".BasicSweeper"):
            for number, overrides in enumerate(_jobs(hydra)):
                sweep.job(number).plan(overrides, this_process())

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Say which jobs failed, and why; of jobs that were given away and go on, where to look."""
        sweep = Sweep(Path(config.hydra.sweep.dir))
        now = progress(sweep.jobs())
        if not config.hydra.launcher.get("wait", True):
            print(
                f"\n{len(now)} jobs are queued. How they fare: python scripts/sweep.py status {sweep.path}", flush=True
            )
            return
        done = sum(one.state == FINISHED for one in now)
        print("\n".join([f"\n{done} of {len(now)} jobs finished in {sweep.path}", *reasons(now)]), flush=True)
        if any(one.is_over and not one.has_result for one in now):
            sys.exit(f"error: some jobs have no result; python scripts/sweep.py retry {sweep.path} does them again.")


def _jobs(hydra: DictConfig) -> list[list[str]]:
    """The jobs that Hydra's basic sweeper is about to make."""
    given = [str(override) for override in hydra.overrides.task]
    always = [f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()]
    overrides = OverridesParser.create().parse_overrides([*always, *given])
    (batch,) = BasicSweeper.split_arguments(overrides, None)
    return batch
