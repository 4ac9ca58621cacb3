"""Work in pieces: kept by what went into it, the same with any number of processes, begun again after an end."""

import os
import re
import signal
import threading
import time
from multiprocessing import active_children

import numpy as np
import pytest

from mousearm.errors import NeuralError
from mousearm.neural.pieces import Piece, run_pieces


def product(seed, folder=None):
    """The largest singular value of a random matrix, and which process computed it; notes that it was computed."""
    if folder is not None:
        (folder / f"{seed}.done").touch()
    matrix = np.random.default_rng(seed).standard_normal((200, 150))
    return {"value": float(np.linalg.norm(matrix, 2)), "process": os.getpid()}


def fail(seed):
    if seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return product(seed)


def interrupt(seed):
    if seed == 2:
        raise KeyboardInterrupt
    return product(seed)


def wait(seed):
    time.sleep(100 if seed else 0)
    return {"value": seed}


def pieces_of(work, n=4, *more):
    return [Piece(f"{seed:02d}", f"piece {seed}", work, (seed, *more)) for seed in range(n)]


def test_what_is_kept_is_not_computed_again_after_an_interruption(tmp_path):
    with pytest.raises(KeyboardInterrupt) as end:
        run_pieces(pieces_of(interrupt), tmp_path / "kept")
    assert end.value.__notes__ == [f"2 of 4 comparisons done, kept in {tmp_path / 'kept'}."]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["00.json", "01.json"]
    (tmp_path / "kept" / "01.json").write_text("{")  # half a file is no result
    found = run_pieces(pieces_of(product, 4, tmp_path), tmp_path / "kept")
    assert sorted(path.stem for path in tmp_path.glob("*.done")) == ["1", "2", "3"]
    anew = run_pieces(pieces_of(product), tmp_path / "anew")
    assert [one["value"] for one in found] == [one["value"] for one in anew]


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_processes(tmp_path):
    one, two = (run_pieces(pieces_of(product), tmp_path / str(n), n) for n in (1, 2))
    assert [a["value"] for a in one] == [b["value"] for b in two]
    assert os.getpid() not in {b["process"] for b in two}
    with pytest.raises(NeuralError) as refused:
        run_pieces(pieces_of(fail), tmp_path / "killed", 2)
    assert "run the same command again with fewer processes than 2 (--processes)." in str(refused.value)
    run_pieces(pieces_of(product), tmp_path / "killed", 1)


@pytest.mark.slow
def test_an_interruption_of_one_process_ends_the_others(tmp_path):
    """Wherever the signal comes: while this process waits for the others, and while it writes what one of them did."""

    def interrupted():
        while not list(tmp_path.glob("*.json")):
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupted, daemon=True).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as end:
        run_pieces(pieces_of(wait, 3), tmp_path, 2)
    assert re.fullmatch(r"[01] of 3 comparisons done, kept in .*\.", end.value.__notes__[0])
    while active_children() and time.monotonic() - begun < 60:
        time.sleep(0.01)
    assert not active_children()
