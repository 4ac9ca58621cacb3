import pytest

from mousearm import errors
from mousearm.errors import MouseArmError, UnknownNameError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_the_common_base_and_says_what_it_is(kind):
    assert issubclass(kind, MouseArmError)
    assert kind.__doc__


def test_unknown_name_lists_what_exists_and_guesses():
    error = UnknownNameError("site in arm.xml (model.landmarks.paw)", "handn", ["wrist", "handm"])
    assert str(error) == (
        "There is no site in arm.xml (model.landmarks.paw) named 'handn'. Did you mean 'handm'? "
        "Those that exist: handm, wrist."
    )
    assert (error.name, error.valid) == ("handn", ["handm", "wrist"])


def test_unknown_name_does_not_guess_wildly():
    assert str(UnknownNameError("term", "zzz", ["qpos"])) == "There is no term named 'zzz'. Those that exist: qpos."


def test_unknown_name_where_there_is_none():
    assert str(UnknownNameError("site", "paw", [])) == "There is no site named 'paw'. Those that exist: none."


def test_valid_names_may_be_given_once_only():
    assert UnknownNameError("term", "b", (name for name in ("c", "a"))).valid == ["a", "c"]
