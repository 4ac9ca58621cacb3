"""Runs of seconds that are followed, and how to stop them at a certain row of metrics.csv."""

import signal
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROLLOUT = 784  # steps: 8 simulations of 98
QUICK = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "threads=1", "algo.timesteps=1568")
OFFLINE = (*QUICK, "tracking=wandb_offline", "algo.eval_freq=1568")


def wait_for_rows(file, n):
    until = time.monotonic() + 300
    while time.monotonic() < until and (not file.is_file() or file.read_text().count("\n") <= n):
        time.sleep(0.05)


def terminate_after_rows(file, n):
    wait_for_rows(file, n)
    signal.raise_signal(signal.SIGTERM)
