import dataclasses

import pytest

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.keys import above, at_least, between, check_keys, finite, key


@dataclasses.dataclass
class Group:
    size: float | None = key("How large.", finite(above(0)), "mm")
    kind: str = key("Which.", ("a", "b"), default="a")
    free: int = key("Anything.", default=1)


@dataclasses.dataclass
class Outer:
    g: Group


def test_values_are_checked_by_what_is_declared():
    check_keys(Group(1.5))
    check_keys(Group(None, "b", -7))
    with pytest.raises(ConfigError, match=r"^g\.size=-1 is out of range: finite, above 0 mm\.$"):
        check_keys(Outer(Group(-1)))
    with pytest.raises(UnknownNameError, match=r"no choice for g\.kind named 'c'"):
        check_keys(Outer(Group(1, "c")))


@pytest.mark.parametrize(
    ("valid", "text", "good", "bad"),
    [
        (between(0, 1), "0 to 1", (0, 0.5, 1), (-0.1, 1.1, float("nan"), float("inf"))),
        (between(1e-5, 0.1), "0.00001 to 0.1", (1e-5, 0.1), (0, 1)),
        (at_least(2), "2 or more", (2, 3), (1, 0)),
        (above(0), "above 0", (1e-9, float("inf")), (0, -1, float("nan"))),
        (finite(above(0)), "finite, above 0", (1e-9, 1e9), (0, float("inf"), float("nan"))),
    ],
)
def test_ranges(valid, text, good, bad):
    assert valid.text == text
    assert all(map(valid.holds, good))
    assert not any(map(valid.holds, bad))
