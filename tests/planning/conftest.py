import pytest

from mousearm.env.references import prepare, reach_files
from mousearm.record import record


@pytest.fixture(scope="session")
def recorded(configure, assemble):
    """Recording of a small untrained network on n synthetic reaches."""

    def make(*overrides, n):
        config = configure("kinematics=synthetic", "policy.lstm_hidden_size=6", *overrides)
        return record(assemble(*prepare(config, reach_files(config)[:n]), "train"))

    return make
