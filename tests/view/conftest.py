import numpy as np
import pytest

from mousearm.env.references import References
from mousearm.env.task import Task
from mousearm.view import Simulator


class Still:
    """Wants the same action of every arm, whatever it sees; the two-link arm's motors rest at 0."""

    def __init__(self, action):
        self.action, self.n_seen = np.array([action], dtype=float), 0

    def reset(self, n):
        self.n_seen = 0

    def act(self, observation):
        self.n_seen += 1
        return self.action


@pytest.fixture(scope="session")
def build_simulator(torque_config, two_link, swing):
    """Build a simulator of two reaches, of 10 and 6 frames, with an arm whose motors only move it."""

    def build(controller=None, arm=two_link):
        references = [swing(arm, 10, "long"), swing(arm, 6, "short", amplitude=0.1)]
        return Simulator(Task(arm, References(references), torque_config, 1), controller, "direct")

    return build


@pytest.fixture(scope="session")
def still():
    return Still
