import pytest
from short_runs import QUICK, at_call, result, terminate

from mousearm.errors import Interrupted
from mousearm.experiment import run
from mousearm.kinematics import read_reaches, write_csv
from mousearm.paths import resolve
from mousearm.rundir.folder import RunFolder


@pytest.fixture(scope="session")
def few(tmp_path_factory):
    """A folder of four reaches, which are quicker than many."""
    folder = tmp_path_factory.mktemp("few")
    for reach in read_reaches(resolve("package:synthetic", "kinematics/data"))[:4]:
        write_csv(reach, folder / f"{reach.name}.csv")
    return folder


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory, configure):
    """The result of a run that nobody stops, and how often it asks its policy; each is made once."""
    made = {}

    def make(words):
        if words not in made:
            folder = RunFolder(tmp_path_factory.mktemp("unbroken") / "run")
            with at_call(0, terminate) as n_calls:
                run(configure(*words), folder.path)
            made[words] = result(folder), n_calls()
        return made[words]

    return make


@pytest.fixture(scope="session")
def stopped(tmp_path_factory, configure, unbroken):
    """The folder of a quick run that was stopped after two checkpoints; to be copied."""
    folder = tmp_path_factory.mktemp("stopped") / "run"
    with at_call(round(0.85 * unbroken(QUICK)[1]), terminate), pytest.raises(Interrupted):
        run(configure(*QUICK), folder)
    assert len(RunFolder(folder).checkpoints()) >= 2
    return folder
