import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from mousearm.config import compose
from mousearm.errors import RunError
from mousearm.files import seal
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import resumed, with_resume

GOLDEN = Path(__file__).parents[1] / "golden" / "2" / "run"  # has done all of its 300 steps


def test_without_resume_a_command_line_stays_as_it_is():
    assert with_resume(["-m", "seed=0,1"]) == ["-m", "seed=0,1"]


@pytest.mark.parametrize("name", ["first", "it's a b", "x=1,2", "{a}", "back\\slash"])
def test_the_folder_is_what_hydra_understands(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.yaml").touch()
    seed, folder = with_resume([f"resume={tmp_path / name}", "seed=1"])
    assert seed == "seed=1"
    (override,) = OverridesParser.create().parse_overrides([folder])
    assert override.key_or_group == "hydra.run.dir"
    assert str(override.value()) == str(tmp_path / name)


def test_what_cannot_be_resumed(tmp_path):
    with pytest.raises(RunError, match=r"There is no run in .*: it has no config\.yaml"):
        with_resume([f"resume={tmp_path}"])
    with pytest.raises(RunError, match=r"resumes one run\. Resume a sweep by its name="):
        with_resume(["-m", f"resume={tmp_path}"])


def resume(*words):
    """The configuration with which a run of 300 steps is resumed."""
    return resumed(RunFolder(GOLDEN), compose(["name=test", *words]), list(words))


def resume_with(total, run=GOLDEN):
    """The budget with which a run is resumed that asks for one."""
    saved = RunFolder(run).saved_config()
    wanted = replace(saved, algo=replace(saved.algo, timesteps=total))
    return resumed(RunFolder(run), wanted, [f"algo.timesteps={total}"]).algo.timesteps


@pytest.mark.parametrize("total", [1, 180, 299])
def test_advice_not_to_record_a_smaller_budget_than_was_used_up(total):
    with pytest.raises(RunError, match="has done 300 steps already") as caught:
        resume_with(total)
    assert "give 300 or more" in str(caught.value)
    assert resume_with(300) == 300
    assert resume_with(301) == 301


@pytest.mark.parametrize("total", [300, 301, 999, 1000, 2000])
def test_a_budget_that_is_not_used_up_may_become_smaller(tmp_path, total):
    shutil.copytree(GOLDEN, tmp_path / "run")
    config = tmp_path / "run" / "config.yaml"
    config.write_text(config.read_text().replace("timesteps: 300\n", "timesteps: 1000\n"))
    seal(tmp_path / "run", {"config.yaml": None})
    assert resume_with(total, tmp_path / "run") == total


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["experiment=any_reach"], "env.path_steps: saved 0, wanted 6"),
        (["debug=quick", "algo.timesteps=300"], "env.num_envs: saved 2, wanted 8"),
        (["experiment=torque_against_muscle", "algo.timesteps=300"], "pretrain.teacher: saved none, wanted cmc"),
    ],
)
def test_an_experiment_that_contradicts_the_run_is_refused(words, line):
    with pytest.raises(RunError, match=line):
        resume(*words)
