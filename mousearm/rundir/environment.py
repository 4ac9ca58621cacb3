"""What a run ran on."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path


def describe_environment() -> str:
    """Versions of Python and of all packages, and the commit of the code with what was changed since."""
    packages = sorted({f"{d.metadata['Name']}=={d.version}" for d in importlib.metadata.distributions()})
    lines = [f"python {platform.python_version()} on {platform.platform()}", "", *packages, ""]
    root = Path(__file__).parents[2]
    for command in (["git", "rev-parse", "HEAD"], ["git", "diff", "HEAD"]):
        result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        lines += [f"$ {' '.join(command)}", result.stdout if result.returncode == 0 else "(not a git checkout)", ""]
    return "\n".join(lines)
