"""Files and folders that appear whole or not at all, where a command line says --out."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mousearm.errors import OutputError


@contextmanager
def new_output(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Where to write a file or a folder that takes its name only when all went well.

    Args:
        path: must not exist, or be an empty folder; the folders above are made.
        overwrite: whether it may be a file that is there already, which then stays as it is until the new one is whole.

    Yields:
        A path of the same name that does not exist yet, in a hidden folder beside.

    Raises:
        OutputError: there is something already, or it cannot be written.
    """
    if path.is_dir() and any(path.iterdir()):
        raise OutputError(
            f"{path} (--out) exists already, and nothing in it is to be overwritten or mixed with what would be "
            "written. Give another folder, or remove it."
        )
    if path.is_file() and not overwrite:
        raise OutputError(f"{path} (--out) exists already. Give another name, or remove it.")
    path = path.resolve()  # the name of "." is empty
    hidden = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        yield hidden / path.name
        (hidden / path.name).replace(path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OutputError(f"{path} (--out) cannot be written ({reason}). Give another place, or make room.") from error
    finally:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)


def check_room(path: Path, n_bytes: int) -> None:
    """See that a file can grow by so many bytes, where the system can tell.

    For writers that do not survive a full disk, such as the HDF5 library.

    Raises:
        OSError: if it cannot.
    """
    if hasattr(os, "posix_fallocate"):
        size = path.stat().st_size if path.exists() else 0
        with tempfile.TemporaryFile(dir=path.parent) as file:
            os.posix_fallocate(file.fileno(), size, n_bytes)
