"""Weights & Biases as on a computer where nobody has used it yet, and a server of it on this computer."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest
from wandb_server import KEY, WandbServer

from mousearm.tracking.wandb_parts import forget_service, parts_of, wandb_command


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A home in which nobody is logged in."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("WANDB_", "XDG_", "NETRC"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.chdir(tmp_path)  # for W&B leaves a folder where it is started
    forget_service()
    yield monkeypatch
    forget_service()


@pytest.fixture
def server(fresh):
    """A server at which somebody is logged in."""
    with WandbServer() as server:
        fresh.setenv("WANDB_BASE_URL", server.url)
        fresh.setenv("WANDB_API_KEY", KEY)
        yield server


@pytest.fixture
def records():
    """What W&B's own reader finds in each part of a run folder: lists of records with a type."""

    def read(folder: Path):
        found = []
        for part in parts_of(folder):
            command = wandb_command("leet", "inspect", "--json", str(part.file.parent))
            text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            lines = (json.loads(line) for line in text.splitlines())
            found.append([(line["type"], line[line["type"]]) for line in lines])
        return found

    return read


@pytest.fixture
def logged():
    """The rows of metrics.csv: steps, and the values by key."""

    def read(folder: Path):
        with (folder / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        return {
            int(row["steps"]): {key: float(value) for key, value in row.items() if value and key != "steps"}
            for row in rows
        }

    return read
