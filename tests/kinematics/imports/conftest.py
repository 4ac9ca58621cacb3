from pathlib import Path

import pytest
from tracked_files import POINTS, RATE

from mousearm.errors import MouseArmError
from mousearm.kinematics import read_csv
from mousearm.kinematics.imports import ImportOptions, import_reaches


@pytest.fixture
def options():
    """Options that fit the files of the tests, with changes."""

    def make(**changes):
        return ImportOptions(**{"points": POINTS, "unit": "mm", "axes": "x y z", "rate": RATE} | changes)

    return make


@pytest.fixture
def bring_in(tmp_path, options):
    """Import files; gives what was imported and the reaches as the project reads them, in OpenSim's axes."""

    def run(*paths, **changes):
        imported = import_reaches(paths, tmp_path / "out", options(**changes))
        reaches = [read_csv(tmp_path / "out" / f"{reach.name}.csv") for item in imported for reach in item.reaches]
        return imported, reaches

    return run


@pytest.fixture
def refused(tmp_path, options):
    """Import files that must be refused, with a text that has these parts, and with nothing left behind."""

    def run(path, *parts, **changes):
        paths = [path] if isinstance(path, Path) else path
        before = sorted(tmp_path.iterdir())
        with pytest.raises(MouseArmError) as caught:
            import_reaches(paths, tmp_path / "out", options(**changes))
        assert sorted(tmp_path.iterdir()) == before
        for part in (str(paths[0]), *parts):
            assert part in str(caught.value)

    return run


@pytest.fixture
def points_of():
    """Shoulder, elbow, paw (T, 3, 3) of a reach in OpenSim's axes, whose x, y, z are MuJoCo's y, z, x."""
    return lambda reach: reach.landmarks[:, :, [1, 2, 0]]
