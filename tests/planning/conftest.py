import pytest

from mousearm.env.references import prepare
from mousearm.record import record


@pytest.fixture(scope="session")
def recorded(configure, assemble):
    """Recording of a small untrained network on n synthetic reaches."""

    def make(*overrides, n):
        config, arm, references = prepare(configure("kinematics=synthetic", "policy.lstm_hidden_size=6", *overrides))
        return record(assemble(config, arm, references[:n], "train"))

    return make
