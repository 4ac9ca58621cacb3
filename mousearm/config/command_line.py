"""Checks of a command line before Hydra composes it: options, words, keys, choices, and what only sweeps may have.

Hydra would report such mistakes in its own terms, once the run folder exists, or not at all.
"""

import dataclasses
import re
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, Sweep
from hydra.errors import HydraException

from mousearm.config.input_checks import CONF, check_group_files, choices_of, read_group_file
from mousearm.config.schema import all_keys
from mousearm.errors import ConfigError, UnknownNameError
from mousearm.keys import declaration
from mousearm.text import quoted, shell

_MORE = "Keys are given without dashes, as KEY=VALUE; Hydra's options: python run.py --hydra-help"
_NOT_AVAILABLE = {
    "config_name": "conf/config.yaml is needed; say what differs in conf/experiment/NAME.yaml and give experiment=NAME",
    "config_path": "conf/ is needed; --config-dir=DIR adds a folder of groups to it",
    "experimental_rerun": "it would run code in the file; resume=RUN_FOLDER resumes a run",
}


def check_command_line(arguments: Sequence[str]) -> list[str]:
    """Check all of a command line of ``run.py``; returns it with the options first, as Hydra wants them.

    Raises:
        ConfigError: an option or a word that cannot be understood, or that would count as nothing.
        UnknownNameError: a key or a choice that does not exist, with those that do.
    """

    def refuse(message: str) -> NoReturn:
        raise ConfigError(f"{message}. {_MORE}")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    given, later = parser.parse_known_args(list(arguments))
    if unknown := [word for word in later if word.startswith("-")]:
        refuse(f"There is no option {unknown[0]}")
    for option, remedy in _NOT_AVAILABLE.items():
        if getattr(given, option):
            raise ConfigError(f"--{option.replace('_', '-')} is not available: {remedy}.")
    folders = [CONF, Path(given.config_dir or CONF)]
    if not folders[1].is_dir():
        raise ConfigError(f"There is no folder {folders[1]} (--config-dir). Give one of folders named as groups are.")
    given.overrides += later
    ordered = [*(word for word in arguments if word not in given.overrides), *given.overrides]
    check_group_files(folders)
    check_overrides(given.overrides, folders)
    _say_what_counts(given.overrides)
    _check_sweep(given, folders, ordered)
    return ordered


def _say_what_counts(words: Sequence[str]) -> None:
    """Name keys that are given twice, as by a script that adds to its words: Hydra would take the last in silence."""
    last: dict[str, str] = {}
    for word in words:
        key = parse(word).get_key_element().lstrip("+~")
        if key in last:
            print(f"{key} is given twice: {word} counts, {last[key]} does not.", file=sys.stderr)
        last[key] = word


def check_overrides(words: Sequence[str], folders: Sequence[Path] = (CONF,)) -> None:
    """Check overrides of keys and choices from these folders of groups; errors as of `check_command_line`."""
    for word in words:
        override = parse(word)
        group, value = override.key_or_group, override.value()
        is_group = any((folder / group).is_dir() for folder in folders)  # also hydra/launcher, and debug without keys
        if override.is_delete() and group.partition(".")[0] in all_keys():
            raise ConfigError(f"{word}: every run needs {group}. Leave the word out for its default.", group)
        if is_group and override.is_add():
            raise ConfigError(f"{word}: leave the + out: {word[1:]}", group)
        if group == "hydra.searchpath":
            raise ConfigError(f"{word} is not available: --config-dir=DIR adds a folder of groups.", group)
        if is_group and not group.startswith("hydra") and not override.is_delete():  # of Hydra's there are others
            _check_choices(override, folders)
        elif not is_group and not group.startswith("hydra"):
            check_key(group)
            if all_keys()[group].type is bool and isinstance(value, int | float) and value not in (0, 1):
                raise ConfigError(f"{word}: {group} is either true or false.", group)  # it would count as true
        if group == "name" and value is None:
            raise ConfigError(f"{word} is no name. Leave it out for the time of day.", group)
        if group == "name" and not override.is_sweep_override():  # Hydra makes the folder before names are looked at
            declaration(all_keys()["name"]).check("name", str(value))


def parse(word: str) -> Override:
    """Parse an override; ConfigError says how it must be written."""
    key, mark, value = word.partition("=")
    name = key.lstrip("+~").partition("@")[0]
    if not (mark or word.startswith("~")):
        raise ConfigError(
            f"'{word}' is no KEY=VALUE, such as seed=1, without spaces. A value with spaces is quoted: 'KEY=A B'."
        )
    try:
        return OverridesParser.create().parse_overrides([word])[0]
    except (HydraException, ValueError, RecursionError) as error:
        remedy = f"{key}={quoted(value)}"
        if not isinstance(error, HydraException) or not re.fullmatch(r"[\w./@]+", name, re.ASCII):
            raise ConfigError(f"{word[:200]} cannot be read as KEY=VALUE.", name) from None
        apart = re.sub(r",(?=[\w./@]+=)", " ", word)
        several = "" if apart == word else f" Several keys have spaces between them: {apart}."
        quote = f"A text with such characters is quoted, for Hydra too: {_shell(remedy)}"
        raise ConfigError(f"{word} cannot be read as it is.{several} {quote}", name) from None


def _shell(word: str) -> str:
    """Quote a word for the shell, so that it can be read where possible."""
    return shlex.quote(word) if re.search(r'[$`"\\!]', word) else f'"{word}"'


def first_of_sweep(words: Sequence[str]) -> tuple[list[str], int]:
    """The overrides of a sweep's first job, and how many jobs it has; what is drawn from a range is left out."""
    first, n = [], 1
    for word, override in zip(words, map(parse, words), strict=True):
        if not override.is_sweep_override():
            first.append(word)
        elif override.is_discrete_sweep():
            values = list(override.sweep_string_iterator())
            first.append(f"{override.get_key_element()}={values[0]}")
            n *= len(values)
    return first, n


def _check_choices(override: Override, folders: Sequence[Path]) -> None:
    group, value = override.key_or_group, override.value()
    if isinstance(value, Sweep | Glob) and not isinstance(value, ChoiceSweep):  # drawn from what exists, or numbers
        return
    chosen = value.list if isinstance(value, ChoiceSweep) else value if isinstance(value, list) else [value]
    known = choices_of(group, folders)
    for name in ("null" if choice is None else str(choice) for choice in chosen):
        if name not in known:
            raise UnknownNameError(f"choice of the group {group}", name, known)


def check_key(key: str) -> None:
    """Check that a configuration key exists; UnknownNameError names those beside it, and its namesakes elsewhere."""
    keys, above = all_keys(), ""
    for part in key.split("."):
        path = f"{above}.{part}".lstrip(".")
        if path not in keys:
            if above and not dataclasses.is_dataclass(keys[above].type):
                raise ConfigError(f"{key}: {above} is a value, it has no keys below it.", key)
            beside = [one.rpartition(".")[2] for one in keys if one.rpartition(".")[0] == above]
            namesakes = [one for one in keys if one.rpartition(".")[2] == part]
            place = f"in {above}" if above else "at the top level"
            raise UnknownNameError(f"configuration key {place}", part, [*beside, *namesakes])
        above = path


def _check_sweep(given: Namespace, folders: Sequence[Path], arguments: Sequence[str]) -> None:
    """Check that what only sweeps may have is there for a sweep, and what an experiment sweeps."""
    overrides = [parse(word) for word in given.overrides]
    chosen = {one.key_or_group: one.value() for one in overrides}
    files = [folder / "experiment" / f"{chosen.get('experiment')}.yaml" for folder in folders]
    file = next((file for file in files if file.is_file()), None)
    content = read_group_file(file) if file else {}
    swept = content.get("hydra", {})  # of no other shape: `check_group_files`
    sweeps = given.multirun or bool(swept) or chosen.get("hydra.mode") == "MULTIRUN"
    match swept:
        case {"sweeper": {"params": {**params}}}:
            try:
                check_overrides([f"{key}={value}" for key, value in params.items()], folders)
            except UnknownNameError as error:
                raise UnknownNameError(f"{error.kind} in {file}", error.name, error.valid) from error
    searches = "hydra/sweeper" in chosen or "override /hydra/sweeper" in str(content.get("defaults"))
    for one, word in zip(overrides, given.overrides, strict=True):
        key, value = one.key_or_group, word.partition("=")[2]
        alone = f"One text with commas is quoted, for Hydra too: {_shell(f'{key}={quoted(value)}')}"
        sweep = shell("run.py", "-m", *arguments)
        if not sweeps and key in ("hydra/launcher", "hydra/sweeper"):
            raise ConfigError(f"{word} is for sweeps: {sweep}")
        if one.is_sweep_override() and key == "name":
            raise ConfigError(f"{word}: a sweep has one name, and its jobs have numbers. {alone}", key)
        if one.is_sweep_override() and not sweeps:
            brackets = f"A list has brackets: {_shell(f'{key}=[{value}]')}."
            raise ConfigError(f"{word}: several values are a sweep: {sweep}. {brackets} {alone}", key)
        if one.is_sweep_override() and not one.is_discrete_sweep() and not searches:
            raise ConfigError(f"{word}: a range is for a search: add hydra/sweeper=optuna, or give values: 1,2,3", key)
