import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from mousearm.errors import RunError
from mousearm.rundir.runs import with_resume


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
    with pytest.raises(RunError, match=r"resume=.*: there is no run in .*, which has no config\.yaml"):
        with_resume([f"resume={tmp_path}"])
    with pytest.raises(RunError, match=r"resumes one run\. Resume a sweep by its name="):
        with_resume(["-m", f"resume={tmp_path}"])
