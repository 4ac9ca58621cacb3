from dataclasses import replace
from pathlib import Path

import pytest

from mousearm.errors import UnknownNameError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import ErrorScale
from mousearm.report.groups import group_runs
from mousearm.report.reading import Run, settings_of
from mousearm.rundir.folder import RunFolder

NAN = float("nan")
NOTHING = Evaluation(ErrorScale("torque", "segments", "none", 11.5, 17.0), [], {})


@pytest.fixture
def run_of(configure_run):
    """A run of some overrides, of which nothing but its configuration is known."""

    def build(*overrides):
        words = dict(override.split("=", 1) for override in overrides)
        return Run(
            "x", NOTHING, RunFolder(Path("x")), settings_of(configure_run("x", overrides)), words, "unknown", "", 0, 0
        )

    return build


def seeds_of(grouping):
    return {group.label: [run.seed for run in group.runs] for group in grouping.groups}


def test_runs_that_differ_in_their_seed_only_are_one_group(run_of):
    grouping = group_runs([run_of("seed=0"), run_of("seed=1", "video=false", "threads=1", "tracking=wandb")])
    assert seeds_of(grouping) == {"all runs": [0, 1]}
    assert (grouping.titles, grouping.keys, grouping.pooled) == (["group"], [], [])


def test_labels_are_what_the_command_line_said(run_of):
    runs = [run_of(f"reward={reward}", f"seed={seed}") for reward in ("default", "paw_heavy") for seed in (0, 1)]
    grouping = group_runs(runs)
    assert grouping.titles == ["reward"]
    assert seeds_of(grouping) == {"default": [0, 1], "paw_heavy": [0, 1]}
    assert list(grouping.keys) == ["reward.w_elbow", "reward.w_paw"]
    assert [group.description for group in grouping.groups] == ["reward=default", "reward=paw_heavy"]
    assert [group.values("reward.w_paw") for group in grouping.groups] == ["1.0", "1.6"]


def test_an_override_that_was_not_given_is_the_default(run_of):
    runs = [run_of(*reward, f"seed={seed}") for reward in ([], ["reward=paw_heavy"]) for seed in (0, 1)]
    assert list(seeds_of(group_runs(runs))) == ["(default)", "paw_heavy"]


def test_runs_without_repetitions_keep_their_names(run_of):
    first, heavy = replace(run_of(), name="first"), replace(run_of("reward=paw_heavy"), name="heavy")
    grouping = group_runs([first, heavy])
    assert grouping.titles == ["run", "reward"]
    assert [group.label for group in grouping.groups] == ["first", "heavy"]
    assert [group.cells for group in grouping.groups] == [["first", "(default)"], ["heavy", "paw_heavy"]]
    assert grouping.groups[1].description == "heavy (reward=paw_heavy)"
    jobs = group_runs([replace(first, name="rewards/0"), replace(heavy, name="rewards/1")])
    assert [group.label for group in jobs.groups] == ["(default) (rewards/0)", "paw_heavy (rewards/1)"]
    assert (group_runs([first]).groups[0].label, group_runs([first]).titles) == ("first", ["run"])


def test_labels_are_keys_where_the_command_line_says_something_else(run_of):
    # The first two are the same although they were said in different words.
    runs = [run_of("reward.w_paw=1.0"), run_of("reward=default"), run_of("reward.w_paw=2.0")]
    grouping = group_runs(runs)
    assert grouping.titles == ["reward.w_paw"]
    assert {label: len(seeds) for label, seeds in seeds_of(grouping).items()} == {"1.0": 2, "2.0": 1}


def test_many_factors_are_called_by_letters(run_of):
    changes = ["env.n_substeps=4", "algo.gamma=0.5", "algo.gae_lambda=0.5", "reward.w_paw=3"]
    grouping = group_runs([run_of(*words, f"seed={seed}") for words in ([], changes) for seed in (0, 1)])
    assert grouping.titles == ["group"]
    assert list(seeds_of(grouping)) == ["A", "B"]
    assert [group.description for group in grouping.groups] == ["A", "B"]
    assert len(grouping.keys) == 4


def test_by_pools_what_it_does_not_name(run_of):
    runs = [run_of(f"reward={r}", f"env.path_steps={n}") for r in ("default", "smooth") for n in (0, 5)]
    grouping = group_runs(runs, ["reward"])
    assert {group.label: group.values("env.path_steps") for group in grouping.groups} == {
        "default": "0, 5",
        "smooth": "0, 5",
    }
    assert list(grouping.pooled) == ["env.path_steps"]
    both = group_runs(runs, ["reward", "env.path_steps"])
    assert both.titles == ["run", "reward", "env.path_steps"]
    assert both.groups[1].cells == ["x", "default", "5"]
    assert not both.pooled


def test_by_seed(run_of):
    runs = [run_of(f"seed={seed}", "threads=1") for seed in (0, 1, 1)]
    assert seeds_of(group_runs(runs, ["seed"])) == {"0": [0], "1": [1, 1]}


def test_by_something_that_does_not_exist(run_of):
    with pytest.raises(UnknownNameError, match=r"named 'rewrd'\. Did you mean 'reward'") as caught:
        group_runs([run_of(), run_of("algo.gamma=0.5")], ["rewrd"])
    assert "algo.gamma" in caught.value.valid


def test_differing_keys_have_their_whole_path(run_of):
    runs = [run_of("seed=0"), run_of("seed=1", "model.landmarks.paw=site:x")]
    assert group_runs(runs).keys == ["model.landmarks.paw"]  # the seed is no difference
