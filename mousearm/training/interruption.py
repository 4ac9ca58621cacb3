"""The end of a run before its budget is used up: by signals, or a limit of time."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from mousearm.errors import TIME_IS_OVER, Interrupted, RunError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_ONE_RUN = threading.Lock()
_STOPPING = b"\nStopping: what was learned is being saved. Press Ctrl-C again to leave at once.\n"


class Interruption:
    """Raises `Interrupted` when a run is to end: at once, or while it is ``patient`` when a step is said to be over."""

    def __init__(self, of_all: "Interruption | None" = None):
        """``of_all`` is what listens for several runs in this process; this is then that of one of them."""
        self._of_all = of_all
        self.max_minutes: float | None = None  # since this object was made; None for no limit
        self._begin = time.monotonic()  # a clock that does not jump
        self._patient = False
        self._asked: Interrupted | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals while active; a second Ctrl-C raises KeyboardInterrupt wherever the program is.

        A signal that is ignored, such as SIGHUP under nohup, still is, but for SIGINT, which scripts ignore for what
        they start in the background. Outside the main thread there are no signals.

        Raises:
            RunError: if another run is listening in this process.
        """
        if self._of_all is not None:
            yield
            return
        if not _ONE_RUN.acquire(blocking=False):
            raise RunError(
                "Another run is training in this process, and the two would draw from the same random numbers. Wait "
                "until it has ended, or start this one as a program: python run.py."
            )
        main = threading.current_thread() is threading.main_thread()
        ignored = {number for number in SIGNALS if signal.getsignal(number) is signal.SIG_IGN} - {signal.SIGINT}
        before = {number: signal.signal(number, self._hear) for number in SIGNALS if main and number not in ignored}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            _ONE_RUN.release()

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Let signals wait for ``check`` while active."""
        self._patient = True
        try:
            yield
        finally:
            self._patient = False

    def check(self) -> None:
        """End the run, by `Interrupted`, if there was a signal or time is over; to be called when a step is over."""
        if self._of_all is not None:
            self._of_all.check()
        limit = self.max_minutes
        if self._asked is None and limit is not None and time.monotonic() - self._begin > 60 * limit:
            self._asked = Interrupted(f"max_minutes={limit:g} are over", TIME_IS_OVER)
        if self._asked is not None:
            raise self._asked

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._asked is not None:
            if number == signal.SIGINT:
                raise KeyboardInterrupt("left at once")
            return
        self._asked = Interrupted(signal.Signals(number).name, 128 + number)
        if not self._patient:
            raise self._asked
        with suppress(OSError):  # the terminal may be gone
            os.write(2, _STOPPING)  # print may be what the signal has interrupted
