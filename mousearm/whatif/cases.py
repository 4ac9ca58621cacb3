"""Cases of a study: which conditions, at which severities, from the words of a command line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from mousearm.agent import Agent
from mousearm.condition import Conditions, resolved
from mousearm.config import compose
from mousearm.errors import ConfigError, UnknownNameError
from mousearm.registry import CONDITIONS

INTACT = "intact"
_KEYS = ("condition", "tracking")


class Case(NamedTuple):
    """One or several conditions together, at one severity; at 0 the intact arm."""

    name: str  # as on the command line, such as ``weakness``, or ``weakness+push``
    severity: float
    condition: Any  # ``Config.condition``
    words: list[str]  # the overrides that make it


def resolved_for(agent: Agent, case: Case) -> Case:
    """The case with what it leaves to the intact network, such as which units load most on a component."""
    from mousearm.record import record  # slow to import

    def activity() -> Mapping[str, np.ndarray]:
        return record(agent.under(compose().condition, 1)).activity_by_layer()

    condition, words = resolved(case.condition, activity), list(case.words)
    for name, one in Conditions(case.condition).by_name.items():
        for key, value in asdict(getattr(condition, name)).items():
            if value != getattr(one, key):
                words.append(f"condition.{name}.{key}={value}".replace(" ", ""))
    return case._replace(condition=condition, words=words)


def check_keys_of_study(overrides: Sequence[str]) -> None:
    """Refuse, by an UnknownNameError, overrides of other things than conditions and tracking."""
    for key in (re.split("[.=]", word)[0] for word in overrides):
        if key not in _KEYS:
            raise UnknownNameError("key of a study", key, _KEYS)


def parsed_severities(text: str) -> list[float]:
    """Severities of ``0,0.25,1``, ascending, without 0, which every study has; ConfigError if one is out of range."""
    try:
        found = sorted({float(part) for part in text.split(",")} - {0.0})
    except ValueError:
        found = []
    if not found or not all(0 < severity <= 1 for severity in found):
        raise ConfigError(f"--severities {text}: Give numbers above 0, up to 1, with commas: 0.25,0.5,1.")
    return found


def build_cases(overrides: Sequence[str], severities: Sequence[float]) -> list[Case]:
    """The intact arm, then every condition of ``condition=A,B,A+B`` at every severity.

    Other overrides are keys of conditions, such as ``condition.weakness.muscles=[Biceps*]``, and hold for all. Errors
    are those of `compose`, and ConfigError if no condition is named, or a severity is given in two places.
    """
    chosen = [word.removeprefix("condition=") for word in overrides if word.startswith("condition=")]
    keys = [word for word in overrides if not word.startswith("condition=")]
    names = [name for text in chosen for name in _split_choices(text) if name != INTACT]
    if not names:
        raise ConfigError(f"No condition is named. Give condition=A,B of {', '.join(CONDITIONS)}.")
    if twice := [word for word in keys if word.partition("=")[0].endswith("severity")]:
        raise ConfigError(f"{twice[0]}: a study has severities of its own. Give them as --severities 0.5,1 instead.")
    cases = [Case(INTACT, 0.0, compose().condition, [f"condition=[{INTACT}]"])]
    for name in dict.fromkeys(names):
        words = [f"condition=[{name.replace('+', ',')}]", *keys]
        group = compose(words).condition
        if not Conditions(group):
            raise ConfigError(f"condition={name} changes nothing: its severity is 0.")
        for severity in severities:
            at = [*words, f"condition.severity={severity:g}"]
            cases.append(Case(name, severity, replace(group, severity=severity), at))
    return cases


def _split_choices(text: str) -> list[str]:
    """Choices between commas, of which each may be several with ``+``; a list in brackets is one such, as in Hydra."""
    text = text.replace(" ", "")
    listed = [text[1:-1].replace(",", "+")] if text.startswith("[") else text.split(",")
    return [choice for choice in listed if choice]
