"""Every command and program on the pages does what it is there for: page by page, in order, in a copy of the source."""

import os
import shutil
import subprocess
import sys

import pytest
from inputs import checkout, small_programs, write_inputs
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
def place(inputs, tmp_path):
    """A folder like a fresh clone, with the reader's own files in it."""
    folder = tmp_path / "mousearm"
    checkout(folder)
    shutil.copytree(inputs, folder, dirs_exist_ok=True)
    return folder


@pytest.mark.parametrize("page", RUN, ids=page_name)
def test_what_a_page_says_can_be_done(page, place):
    for block in blocks(page):
        follow(block, place)


def follow(block: Block, place):
    """Write a file, apply a change, run a program or commands; what fails is shown with its output."""
    if block.title:
        (place / block.title).parent.mkdir(parents=True, exist_ok=True)
        (place / block.title).write_text(block.text, encoding="utf-8")
    elif block.kind == "diff":
        call(block, ["git", "apply", "-"], place, block.text)
    elif block.kind == "python":
        call(block, [sys.executable, "-"], place, block.text)
    elif block.kind == "sh":
        for command in block.commands:
            if reason(command) is None:
                call(block, ["bash", "-euc", command], place)


def call(block: Block, command, place, text=None):
    path = f"{place / 'bin'}{os.pathsep}{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTHONPATH": str(place), "HOME": str(place), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command,
        cwd=place,
        input=text,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{block.place}: {command[-1]}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
