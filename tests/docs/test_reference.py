"""What there is to say of every configuration key is said, and is what is checked."""

import dataclasses
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from mousearm.config import CONF, Config, compose
from mousearm.keys import Key, type_text

GENERATED = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "generated.py"))
choices, group_meaning, key_entries = (GENERATED[name] for name in ("choices", "group_meaning", "key_entries"))
ENTRIES = [entry for entries in key_entries().values() for entry in entries]
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir() and path.name != "hydra")


def fields(kind: Any, prefix: str = ""):
    """Every key of the schema and its field."""
    for field in dataclasses.fields(kind):
        name = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(field.type):
            yield from fields(field.type, f"{name}.")
        else:
            yield name, field


def test_every_key_has_a_meaning():
    for name, field in fields(Config):
        assert isinstance(field.metadata.get("key"), Key), f"{name}: declare it with key(...)"
        meaning = field.metadata["key"].meaning
        assert len(meaning) > 10, name
        assert meaning[0] in "[(" or meaning[0].isalnum(), name
        assert meaning.endswith("."), name


def test_the_reference_has_every_key_once():
    assert [entry.name for entry in ENTRIES] != []
    assert sorted(entry.name for entry in ENTRIES) == sorted(name for name, _ in fields(Config))


def test_every_key_that_a_meaning_names_exists():
    names = {entry.name for entry in ENTRIES}
    groups = tuple(f"{group}." for group in key_entries() if group)
    for entry in ENTRIES:
        named = {word.partition("=")[0] for word in re.findall(r"`([a-z_.]+(?:=[^`]*)?)`", entry.key.meaning)}
        assert {word for word in named if word.startswith(groups)} <= names, entry.name


def test_an_entry_is_what_stands_in_the_schema_and_in_conf():
    entries = {entry.name: entry for entry in ENTRIES}
    rate = entries["env.control_dt"]
    assert rate[:3] == ("env.control_dt", "number", "0.00666667")
    assert (rate.key.unit, rate.key.valid_text) == ("s", "0.00001 to 0.1 s")
    joints = entries["model.joints"]
    assert (*joints[1:3], joints.key.unit) == ("list of text or null", "null", "")
    assert entries["reward.sigma_mm"].default == "[0.3, 1, 4, 16]"
    assert entries["video"].default == "true"
    assert entries["name"].default.startswith("${now:")
    assert entries["env.sampling"].key.valid_text == "uniform, hard"


def test_the_defaults_are_valid_and_are_composed():
    config = compose(["name=test"])
    for entry in ENTRIES:
        value = config
        for part in entry.name.split("."):
            value = getattr(value, part)
        if isinstance(value, float):
            assert entry.default == f"{value:.6g}"


@pytest.mark.parametrize("group", GROUPS)
def test_every_file_of_a_group_says_what_it_is(group):
    found = choices(group)
    assert {choice.name for choice in found} == {path.stem for path in (CONF / group).glob("*.yaml")}
    for choice in found:
        assert len(choice.meaning) > 5, f"conf/{group}/{choice.name}.yaml: begin with a comment that says what it is"


def test_the_default_of_a_group_comes_first():
    first, *others = choices("model")
    assert (first.name, first.is_default) == ("torque", True)
    assert {"hub", "muscle", "osim"} <= {choice.name for choice in others if not choice.is_default}
    assert others == sorted(others, key=lambda choice: choice.name)
    assert not any(choice.is_default for choice in choices("experiment"))
    assert group_meaning("env").startswith("The task")


def test_types_in_words():
    assert type_text(float | None) == "number or null"
    assert type_text(list[int]) == "list of integers"
    assert type_text(bool) == "true or false"
