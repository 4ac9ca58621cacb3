"""Hydra's launcher ``side_by_side``: jobs of a sweep train together in this process, above all on one GPU."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from mousearm import cli
from mousearm.config import load
from mousearm.keys import require
from mousearm.sweep.job import run_job
from mousearm.sweep.launcher import n_trials
from mousearm.sweep.progress import state_line
from mousearm.sweep.records import Sweep
from mousearm.training.interruption import Interruption


class SideBySideLauncher(Launcher):
    """Trains jobs by turns: while a GPU, or another core, works for one of them, the others go on.

    Each is a run as it is alone, with a network, random numbers and a folder of its own, so that it learns the same
    whatever is beside it, and jobs may differ in any key. One that fails ends alone; a signal ends all of them.
    """

    def __init__(self, parallel: int):  # settings as in conf/hydra/launcher/side_by_side.yaml
        self.parallel = parallel

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take the sweep's configuration."""
        self._config, self._context = config, hydra_context
        self._sweep = Sweep(Path(config.hydra.sweep.dir))

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run jobs; those without a result return NaN. Where none can begin the program ends and says why."""
        with cli.handled():
            is_number = isinstance(self.parallel, int) and self.parallel >= 1
            require(is_number, "hydra.launcher.parallel", self.parallel, "a whole number, 1 or more")
            self._sweep.check_free()
            return self._train(dict(enumerate(job_overrides, initial_job_idx)))

    def _train(self, jobs: dict[int, Sequence[str]]) -> list[JobReturn]:
        from mousearm.checkpoint import RandomState  # slow to import, as torch is
        from mousearm.simulation import WarningsLog
        from mousearm.turns import Turns

        print(f"{len(jobs)} jobs in {self._sweep.path}, {min(self.parallel, len(jobs))} side by side", flush=True)
        of_all = Interruption()
        calls = [partial(self._job, number, overrides, of_all) for number, overrides in jobs.items()]
        with of_all.listening(), of_all.patient():
            return Turns([RandomState(), WarningsLog()]).run(calls, self.parallel)

    def _job(self, number: int, overrides: Sequence[str], of_all: Interruption) -> JobReturn:
        from mousearm.device.graph import own_queue

        of_all.check()
        composed = self._context.config_loader.load_sweep_config(self._config, list(overrides))
        job, own = self._sweep.job(number), OmegaConf.masked_copy(composed, [str(k) for k in composed if k != "hydra"])
        result = JobReturn(overrides=list(overrides), status=JobStatus.COMPLETED)
        with own_queue():
            words = list(composed.hydra.overrides.task)
            result.return_value = run_job(job, lambda: load(own), words, Interruption(of_all))
        print(state_line(job, n_trials(self._config)), flush=True)
        return result
