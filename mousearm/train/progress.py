"""Signs of life of a run: its progress bar, and its heartbeat in status.json."""

import time
from collections.abc import Callable

from tqdm import tqdm

from mousearm.algo import SequencePPO
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import RUNNING

_HEARTBEAT_S = 10.0


class ProgressBar:
    """Steps, steps/s, time left, and paw errors in mm: of the last evaluation, and the best."""

    def __init__(self, algo: SequencePPO, total: int):
        """Show a bar from where the algorithm is to a total number of steps."""
        self._algo, self._total = algo, total
        self._bar = tqdm(total=total, initial=algo.num_timesteps, unit=" steps", unit_scale=True, desc="training")

    def show(self, latest_mm: float, best_mm: float) -> None:
        """Show how far the algorithm is."""
        self._bar.set_postfix_str(f"paw {latest_mm:.2f} mm, best {best_mm:.2f} mm", refresh=False)
        self._bar.update(min(self._algo.num_timesteps, self._total) - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def heartbeat(algo: SequencePPO, folder: RunFolder) -> Callable[[], None]:
    """A function that says in status.json, not too often, that the run is alive."""
    last = -_HEARTBEAT_S

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last >= _HEARTBEAT_S:
            folder.set_status(RUNNING, algo.num_timesteps)
            last = time.monotonic()

    return beat
