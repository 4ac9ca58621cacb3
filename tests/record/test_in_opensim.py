"""OpenSim itself opens the tables, and its arm is then where ours was; slow, and skipped where OpenSim is not here."""

from pathlib import Path

import numpy as np
import pytest

from mousearm.fidelity.reference import load_opensim
from mousearm.record import record, write_recording

MODEL = Path(__file__).parents[3] / "shared" / "opensim" / "scaled_mouse.osim"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def opensim(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("log"))  # OpenSim begins a log file where it is imported
        pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")
        return load_opensim()


@pytest.fixture(scope="module")
def written(build_agent, tmp_path_factory):
    """The recording of a reach, and the folder of its tables."""
    agent, folder = build_agent("model=muscle", only="short"), tmp_path_factory.mktemp("opensim") / "tables"
    write_recording(agent, folder, "sto", noise=0.3)
    return record(agent, noise=0.3).reaches[0], folder / "short" / "repeat_0"


def test_every_table_opens_both_ways(opensim, written):
    reach, folder = written
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 10
    for name in names:
        table, storage = opensim.TimeSeriesTable(str(folder / name)), opensim.Storage(str(folder / name))
        assert table.getNumRows() == storage.getSize() == len(reach.signals["time"].values)
        assert table.getTableMetaDataString("inDegrees") == "no"
        assert not storage.isInDegrees()
        np.testing.assert_allclose(table.getIndependentColumn(), reach.signals["time"].values, atol=1e-12)


def test_the_numbers_are_the_recordings(opensim, written):
    reach, folder = written
    for name, signal in (("activations", "activation"), ("forces", "force"), ("excitations", "excitation")):
        table = opensim.TimeSeriesTable(str(folder / f"{name}.sto"))
        assert table.getColumnLabels() == reach.signals[signal].columns
        np.testing.assert_allclose(table.getMatrix().to_numpy(), reach.signals[signal].values, atol=1e-11)


@pytest.mark.skipif(not MODEL.is_file(), reason="the published model, scaled_mouse.osim, is not here")
def test_opensims_arm_has_its_paw_where_ours_was(opensim, written):
    _, folder = written
    model = opensim.Model(str(MODEL))
    state = model.initSystem()
    coordinates = opensim.TimeSeriesTable(str(folder / "coordinates.sto"))
    points = opensim.TimeSeriesTable(str(folder / "points.sto"))
    angles, places = coordinates.getMatrix().to_numpy(), points.getMatrix().to_numpy()
    paw = [points.getColumnIndex(f"paw_{axis}") for axis in "xyz"]
    for pose, place in zip(angles[::10], places[::10], strict=True):
        for name, angle in zip(coordinates.getColumnLabels(), pose, strict=True):
            model.getCoordinateSet().get(name).setValue(state, float(angle), False)
        model.realizePosition(state)
        marker = model.getMarkerSet().get("handm").getLocationInGround(state).to_numpy()
        np.testing.assert_allclose(marker, place[paw], atol=1e-8)
