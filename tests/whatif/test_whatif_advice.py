"""Advice on studies: doing what it says works, or leads to a message that says more."""

import pytest

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.whatif.cases import build_cases, check_keys_of_study, parsed_severities


def test_advice_on_severities():
    for text in ("0", "2", "x", "nan", "-1,1"):
        with pytest.raises(ConfigError) as refused:
            parsed_severities(text)
        assert "Give numbers above 0, up to 1, with commas: 0.25,0.5,1." in str(refused.value)
    assert parsed_severities("1,0.25,0.5,0") == [0.25, 0.5, 1.0]


def test_advice_on_conditions():
    with pytest.raises(ConfigError) as refused:
        build_cases(["condition.weakness.muscles=[Biceps*]"], [1.0])
    assert "No condition is named. Give condition=A,B of " in str(refused.value)
    for word in ("condtion=weakness", "condtion.weakness.muscles=[x]", "env.num_envs=4"):
        with pytest.raises(UnknownNameError, match="Those that exist: condition, tracking"):
            check_keys_of_study(["tracking=wandb", word])
    with pytest.raises(ConfigError) as refused:
        build_cases(["condition=weakness", "condition.weakness.severity=0.5"], [1.0])
    assert ": a study has severities of its own. Give them as --severities 0.5,1 instead." in str(refused.value)
    cases = build_cases(["condition=weakness,weakness+push", "condition.weakness.muscles=[Biceps*]"], [0.5, 1.0])
    assert [(case.name, case.severity) for case in cases] == [
        ("intact", 0.0),
        *(("weakness", severity) for severity in (0.5, 1.0)),
        *(("weakness+push", severity) for severity in (0.5, 1.0)),
    ]
    assert cases[1].condition.weakness.muscles == ["Biceps*"]
