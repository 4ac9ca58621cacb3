"""Errors that a user can act on: what is wrong, where, what is valid, what to do."""

import difflib
import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class MouseArmError(Exception):
    """Base of every error that mousearm raises on purpose.

    ``run.py`` and the scripts print its text without a traceback, so the text alone must tell what is wrong, where,
    what would be valid and what to do.
    """


class ConfigError(MouseArmError):
    """A configuration key that does not exist, or a value out of its range; ``key`` is the one, where it is one."""

    def __init__(self, text: str, key: str | None = None):
        super().__init__(text)
        self.key = key


class ModelError(MouseArmError):
    """A model file that cannot be used."""


class CompilerError(MouseArmError):
    """No compiler works here, so nothing that is generated can be used."""


class EngineError(ModelError):
    """A model that the generated engine does not simulate; ``reasons`` names everything outside its class."""

    def __init__(self, text: str, reasons: Iterable[str] = ()):
        super().__init__(text)
        self.reasons = tuple(reasons)


class KinematicsError(MouseArmError):
    """A recorded reach that cannot be read, trusted or performed by the arm."""


class EmgError(MouseArmError):
    """Recorded EMG that cannot be read, trusted or compared.

    ``file`` and ``channel`` say where, ``fault`` names the kind of fault, such as ``rate``; empty where they are not
    known.
    """

    def __init__(self, text: str, file: object = "", channel: str = "", fault: str = ""):
        of = f", channel {channel}" if channel else ""
        super().__init__(f"{file}{of}: {text}" if file else text)
        self.file, self.channel, self.fault = str(file), channel, fault


class RunError(MouseArmError):
    """A run folder that cannot be created, continued or read."""


class HubError(MouseArmError):
    """Something on the Hugging Face Hub that cannot be downloaded or uploaded."""


class NonFiniteError(MouseArmError):
    """A number that is NaN or infinite, where learning would be spoilt by it.

    ``key`` is the configuration key that is to blame, ``arrays`` show it, by name, ``states`` are the last ones of the
    arms, by name; empty where they are not known.
    """

    def __init__(self, text: str, key: str, arrays: Mapping[str, Any], states: Mapping[str, Any] | None = None):
        super().__init__(text)
        self.key, self.arrays, self.states = key, arrays, states or {}


TIME_IS_OVER = 124  # the exit status, as timeout(1) has it


class Interrupted(KeyboardInterrupt):
    """A run is to end now, with a status: 128 + the number of the signal, as shells have it, or `TIME_IS_OVER`."""

    def __init__(self, reason: str, status: int):
        super().__init__(reason)
        self.status = status


class FormatError(MouseArmError):
    """A kind of thing, saved by a version of mousearm in a format that is not read here; says the newest that is."""

    def __init__(self, kind: str, path: object, number: object, newest: int, version: str):
        super().__init__(
            f"{path}: this {kind} has the format {number}, written by mousearm {version}. This mousearm reads 1 "
            f"to {newest}: install the version that wrote it, or a newer one."
        )
        self.kind, self.number, self.newest, self.version = kind, number, newest, version


class OutputError(MouseArmError):
    """Something that cannot be written where it was asked for."""


class RecordingError(MouseArmError):
    """A recording of a performance that cannot be read."""


class NeuralError(MouseArmError):
    """Activity of neurons or of their rivals that cannot be read, or does not fit together."""


class RenderError(MouseArmError):
    """Pictures cannot be drawn on this machine."""


class UnknownNameError(MouseArmError):
    """A name that does not exist, with those that do.

    The kind says what was looked for, with its place, such as ``"site in torque.xml (model.landmarks.paw)"``.
    """

    def __init__(self, kind: str, name: str, valid: Iterable[str]):
        names = sorted(valid)
        same = [other for other in names if other.rpartition(".")[2] == name]  # a key of another group
        close = same or difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        listed = ", ".join(names) or "none"
        super().__init__(f"There is no {kind} named '{name}'.{hint} Those that exist: {listed}.")
        self.kind, self.name, self.valid = kind, name, names


_REMEDIES = {
    errno.ENOSPC: "Free some space there",
    errno.EDQUOT: "Free some of your quota there",
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "Make the file system writable, or give another place",
    errno.EACCES: "Make the folder writable, or give another place",
    errno.EPERM: "Make the folder writable, or give another place",
    errno.EEXIST: "Remove the file of that name, or give another place",
    errno.ENOTDIR: "A file is where a folder should be: give another place",
    errno.EISDIR: "A folder is where a file should be: give another name",
    errno.ENOENT: "Make the folder, or bring it back if it was moved away",
    errno.ENAMETOOLONG: "Give a shorter name",
}
_REMEDIES_TO_READ = {
    errno.ENOENT: "Correct the name, or bring the file back",
    errno.EACCES: "Let yourself read it (chmod u+r)",
    errno.ENOTDIR: "A file is where a folder should be: correct the name",
    errno.ENAMETOOLONG: "Correct the name",
    errno.ELOOP: "Put the file itself there, not a link in a circle",
}


@contextmanager
def os_errors_as(
    kind: type[MouseArmError], path: Path, verb: str = "written", advice: str = "", *, is_exact: bool = False
) -> Iterator[None]:
    """Turn what the operating system refuses, and an `OutputError`, into an error that says what, where, what to do.

    The path, which cannot be ``written`` or the like, is named where the system names none; an exact one always, and
    not what is written beside it. The advice is a sentence more.
    """
    try:
        yield
    except OSError as error:
        remedies = _REMEDIES_TO_READ if verb == "read" else _REMEDIES
        remedy = remedies.get(error.errno or 0, "See that it can be read and written")
        place = path if is_exact else error.filename or path
        raise kind(f"{place} cannot be {verb}: {error.strerror or error}. {remedy}. {advice}".rstrip()) from error
    except OutputError as error:
        if kind is OutputError:
            raise
        raise kind(f"{error} {advice}".rstrip()) from error
