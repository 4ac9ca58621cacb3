import shutil

import pytest
from hub_server import TOKEN, Hub

from mousearm import experiment
from mousearm.kinematics import read_csv, write_csv
from mousearm.paths import resolve

QUICK = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784")
ENDPOINT = "https://huggingface.co"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty Hub, a cache that is empty, and nobody logged in: for this process, and for those that it starts."""
    from huggingface_hub import constants

    with Hub() as server:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        page = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", page)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield server


@pytest.fixture
def log_in(monkeypatch):
    """Log in: as the owner of everything, or with another token."""
    return lambda token=TOKEN: monkeypatch.setenv("HF_TOKEN", token)


@pytest.fixture(scope="session")
def quick():
    """Overrides of a run that learns next to nothing within a moment."""
    return QUICK


@pytest.fixture(scope="session")
def reaches(tmp_path_factory):
    """A folder of two short reaches."""
    folder = tmp_path_factory.mktemp("animals") / "mouse_1"
    folder.mkdir()
    for number, name in enumerate(("one", "two")):
        reach = read_csv(resolve(f"package:synthetic/reach_0{number}.csv", "kinematics/data"), name)
        write_csv(reach, folder / f"{name}.csv")
    return folder.parent


@pytest.fixture(scope="session")
def own_model(tmp_path_factory):
    """A model of one's own: the shipped one, in two files."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("torque.xml", "forelimb.xml"):
        shutil.copy(resolve(f"package:{name}", "model"), folder / name)
    return folder / "torque.xml"


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory, configure, reaches, own_model):
    """A finished run on reaches and a model of one's own, trained for a moment."""
    folder = tmp_path_factory.mktemp("outputs") / "first"
    overrides = [*QUICK, "env.path_steps=2", f"kinematics.path={reaches}", f"model.file={own_model}", "name=first"]
    experiment.run(configure(*overrides), folder, overrides)
    return folder


@pytest.fixture
def trained(trained_once, tmp_path, monkeypatch):
    """A copy of that run, to do things to; by a user whose name is no common word."""
    monkeypatch.setenv("LOGNAME", "jane_doe")
    return shutil.copytree(trained_once, tmp_path / "outputs" / "first")
