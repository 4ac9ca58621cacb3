"""Command lines: the arguments that several of them share, and the one way in which each of them ends.

A script is a function of its arguments, decorated with ``command``: it imports what its work needs, for nothing that is
slow to import comes before the arguments are parsed, and calls the package. It returns the exit status, None for 0.
"""

import os
import re
import select
import signal
import sys
import warnings
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from functools import partial, wraps
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TextIO

from mousearm.errors import Interrupted, MouseArmError, OutputError, UnknownNameError
from mousearm.files import check_new, check_place
from mousearm.text import printable, shell

Work = Callable[[Namespace], int | None]
_INTERRUPTED, _NOBODY_READS = 130, 141  # exit statuses, as shells have them: 128 + the number of a signal


class Argument(NamedTuple):
    """One argument: its name or option, what argparse is to know of it, and a check of all that was given."""

    name: str
    options: dict[str, Any]
    check: Callable[[Namespace], None] = lambda given: None

    def but(self, **options: Any) -> "Argument":
        """The same with other options."""
        return self._replace(options=self.options | options)


def argument(name: str, **options: Any) -> Argument:
    """An argument, as ``ArgumentParser.add_argument`` takes it."""
    return Argument(name, options)


def quantity(name: str, default: float, unit: str, help: str, **options: Any) -> Argument:
    """A number, whole if its default is, with its unit; the help says the default."""
    known = {"type": type(default), "default": default, "metavar": unit, "help": f"{help} (%(default)g)"}
    return Argument(name, known | options)


def output(
    name: str,
    *suffixes: str,
    is_folder: bool | None = False,
    is_new: bool = False,
    is_above_made: bool = True,
    **options: Any,
) -> Argument:
    """A file, or a folder (None: any of them), to write: what cannot be is refused before the work that it is to hold.

    It ends with one of some suffixes, where any are given. What is to be new replaces nothing, unless `OVERWRITE` says
    so. Folders above it are made, or must be there.
    """

    def check(given: Namespace) -> None:
        if (path := getattr(given, name.lstrip("-"))) is None:
            return
        if suffixes and path.suffix.lower() not in suffixes:
            raise OutputError(f"{path} ({name}) must end with {' or '.join(suffixes)}: change the name.")
        if is_new:
            check_new(path, getattr(given, "overwrite", None), name)
        check_place(path, is_folder, is_above_made)

    return Argument(name, {"type": Path, "metavar": "DIR" if is_folder else "FILE"} | options, check)


def _check_seed(given: Namespace) -> None:
    if given.seed < 0:
        raise MouseArmError(f"The seed {given.seed} (--seed) is negative: give 0 or more.")


RUN = argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME, or package:example_torque")
RUNS = argument("folders", nargs="+", type=Path, metavar="RUN_OR_SWEEP", help="such as outputs/NAME")
_ANY = {"nargs": "*", "default": []}  # without the default argparse says that they are required
OVERRIDES = argument("overrides", **_ANY, metavar="KEY=VALUE", help="as for run.py: model=muscle model.file=my_arm.xml")
CHECKPOINT = argument("--checkpoint", metavar="WHICH", help="best (default), latest, or a number of steps")
KINEMATICS = argument("--kinematics", metavar="PATH", help="other reaches than the run's: a CSV file or a folder")
REVISION = argument("--revision", metavar="R", help="of the repository: a branch, a tag or a commit (default main)")
JSON = output("--json", is_above_made=False, help="also write the result here")
FIGURE = output("--figure", is_folder=True, help="also draw the result into this folder")
OUT = output("--out", is_folder=True)
OVERWRITE = argument("--overwrite", action="store_true", help="replace the file if it exists")
SEED = quantity("--seed", 0, "N", "of everything random")._replace(check=_check_seed)
BEST = CHECKPOINT.but(default="best")
OF_NEURONS = (
    argument("--event", default="start", metavar="NAME", help="of each trial that is the first frame of its reach"),
    quantity("--offset", 0.0, "MS", "from the event to that frame"),
    argument("--names", metavar="COLUMN", help="of the trials, that names the reach"),
    argument("--kernel", default="gaussian", metavar="K", help="of rates: gaussian (default) or causal"),
    quantity("--width", 25.0, "MS", "of the kernel"),
    argument("--areas", default="", metavar="A,A", help="of the brain that are kept (default: all, each apart)"),
    quantity("--min-rate", 0.5, "HZ", "of units that are kept, at least"),
    quantity("--max-short", 0.02, "SHARE", "of a unit's intervals below 2 ms, at most"),
)
"""How recorded neurons become rates on the frames of reaches."""


def command(text: str | None, *arguments: Argument, resumes: str = "") -> Callable[[Work], Callable[..., int]]:
    """Make the ``main(argv)`` of a script of a function that gets its arguments: parsed, and ended by ``handled``.

    The text of the help is the script's docstring. Options may stand between words, such as overrides. The name of a
    script that ``resumes`` is said with its arguments when it is interrupted.
    """

    def decorate(work: Work) -> Callable[..., int]:
        @wraps(work)
        @handled()
        def main(argv: Sequence[str] | None = None) -> int:
            parser = ArgumentParser(description=text, formatter_class=RawDescriptionHelpFormatter)
            for name, options, _ in arguments:
                parser.add_argument(name, **options)
            given = parser.parse_intermixed_args(argv)
            for one in arguments:
                one.check(given)
            again = shell(resumes, *(sys.argv[1:] if argv is None else argv)) if resumes else ""
            try:
                with _resumable(again) if again else nullcontext():
                    return work(given) or 0
            except UsageError as error:
                parser.error(str(error))

        return main

    return decorate


@contextmanager
def _resumable(again: str) -> Iterator[None]:
    """Say in a line that work was interrupted, by Ctrl-C or SIGTERM, what of it is kept, and the command again."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name, 128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt as end:
        kept = " ".join(getattr(end, "__notes__", ["what was done is kept."]))
        print(printable(f"Interrupted ({str(end) or 'SIGINT'}): {kept} It goes on by: {again}"), file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def words(text: str, kind: str = "", known: Collection[str] = ()) -> list[str]:
    """Words between commas; UnknownNameError with their kind if some are known and one is not among them."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    for word in found:
        if known and word not in known:
            raise UnknownNameError(kind, word, known)
    return found


def paths_and_overrides(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words that are paths, and those that are overrides, KEY=VALUE; what exists is a path, also ``outputs/seed=1``."""
    overrides = [word for word in given if re.match(r"[+~]*[\w.]+=", word) and not os.path.exists(word)]
    return [word for word in given if word not in overrides], overrides


def path_and_overrides(given: Sequence[str]) -> tuple[str | None, list[str]]:
    """The same with one path or none; UsageError if there are more."""
    paths, overrides = paths_and_overrides(given)
    if len(paths) > 1:
        several = f"these are {len(paths)}: {' '.join(paths)}"
        raise UsageError(f"one PATH at a time, and overrides as KEY=VALUE; {several}")
    return (paths[0] if paths else None), overrides


class UsageError(Exception):
    """Arguments that do not go together; raised by the work of a command, and said with its usage."""


@contextmanager
def handled() -> Iterator[None]:
    """End as every command does, in a ``with`` or as a decorator.

    A mistake of the user, or a file that cannot be read or written, is one text on stderr and the status 1; what is
    interrupted has the status of shells; and where nobody reads what is printed any more, as in ``| head``, nothing is
    said. For any of these SystemExit is raised, with the status. What the terminal's encoding lacks is printed as its
    number. Figures are drawn into files, whatever a notebook has told matplotlib. A warning is its text alone.
    """
    os.environ["MPLBACKEND"] = "agg"
    usual, warnings.formatwarning = warnings.formatwarning, _in_a_line
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed from the start, as by `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")
    try:
        _check_encoding()
        yield
        sys.stdout.flush()
    except (MouseArmError, OSError) as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            sys.exit(_NOBODY_READS)
        print(printable(f"error: {error}"), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt as stop:
        sys.exit(stop.status if isinstance(stop, Interrupted) else _INTERRUPTED)
    finally:
        warnings.formatwarning = usual


def _in_a_line(message: Warning | str, category: type[Warning], file: str, number: int, line: str | None = None) -> str:
    """Text of a warning to users, without its place in the program, which other kinds keep."""
    if category is UserWarning:
        return printable(f"warning: {message}\n")
    return f"{file}:{number}: {category.__name__}: {message}\n"


def _check_encoding() -> None:
    """Refuse words of the command that Python could not read: no file would be found by them."""
    encoding = sys.getfilesystemencoding()
    if encoding != "utf-8" and any("\udc80" <= letter <= "\udcff" for letter in "".join(sys.argv)):
        raise MouseArmError(
            f"The command has letters that {encoding}, the encoding of this terminal, lacks. Give it as "
            "PYTHONUTF8=1 python ..."
        )


def _nobody_reads() -> bool:
    """True if stdout is a pipe without a reader; what is printed from then on goes nowhere."""
    try:
        (watch := select.poll()).register(sys.stdout.fileno(), 0)
    except OSError:  # no file, as in a notebook
        return False
    if gone := bool(watch.poll(0)):
        _silence(sys.stdout)
    return gone


def _silence(stream: TextIO) -> None:
    """Let what is written to a stream, and what waits in it, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def outliving_readers() -> Iterator[None]:
    """Let a program continue when its output cannot be written any more: a pipe is closed, the terminal is gone."""
    with redirect_stdout(_Unread(sys.stdout)), redirect_stderr(_Unread(sys.stderr)):  # type: ignore[type-var]
        yield


class _Unread:
    """A stream that is silent from when it cannot be written to."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        there = getattr(self._stream, name)
        return partial(self._try, there) if name in ("write", "writelines", "flush") else there

    def _try(self, method: Callable[..., Any], *what: Any) -> Any:
        try:
            return method(*what)
        except OSError:
            _silence(self._stream)
