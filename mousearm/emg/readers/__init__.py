"""Readers of EMG: a file of any format becomes an `EmgRecording`."""

from pathlib import Path

from mousearm.emg.recording import Choose, EmgRecording
from mousearm.errors import EmgError
from mousearm.registry import EMG_FORMATS


def read_emg(path: Path, choose: Choose = lambda names: names) -> EmgRecording:
    """Read the channels of a file that are chosen of its names; its suffix says what wrote it.

    Raises:
        EmgError: the file cannot be read, holds no EMG, or has no such channel; it names the file.
    """
    if path.is_dir():
        raise EmgError(f"is a folder. Name its files, such as {path / '*.csv'}.", path, fault="format")
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in EMG_FORMATS:
        raise EmgError(
            f"its suffix is none of those that are read: {', '.join(EMG_FORMATS)}. Give the file its proper suffix, or "
            "save it as one of these.",
            path,
            fault="format",
        )
    return EMG_FORMATS[suffix](path, choose)
