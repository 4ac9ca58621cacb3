import pytest

from mousearm.errors import ConfigError
from mousearm.paths import cache_folder, resolve


@pytest.mark.parametrize(
    "text", ["package:../errors.py", "package:/etc/passwd", "x" * 5000, "~nobody_of_that_name/a", "package:a/../../b"]
)
def test_what_is_not_a_path(text):
    with pytest.raises(ConfigError, match="cannot be used as a path"):
        resolve(text, "model")


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mousearm"
    monkeypatch.setenv("HOME", str(tmp_path))
    for useless in ("", "relative/path"):  # the XDG specification has relative paths ignored
        monkeypatch.setenv("XDG_CACHE_HOME", useless)
        assert cache_folder() == tmp_path / ".cache" / "mousearm"
