"""Runs of seconds that are followed, and how to stop them at a certain row of metrics.csv."""

import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROLLOUT = 784  # steps: 8 simulations of 98
QUICK = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "threads=1", "algo.timesteps=1568")
OFFLINE = (*QUICK, "tracking=wandb_offline", "algo.eval_freq=1568")


def wait_for_rows(file, n, running=lambda: True):
    """True when there are more than n rows; False when what writes them runs no more."""
    while not file.is_file() or file.read_text().count("\n") <= n:
        if not running():
            return False
        time.sleep(0.05)
    return True


@contextmanager
def terminating_after_rows(file, n):
    """Send SIGTERM to this process when there are more than n rows, unless the ``with`` has ended before."""
    ended = threading.Event()

    def terminate():
        if wait_for_rows(file, n, lambda: not ended.is_set()):
            signal.raise_signal(signal.SIGTERM)

    (thread := threading.Thread(target=terminate, daemon=True)).start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
