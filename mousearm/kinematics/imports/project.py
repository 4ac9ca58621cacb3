"""A project remembers: `reaches.yaml`, beside recordings, says of them what they do not say themselves.

An import reads it in the folder that all its recordings have in common, or up to two above. Options that are given
win, which is said. What it does not say yet is noted there after an import: the options that were given, and the
cut-off that `auto` chose. Axes and side that look wrong are not noted.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mousearm.door import parse_plain, read_plain
from mousearm.errors import KinematicsError, MouseArmError, OutputError, UnknownNameError, os_errors_as
from mousearm.files import write_text
from mousearm.kinematics.imports.cleaning import CutRule
from mousearm.kinematics.imports.conversion import read_axes
from mousearm.kinematics.imports.importing import MEMORY, NOTES, ImportResult, axes_doubts, import_reaches
from mousearm.kinematics.imports.options import ImportOptions
from mousearm.kinematics.sheets import parse_number

# Keys, and what they mean; each is the option of the import with that name.
MEANINGS = {
    "points": "names in the files",
    "units": "of the positions: m, cm, mm",
    "axes": "of the files, that point forward, up and right",
    "rate": "frames per second, where the files have no times",
    "side": "of the animal: right, as the model's; left, mirrored",
    "min_likelihood": "points below it count as not seen",
    "max_gap": f"ms, the longest gap that is filled ({ImportOptions().max_gap_ms:g})",
    "cutoff": "Hz, of the low-pass filter; none; or auto, chosen at each import",
    "cut": "into reaches: true, false, or numbers: {peak_speed: 0.12}",
    "animal": "with the session, the folder of the reaches",
    "session": "a name, of the day for example",
}
_FIELDS = {"units": "unit", "max_gap": "max_gap_ms"}  # of `ImportOptions`, where they have another name
_KEYS = {field: key for key, field in _FIELDS.items()}
_NUMBERS = ("rate", "min_likelihood", "max_gap", "cutoff")
_OF_SOME = ("points", "units", "axes", "rate", "side", "animal", "session")  # that may differ between files
_FILES = "files"
_NOTHING = ("", "~", "null")
_ABOVE = 2  # folders: animal/session
_HEAD = """\
# What the recordings in this folder, and in those below, do not say themselves.
# An import reads it; options that it is given win. What is not said here yet is
# noted by the next import that says it.

"""
_TAIL = f"""
# What differs for some files, by their paths from here; the last one counts:
# {_FILES}:
#   mouse_2/*: {{animal: mouse_2, session: 1, side: left}}
"""
_PLAIN = re.compile(r"[A-Za-z_]([\w./ -]*[\w./-])?")
_CORRECT = "Correct it, or remove the file and give the options again."


@dataclass(frozen=True, slots=True)
class Project:
    """Content of a `reaches.yaml`, as fields of `ImportOptions`."""

    path: Path  # of the file, which need not exist
    said: Mapping[str, Any]
    of_some: Mapping[str, Mapping[str, Any]]  # by pattern of the paths from the file's folder

    @staticmethod
    def of(files: Sequence[Path]) -> "Project":
        """Read the file that recordings have in common, perhaps none; KinematicsError with its place if it is wrong."""
        common = Path(os.path.commonpath([file.resolve().parent for file in files]))
        places = [folder / MEMORY for folder in (common, *common.parents[:_ABOVE])]
        path = next((place for place in places if place.exists()), places[0])
        path = Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path
        content = read_plain(path, KinematicsError, _CORRECT, as_text=True) if path.exists() else None
        content = {} if content in (None, "") else content
        some = content.pop(_FILES, None) if isinstance(content, dict) else None
        if some in (None, *_NOTHING):
            some = {}
        if not isinstance(some, dict):
            raise KinematicsError(f"{path}, {_FILES}: has no PATTERN: {{KEY: VALUE}}. {_CORRECT}")
        said = parsed(content, str(path), (*MEANINGS, _FILES))
        of_some = {of: parsed(keys, f"{path}, {_FILES}, {of}", _OF_SOME) for of, keys in some.items()}
        project = Project(path, said, of_some)
        for of in ("", *of_some):
            project._check(of)
        return project

    def options(self, file: Path, given: Mapping[str, Any]) -> ImportOptions:
        """Options of one recording, with those that were given."""
        said = self._of(file)
        points = {**said.get("points", {}), **given.get("points", {})}
        return ImportOptions(**{**said, **given, "points": points})

    def _of(self, file: Path) -> dict[str, Any]:
        said, relative = dict(self.said), os.path.relpath(file.resolve(), self.path.parent)
        for pattern, more in self.of_some.items():
            if fnmatchcase(relative, pattern) or fnmatchcase(relative, f"{pattern.rstrip('/')}/*"):
                said |= {**more, "points": {**said.get("points", {}), **more.get("points", {})}}
        return said

    def _check(self, pattern: str) -> None:
        """Refuse values that no option may have; KinematicsError with the place."""
        place = ", ".join([str(self.path), *([_FILES, pattern] if pattern else [])])
        said = {**self.said, **self.of_some.get(pattern, {})}
        try:
            ImportOptions(**said)
            if "axes" in said:
                read_axes(said["axes"])
        except MouseArmError as error:
            raise KinematicsError(f"{place}: {error}") from error

    def remarks(self, files: Sequence[Path], given: Mapping[str, Any]) -> list[str]:
        """Lines on what is taken from the file, and what is not because an option says something else."""
        taken, contradicted = dict[str, None](), dict[str, None]()
        for file in files:
            for field, old in self._of(file).items():
                new = given.get(field)
                if field == "points" and old:  # those that are given come on top
                    new = {**old, **(new or {})} if given.get(field, {}).keys() & old.keys() else old
                if field not in given or old == new:
                    taken[_line(field, old)] = None
                elif new != "auto":
                    says = f"{self.path} says {_line(field, old)}; {_line(field, new)} was given, and counts."
                    contradicted[f"{says} If that is to stay, write it there."] = None
        return [*([f"From {self.path}: {', '.join(taken)}"] if taken else []), *contradicted]

    def note(self, given: Mapping[str, Any], imported: Sequence[ImportResult]) -> list[str]:
        """Write what was given and is not said yet; returns what was done, or why not, a line each."""
        new = {field: value for field, value in given.items() if field not in self.said}
        if given.get("cutoff") == "auto":
            new["cutoff"] = imported[0].reaches[0].cutoff
        if given.get("points", {}).keys() - self.said.get("points", {}).keys():
            new["points"] = {**given["points"], **self.said.get("points", {})}
        doubted = [field for field in ("axes", "side") if field in new] if axes_doubts(imported) else []
        notes = [f"{' and '.join(doubted)} not noted in {self.path}: they look wrong."] if doubted else []
        lines = [(field, value) for field, value in new.items() if (field, value) not in self.said.items()]
        lines = [line for line in lines if line[0] not in doubted]
        if not lines:
            return notes
        try:
            with os_errors_as(OutputError, self.path, "read"):
                before = self.path.read_text(encoding="utf-8-sig") if self.path.exists() else _blank()
            after = _with(before, lines)
            parse_plain(after, as_text=True)
            write_text(self.path, after)
        except (OutputError, ValueError) as error:
            return [*notes, f"Not noted in {self.path}, so give it again the next time: {error}"]
        return [*notes, f"Noted in {self.path}: {', '.join(_line(*line) for line in lines)}"]


def import_project(files: Sequence[Path], out: Path, given: Mapping[str, Any]) -> tuple[list[ImportResult], list[str]]:
    """Import as `import_reaches` does, with what `reaches.yaml` says beside the options that are given, by field.

    Returns the results, and notes beside theirs. Nothing is noted if anything is refused; if it
    cannot be noted, the reaches are there all the same. Of reaches that an import wrote, `reaches.yaml` says nothing.
    """
    if not files:
        raise KinematicsError("No file is given to import.")
    for folder in filter(Path.is_dir, files):
        raise KinematicsError(
            f"{folder} is a folder. Give the files in it, such as {folder}/*.csv or {folder}/*/*.csv."
        )
    given = {field: value for field, value in given.items() if value is not None or field in ("cutoff", "cut")}
    if all(any((folder / NOTES).is_file() for folder in file.resolve().parents[: _ABOVE + 1]) for file in files):
        imported = import_reaches(files, out, ImportOptions(**given))  # reaches that an import wrote, which say all
        return imported, axes_doubts(imported)
    project = Project.of(files)
    remarks = project.remarks(files, given)
    options = [project.options(file, given) for file in files]
    imported = import_reaches(files, out, options, remarks, project.path)
    return imported, [*remarks, *project.note(given, imported), *axes_doubts(imported)]


def _field(key: str) -> str:
    return _FIELDS.get(key, key)


def parsed(content: object, place: str, keys: Sequence[str]) -> dict[str, Any]:
    """Fields of `ImportOptions` of a mapping of texts; KinematicsError or UnknownNameError with the place."""
    if not isinstance(content, dict):
        raise KinematicsError(f"{place}: has no KEY: VALUE. {_CORRECT}")
    for key in content:
        if key not in keys:
            raise UnknownNameError(f"key in {place}", str(key), keys)
    return {
        _field(key): _value(key, value, f"{place}, {key}") for key, value in content.items() if value not in _NOTHING
    }


def _value(key: str, value: Any, place: str) -> Any:
    if key == "points":
        if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value.values()):
            raise KinematicsError(f"{place}: write {{paw: NAME, elbow: NAME, shoulder: NAME}}.")
        return value
    if key == "cut" and isinstance(value, dict):
        known = [rule.name for rule in fields(CutRule)]
        for name in value:
            if name not in known:
                raise UnknownNameError(f"key in {place}", str(name), known)
        try:
            return CutRule(**{name: _number(of, f"{place}, {name}") for name, of in value.items()})
        except KinematicsError as error:
            raise KinematicsError(f"{place}: {error}") from error
    if not isinstance(value, str):
        raise KinematicsError(f"{place}: has several values. Give one.")
    if key == "cut":
        if value not in ("true", "false"):
            raise KinematicsError(f"{place}: '{value}' is none of true, false and {{peak_speed: 0.12}}. Correct it.")
        return CutRule() if value == "true" else None
    if key == "cutoff" and value in ("auto", "none"):
        return value if value == "auto" else None
    return _number(value, place) if key in _NUMBERS else value


def _number(text: object, place: str) -> float:
    number = parse_number(text) if isinstance(text, str) else None
    if number is None:
        raise KinematicsError(f"{place}: '{text}' is not a number. Correct it.")
    return number


def _line(field: str, value: Any) -> str:
    """A line of YAML, without a comment."""
    if isinstance(value, CutRule):
        value = {of.name: got for of in fields(value) if (got := getattr(value, of.name)) != of.default} or "true"
    elif value is None:
        value = "none" if field == "cutoff" else "false"
    return f"{_KEYS.get(field, field)}: {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(of)}" for name, of in value.items()) + "}"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return f"{value:.15g}"


def _blank() -> str:
    return _HEAD + "".join(f"# {key}:  # {meaning}\n" for key, meaning in MEANINGS.items()) + _TAIL


def _with(text: str, new: Sequence[tuple[str, Any]]) -> str:
    """The text of a file with other values: their lines are replaced, or added at its end."""
    for field, value in new:
        key = _KEYS.get(field, field)
        line, unsaid = f"{_line(field, value)}  # {MEANINGS[key]}\n", re.escape(f"# {key}:  # {MEANINGS[key]}\n")
        for before in (rf"^{key}\s*:.*\n?(?:[ \t]+.*\n?)*", f"^{unsaid}"):
            text, n = re.subn(before, lambda _, line=line: line, text, count=1, flags=re.MULTILINE)
            if n:
                break
        else:
            text = f"{text.rstrip()}\n{line}"
    return text
