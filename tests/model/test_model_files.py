import hashlib
from dataclasses import replace

import pytest

from mousearm.model import model_hashes


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
