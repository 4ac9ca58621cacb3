"""What W&B keeps of a run in its folder: a part for each time that the run was started or resumed."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = "wandb"  # in the run folder, made by W&B
_OFFLINE = "offline-"


@dataclass(frozen=True, slots=True)
class Part:
    """What was logged from one start to its end.

    Attributes:
        file: W&B's record, ``run-ID.wandb``.
    """

    file: Path

    @property
    def uploaded(self) -> bool:
        """Whether the server has all of it; W&B's own way to say so."""
        return self._mark.is_file()

    def mark_uploaded(self, yes: bool = True) -> None:
        """The server has all of it, or may not have."""
        if yes:
            self._mark.touch()
        else:
            self._mark.unlink(missing_ok=True)

    @property
    def is_offline(self) -> bool:
        """Whether it was kept for later."""
        return self.file.parent.name.startswith(_OFFLINE)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written: the run was killed as it began."""
        return self.file.stat().st_size == 0

    def last_step(self) -> int:
        """W&B's step of its last row; -1 where there is none, or where it cannot be read."""
        if self.is_empty:
            return -1
        command = (*wandb_command("leet", "inspect"), "--summary", "--json", str(self.file.parent))
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            return int(json.loads(result.stdout)["summary"]["_step"])
        except (ValueError, KeyError, TypeError):
            return -1

    @property
    def _mark(self) -> Path:
        return self.file.with_name(self.file.name + ".synced")


def parts_of(run: Path) -> list[Part]:
    """The parts in a run folder, from the oldest to the newest."""
    files = (run / FOLDER).glob("*run-*/run-*.wandb")
    return [Part(file) for file in sorted(files, key=lambda file: file.parent.name.removeprefix(_OFFLINE))]


def wandb_command(*words: str) -> tuple[str, ...]:
    """A command of W&B's program, in this Python."""
    return (sys.executable, "-m", "wandb", *words)
