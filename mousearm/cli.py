"""Command lines: the arguments that several of them share, and the one way in which each of them ends.

A script has ``main(argv: Sequence[str] | None = None) -> int``, decorated with ``handled()``: it parses its arguments,
imports what its work needs, and calls one function of the package. It returns the exit status, or raises SystemExit.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mousearm.errors import Interrupted, MouseArmError

# Exit statuses, as shells have them: 128 + the number of a signal.
_INTERRUPTED, _NOBODY_READS = 130, 141


class Argument(NamedTuple):
    """One argument: its name or option, and what argparse is to know of it."""

    name: str
    options: dict[str, Any]

    def but(self, **options: Any) -> "Argument":
        """The same with other options."""
        return Argument(self.name, self.options | options)


def argument(name: str, **options: Any) -> Argument:
    """An argument, as ``ArgumentParser.add_argument`` takes it."""
    return Argument(name, options)


RUN = argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME")
RUNS = argument("folders", nargs="+", type=Path, metavar="RUN_OR_SWEEP", help="such as outputs/NAME")
OVERRIDES = argument(
    "overrides", nargs="*", metavar="KEY=VALUE", help="as for run.py, such as model=muscle model.file=my_arm.xml"
)
CHECKPOINT = argument("--checkpoint", metavar="WHICH", help="best (default), latest, or a number of steps")
KINEMATICS = argument(
    "--kinematics", metavar="PATH", help="other reaches than those of the run: a CSV file or a folder"
)
REVISION = argument("--revision", metavar="R", help="of the repository: a branch, a tag or a commit (default main)")
JSON = argument("--json", type=Path, metavar="FILE", help="also write the result here")
FIGURE = argument("--figure", type=Path, metavar="DIR", help="also draw the result into this folder")
OUT = argument("--out", type=Path, metavar="DIR")


def parser(text: str | None, *arguments: Argument) -> argparse.ArgumentParser:
    """Make the parser of a script; its docstring is the help."""
    made = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, options in arguments:
        made.add_argument(name, **options)
    return made


@contextmanager
def handled() -> Iterator[None]:
    """End as every command does, in a ``with`` or as the decorator of ``main``.

    A mistake of the user, or a file that cannot be read or written, is one text on stderr and the status 1; what is
    interrupted has the status of shells; and where nobody reads what is printed any more, as in ``| head``, nothing is
    said.

    Raises:
        SystemExit: with the status, for any of these.
    """
    try:
        yield
        sys.stdout.flush()
    except (MouseArmError, OSError) as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            sys.exit(_NOBODY_READS)
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt as stop:
        sys.exit(stop.status if isinstance(stop, Interrupted) else _INTERRUPTED)


def _nobody_reads() -> bool:
    """Whether it is stdout that cannot be written to; what is printed from then on goes nowhere."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
