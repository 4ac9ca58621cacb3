"""What a run ran on."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path

CODE = Path(__file__).parents[2]
"""Where the code is that runs: a checkout, or a copy."""


def describe_environment() -> str:
    """Versions of Python and of all packages, and the commit of the code with what was changed since."""
    packages = sorted({f"{d.metadata['Name']}=={d.version}" for d in importlib.metadata.distributions()})
    lines = [f"python {platform.python_version()} on {platform.platform()}", "", *packages, ""]
    for words in (("rev-parse", "HEAD"), ("diff", "HEAD")):
        answer = git(*words)
        lines += [f"$ git {' '.join(words)}", "(not a git checkout)" if answer is None else answer, ""]
    return "\n".join(lines)


def git(*words: str) -> str | None:
    """What git answers about the code; None where it refuses, as where there is no checkout."""
    result = subprocess.run(["git", *words], cwd=CODE, capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else None
