"""Origin of a run, origin.json: the format of its folder, its identifier, and hashes of what it began with."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from mousearm import formats
from mousearm.door import read_json, sha256
from mousearm.errors import RunError
from mousearm.files import to_json
from mousearm.kinematics import Split

# The format from which on the hashes are of the files that a model's elements name. Before, only a comment named some,
# and some that included files name were lacking.
_EXACT_HASHES, _DOCUMENTS = 3, (".xml", ".mjcf", ".osim")


def run_origin_text(split: Split, model: Mapping[str, str]) -> str:
    """Content of origin.json of a new run; ``model`` is the SHA-256 of its files by name."""
    began = {"run": uuid.uuid4().hex, "model": dict(model), "split": _hash(split)}
    return to_json({**formats.stamp(formats.RUN), **began})


class RunOrigin(NamedTuple):
    """Content of origin.json, as it stands there."""

    file: Path
    number: int  # of the format of the run folder
    content: dict[str, Any]  # empty for older runs

    @staticmethod
    def read(file: Path) -> "RunOrigin":
        """Read it; FormatError if the run is of a newer format, which is said before damage."""
        content = read_json(file) if file.exists() else {}
        return RunOrigin(file, formats.format_number(formats.RUN, content, file.parent), content)

    def upgraded(self, name: str, content: dict[str, Any]) -> dict[str, Any]:
        """Content of a file of this name of the run folder, in the newest format."""
        return formats.upgrade(formats.RUN, {name: content}, self.number)[name]

    @property
    def id(self) -> str:
        """Identifier of the run, wherever its folder is, and of its checkpoints; empty for older runs."""
        return self._began()["run"]

    def check_model(self, hashes: Mapping[str, str]) -> None:
        """Check, by the hashes of its files, that a model is the one that the run began with, or raise RunError."""
        began = self._began().get("model", hashes)
        names = {*began, *hashes}
        if self.number < _EXACT_HASHES:
            names = {name for name in hashes if name in began or PurePosixPath(name).suffix in _DOCUMENTS}
        if differ := sorted(name for name in names if began.get(name) != hashes.get(name)):
            raise RunError(
                f"The model is not the one that {self.file.parent} began with. Changed, missing or new: "
                f"{', '.join(differ)}. Bring the files back as they were (model.file= tells where they are), or start "
                "another run."
            )

    def is_split(self, split: Split) -> bool:
        """True if the run began with this split, or did not note with which."""
        return self._began().get("split", now := _hash(split)) == now

    def _began(self) -> dict[str, Any]:
        began = self.upgraded(self.file.name, formats.without_stamp(self.content))
        model = began.get("model", {})
        texts = [began.get("run"), began.get("split", ""), *(model.values() if isinstance(model, dict) else [None])]
        if not all(isinstance(text, str) for text in texts):
            raise RunError(f"{self.file} does not say what the run began with. Bring it back as it was.")
        return began


def _hash(split: Split) -> str:
    return sha256(json.dumps(asdict(split), sort_keys=True).encode())
