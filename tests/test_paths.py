import pytest

from mousearm.errors import ConfigError
from mousearm.paths import resolve


@pytest.mark.parametrize(
    "text", ["package:../errors.py", "package:/etc/passwd", "x" * 5000, "~nobody_of_that_name/a", "package:a/../../b"]
)
def test_what_is_not_a_path(text):
    with pytest.raises(ConfigError, match="cannot be used as a path"):
        resolve(text, "model")
