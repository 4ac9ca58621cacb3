"""YAML that is data alone: no tags, no aliases, a limit on size and depth."""

from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 100_000
MAX_DEPTH = 20


def read_plain(path: Path) -> Any:
    """What a YAML file holds, in dicts, lists, texts and numbers.

    Tags could name kinds of Python, and aliases of aliases make much of little: a configuration needs neither.

    Raises:
        ValueError: the file is not such YAML; the text says why, without its name.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > MAX_BYTES or not path.is_file():
        raise ValueError(f"it is no file, or larger than {MAX_BYTES / 1e3:g} kB ({size / 1e3:g} kB)")
    text = path.read_text(encoding="utf-8")
    try:
        _check_events(text)
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError) as error:  # TypeError: a key that is a list
        raise ValueError(" ".join(str(error).split())) from error


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"line {line}: an alias (*{event.anchor}), which is not read; write it out")
        if getattr(event, "tag", None) is not None:
            raise ValueError(f"line {line}: a tag ({event.tag}), which is not read; leave it out")
        if depth > MAX_DEPTH:
            raise ValueError(f"line {line}: values within values, more than {MAX_DEPTH} deep")
