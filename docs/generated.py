"""Pages that are made of something else when the site is built: a hook of mkdocs, named in mkdocs.yml.

The home page is the README, the changelog is CHANGELOG.md. On other pages a line ``*[made by the site: NAME]*`` is
replaced: by the configuration keys and the choices of the groups, which stand in the schema and in ``conf/``, or by
the floors of the house, which the contract in pyproject.toml states. Whoever reads the pages elsewhere sees that line.
"""

import ast
import dataclasses
import json
import re
import tomllib
from collections.abc import Callable
from functools import reduce
from html import escape
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from omegaconf import OmegaConf

from mousearm.config import CONF, Config, all_keys
from mousearm.config.input_checks import read_group_file
from mousearm.config.loading import compose_unchecked
from mousearm.keys import Key, declaration, type_text
from mousearm.registry import Registry

ROOT = Path(__file__).resolve().parents[1]
_PLACE = re.compile(r"^\*\[made by the site: (.+)\]\*$", re.MULTILINE)


class KeyEntry(NamedTuple):
    """Reference entry of a key.

    Attributes:
        name: its path, such as ``env.control_dt``.
        type: in words, such as ``number or null``.
        default: the value in `conf/`, as YAML, with interpolations as they stand in the file.
        key: its declaration.
    """

    name: str
    type: str
    default: str
    key: Key


class Choice(NamedTuple):
    """File of a group: its name, its first comment, and whether it is the default."""

    name: str
    meaning: str
    is_default: bool


def key_entries() -> dict[str, list[KeyEntry]]:
    """List all keys by group, in the order of the schema; those at the top level under the empty name."""
    defaults: Any = OmegaConf.to_container(compose_unchecked(()), resolve=False)
    found: dict[str, list[KeyEntry]] = {"": []}
    for name, field in all_keys().items():
        if not dataclasses.is_dataclass(field.type):
            default = _as_yaml(reduce(getitem, name.split("."), defaults))
            entry = KeyEntry(name, type_text(field.type), default, declaration(field))
            found.setdefault(name.partition(".")[0] if "." in name else "", []).append(entry)
    return found


def group_meaning(group: str) -> str:
    """Describe a group, or, of the empty name, the top level."""
    kinds = {field.name: field.type for field in dataclasses.fields(Config)}
    return str((kinds[group] if group else Config).__doc__)


def choices(group: str) -> list[Choice]:
    """List the files of a group, the default first; none for a group without a folder."""
    named = [entry for entry in read_group_file(CONF / "config.yaml")["defaults"] if isinstance(entry, dict)]
    default = next((entry[group] for entry in named if group in entry), None)
    found = [
        Choice(path.stem, _first_comment(path.read_text(encoding="utf-8")), path.stem == default)
        for path in sorted((CONF / group).glob("*.yaml"))
    ]
    return sorted(found, key=lambda choice: not choice.is_default)


def _as_yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_as_yaml, value))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _first_comment(text: str) -> str:
    """Comment at the head of a file, as one line, without Hydra's directives."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if "@package" not in line:
            lines.append(line.lstrip("# "))
    return " ".join(lines)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand at the top of the repository."""
    readme, changes = (
        (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](") for name in ("README.md", "CHANGELOG.md")
    )
    files.append(File.generated(config, "index.md", content=readme))
    unsearched = f"---\nsearch: {{exclude: true}}\n---\n\n{changes}"
    files.append(File.generated(config, "changelog.md", content=unsearched))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill in what is made here."""
    return _PLACE.sub(lambda found: PARTS[found[1]](), markdown)


def keys() -> str:
    """Every key, group by group; each is a heading, so that the search finds it."""
    parts: list[str] = []
    for group, entries in key_entries().items():
        parts += [
            f"## {group or 'Top level'}",
            _inline(group_meaning(group)),
            _choices(choices(group) if group else []),
        ]
        parts += map(_entry, entries)
    return "\n\n".join(parts)


def experiments() -> str:
    """The choices of the groups that have no keys of their own."""
    return "\n\n".join(f"## {group}\n\n{_choices(choices(group))}" for group in ("experiment", "debug"))


def floors() -> str:
    """The floors of the house as a picture, the highest on top, and what each module is."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (contract["layers"] for contract in settings["contracts"] if contract["id"] == "floors")
    modules = {name: floor for floor, names in enumerate(reversed(layers)) for name in names.split(" | ")}
    rows = []
    for floor in sorted(set(modules.values()), reverse=True):
        names = sorted(name for name in modules if modules[name] == floor)
        chips = "".join(f'<span title="{escape(_first_line(name), quote=True)}">{name}</span>' for name in names)
        rows.append(f'<div class="floor"><b>{floor}</b>{chips}</div>')
    table = "\n".join(
        f"| {modules[name]} | `{name}` | {_first_line(name)} |"
        for name in sorted(modules, key=lambda n: (-modules[n], n))
    )
    return f'<div class="house">{"".join(rows)}</div>\n\n| floor | module | what it is |\n|---|---|---|\n{table}'


PARTS: dict[str, Callable[[], str]] = {"configuration keys": keys, "experiments": experiments, "floors": floors}


def _first_line(module: str) -> str:
    """The first line of a module's docstring."""
    path = ROOT / "mousearm" / module
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _entry(entry: KeyEntry) -> str:
    key = entry.key
    unit = f" · {key.unit}" if key.unit else ""
    valid = f" · valid: {key.valid_text}" if key.valid_text else ""
    facts = f"{entry.type}{unit} · default `{entry.default}`{valid}"
    described = key.valid.described() if isinstance(key.valid, Registry) else {}
    listed = "".join(f"\n- `{name}`: {_inline(meaning)}" for name, meaning in described.items())
    meaning = f"{_inline(key.meaning)}\n{listed}" if listed else _inline(key.meaning)
    return f"### `{entry.name}` {{ #{entry.name} }}\n\n{facts}\n{{ .facts }}\n\n{meaning}"


def _choices(found: list[Choice]) -> str:
    if not found:
        return ""
    names = [f"**`{choice.name}`** (default)" if choice.is_default else f"`{choice.name}`" for choice in found]
    rows = [f"| {name} | {_inline(choice.meaning)} |" for name, choice in zip(names, found, strict=True)]
    return "| choice | what it is |\n|---|---|\n" + "\n".join(rows)


def _inline(text: str) -> str:
    """Text of a docstring or a comment as Markdown within a line."""
    return " ".join(text.split()).replace("``", "`").replace("<", "&lt;").replace("|", "\\|")
