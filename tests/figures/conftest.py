from dataclasses import replace
from functools import cache

import pytest

from mousearm.env.references import prepare, reach_files
from mousearm.record import Recording, record


@pytest.fixture(scope="session")
def recorded(configure, assemble):
    """Recording of a small untrained network on n synthetic reaches: ``recorded("model=muscle", n=3)``."""

    @cache
    def make(*overrides, n=2):
        config = configure("kinematics=synthetic", "policy.lstm_hidden_size=6", "policy.n_lstm_layers=2", *overrides)
        return record(assemble(*prepare(config, reach_files(config)[:n]), "train"))

    return make


@pytest.fixture(scope="session")
def muscles(recorded):
    return recorded("model=muscle", n=3)


@pytest.fixture(scope="session")
def motors(recorded):
    return recorded(n=2)


@pytest.fixture
def change():
    """A performance with the values of some signals changed by functions: ``change(reach, qpos=lambda q: -q)``."""

    def make(reach, **functions):
        signals = {
            name: replace(signal, values=functions[name](signal.values)) if name in functions else signal
            for name, signal in reach.signals.items()
        }
        return replace(reach, signals=signals)

    return make


@pytest.fixture
def without():
    """A recording in which signals are missing."""

    def make(recording, *names):
        reaches = [
            replace(reach, signals={name: signal for name, signal in reach.signals.items() if name not in names})
            for reach in recording.reaches
        ]
        return Recording(reaches, recording.about)

    return make
