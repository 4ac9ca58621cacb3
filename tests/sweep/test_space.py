"""What a search varies."""

import pytest

pytest.importorskip("optuna")

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.sweep.study import Space

WORDS = (
    "name=a",
    "algo.gamma=interval(0.8,0.99)",
    "algo.learning_rate=tag(log, interval(1e-4,1e-2))",
    "algo.n_epochs=int(interval(4,20))",
    "reward.sigma_mm=[1,4],[0.3,1,4],[2]",
)


def test_ranges_and_lists_are_searched_and_the_rest_is_common_to_all():
    space = Space.of(WORDS)
    assert space.fixed == ["name=a"]
    assert list(space.searched) == ["algo.gamma", "algo.learning_rate", "algo.n_epochs", "reward.sigma_mm"]
    drawn = {"algo.gamma": 0.912345, "algo.learning_rate": 0.000123456, "algo.n_epochs": 7, "reward.sigma_mm": "[2]"}
    words = ["algo.gamma=0.9123", "algo.learning_rate=0.0001235", "algo.n_epochs=7", "reward.sigma_mm=[2]"]
    assert space.overrides(drawn) == ["name=a", *words]


def test_the_last_word_on_a_key_counts():
    space = Space.of([*WORDS, "algo.gamma=0.9", "algo.n_epochs=4,8"])
    assert space.fixed == ["name=a", "algo.gamma=0.9"]
    assert space.texts["algo.n_epochs"] == "4,8"


def test_digits_that_would_leave_the_interval_are_kept():
    space = Space.of(["algo.gamma=interval(0.8,0.99996)"])
    assert space.overrides({"algo.gamma": 0.99996}) == ["algo.gamma=0.99996"]  # with four digits it would be 1


def test_corners_have_every_end_and_every_value():
    corners = [dict(word.split("=", 1) for word in corner) for corner in Space.of(WORDS).corners()]
    assert len(corners) == 3
    assert {corner["algo.gamma"] for corner in corners} == {"0.8", "0.99"}
    assert {corner["algo.n_epochs"] for corner in corners} == {"4", "20"}
    assert {corner["reward.sigma_mm"] for corner in corners} == {"[1,4]", "[0.3,1,4]", "[2]"}


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (["algo.gamma=0.9"], ConfigError, "There is nothing to search. Give ranges"),
        (["seed=0,1,2"], ConfigError, "seed is not to be searched: the best one is mere luck"),
        (["algo.gama=interval(0,1)"], UnknownNameError, "named 'gama'. Did you mean 'gamma'"),
        (["algo.gamma=interval(1,0)"], ConfigError, r"algo.gamma: interval\(1.0,0.0\) cannot be searched"),
        (["algo.gamma=tag(log,interval(0,1))"], ConfigError, "cannot be searched"),
        (["algo.gamma=interval(0,"], ConfigError, "mismatched input|no viable|missing"),
    ],
)
def test_what_cannot_be_searched_is_explained(words, kind, text):
    with pytest.raises(kind, match=text):
        Space.of(words)
