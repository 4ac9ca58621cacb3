"""Scaling bodies: the laws of similar bodies, and agreement with MuJoCo's compiler on a scaled text."""

from functools import partial
from string import Template

import mujoco
import numpy as np
import pytest

from mousearm.model.arm import peak_isometric_force, rest_pose, tendon_lengths
from mousearm.model.opensim.mjcf import sample_poses
from mousearm.model.scaling import scaled

NOWHERE = np.zeros(3)

# An arm of all that can be scaled, with its lengths as multiples of $a and $b; turned frames, anchors off the origins,
# a slide, a mesh, and a muscle that starts in the world. $m and $i are mass and inertia of the only explicit ones.
TEXT = Template("""
<mujoco>
  <compiler angle="radian" autolimits="true"/>
  <default><site size="$b $b $b"/></default>
  <asset><mesh name="bone" scale="$s $s $s" vertex="0 0 0  0.01 0 0  0 0.012 0  0 0 0.02  0.001 0.005 0.03"/></asset>
  <worldbody>
    <camera pos="1 0 0"/><light pos="0 0 1"/><geom type="plane" size="1 1 1" pos="0 0 -1"/>
    <site name="trunk" pos="$b 0 $a"/>
    <body name="upper" pos="$a $b 0" quat="1 0.2 0 0.4">
      <joint name="push" type="slide" axis="0 0 1" range="-$a $a" ref="$b"/>
      <joint name="turn" pos="$b 0 0" axis="0 1 0" range="-1 1"/>
      <geom type="capsule" fromto="0 0 0  $a 0 0" size="$b"/>
      <geom type="box" size="$b $b $a" pos="$b 0 0" euler="1 0 0"/>
      <geom name="knob" type="sphere" size="$b" pos="$a 0 $b" mass="0"/>
      <site name="start" pos="$b $b 0"/><camera pos="0 0 $a"/><light pos="$a 0 0"/>
      <frame pos="0 $b 0" euler="0.3 0 0">
        <body name="fore" pos="$a 0 0" euler="0 0.5 0">
          <joint name="bend" axis="0 1 0" pos="0 0 $b" damping="1e-6"/>
          <geom type="ellipsoid" size="$a $b $b"/><geom type="mesh" mesh="bone" pos="0 $a 0"/>
          <site name="end" pos="$a $a 0"/>
          <body name="hand" pos="$a 0 0"><inertial pos="$b 0 0" mass="$m" diaginertia="$i $i $i"/></body>
        </body>
      </frame>
    </body>
  </worldbody>
  <tendon>
    <spatial name="path" range="0 $a"><site site="start"/><geom geom="knob"/><site site="end"/></spatial>
    <spatial name="strap" springlength="$b"><site site="trunk"/><site site="end"/></spatial>
  </tendon>
  <actuator>
    <motor joint="turn" gear="1" ctrlrange="-1 1"/>
    <muscle tendon="path" lengthrange="$b $a" force="2"/><muscle tendon="strap" lengthrange="$b $a" force="2"/>
  </actuator>
  <keyframe><key qpos="$b 0.3 0.4"/></keyframe>
</mujoco>
""")


def compiled(s):
    return mujoco.MjModel.from_xml_string(TEXT.substitute(s=s, a=0.02 * s, b=0.005 * s, m=1e-4 * s**3, i=1e-9 * s**5))


def arrays(model):
    """Every number of a model."""
    values = {name: getattr(model, name) for name in dir(model) if not name.startswith("_")}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("s", [0.5, 1.0, 1.7])
def test_scaling_what_was_compiled_is_compiling_what_was_scaled(s):
    expected = arrays(compiled(s))
    for name, value in arrays(scaled(compiled(1.0), np.full(4, s), NOWHERE)).items():
        np.testing.assert_allclose(value, expected[name], rtol=2e-6, atol=1e-12, err_msg=name)
    assert scaled(compiled(1.0), np.full(4, s), NOWHERE).stat.meaninertia == pytest.approx(compiled(s).stat.meaninertia)


def test_the_given_model_stays_as_it_is():
    model, untouched = compiled(1.0), arrays(compiled(1.0))
    scaled(model, np.full(4, 2.0), np.ones(3))
    for name, value in arrays(model).items():
        np.testing.assert_array_equal(value, untouched[name], err_msg=name)


def test_factor_one_changes_nothing(muscle_arm):
    model = muscle_arm.model
    same = arrays(scaled(model, np.ones(model.nbody), np.array([0.1, 0.2, 0.3])))
    for name, value in arrays(model).items():
        np.testing.assert_allclose(same[name], value, rtol=1e-12, atol=1e-18, err_msg=name)


def test_mass_and_inertia_of_similar_bodies(muscle_arm):
    model, s = muscle_arm.model, 1.3
    new = scaled(model, np.full(model.nbody, s), NOWHERE)
    np.testing.assert_allclose(new.body_mass, s**3 * model.body_mass)
    np.testing.assert_allclose(new.body_inertia, s**5 * model.body_inertia)
    # The mass matrix at rest, but for the armature, which is not the body's.
    old_m, new_m = (mass_matrix(m) - np.diag(m.dof_armature) for m in (model, new))
    np.testing.assert_allclose(new_m, s**5 * old_m, rtol=1e-9)


def mass_matrix(model):
    data, full = mujoco.MjData(model), np.empty((model.nv, model.nv))
    data.qpos[:] = rest_pose(model)
    mujoco.mj_forward(model, data)
    mujoco.mj_fullM(model, data, full)
    return full


def test_joints_and_actuators_keep_what_is_not_a_length(muscle_arm):
    model = muscle_arm.model
    new = scaled(model, np.linspace(0.7, 1.3, model.nbody), NOWHERE)
    for name in ("jnt_axis", "jnt_range", "dof_damping", "dof_armature", "key_qpos", "actuator_gear", "body_quat"):
        np.testing.assert_array_equal(getattr(new, name), getattr(model, name), err_msg=name)
    np.testing.assert_array_equal(new.actuator_gainprm, model.actuator_gainprm)
    np.testing.assert_array_equal(peak_isometric_force(new), peak_isometric_force(model))


def test_a_force_that_follows_from_inertia_stays():
    text = TEXT.substitute(s=1, a=0.02, b=0.005, m=1e-4, i=1e-9).replace('force="2"', 'force="-1" scale="300"')
    model = mujoco.MjModel.from_xml_string(text)
    new = scaled(model, np.full(4, 0.5), NOWHERE)
    np.testing.assert_allclose(peak_isometric_force(new)[1:], peak_isometric_force(model)[1:])
    assert (peak_isometric_force(model)[1:] > 0).all()


def fibre_lengths(model, poses):
    """(n, nu) as MuJoCo reckons them: range is the normalised length at lengthrange, linear between."""
    ends, normal = model.actuator_lengthrange, model.actuator_gainprm[:, :2]
    lengths = tendon_lengths(model, poses)[:, model.actuator_trnid[:, 0]]
    return normal[:, 0] + (lengths - ends[:, 0]) * np.ptp(normal, axis=1) / np.ptp(ends, axis=1)


def test_normalised_fibre_lengths(muscle_arm):
    model = muscle_arm.model
    poses = sample_poses(model, 20, seed=0)
    # The same everywhere where all is scaled alike; at rest in any case.
    alike = scaled(model, np.full(model.nbody, 1.2), NOWHERE)
    np.testing.assert_allclose(fibre_lengths(alike, poses), fibre_lengths(model, poses), rtol=1e-9)
    mixed = scaled(model, np.linspace(0.7, 1.3, model.nbody), NOWHERE)
    rest = rest_pose(model)[None]
    np.testing.assert_allclose(fibre_lengths(mixed, rest), fibre_lengths(model, rest), rtol=1e-9)
    assert np.abs(fibre_lengths(mixed, poses) - fibre_lengths(model, poses)).max() > 0.01


def test_optimal_and_slack_length_scale_with_the_path_by_hand():
    model = compiled(1.0)
    new = scaled(model, np.array([1.0, 1.0, 2.0, 2.0]), NOWHERE)
    before, after = (tendon_lengths(m, rest_pose(m)[None])[0] for m in (model, new))
    for actuator, tendon in ((1, 0), (2, 1)):
        ratio = after[tendon] / before[tendon]
        assert ratio != pytest.approx(1, abs=0.01)
        # l0 = (b - a) / (s - r), lt = a - r l0
        (a, b), (r, s) = new.actuator_lengthrange[actuator], new.actuator_gainprm[actuator, :2]
        (c, d) = model.actuator_lengthrange[actuator]
        assert (b - a) / (s - r) == pytest.approx(ratio * (d - c) / (s - r))
        assert a - r * (b - a) / (s - r) == pytest.approx(ratio * (c - r * (d - c) / (s - r)))
    assert new.tendon_range[0, 1] == pytest.approx(after[0] / before[0] * 0.02)
    assert new.tendon_lengthspring[1, 0] == pytest.approx(after[1] / before[1] * 0.005)


@pytest.mark.parametrize("pose", [[0.005, 0.3, 0.4], [0.0, 0, 0], [0.01, -0.7, 1.2]])
def test_a_joint_keeps_its_place_in_the_parent(pose):
    model, factors = compiled(1.0), np.array([1.0, 1.5, 0.8, 0.8])
    new = scaled(model, factors, NOWHERE)
    places = []
    for m, slide in ((model, 1.0), (new, 1.5)):
        data = mujoco.MjData(m)
        data.qpos[:] = np.array(pose) * [slide, 1, 1]
        mujoco.mj_kinematics(m, data)
        upper = data.body("upper")
        places.append(upper.xmat.reshape(3, 3).T @ (data.joint("bend").xanchor - upper.xpos))
    np.testing.assert_allclose(places[1], 1.5 * places[0], atol=1e-15)


def test_the_centre_keeps_its_place(muscle_arm):
    model, s = muscle_arm.model, 0.6
    centre = muscle_arm.landmark_positions(muscle_arm.rest_qpos[None])[0, 0]
    arm = muscle_arm.changed(partial(scaled, factors=np.full(model.nbody, s), centre=centre))
    poses = sample_poses(model, 10, seed=1)
    expected = centre + s * (muscle_arm.landmark_positions(poses) - centre)
    np.testing.assert_allclose(arm.landmark_positions(poses), expected, atol=1e-15)


def test_the_world_stays_but_for_its_sites():
    model, centre = compiled(1.0), np.array([0.1, 0, 0])
    new = scaled(model, np.full(4, 2.0), centre)
    for name in ("geom_pos", "geom_size", "cam_pos", "light_pos"):
        np.testing.assert_array_equal(getattr(new, name)[0], getattr(model, name)[0])
    # (0.005, 0, 0.02) is 0.095 before the centre; twice that is -0.09.
    np.testing.assert_allclose(new.site("trunk").pos, [-0.09, 0, 0.04])


def test_surfaces_that_muscles_bend_around(muscle_arm):
    model = muscle_arm.model
    new = scaled(model, np.where(np.arange(model.nbody) == model.body("humerus").id, 1.25, 1.0), NOWHERE)
    for name in ("shoulder_wrap", "elbow"):
        np.testing.assert_allclose(new.geom(name).size, 1.25 * model.geom(name).size)
        np.testing.assert_allclose(new.geom(name).pos, 1.25 * model.geom(name).pos)
