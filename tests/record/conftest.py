import shutil
from functools import cache

import pytest

from mousearm.env.references import prepare
from mousearm.experiment import run
from mousearm.paths import resolve

QUICK = (
    *("debug=quick", "video=false", "policy.lstm_hidden_size=8", "env.n_substeps=2"),
    *("algo.timesteps=1568", "algo.eval_freq=784"),
)
FILES = {"demo": "demo", "mouse/long": "synthetic/reach_02", "short": "synthetic/reach_12"}


@pytest.fixture(scope="session")
def reach_folder(tmp_path_factory):
    """Three reaches of different lengths; the name of one has a slash."""
    folder = tmp_path_factory.mktemp("reaches")
    (folder / "mouse").mkdir()
    for name, source in FILES.items():
        shutil.copy(resolve(f"package:{source}.csv", "kinematics/data"), folder / f"{name}.csv")
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory, configure, reach_folder):
    """The run folder of a muscle arm that was trained for a second."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    run(configure(*QUICK, "model=muscle", f"kinematics.path={reach_folder}", "kinematics.train_ratio=0.5"), folder, [])
    return folder


@pytest.fixture(scope="session")
def build_agent(configure, reach_folder, assemble):
    """An agent that was never trained, of overrides; one is made of the same ones. ``only`` is one of the reaches."""

    @cache
    def build(*overrides, only=None):
        path = reach_folder if only is None else reach_folder / f"{only}.csv"
        words = ("policy.lstm_hidden_size=8", "env.n_substeps=2", f"kinematics.path={path}")
        return assemble(*prepare(configure(*words, *overrides)))

    return build
