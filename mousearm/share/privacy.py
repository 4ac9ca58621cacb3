"""Whether files that are to be shared hold what is nobody else's business."""

import getpass
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mousearm.errors import RunError

# Tokens of the Hub, and absolute paths as people's own files have them.
_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}")
_PATH = re.compile(
    r"(?<![\w./:-])(?:/(?:home|Users|root|mnt|media|data|scratch|tmp|srv|opt)/|[A-Za-z]:\\+)[^\s\"'<>]{2,}"
)
_KEYS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY")
_BINARY = (".png", ".mp4", ".safetensors", ".stl", ".obj", ".msh", ".skn", ".bin")


def private_words(places: Sequence[Path | str], entity: str | None) -> dict[str, str]:
    """Texts that must not be shared, and what each of them is.

    Args:
        places: the run's, the model's and the reaches' paths.
        entity: the account of Weights & Biases.
    """
    paths = [Path(place).expanduser().absolute() for place in places]
    words = {
        str(folder): "a path of this machine" for folder in (Path.home(), Path.cwd(), *paths) if len(folder.parts) > 1
    }
    words |= {os.environ[key]: f"what {key} is" for key in _KEYS if os.environ.get(key)}
    words |= {socket.gethostname(): "the name of this machine", getpass.getuser(): "your user name"}
    return words | ({entity: "your account of Weights & Biases"} if entity else {})


def check_private(files: Mapping[str, bytes], words: Mapping[str, str], allowed: Sequence[str] = ()) -> None:
    """See that no file holds a private text, a token or an absolute path, nor is named so.

    Args:
        files: contents by path.
        words: what must not be in them, as ``private_words``; found as whole words, in any case.
        allowed: texts of these that are no secret, such as a user name that is a common word.

    Raises:
        RunError: naming every file and line with such a text; tokens are not repeated.
    """
    wanted = {word: what for word, what in words.items() if word not in allowed}
    found = [line for name, content in files.items() for line in _found(name, content, wanted, allowed)]
    if found:
        more = f"\n  and {len(found) - 20} more" if len(found) > 20 else ""
        raise RunError(
            "This is not to be shared:\n  "
            + "\n  ".join(found[:20])
            + more
            + "\nRemove it from the file of the run, or, "
            "if all may know it, say --allow TEXT. Nothing was pushed."
        )


def _found(name: str, content: bytes, words: Mapping[str, str], allowed: Sequence[str]) -> Iterator[str]:
    """What a file or its name holds; of files that are not text only tokens and paths are looked for."""
    if name.lower().endswith(_BINARY):
        words = {word: what for word, what in words.items() if what.startswith(("a path", "what "))}
    text = content.decode("utf-8", errors="replace")
    for number, line in enumerate([name, *text.splitlines()]):
        place = f"{name}, line {number}" if number else f"the name of {name}"
        for word, what in words.items():
            if re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", line, re.IGNORECASE):
                yield f"{place}: {what}" + ("" if what.startswith("what ") else f" ({word})")
        if _TOKEN.search(line):
            yield f"{place}: a token of the Hub"
        if not name.lower().endswith(_BINARY):
            yield from (f"{place}: an absolute path ({path})" for path in _PATH.findall(line) if path not in allowed)
