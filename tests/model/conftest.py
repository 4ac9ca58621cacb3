import pytest

from mousearm.model.opensim import read_osim


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="arm.osim"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return to_file


@pytest.fixture
def read(write):
    return lambda text: read_osim(write(text))
