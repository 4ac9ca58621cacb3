"""The published mouse forelimb, against the shipped model and against OpenSim itself."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

from mousearm.config import LandmarksConfig, ModelConfig
from mousearm.model import load_arm
from mousearm.model.opensim import MjcfOptions, convert, read_osim, to_mjcf
from mousearm.model.opensim.poses import sample_poses, tendon_lengths

FILE = Path(__file__).parents[3] / "shared" / "opensim" / "scaled_mouse.osim"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the published model, scaled_mouse.osim, is not here")

JOINTS = {
    "elv_angle": "elv_angle",
    "extension_angle": "shoulder_ext",
    "rotation_angle": "shoulder_rot",
    "elbow_flex": "elbow_flex",
    "radius_rot": "radius_rot",
    "wrist_angle": "wrist_angle",
}
LANDMARKS = LandmarksConfig("joint:elv_angle", "joint:elbow_flex", "site:handm")

# The shipped model gives these two surfaces of their own, so that their lengths do not jump as in the published one.
REPLACED = ("Biceps_Long_Head", "Deltoid_Posterior")


@pytest.fixture(scope="module")
def xml():
    return to_mjcf(read_osim(FILE))


@pytest.fixture(scope="module")
def imported(xml, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "imported.xml"
    path.write_text(xml)
    return load_arm(ModelConfig(str(path), None, LANDMARKS, None, "direct"))


def test_nothing_is_missing():
    model = read_osim(FILE)
    assert model.missing == ()
    conversion = convert(model)
    assert conversion.missing == ()
    # Among them the two whose published lengths jump.
    for name in REPLACED:
        assert any(
            note.startswith(f"muscle {name}: an end of its path enters shoulder_wrap") for note in conversion.notes
        )
    assert (len(model.bodies), len(model.muscles), len(model.markers), len(model.wraps)) == (6, 21, 4, 2)


def test_joints_and_landmarks_are_those_of_the_shipped_model(imported, muscle_arm):
    assert imported.joint_names == muscle_arm.joint_names
    assert sorted(imported.actuator_names) == sorted(muscle_arm.actuator_names)
    np.testing.assert_allclose(imported.qpos_range, muscle_arm.qpos_range, atol=1e-8)
    np.testing.assert_allclose(imported.rest_qpos, muscle_arm.rest_qpos, atol=1e-8)
    poses = sample_poses(muscle_arm.model, 100, seed=1)
    # The shipped file has 9 digits.
    np.testing.assert_allclose(imported.landmark_positions(poses), muscle_arm.landmark_positions(poses), atol=1e-9)


def test_lengths_and_forces_are_those_of_the_shipped_model(imported, muscle_arm):
    poses = sample_poses(muscle_arm.model, 200, seed=2)
    names = [muscle_arm.model.tendon(i).name for i in range(muscle_arm.model.ntendon)]
    order = [imported.model.tendon(name).id for name in names]
    error = np.abs(tendon_lengths(imported.model, poses)[:, order] - tendon_lengths(muscle_arm.model, poses)).max(
        axis=0
    )
    equal = [name for name, worst in zip(names, error, strict=True) if worst < 1e-7]
    assert sorted({*names} - {*equal}) in (sorted(REPLACED), sorted([*REPLACED, "Infraspinatus"]))
    forces = {
        name: forces_of(arm, poses[:50], equal) for name, arm in (("imported", imported), ("shipped", muscle_arm))
    }
    np.testing.assert_allclose(forces["imported"], forces["shipped"], rtol=0.005, atol=1e-6)
    np.testing.assert_allclose(imported.peak_force, muscle_arm.peak_force, rtol=1e-6)


def forces_of(arm, poses, names):
    """(n, len(names)) N at full activation, moving."""
    data = mujoco.MjData(arm.model)
    rows = []
    for i, pose in enumerate(poses):
        data.qpos[:] = pose
        data.qvel[:] = np.random.default_rng(i).normal(0, 5, arm.nq)
        data.act[:] = 1
        mujoco.mj_forward(arm.model, data)
        rows.append([data.actuator(name).force[0] for name in names])
    return np.array(rows)


def test_masses_are_like_those_of_the_shipped_model(imported, muscle_arm):
    for name in ("humerus", "ulna", "radius", "hand"):
        shipped = muscle_arm.model.body(name)
        body = imported.model.body(name)
        np.testing.assert_allclose(body.mass, shipped.mass, rtol=0.05)
        np.testing.assert_allclose(body.ipos, shipped.ipos, atol=1e-3)
    np.testing.assert_array_equal(imported.model.dof_damping, muscle_arm.model.dof_damping)
    np.testing.assert_array_equal(imported.model.dof_armature, muscle_arm.model.dof_armature)


def test_motors_are_like_those_of_the_shipped_model(torque_arm):
    model = mujoco.MjModel.from_xml_string(to_mjcf(read_osim(FILE), MjcfOptions(actuators="torque")))
    ratio = model.actuator_gear[:, 0] / torque_arm.model.actuator_gear[:, 0]
    assert (ratio > 0.5).all()
    assert (ratio < 2).all()


def test_published_inertias():
    model = mujoco.MjModel.from_xml_string(to_mjcf(read_osim(FILE), MjcfOptions(inertia="published")))
    np.testing.assert_allclose(model.body("humerus").mass, 0.00071280149832)


@pytest.mark.slow
def test_against_opensim(xml):
    opensim = pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")
    opensim.Logger.setLevelString("Error")
    reference = opensim.Model(str(FILE))
    state = reference.initSystem()
    model = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(model)
    names = [muscle.getName() for muscle in reference.getMuscles()]
    # Some poses within the ranges; corners last.
    poses = sample_poses(model, 300, seed=3)
    places, lengths = [], []
    for pose in poses:
        data.qpos[:] = pose
        mujoco.mj_forward(model, data)
        for coordinate, joint in JOINTS.items():
            reference.getCoordinateSet().get(coordinate).setValue(state, data.joint(joint).qpos[0], False)
        reference.realizePosition(state)
        for marker in reference.getMarkerSet():
            places.append(data.site(marker.getName()).xpos - z_up(marker.getLocationInGround(state)))
        for joint, name in (("shoulder", "elv_angle"), ("humerus_ulna", "elbow_flex")):
            frame = reference.getJointSet().get(joint).getParentFrame()
            places.append(data.joint(name).xanchor - z_up(frame.getPositionInGround(state)))
        expected = [reference.getMuscles().get(name).getGeometryPath().getLength(state) for name in names]
        lengths.append([data.tendon(name).length[0] for name in names] - np.array(expected))
    assert np.abs(places).max() < 1e-9
    rms_mm = 1e3 * np.sqrt(np.mean(np.square(lengths), axis=0))
    worst = dict(zip(names, rms_mm, strict=True))
    print(f"\nlargest error of a marker {np.abs(places).max():.1e} m; rms of lengths in mm: {worst}")
    assert max(worst.values()) < 0.02


def z_up(point):
    """An OpenSim point in MuJoCo's axes."""
    x, y, z = (point.get(i) for i in range(3))
    return np.array([z, x, y])
