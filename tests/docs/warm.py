"""Run command lines in forks of one process that has imported the program: many commands for the price of one start.

Started as ``python warm.py FOLDER``, with the environment of the user that it plays: it works in FOLDER, which holds
the source. It reads command lines from stdin, JSON lists of words such as ``["scripts/evaluate.py", "outputs/first"]``,
and answers each by a line, ``[exit status, output, errors]``. A program finds all as if it had been started alone,
but for what is imported already.
"""

import faulthandler
import importlib
import json
import os
import runpy
import sys
import tempfile
import traceback
from contextlib import suppress

WARM = (
    *("mousearm.__main__", "mousearm.experiment", "mousearm.agent", "mousearm.reach_check.page", "mousearm.figures"),
    *("mousearm.kinematics.imports", "mousearm.record", "mousearm.report.page", "mousearm.evaluate.film"),
    *("pandas", "h5py", "scipy.signal", "scipy.interpolate", "matplotlib.figure"),
)


def call(words: list[str]) -> tuple[int, str, str]:
    """Exit status, output and errors of a command line."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            become(words)
        _, status = os.waitpid(child, 0)
        for file in (output, errors):
            file.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode(), errors.read().decode()


def become(words: list[str]) -> None:
    """Be the program of a command line in this process, which ends with it."""
    status: object = 0
    faulthandler.dump_traceback_later(900, exit=True)
    sys.argv = words
    try:
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    if isinstance(status, str):
        print(status, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sys.path[0] = sys.argv[1]
    for name in WARM:
        importlib.import_module(name)
    print("ready", flush=True)
    with suppress(BrokenPipeError):
        for line in sys.stdin:
            print(json.dumps(call(json.loads(line))), flush=True)
