"""Files of EMG for tests, and the reach that they belong to."""

import numpy as np
import pytest

from mousearm.emg.importing import examine_emg
from mousearm.emg.mapping import read_map
from mousearm.emg.recording import EmgOptions
from mousearm.errors import MouseArmError
from mousearm.kinematics import find_reaches
from mousearm.paths import resolve

RATE = 2000.0
FORCES = {"Biceps_Long_Head": 1.0, "Biceps_Short_Head": 3.0, "Triceps_Long_Head": 1.0}
MAP = ("biceps=Biceps_Long_Head,Biceps_Short_Head", "triceps=Triceps_Long_Head")
GOOD = {"kind": "raw", "rate": RATE, "unit": "V", "align": "start"}  # of a file without times


def signals(seed=0, n=1200):
    """Raw EMG of two channels, V, by name."""
    rng = np.random.default_rng(seed)
    swell = 1e-4 * (0.2 + np.sin(np.linspace(0, np.pi, n)) ** 2)
    return {name: swell * rng.standard_normal(n) for name in ("biceps", "triceps")}


def write_csv(path, columns, separator=","):
    """A table with a row of names."""
    rows = np.column_stack(list(columns.values()))
    lines = [separator.join(columns), *(separator.join(f"{value:.9g}" for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def demo_reaches():
    """The reach that ships, `demo`: 50 frames, 0.327 s."""
    return find_reaches(resolve("package:demo.csv", "kinematics/data"))


def examined(paths, options=None, muscles=MAP, reaches=None, pairs=None, **changes):
    """Examine files with good options, but for the changes; None leaves one out."""
    given = {**GOOD, **(options or {}), **changes}
    given = {name: value for name, value in given.items() if value is not None}
    found = read_map(muscles, FORCES)
    return examine_emg(paths, reaches or demo_reaches(), EmgOptions(**given), found, pairs or {})


def told(says, call, *arguments, **options):
    """Do what is refused, and see that its message tells this."""
    with pytest.raises(MouseArmError) as refused:
        call(*arguments, **options)
    assert says in " ".join(str(refused.value).split()), refused.value
    return refused.value
