"""Search of files that are to be shared for private texts."""

import getpass
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mousearm.errors import RunError
from mousearm.text import first_lines

# Tokens of the Hub, and absolute paths as people's own files have them.
_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}")
_PATH = re.compile(
    r"(?<![\w./:-])(?:/(?:home|Users|root|mnt|media|data|scratch|tmp|srv|opt)/|[A-Za-z]:\\+)[^\s\"'<>]{2,}"
)
_KEYS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY")
_MOST_LISTED = 20
_BINARY = (".png", ".mp4", ".safetensors", ".stl", ".obj", ".msh", ".skn", ".bin")


@dataclass(frozen=True, slots=True)
class Private:
    """A text that must not be shared.

    Attributes:
        text: as it is, or would be, in a file; found as a whole word, in any case.
        what: for messages.
        is_secret: whether not even a message may repeat it.
        is_short: whether it stands by chance in files that are not text, which are then not searched for it.
    """

    text: str
    what: str
    is_secret: bool = False
    is_short: bool = False

    def is_in(self, line: str) -> bool:
        """True if a line holds the text."""
        return re.search(rf"(?<![A-Za-z0-9]){re.escape(self.text)}(?![A-Za-z0-9])", line, re.IGNORECASE) is not None

    def description(self) -> str:
        """The text and what it is, for a message."""
        return self.what if self.is_secret else f"{self.what} ({self.text})"


def private_texts(places: Sequence[Path | str], entity: str | None) -> list[Private]:
    """Texts that this user must not share from this machine.

    Args:
        places: the run's, the model's and the reaches' paths.
        entity: the account of Weights & Biases.
    """
    paths = [Path.home(), Path.cwd(), *(Path(place).expanduser().absolute() for place in places)]
    return [
        *(Private(str(path), "a path of this machine") for path in paths if len(path.parts) > 1),
        *(Private(os.environ[key], f"what {key} is", is_secret=True) for key in _KEYS if os.environ.get(key)),
        Private(socket.gethostname(), "the name of this machine", is_short=True),
        Private(getpass.getuser(), "your user name", is_short=True),
        *([Private(entity, "your account of Weights & Biases", is_short=True)] if entity else []),
    ]


def check_private(files: Mapping[str, bytes], private: Sequence[Private], allowed: Sequence[str] = ()) -> None:
    """Check that no file holds a private text, a token or an absolute path, nor is named so.

    Args:
        files: contents by path.
        private: what must not be in them.
        allowed: texts of these that are no secret, such as a user name that is a common word.

    Raises:
        RunError: naming every file and line with such a text.
    """
    wanted = [text for text in private if text.text not in allowed]
    found = [line for name, content in files.items() for line in _found(name, content, wanted, allowed)]
    if found:
        lines = "\n  ".join(first_lines(found, _MOST_LISTED))
        raise RunError(
            f"This is not to be shared:\n  {lines}\nRemove it from the files of the run, or, if all may know it, say "
            "--allow TEXT. Nothing was pushed."
        )


def _found(name: str, content: bytes, private: Sequence[Private], allowed: Sequence[str]) -> Iterator[str]:
    """Messages on a file and its name, one per finding."""
    is_text = not name.lower().endswith(_BINARY)
    wanted = [text for text in private if is_text or not text.is_short]
    for number, line in enumerate([name, *content.decode("utf-8", errors="replace").splitlines()]):
        place = f"{name}, line {number}" if number else f"the name of {name}"
        yield from (f"{place}: {text.description()}" for text in wanted if text.is_in(line))
        if _TOKEN.search(line):
            yield f"{place}: a token of the Hub"
        if is_text:
            yield from (f"{place}: an absolute path ({path})" for path in _PATH.findall(line) if path not in allowed)
