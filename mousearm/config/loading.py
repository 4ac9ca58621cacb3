"""Load a configuration that Hydra composes or a run has saved; it is checked as a whole."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import Field, asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationResolutionError,
    OmegaConfBaseException,
    ValidationError,
)

from mousearm.config.command_line import check_overrides
from mousearm.config.input_checks import CONF, choices_of
from mousearm.config.schema import Config, all_keys
from mousearm.door import read_plain
from mousearm.errors import ConfigError, MouseArmError, RunError, UnknownNameError
from mousearm.keys import declaration, type_text
from mousearm.text import one_line

ConfigStore.instance().store(name="schema", node=Config)


def load(composed: DictConfig) -> Config:
    """Turn a composed configuration into typed objects, with every value checked.

    Raises:
        ConfigError: if a value is missing, has the wrong type or is out of range.
        UnknownNameError: if a choice does not exist.
    """
    if (config := _right(composed)) is not None:
        return config
    try:
        if missing := OmegaConf.missing_keys(composed):
            raise ConfigError(f"No value is given for {', '.join(sorted(missing))}. Give one as KEY=VALUE.")
        typed = OmegaConf.merge(_schema(), composed)
        return OmegaConf.to_object(typed)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise explained(error) from error


def _right(values: DictConfig | dict[str, Any]) -> Config | None:
    """Result of OmegaConf for values, in a tenth of its time, where each is of its type as it stands; else None.

    Then OmegaConf is to look at them: it may turn a value into its type, and has words for what is wrong. Errors of
    ours, for values out of range, as of `load`.
    """
    with suppress(OmegaConfBaseException, TypeError, KeyError, AttributeError, OverflowError):
        plain = OmegaConf.to_container(values, resolve=True) if isinstance(values, DictConfig) else values
        return _typed(Config, plain)
    return None


def _typed(kind: Any, value: Any) -> Any:
    """A value of a type of the schema, or any of the errors that `_right` suppresses."""
    if is_dataclass(kind):
        types = {one.name: one.type for one in fields(kind)}
        return kind(**{name: _typed(types[name], of) for name, of in value.items()})  # type: ignore[operator]
    if get_origin(kind) is list and type(value) is list:
        return [_typed(get_args(kind)[0], one) for one in value]
    if NoneType in get_args(kind):
        return None if value is None else _typed(get_args(kind)[0], value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind or (kind is str and ("${" in value or value == "???")):
        raise TypeError
    return value


@cache
def _schema() -> DictConfig:
    """All keys with their types, to merge into: nothing is merged in place."""
    return OmegaConf.structured(Config)


def explained(error: Exception) -> MouseArmError:
    """Error of Hydra or OmegaConf as one of ours, in our words where they have only their own."""
    within = error.__cause__ or error.__context__
    text, inner = str(error), error if isinstance(error, OmegaConfBaseException) else within
    where = f" in {found[1]}" if (found := re.search(r"In '(.+?)'", text)) else ""
    if unknown := re.search(r"Could not (?:find|load) '(.+)/(.*)'", text):
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE) or choices_of(unknown[1], [CONF])
        return UnknownNameError(f"choice of the group {unknown[1]}{where}", unknown[2], options)
    said = one_line(f"{text}: {inner}" if inner and inner is not error else text)
    if not isinstance(inner, OmegaConfBaseException):
        return ConfigError(said)
    key, last = str(inner.full_key or ""), str(inner.key)
    if isinstance(inner, InterpolationResolutionError):
        valid = "What stands in ${...} is a key, as in ${seed}, or a variable that is set, as in ${oc.env:HOME}."
        said = f"{key or 'A value'}{where} cannot be resolved: {text.splitlines()[0]}. {valid}"
        return ConfigError(said, key or None)
    if isinstance(inner, ConfigKeyError | ConfigAttributeError) and inner.parent_node is not None:
        if where.startswith(f" in {key}/"):
            return ConfigError(f"{key}{where}: the file must begin with the line '# @package _global_'.", key)
        if "." in last:
            return ConfigError(f"{key}{where}: a file has {last.replace('.', ': {')}: VALUE}}, without a dot.", key)
        place = f"in {above}" if (above := key.rpartition(".")[0]) else "at the top level"
        place += where and f", set{where},"
        namesakes = [one for one in all_keys() if one.rpartition(".")[2] == last]
        return UnknownNameError(f"configuration key {place}", last, [*map(str, inner.parent_node), *namesakes])
    field = all_keys().get(key.partition("[")[0])
    if field is None or not isinstance(inner, ValidationError):
        return ConfigError(said, key or None)
    value = "null" if inner.value is None else one_line(inner.value)[:200]
    return ConfigError(f"{key}={value}{where} {_remedy(field, value, '[' in key)}", key)


def _remedy(field: Field[Any], value: str, is_item: bool) -> str:
    """The type that a value should have, and how it is written then."""
    if is_dataclass(field.type):
        return f"is no group: {field.name} has keys below it, such as {field.name}.{fields(field.type)[0].name}."
    valid = declaration(field).valid_text
    text = f"is not of its type: {type_text(field.type)}{valid and f', {valid}'}."
    if value == "null":
        return f"{text} Leave {field.name} out for its default."
    with suppress(ValueError, OverflowError, ConfigError):
        if field.type is int and (number := float(value)).is_integer():
            declaration(field).check(field.name, int(number))
            return f"{text} Write {int(number)}."
    if value.startswith("[") and field.type is str:
        return f"{text} {declaration(field).meaning}"
    return f"{text} Write [{value}]." if get_origin(field.type) is list and not is_item else text


@contextmanager
def explaining() -> Iterator[None]:
    """Put into our words what Hydra finds wrong while its program runs, which it would print in its own."""
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise explained(error) from error


def compose(overrides: Sequence[str] = (), kinematics: str | None = None) -> Config:
    """Compose a configuration outside ``run.py``, from the files in ``conf/``.

    Overrides are those of the command line, such as ``["model=muscle", "reward.w_paw=2"]``; reaches, a file or folder,
    stand in place of ``kinematics.path``. Errors are those of `check_overrides` and `load`.
    """
    config = load(compose_unchecked(overrides))
    return config if kinematics is None else config.with_reaches(kinematics)


def compose_with(values: Mapping[str, Any]) -> Config:
    """The default configuration with other values, nested as in YAML, which may come from elsewhere.

    ConfigError if there is an interpolation, which could read environment variables; others as of `load`.
    """
    if "${" in repr(values):
        raise ConfigError("There is an interpolation, ${...}, among values that were saved. They never have one.")
    composed = OmegaConf.structured(_default())
    try:
        composed.merge_with(values)
    except (OmegaConfBaseException, ValueError) as error:
        raise explained(error) from error
    return load(composed)


@cache
def _default() -> Config:
    """The default configuration, to be copied."""
    return compose()


def compose_unchecked(overrides: Sequence[str], with_hydra: bool = False) -> DictConfig:
    """Compose as `compose`, with the values unchecked; ``with_hydra`` tells whether with the section of Hydra's own."""
    check_overrides(overrides)
    outer, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None  # which may run this program
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return hydra_compose("config", list(overrides), return_hydra_config=with_hydra)
    except (HydraException, OmegaConfBaseException) as error:
        raise explained(error) from error
    finally:
        GlobalHydra.instance().hydra = outer


def help_text(overrides: Sequence[str]) -> str:
    """The groups in ``conf/`` with their choices, and the configuration that overrides make; Hydra needs seconds."""
    groups = [folder for folder in sorted(CONF.iterdir()) if folder.is_dir() and folder.name != "hydra"]
    lines = [f"{folder.name}: {', '.join(sorted(file.stem for file in folder.glob('*.yaml')))}" for folder in groups]
    lines += [
        "",
        "== Configuration (KEY=VALUE, such as env.num_envs=32) ==",
        OmegaConf.to_yaml(compose_unchecked(overrides)),
    ]
    end = "What each key means: docs/configuration.md. Options of Hydra, which composes this: --hydra-help"
    return "\n".join(["== Configuration groups (GROUP=CHOICE) ==", *lines, end])


def to_yaml(config: Config) -> str:
    """Write the whole resolved configuration as YAML, from which ``load(OmegaConf.create(text))`` makes it again."""
    return OmegaConf.to_yaml(OmegaConf.create(asdict(config)))


def read_saved(path: Path, upgrade: Callable[[dict[str, Any]], dict[str, Any]] = lambda content: content) -> Config:
    """Read what ``to_yaml`` wrote, perhaps on an unknown computer; ``upgrade`` makes today's keys of older ones.

    Everything in it is resolved, so an interpolation, which could read environment variables, is refused.

    Raises:
        RunError: the file cannot be read, or holds something else than a plain configuration; others as of `load`.
    """
    content = read_plain(path)
    if not isinstance(content, dict):
        raise RunError(f"{path} holds no configuration.")
    if found := re.search(r"\$\{[^}]{,78}}?", repr(content)):
        raise RunError(f"{path} holds the interpolation '{found[0]}'. A saved configuration has none.")
    try:
        values = upgrade(content)
        if (config := _right(values)) is not None:
            return config
        composed = OmegaConf.create(values)
    except (OmegaConfBaseException, ValueError) as error:
        raise RunError(f"{path} holds no configuration: {error}") from error
    return load(composed)
