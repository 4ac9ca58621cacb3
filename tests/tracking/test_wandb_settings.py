"""What W&B would refuse is found before a run begins; what the environment says of it counts."""

import pytest
from short_tracked import QUICK

from mousearm.errors import ConfigError
from mousearm.experiment import run
from mousearm.registry import TRACKERS
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import FINISHED
from mousearm.tracking.wandb_parts import check_wandb, wandb_mode

# What is said, in the configuration or in the environment, a word of the refusal, and what is right.
WRONG = [
    ("tracking.project=a/b", "project", "tracking.project=a_b"),
    ("tracking.project='a: b'", "project", "tracking.project='a b'"),
    (f"tracking.project={'p' * 129}", "128", f"tracking.project={'p' * 128}"),
    ("tracking.tags=['']", "between 1 and 64", "tracking.tags=[a]"),
    (f"tracking.tags=[a,{'t' * 65}]", "between 1 and 64", f"tracking.tags=[a,{'t' * 64}]"),
    ("WANDB_MODE=sometimes", "mode", "WANDB_MODE=online"),
    ("WANDB_API_KEY= key", "API key", "WANDB_API_KEY=key"),
    ("WANDB_BASE_URL=localhost", "base_url", "WANDB_BASE_URL=http://localhost:8080"),
    ("WANDB_INIT_TIMEOUT=soon", "init_timeout", "WANDB_INIT_TIMEOUT=20"),
]


def say(word, configure, monkeypatch):
    if word.startswith("WANDB_"):
        monkeypatch.setenv(*word.split("=", 1))
        return configure("tracking=wandb_offline")
    return configure("tracking=wandb_offline", word)


@pytest.mark.parametrize(("wrong", "about", "right"), WRONG, ids=[wrong[:30] for wrong, _, _ in WRONG])
def test_advice_for_what_wandb_refuses_comes_before_the_folder(
    tmp_path, configure, fresh, monkeypatch, wrong, about, right
):
    config = say(wrong, configure, monkeypatch)
    with pytest.raises(ConfigError, match=about):
        run(config, tmp_path / "r")
    assert not (tmp_path / "r").exists()
    check_wandb(say(right, configure, monkeypatch))


def test_nobody_is_asked_where_there_is_no_tracking(configure, fresh):
    fresh.setenv("WANDB_MODE", "sometimes")
    check_wandb(configure("tracking.project=a/b"))


@pytest.mark.parametrize(
    ("variable", "asked", "becomes"),
    [
        ("", "online", "online"),
        ("offline", "online", "offline"),
        ("dryrun", "online", "offline"),
        ("disabled", "online", "disabled"),
        ("disabled", "offline", "disabled"),
        ("online", "offline", "offline"),
        ("online", "disabled", "disabled"),
        ("offline", "disabled", "disabled"),
    ],
)
def test_a_variable_of_the_environment_can_only_make_it_less(configure, fresh, variable, asked, becomes):
    fresh.setenv("WANDB_MODE", variable)
    assert wandb_mode(configure(f"tracking.wandb={asked}")) == becomes


def test_a_run_that_the_environment_does_not_want_followed_says_so(tmp_path, configure, fresh, capsys):
    fresh.setenv("WANDB_MODE", "disabled")
    assert TRACKERS["wandb"](configure("tracking=wandb"), RunFolder(tmp_path), {}) is None
    assert "WANDB_MODE makes tracking.wandb=online disabled" in capsys.readouterr().out
    assert TRACKERS["wandb"](configure(), RunFolder(tmp_path), {}) is None
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_a_run_with_a_long_name_that_the_environment_wants_offline_is_kept(tmp_path, configure, fresh, records):
    fresh.setenv("WANDB_MODE", "offline")
    words = (*QUICK, "tracking=wandb", f"name={'n' * 200}")
    run(configure(*words), tmp_path / "r", words)
    (part,) = records(tmp_path / "r")
    (begun,) = (content for kind, content in part if kind == "run")
    assert len(begun["display_name"]) == 128
    assert RunFolder(tmp_path / "r").status().state == FINISHED
