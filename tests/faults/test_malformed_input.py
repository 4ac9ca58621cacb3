"""Damaged files of every kind end in an error that says what is wrong, or are read; 500 of them where all are drawn.

Never in a traceback of another kind, a hang, a crash of the process, or a folder that has changed. A case that fails is
tried again by ``python tests/faults/malformed.py READER SEED SEED+1 FOLDER``.
"""

import json
import random
import subprocess
import sys

import malformed
import mutations
import pytest

CASES = {
    **{"reaches": 85, "recordings": 85, "config": 80, "overrides": 50},
    **{"mjcf": 80, "osim": 60, "run": 40, "agent": 20},
}
FAST = {"reaches": 6, "recordings": 6, "config": 12}


def check(outcomes, n):
    """All were tried, and none went wrong."""
    assert len(outcomes) == n, f"the process ended at seed {len(outcomes)}"
    faults = [f"seed {seed}: {said}" for seed, said in outcomes if said != "ok" and not said.startswith("refused: ")]
    assert not faults, "\n".join(faults)


def test_there_are_500_cases_of_all_readers():
    assert sum(CASES.values()) == 500
    assert CASES.keys() == malformed.READERS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_damaged_files(tmp_path, name, draws):
    n = draws(CASES[name])
    program = [sys.executable, malformed.__file__, name, "0", str(n), str(tmp_path / "files")]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert done.returncode == 0, f"{done.stderr[-2000:]}\nthe process ended after {len(lines)} seeds"
    outcomes = [json.loads(line) for line in lines]
    check(outcomes, n)
    assert any(said.startswith("refused: ") for _, said in outcomes)  # the damage was not nothing


@pytest.mark.parametrize("name", FAST)
def test_some_damaged_files(tmp_path, name):
    reader, good = malformed.READERS[name], tmp_path / "good"
    good.mkdir()
    reader.write(good)
    check([(seed, malformed.outcome(reader, good, tmp_path / "work", seed)) for seed in range(FAST[name])], FAST[name])


@pytest.mark.parametrize("mutate", mutations.MUTATIONS)
def test_mutations_change_files_and_are_drawn_from_a_seed(mutate):
    data = b"time,paw_x\n0.00,1.5\n0.01,2.5\n0.02,2.5\n" * 3
    results = [mutate(data, random.Random(seed)) for seed in range(20)]
    assert results == [mutate(data, random.Random(seed)) for seed in range(20)]
    assert any(result != data for result in results)


def test_a_fault_is_recognised(tmp_path):
    def fail(folder, rng):
        raise KeyError("a fault")

    def change(folder, rng):
        (folder / "more").write_text("")

    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "a").write_text("0123456789")
    for read, text in ((fail, "KeyError: 'a fault'"), (change, "the folder was changed")):
        said = malformed.outcome(malformed.Reader(print, read), tmp_path / "good", tmp_path / "work", 0)
        assert text in said
        with pytest.raises(AssertionError, match="seed 0"):
            check([(0, said)], 1)
