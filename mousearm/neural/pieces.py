"""Work in pieces that are kept by what went into them: interrupted and begun again, nothing is computed twice.

A piece is a function and its arguments; its result is plain JSON, in a file that is named by the hash of both. They are
done in any number of processes, each with one thread, so that results do not depend on how many there are.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing import active_children, connection, get_context, parent_process
from pathlib import Path
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from mousearm.door import read_json
from mousearm.errors import NeuralError
from mousearm.files import make_folder, write_json
from mousearm.text import plural

FORMAT = 8  # of results; another one when what is computed changes its meaning
_Result = dict[str, Any]


class Piece(NamedTuple):
    """One piece of the work."""

    key: str  # hash of all that goes into it
    title: str  # for people
    work: Callable[..., _Result]  # of a module, so that other processes find it
    arguments: tuple[Any, ...]


def run_pieces(pieces: Sequence[Piece], folder: Path, processes: int = 1) -> list[_Result]:
    """Results of all pieces, in their order; those that the folder holds are read, the others written as they come.

    NeuralError if a process ended before its work was done. An interruption has a note of how many are kept.
    """
    make_folder(folder)
    every = {piece.key: piece for piece in pieces}
    known = {key: _kept(folder, key) for key in every}
    found = {key: result for key, result in known.items() if result is not None}
    missing = [piece for key, piece in every.items() if key not in found]
    with tqdm(total=len(missing), desc="comparing", delay=1, leave=False, unit=" pieces") as bar:
        try:
            with closing(_done(missing, processes)) as done:
                for piece, result in done:
                    write_json(_file(folder, piece.key), {"title": piece.title, "result": result})
                    found[piece.key] = result
                    bar.update()
        except KeyboardInterrupt as end:
            end.add_note(f"{len(found)} of {plural(len(every), 'comparison')} done, kept in {folder}.")
            raise
    return [found[piece.key] for piece in pieces]


def _file(folder: Path, key: str) -> Path:
    return folder / f"{key}.json"


def _kept(folder: Path, key: str) -> _Result | None:
    """A result that was written before; None where there is none, or where it cannot be read and is made again."""
    path = _file(folder, key)
    if not path.is_file():
        return None
    try:
        return read_json(path, NeuralError)["result"]
    except (NeuralError, KeyError):
        return None


def _done(pieces: Sequence[Piece], processes: int) -> Generator[tuple[Piece, _Result], None, None]:
    if processes == 1 or len(pieces) < 2:
        with _one_thread():
            for piece in pieces:
                yield piece, piece.work(*piece.arguments)
        return
    others = {*active_children()}
    with ProcessPoolExecutor(min(processes, len(pieces)), get_context("spawn"), _begin) as pool:
        waiting: dict[Future[_Result], Piece] = {pool.submit(_work, piece): piece for piece in pieces}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool as error:
            raise NeuralError(
                "A process ended before its work was done, as the system ends one where memory does not suffice. What "
                f"was done is kept: run the same command again with fewer processes than {processes} (--processes)."
            ) from error
        except (KeyboardInterrupt, GeneratorExit):  # at work here or outside; a signal to this process reaches no other
            for process in {*active_children()} - others:
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _work(piece: Piece) -> _Result:
    with _one_thread():
        return piece.work(*piece.arguments)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Linear algebra on one thread: the order of its sums, and so the last bits, depends on the number of threads."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn; slow to import

    with threadpool_limits(1):
        yield


def _begin() -> None:
    """In a new process: end at once when the user interrupts, and when the process that began it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
