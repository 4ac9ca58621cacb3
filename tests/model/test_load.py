import hashlib
from dataclasses import replace

import pytest

from mousearm.errors import ModelError
from mousearm.model import model_file, model_hashes


@pytest.fixture
def hashes_of(torque_config):
    return lambda file: model_hashes(replace(torque_config.model, file=str(file)))


def test_the_shipped_arm_is_two_files(torque_config):
    assert set(model_hashes(torque_config.model)) == {"torque.xml", "forelimb.xml"}


def test_every_file_that_is_named_counts_wherever_it_is(tmp_path, hashes_of):
    files = {
        "arm.xml": """<mujoco><compiler meshdir="shapes"/><include file = 'parts/hand.xml'/>
                   <asset><mesh file="bone.stl"/><mesh file="gone.stl"/></asset></mujoco>""",
        "parts/hand.xml": '<mujoco><include file="arm.xml"/></mujoco>',  # in a circle
        "shapes/bone.stl": "solid",
        "shapes/other.stl": "nobody names it",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = hashes_of(tmp_path / "arm.xml")
    assert found == {
        name: hashlib.sha256(files[name].encode()).hexdigest()
        for name in ("arm.xml", "parts/hand.xml", "shapes/bone.stl")
    }


def test_a_file_that_is_not_there_has_no_hash(tmp_path, hashes_of):
    assert hashes_of(tmp_path / "none.xml") == {}


def test_a_folder_with_one_model_is_that_model(tmp_path, torque_config):
    (tmp_path / "arm.xml").write_text("<mujoco/>")
    (tmp_path / "README.md").touch()
    assert model_file(replace(torque_config.model, file=str(tmp_path))) == tmp_path / "arm.xml"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["README.md"], r"a folder with no files of .xml or .mjcf.* There are: none"),
        (["a.xml", "parts/b.xml"], r"a folder with 2 files .* as model.file=.*/FILE. There are: a.xml, parts/b.xml"),
    ],
)
def test_of_a_folder_with_several_or_none_the_model_must_be_named(tmp_path, torque_config, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=message):
        model_file(replace(torque_config.model, file=str(tmp_path)))
