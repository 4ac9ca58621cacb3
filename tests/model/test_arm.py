import re
import warnings

import mujoco
import numpy as np
import pytest

from mousearm.config import LandmarksConfig, ModelConfig
from mousearm.env.references import prepare
from mousearm.errors import ModelError, UnknownNameError
from mousearm.model import Landmark, load_arm

SPINNER = '<worldbody><body><joint/><geom fromto="0 0 0 0 1 0"/></body>'
JOINTS = ("elv_angle", "shoulder_ext", "shoulder_rot", "elbow_flex", "radius_rot", "wrist_angle")


def config(file, shoulder="joint:shoulder", elbow="joint:elbow", paw="site:paw", joints=None):
    return ModelConfig(
        file=str(file), osim=None, landmarks=LandmarksConfig(shoulder, elbow, paw), joints=joints, action_map="direct"
    )


@pytest.fixture
def arm_file(tmp_path, two_link_xml):
    """Writes the two-link arm, with a piece of its XML replaced."""

    def write(old="", new=""):
        assert old in two_link_xml
        path = tmp_path / "arm.xml"
        path.write_text(two_link_xml.replace(old, new))
        return path

    return write


def test_shipped_torque_arm(torque_arm):
    assert torque_arm.name == "torque"
    assert torque_arm.joint_names == JOINTS
    assert torque_arm.actuator_names == JOINTS
    assert (torque_arm.nq, torque_arm.nu, torque_arm.na) == (6, 6, 0)
    assert list(torque_arm.tracked_joints) == [0, 1, 2, 3, 4, 5]
    np.testing.assert_array_equal(torque_arm.ctrl_range, [[-1, 1]] * 6)
    np.testing.assert_array_equal(torque_arm.peak_force, np.ones(6))


def test_shipped_muscle_arm(muscle_arm, torque_arm):
    assert (muscle_arm.nq, muscle_arm.nu, muscle_arm.na) == (6, 21, 21)
    assert len(set(muscle_arm.actuator_names)) == 21
    np.testing.assert_array_equal(muscle_arm.ctrl_range, [[0, 1]] * 21)
    # Forces of mouse muscles are tenths of a newton; none is missing.
    assert (muscle_arm.peak_force > 1e-2).all()
    assert (muscle_arm.peak_force < 1).all()
    # Both arms are the same bones.
    assert muscle_arm.segment_lengths() == torque_arm.segment_lengths()
    np.testing.assert_array_equal(muscle_arm.qpos_range, torque_arm.qpos_range)


@pytest.mark.parametrize("name", ["torque_arm", "muscle_arm"])
def test_rest_pose_is_within_the_joint_ranges(name, request):
    arm = request.getfixturevalue(name)
    assert (arm.rest_qpos >= arm.qpos_range[:, 0]).all()
    assert (arm.rest_qpos <= arm.qpos_range[:, 1]).all()


@pytest.mark.parametrize("name", ["torque_arm", "muscle_arm"])
def test_landmark_positions_are_those_of_forward_dynamics(name, request):
    arm = request.getfixturevalue(name)
    low, high = arm.qpos_range.T
    poses = np.random.default_rng(0).uniform(low, high, (20, arm.nq))
    data = mujoco.MjData(arm.model)
    for pose, points in zip(poses, arm.landmark_positions(poses), strict=True):
        data.qpos[:] = pose
        mujoco.mj_forward(arm.model, data)
        expected = [data.joint("elv_angle").xanchor, data.joint("elbow_flex").xanchor, data.site("handm").xpos]
        np.testing.assert_array_equal(points, expected)


def test_two_link_by_hand(two_link):
    # Upper arm along x, elbow bent by 90 degrees: the paw is 10 mm along y of the elbow.
    points = two_link.landmark_positions(np.array([[0, np.pi / 2]]))
    np.testing.assert_allclose(points, [[[0, 0, 0], [0.01, 0, 0], [0.01, 0.01, 0]]], atol=1e-15)
    np.testing.assert_allclose(two_link.segment_lengths(), (0.01, 0.01))
    np.testing.assert_array_equal(two_link.rest_qpos, [0, 0])
    np.testing.assert_array_equal(two_link.qpos_range, [[-1.5, 1.5], [-2, 2]])


def test_landmark_kinds(arm_file):
    arm = load_arm(config(arm_file(), "body:upper", "joint:elbow", "geom:fore"))
    assert arm.landmarks == {
        "shoulder": Landmark("xpos", 1),
        "elbow": Landmark("xanchor", 1),
        "paw": Landmark("geom_xpos", 1),
    }
    # The middle of the forearm, 5 mm from the elbow.
    np.testing.assert_allclose(arm.landmark_positions(np.zeros((1, 2)))[0, 2], [0.015, 0, 0])
    assert arm.name == "arm"


@pytest.mark.parametrize("name", ["torque_arm", "muscle_arm"])
def test_what_is_only_seen_is_not_simulated(name, request):
    arm = request.getfixturevalue(name)
    wraps = np.isin(arm.model.wrap_type, (mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_CYLINDER))
    assert arm.physics.ngeom == len(set(arm.model.wrap_objid[wraps])) < arm.model.ngeom
    for field in ("body_mass", "body_inertia", "body_ipos", "jnt_axis", "site_pos", "actuator_gainprm", "dof_armature"):
        np.testing.assert_array_equal(getattr(arm.physics, field), getattr(arm.model, field), err_msg=field)


@pytest.mark.parametrize(
    ("replaced", "paw", "n_simulated"),
    [
        (("", ""), "site:paw", 0),
        (('contype="0" conaffinity="0"', 'contype="1"'), "site:paw", 2),  # they touch things
        (("<compiler", '<compiler inertiafromgeom="true"'), "site:paw", 2),  # the masses come from them
        (("", ""), "geom:fore", 2),  # one is a landmark
    ],
)
def test_geoms_that_are_needed_are_simulated(arm_file, replaced, paw, n_simulated):
    arm = load_arm(config(arm_file(*replaced), paw=paw))
    assert arm.model.ngeom == 2
    assert arm.physics.ngeom == n_simulated


def test_keyframe_is_the_rest_pose(arm_file):
    key = '<keyframe><key qpos="0.1 0.2"/></keyframe>\n</mujoco>'
    np.testing.assert_array_equal(load_arm(config(arm_file("</mujoco>", key))).rest_qpos, [0.1, 0.2])


def test_joint_without_limits_has_an_infinite_range(arm_file):
    arm = load_arm(config(arm_file('name="elbow" range="-2 2"', 'name="elbow"')))
    np.testing.assert_array_equal(arm.qpos_range, [[-1.5, 1.5], [-np.inf, np.inf]])


def test_tracked_joints_keep_the_order_given(arm_file):
    assert list(load_arm(config(arm_file(), joints=["elbow", "shoulder"])).tracked_joints) == [1, 0]


def refused(kind, text, settings):
    with pytest.raises(kind, match=re.escape(text)):
        load_arm(settings)


def test_unknown_landmark(arm_file):
    file = arm_file()
    expected = f"site in {file} (key model.landmarks.paw) named 'pow'. Did you mean 'paw'? Those that exist: paw."
    refused(UnknownNameError, expected, config(file, paw="site:pow"))
    refused(UnknownNameError, "Those that exist: elbow, shoulder.", config(file, shoulder="joint:paw"))


@pytest.mark.parametrize("description", ["paw", "site:", "tendon:paw", ":paw", "site=paw", ""])
def test_landmark_without_kind(arm_file, description):
    refused(
        ModelError, f"model.landmarks.paw='{description}' does not name a landmark", config(arm_file(), paw=description)
    )


def test_unknown_joint(arm_file):
    refused(
        UnknownNameError,
        "(key model.joints) named 'wrist'. Those that exist: elbow, shoulder.",
        config(arm_file(), joints=["elbow", "wrist"]),
    )


def test_no_joint_at_all_to_move(arm_file):
    refused((ModelError, UnknownNameError), "model.joints", config(arm_file(), joints=[]))


def test_missing_file(tmp_path):
    refused(ModelError, f"there is no file {tmp_path / 'no.xml'}. Give the path", config(tmp_path / "no.xml"))
    refused(ModelError, "model.file='package:no.xml': there is no file", config("package:no.xml"))
    refused(ModelError, "is a folder with no files of .xml or .mjcf", config(tmp_path))


@pytest.mark.parametrize(
    ("text", "why"), [("", "not a whole XML file"), ("<mujoco>", "line 1"), ("<arm/>", "is a <arm>"), ("no XML", "XML")]
)
def test_broken_xml(tmp_path, text, why):
    path = tmp_path / "broken.xml"
    path.write_text(text)
    refused(ModelError, f"{path}", config(path))
    refused(ModelError, why, config(path))


def test_reference_to_nothing(arm_file):
    refused(ModelError, "MuJoCo cannot compile", config(arm_file('joint="elbow" gear', 'joint="knee" gear')))


@pytest.mark.parametrize(
    ("joint", "kind"), [("<freejoint/>", "free"), ('<joint name="shoulder" type="ball"/>', "ball")]
)
def test_joints_that_cannot_be_tracked(arm_file, joint, kind):
    file = arm_file('<joint name="shoulder" range="-1.5 1.5"/>', joint)
    if kind == "free":
        file.write_text(file.read_text().replace('joint="shoulder" gear', 'joint="elbow" gear'))
    refused(ModelError, f"(number 0) is a {kind} joint; only hinge and slide joints can be tracked", config(file))


def test_actuator_without_control_range(arm_file):
    expected = "actuator 'elbow' (number 1) has no control range"
    refused(ModelError, expected, config(arm_file('"elbow" gear="1e-5" ctrlrange="-1 1"', '"elbow" gear="1e-5"')))


def test_advice_on_a_range_that_is_the_wrong_way_round(arm_file):
    reversed_range = config(arm_file('name="elbow" range="-2 2"', 'name="elbow" range="2 -1.5"'))
    with pytest.raises(ModelError) as caught:
        load_arm(reversed_range)
    (advice,) = re.findall(r'Write the smaller number first: (range="-1.5 2")', str(caught.value))
    arm = load_arm(config(arm_file('name="elbow" range="-2 2"', f'name="elbow" {advice}')))
    np.testing.assert_allclose(arm.qpos_range[1], [-1.5, 2.0])


@pytest.mark.parametrize("limits", ["", 'ctrlrange="-1 1" ctrllimited="false"'])
def test_advice_to_give_a_control_range(arm_file, limits):
    given = '"elbow" gear="1e-5" ctrlrange="-1 1"'
    with pytest.raises(ModelError) as caught:
        load_arm(config(arm_file(given, f'"elbow" gear="1e-5" {limits}')))
    (advice,) = re.findall(r'ctrllimited="true" ctrlrange="-1 1"', str(caught.value))
    assert load_arm(config(arm_file(given, f'"elbow" gear="1e-5" {advice}'))).nu == 2


@pytest.mark.parametrize(
    ("option", "named"),
    [('<option actuatorgroupdisable="3"/>', "'elbow'"), ('<option><flag actuation="disable"/></option>', "'shoulder'")],
)
def test_advice_where_actuators_are_switched_off(arm_file, option, named):
    file = arm_file('joint="elbow" gear', 'joint="elbow" group="3" gear')
    text = file.read_text()
    file.write_text(text.replace("<worldbody>", f"{option}<worldbody>"))
    refused(ModelError, f"actuator {named}", config(file))
    file.write_text(text)
    assert load_arm(config(file)).nu == 2


def test_what_has_no_name_is_told_apart_by_its_number(build_two_link):
    arm = build_two_link('motor name="shoulder"', "motor", 'motor name="elbow"', "motor", "<worldbody>", SPINNER)
    assert arm.actuator_names == ("actuator 0", "actuator 1")
    assert arm.joint_names == ("joint 0", "shoulder", "elbow")


def test_an_arm_in_millimetres_is_said(arm_file, configure):
    file = arm_file()
    keys = [f"model.file={file}", "model.landmarks.shoulder=joint:shoulder", "model.landmarks.elbow=joint:elbow"]
    settings = configure(*keys, "model.landmarks.paw=site:paw", "kinematics.max_residual_mm=1e9")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(settings)
    file.write_text(file.read_text().replace('"0.01 0 0"', '"10 0 0"'))
    with pytest.warns(UserWarning, match="upper arm 1e.04 mm .* model is in metres"):
        prepare(settings)


def test_advice_to_add_actuators(arm_file):
    file = arm_file()
    text = file.read_text()
    file.write_text(text[: text.index("<actuator>")] + "</mujoco>")
    refused(ModelError, "has 2 joints and 0 actuators; an arm needs at least one each:", config(file))
    file.write_text(
        text[: text.index("<actuator>")] + '<actuator><motor joint="elbow" ctrlrange="-1 1"/></actuator></mujoco>'
    )
    assert load_arm(config(file)).nu == 1


MUSCLE = '<muscle name="elbow" joint="elbow" ctrlrange="0 1" lengthrange="0.01 0.02" force="{force}" scale="300"/>'
MOTOR = '<motor name="elbow" joint="elbow" gear="1e-5" ctrlrange="-1 1"/>'


@pytest.mark.parametrize(
    ("actuator", "peak"),
    [
        ('<motor name="elbow" joint="elbow" gear="1e-5" ctrlrange="-2 1"/>', 2.0),  # the larger of |-2| and |1|, gain 1
        ('<general name="elbow" joint="elbow" gainprm="3" ctrlrange="0 2"/>', 6.0),  # gain 3 times control 2
        ('<general name="elbow" joint="elbow" gainprm="-3" ctrlrange="0 2"/>', 6.0),
        (MUSCLE.format(force="0.25"), 0.25),
    ],
)
def test_peak_force_by_hand(build_two_link, actuator, peak):
    np.testing.assert_allclose(build_two_link(MOTOR, actuator).peak_force, [1.0, peak], rtol=1e-12)


def test_peak_force_of_a_scaled_muscle(build_two_link):
    # Without a force of its own a muscle has scale / acc0, acc0 being the acceleration that a unit force causes.
    arm = build_two_link(MOTOR, MUSCLE.format(force="-1"))
    assert arm.peak_force[1] == pytest.approx(300 / arm.model.actuator_acc0[1])


def test_peak_force_respects_a_force_range(build_two_link):
    limited = MOTOR.replace('ctrlrange="-1 1"', 'ctrlrange="-1 1" forcerange="-0.25 0.5"')
    np.testing.assert_allclose(build_two_link(MOTOR, limited).peak_force, [1.0, 0.5])


@pytest.mark.parametrize("sign", [-1, 1])
def test_motors_reach_their_peak_force_at_full_control(torque_arm, sign):
    data = mujoco.MjData(torque_arm.model)
    data.ctrl[:] = sign * torque_arm.ctrl_range[:, 1]
    mujoco.mj_forward(torque_arm.model, data)
    np.testing.assert_allclose(np.abs(data.actuator_force), torque_arm.peak_force)
