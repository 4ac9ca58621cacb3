"""Every command and program on the pages does what it is there for: page by page, in order, in a copy of the source."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from inputs import checkout, lab_hub, small_programs, write_inputs
from not_run import reason
from pages import PAGES, Block, blocks, page_name

RUN = [page for page in PAGES if any(block.kind in ("sh", "python") and not block.title for block in blocks(page))]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_inputs(folder)
    small_programs(folder / "bin")
    return folder


@pytest.fixture
def place(inputs, tmp_path, monkeypatch):
    """A folder like a fresh clone, with the reader's own files, who is logged in to a Hub and nowhere else."""
    folder = tmp_path / "mousearm"
    checkout(folder)
    shutil.copytree(inputs, folder, dirs_exist_ok=True)
    for name in [name for name in os.environ if name.startswith(("WANDB_", "HF_"))]:
        monkeypatch.delenv(name)
    path = [folder / "bin", Path(sys.executable).parent, os.environ["PATH"]]
    own = {"PATH": os.pathsep.join(map(str, path)), "PYTHONPATH": folder, "HOME": folder, "LOGNAME": "jane_doe"}
    with lab_hub(folder) as at_the_hub:
        for name, value in {**own, **at_the_hub, "OMP_NUM_THREADS": 1, "MPLBACKEND": "Agg"}.items():
            monkeypatch.setenv(name, str(value))
        yield folder


@pytest.mark.parametrize("page", RUN, ids=page_name)
def test_what_a_page_says_can_be_done(page, place):
    programs: list[str] = []
    for block in blocks(page):
        follow(block, place, programs)


def follow(block: Block, place, programs: list[str]):
    """Write a file, apply a change, run a program or commands; what fails is shown with its output.

    A program goes on from those above it on the page, as in a notebook.
    """
    if block.title:
        (place / block.title).parent.mkdir(parents=True, exist_ok=True)
        (place / block.title).write_text(block.text, encoding="utf-8")
    elif block.kind == "diff":
        call(block, ["git", "apply", "-"], place, block.text)
    elif block.kind == "python":
        programs.append(block.text)
        call(block, [sys.executable, "-"], place, "\n".join(programs))
    elif block.kind == "sh":
        for command in block.commands:
            if reason(command) is None:
                call(block, ["bash", "-euc", command], place)


def call(block: Block, command, place, text=None):
    done = subprocess.run(command, cwd=place, input=text, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{block.place}: {command[-1]}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
