"""The viewer as a process that Ctrl-C ends, also where the tests themselves run in the background and ignore it."""

import signal
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "view.py"


def start_viewer(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def end_viewer(viewer):
    """Press Ctrl-C; the viewer must end well."""
    try:
        viewer.send_signal(signal.SIGINT)
        assert viewer.wait(timeout=300) == 0
        assert "Traceback" not in viewer.stderr.read()
    finally:
        viewer.kill()
        viewer.wait(timeout=30)
