"""Several pieces of work in one process by turns: one at a time has what the whole program shares."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from itertools import count
from typing import Any, Protocol, TypeVar

_Result = TypeVar("_Result")
_HEARS_S = 0.2  # the main thread handles signals, and may not wait longer: the system may give them to any thread


class Shared(Protocol):
    """Something of which a program has one, such as random generators."""

    def state(self) -> Mapping[str, Any]:
        """What it is now; a copy."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Make it again what ``state`` returned."""
        ...


class Turns:
    """Pieces of work that take turns: each goes on until it says so, and then finds what is shared as it left it.

    So what one computes does not depend on how many there are beside it. Those that wait go on in the order in which
    they came.
    """

    def __init__(self, shared: Sequence[Shared] = ()):
        self._shared = shared
        self._changed = threading.Condition()
        self._tickets, self._now = count(), 0

    def run(self, works: Sequence[Callable[[], _Result]], at_once: int) -> list[_Result]:
        """Do all works, so many at a time, each in a thread of its own; their results.

        Raises:
            BaseException: the first that a work raised, when all are over.
        """
        waiting, results, errors = iter(enumerate(works)), dict[int, _Result](), list[BaseException]()

        def do() -> None:
            _OWN.set(self)
            self._take()
            try:
                for number, work in waiting:  # advanced by one thread at a time, too
                    try:
                        results[number] = work()
                    except BaseException as error:  # it is raised where all ends
                        errors.append(error)
            finally:
                self._give()

        threads = [threading.Thread(target=do, daemon=True) for _ in range(min(at_once, len(works)))]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(_HEARS_S)
        if errors:
            raise errors[0]
        return [results[number] for number in range(len(works))]

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let the others go on while active; what is done meanwhile must not touch what is shared."""
        kept = [part.state() for part in self._shared]
        self._give()
        try:
            yield
        finally:
            self._take()
            for part, state in zip(self._shared, kept, strict=True):
                part.restore(state)

    def _take(self) -> None:
        with self._changed:
            ticket = next(self._tickets)
            self._changed.wait_for(lambda: self._now == ticket)

    def _give(self) -> None:
        with self._changed:
            self._now += 1
            self._changed.notify_all()


_OWN: ContextVar[Turns | None] = ContextVar("turns", default=None)  # of the work that a thread does


def others_go_on() -> AbstractContextManager[None]:
    """`Turns.away` of the work that is being done; nothing where it has none beside it."""
    own = _OWN.get()
    return nullcontext() if own is None else own.away()
