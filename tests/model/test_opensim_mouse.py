"""The shipped mouse forelimb is made of the published model; tests/fidelity has it against OpenSim."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

from mousearm.model.arm import tendon_lengths
from mousearm.model.opensim import MjcfOptions, convert, read_osim, to_mjcf
from mousearm.model.opensim.mjcf import sample_poses

FILE = Path(__file__).parents[3] / "shared" / "opensim" / "scaled_mouse.osim"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the published model, scaled_mouse.osim, is not here")


# The project's choices give these paths of their own, so that their lengths do not jump as in the published model.
REPLACED = ["Biceps_Long_Head", "Deltoid_Posterior", "Infraspinatus"]


@pytest.fixture(scope="module")
def imported():
    """The published model as anybody would import it, without the project's choices."""
    return mujoco.MjModel.from_xml_string(to_mjcf(read_osim(FILE)))


def test_nothing_is_missing():
    model = read_osim(FILE)
    assert model.missing == ()
    conversion = convert(model)
    assert conversion.missing == ()
    # Among the notes are those whose published lengths jump.
    for name in REPLACED:
        assert any(
            note.startswith(f"muscle {name}: an end of its path enters shoulder_wrap") for note in conversion.notes
        )
    assert (len(model.bodies), len(model.muscles), len(model.markers), len(model.wraps)) == (6, 21, 4, 2)


@pytest.fixture(scope="module")
def made_anew(load_script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "model"
    assert load_script("make_forelimb").main([str(FILE), "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("name", ["forelimb.xml", "muscle.xml", "torque.xml"])
def test_shipped_files_are_those_that_the_script_makes(made_anew, muscle_arm, name):
    shipped, made = words(Path(muscle_arm.source).with_name(name)), words(made_anew / name)
    assert len(made) == len(shipped)
    for ours, theirs in zip(shipped, made, strict=True):
        assert ours == theirs or float(ours) == pytest.approx(float(theirs), rel=1e-9, abs=1e-12)


def words(file):
    """Words and numbers; the twelfth digit of a number is the processor's."""
    return file.read_text(encoding="utf-8").replace('"', " ").split()


def test_script_refuses_other_models(run_script, tmp_path):
    (tmp_path / "arm.osim").write_text("<mujoco/>")
    done = run_script("make_forelimb", tmp_path / "arm.osim", "--out", tmp_path / "out")
    assert done.status == 1
    assert done.err.startswith("error: ")
    assert "is a <mujoco>, not an <OpenSimDocument>" in done.err
    assert not (tmp_path / "out").exists()


def test_choices_change_no_other_path(imported, muscle_arm):
    poses = sample_poses(imported, 200, seed=2)
    error = np.abs(tendon_lengths(imported, poses) - tendon_lengths(muscle_arm.model, poses)).max(axis=0)
    names = [imported.tendon(i).name for i in range(imported.ntendon)]
    changed = {name for name, worst in zip(names, error, strict=True) if worst > 1e-12}
    assert {"Biceps_Long_Head", "Deltoid_Posterior"} <= changed <= {*REPLACED}


def test_masses_without_choices_are_like_those_of_the_shipped_model(imported, muscle_arm):
    for name in ("humerus", "ulna", "radius", "hand"):
        shipped = muscle_arm.model.body(name)
        body = imported.body(name)
        np.testing.assert_allclose(body.mass, shipped.mass, rtol=0.05)
        np.testing.assert_allclose(body.ipos, shipped.ipos, atol=1e-3)
    np.testing.assert_array_equal(imported.dof_damping, muscle_arm.model.dof_damping)
    np.testing.assert_array_equal(imported.dof_armature, muscle_arm.model.dof_armature)


def test_motors_without_choices_are_like_those_of_the_shipped_model(torque_arm):
    model = mujoco.MjModel.from_xml_string(to_mjcf(read_osim(FILE), MjcfOptions(actuators="torque")))
    ratio = model.actuator_gear[:, 0] / torque_arm.model.actuator_gear[:, 0]
    assert (ratio > 0.5).all()
    assert (ratio < 2).all()


def test_published_inertias():
    model = mujoco.MjModel.from_xml_string(to_mjcf(read_osim(FILE), MjcfOptions(inertia="published")))
    np.testing.assert_allclose(model.body("humerus").mass, 0.00071280149832)
