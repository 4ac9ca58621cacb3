"""``python kill.py UNBROKEN FOLDER N WORDS...``: trains once, and then in another folder, killed N times on the way."""

import gc
import os
import random
import signal
import sys
import time
from pathlib import Path

from tqdm import tqdm

from mousearm.config import compose
from mousearm.errors import MouseArmError
from mousearm.evaluate import film as _film  # noqa: F401  # imported before the fork, as is what learns
from mousearm.experiment import run
from mousearm.setup import Setup
from mousearm.training import run as _run  # noqa: F401

tqdm.monitor_interval = 0  # no thread that looks after bars: a fork while it holds their lock leaves it held for ever

# Share of the kills that come while a run is only built.
_EARLY = 0.25


def begin(folder: Path, words: list[str]) -> int:
    """Begin or resume a run in a process of its own, which has everything imported; returns its pid."""
    gc.collect()  # a fork that collects a batch of simulations waits for threads that it lacks
    pid = os.fork()
    if pid:
        return pid
    try:
        run(compose(["name=test", "threads=1", *words]), folder)
    except MouseArmError as error:
        print(f"error: {error}", flush=True)
        os._exit(1)
    os._exit(0)


def end(pid: int) -> None:
    """Print how a process ended."""
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def spent(pid: int) -> tuple[float, bool]:
    """Time of the processor, s, that a process has had, and whether it has ended; a busy machine changes neither."""
    state, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[10]) + int(numbers[11])) / os.sysconf("SC_CLK_TCK"), state == "Z"


def seconds(folder: Path, words: list[str]) -> tuple[float, float]:
    """How long it takes to build a run, and to train it."""
    pid = begin(folder, words)
    while not (folder / "status.json").exists():
        time.sleep(0.01)
    built, _ = spent(pid)
    while not (now := spent(pid))[1]:
        time.sleep(0.01)
    end(pid)
    return built, now[0] - built


def main() -> None:
    """Kill at random moments: some while it is built, most within a few checkpoints."""
    unbroken, folder, n, *words = sys.argv[1:]
    Setup.build(compose(["name=test", "threads=1", *words]))  # the first one takes longer: it caches poses
    build_s, train_s = seconds(Path(unbroken), words)
    draw = random.Random(int(n))
    for _ in range(int(n)):
        pid = begin(Path(folder), words)
        early = draw.random() < _EARLY
        moment = draw.uniform(0, build_s) if early else build_s + draw.uniform(0, train_s / 16)
        while (now := spent(pid))[0] < moment and not now[1]:
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.01))  # the system counts in hundredths
        os.kill(pid, signal.SIGKILL)
        end(pid)
    end(begin(Path(folder), words))


if __name__ == "__main__":
    main()
