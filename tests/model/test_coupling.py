"""Constraints of a model hold wherever poses are made: MuJoCo's own residual of them is the reference."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from mousearm.env.references import References
from mousearm.errors import KinematicsError, ModelError
from mousearm.inverse_kinematics import inverse_kinematics
from mousearm.kinematics import Reach
from mousearm.mechanics import ArmDynamics, random_poses
from mousearm.model import Arm
from mousearm.model_check.muscles import sweep
from mousearm.model_check.stability import stress_checks, stress_test
from mousearm.model_check.strength import gravity_strength, reach_checks
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.retarget import retarget
from mousearm.simulation import MujocoSimulation
from mousearm.trajectory import FOLLOWED, errors_mm

DT = 1 / 150
RIGID = 'solref="0.002 1" solimp="0.9999 0.9999 0.001"'
LANDMARKS = {"shoulder": "body:upper", "elbow": "joint:bend", "paw": "site:paw"}

# Two rods of 10 mm on three axes at the shoulder, an elbow, and a slide that stretches the forearm.
CHAIN = """
<mujoco model="chain">
  <compiler angle="radian" autolimits="true"/>
  <option gravity="0 0 -9.81"/>
  <default>
    <geom type="capsule" size="0.001" contype="0" conaffinity="0"/><joint damping="1e-6" armature="1e-9"/>
    <motor ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <body name="upper">
      <joint name="lift" axis="0 1 0" range="-2 2"/><joint name="turn" axis="0 0 1" range="-2 2"/>
      <joint name="roll" axis="1 0 0" range="-2 2"/><geom fromto="0 0 0 0.01 0 0"/>
      <body name="fore" pos="0.01 0 0"><joint name="bend" axis="0 0 1" range="-2 2" ref="0.1"/>
        <geom fromto="0 0 0 0.01 0 0"/>
        <body name="hand" pos="0.01 0 0"><joint name="reach" type="slide" axis="1 0 0" range="-0.004 0.004"/>
          <geom type="sphere" size="0.002"/><site name="paw"/></body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="lift" gear="4e-5"/><motor joint="turn" gear="4e-5"/><motor joint="roll" gear="4e-5"/>
    <motor joint="bend" gear="4e-5"/><motor joint="reach" gear="4e-3"/>
  </actuator>
  <equality>EQUALITY</equality>
</mujoco>
"""


def chain_text(equality, *replacements):
    text = CHAIN.replace("EQUALITY", equality)
    for old, new in zip(replacements[::2], replacements[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    return text


def chain(equality, *replacements, joints=None):
    return Arm(mujoco.MjModel.from_xml_string(chain_text(equality, *replacements)), LANDMARKS, joints, "chain.xml")


def follow(one, other, *polynomial):
    second = f'joint2="{other}"' if other else ""
    return f'<joint joint1="{one}" {second} polycoef="{" ".join(map(str, [*polynomial, 0, 0, 0, 0][:5]))}" {RIGID}/>'


EQUALITIES = {
    "linear": follow("turn", "bend", 0, 0.5),
    "negative": follow("roll", "lift", 0.1, -0.8),
    "polynomial": follow("turn", "bend", 0.1, 0.4, -0.2, 0.1, 0.05),
    "fixed": follow("roll", None, 0.3),
    "slide": follow("reach", "bend", 0, 0.001, 0.0005),
    "two of one": follow("turn", "bend", 0, 0.5) + follow("reach", "bend", 0, 0.001),
    "chain": follow("roll", "turn", 0, 0.5, 0.1) + follow("turn", "bend", 0, 0.5),
    "follower has the limit": follow("turn", "bend", 0, 1.6),
    "given by another equality": follow("turn", None, 0.2) + follow("roll", "turn", 0, 1.0),
}


@pytest.fixture(params=EQUALITIES, name="arm")
def arm_with_an_equality(request):
    return chain(EQUALITIES[request.param])


def violation(arm, poses):
    """Largest residual of MuJoCo's own equality constraints, rad or m."""
    data, worst = mujoco.MjData(arm.model), 0.0
    for pose in poses:
        data.qpos[:] = pose
        mujoco.mj_forward(arm.model, data)
        rows = data.efc_type == mujoco.mjtConstraint.mjCNSTR_EQUALITY
        assert rows.sum() == arm.model.neq
        worst = max(worst, np.abs(data.efc_pos[rows]).max())
    return worst


def swing(arm, n=40):
    """A movement of the free joints around the rest pose, the others following."""
    low, high = arm.qpos_range.T
    phase = np.linspace(0, 1.5, n)[:, None] + np.arange(arm.nq)
    amplitude = 0.3 * np.minimum(high - arm.rest_qpos, arm.rest_qpos - low)
    qpos = arm.rest_qpos + amplitude * (np.sin(2 * phase) - np.sin(2 * phase[:1]))
    return arm.couplings.complete(qpos)


def recorded(arm, qpos):
    shoulder, elbow, paw = np.moveaxis(arm.landmark_positions(qpos), 1, 0)
    return Reach("recorded", np.arange(len(qpos)) * DT, shoulder=shoulder, elbow=elbow, paw=paw)


def test_poses_keep_to_equalities_and_ranges(arm):
    poses = random_poses(arm, 100, 0)
    assert violation(arm, poses) < 1e-12
    assert violation(arm, arm.rest_qpos[None]) < 1e-12
    low, high = arm.model.jnt_range.T
    assert ((poses >= low - 1e-8) & (poses <= high + 1e-8)).all()
    assert np.ptp(poses, axis=0)[arm.couplings.free].min() > 1e-3


def test_inverse_kinematics_keeps_to_equalities_and_recovers_what_the_arm_did(arm):
    qpos = swing(arm)
    points = arm.landmark_positions(qpos)
    found = inverse_kinematics(arm, points[:, 1], points[:, 2])
    assert violation(arm, found) < 1e-12
    assert errors_mm(arm.landmark_positions(found), points).max() < 1e-4


def test_what_an_equality_forbids_is_missed_and_said(torque_config):
    """The movement of the arm without the equality: the fit is off by what the equality costs, not by nothing."""
    free, held = chain(""), chain(EQUALITIES["linear"])
    reach = recorded(free, swing(free))
    reference = retarget(reach, held, DT, replace(torque_config.kinematics, max_residual_mm=100))
    assert violation(held, reference.qpos) < 1e-12
    assert reference.residual_mm.max() > 1.0
    with pytest.raises(KinematicsError):
        retarget(reach, held, DT, replace(torque_config.kinematics, max_residual_mm=1.0))


@pytest.mark.parametrize("name", [name for name in EQUALITIES if "reach" not in EQUALITIES[name]])
def test_accelerations_are_those_of_mujoco_with_the_constraint(name):
    """Not of a slide that follows a hinge: MuJoCo makes these soft, because it adds their inverse masses."""
    arm = chain(EQUALITIES[name])
    random, dynamics = np.random.default_rng(0), ArmDynamics(arm)
    for qpos in random_poses(arm, 5, 1):
        qvel, ctrl = np.zeros(arm.nq), random.uniform(-1, 1, arm.nu)  # at rest: MuJoCo leaves out what bends add
        data = mujoco.MjData(arm.model)
        data.qpos[:], data.qvel[:], data.ctrl[:] = qpos, qvel, ctrl
        mujoco.mj_forward(arm.model, data)
        found = dynamics.acceleration(qpos[None], qvel[None], np.zeros((1, 0)), ctrl[None])[0]
        assert np.abs(found - data.qacc).max() < 5e-3 * np.abs(data.qacc).max()
        reduced = dynamics.dynamics(qpos[None], qvel[None])
        share = (ctrl + 1) / 2
        np.testing.assert_allclose(
            reduced.needed(found[None] * arm.couplings.free), reduced.bounds.torque(share[None]), atol=1e-9
        )


def test_derivatives_are_those_of_the_movement(arm):
    qpos, qvel, qacc = random_poses(arm, 3, 3)[0], *np.random.default_rng(0).normal(size=(2, arm.nq))
    h = 1e-4
    slopes, _ = arm.couplings.derivatives(qpos, qvel)
    slope_only = slopes @ qvel
    _, bends = arm.couplings.derivatives(qpos, slope_only)
    behind, here, ahead = (arm.couplings.complete(qpos + t * qvel + t**2 / 2 * qacc) for t in (-h, 0, h))
    np.testing.assert_allclose((ahead - behind) / (2 * h), slope_only, atol=1e-6)
    np.testing.assert_allclose((ahead - 2 * here + behind) / h**2, slopes @ qacc + bends, atol=1e-5)


def test_the_jacobian_is_that_of_the_free_joints(arm):
    (pose,), h = random_poses(arm, 1, 2), 1e-6
    jacobian = ArmDynamics(arm).landmark_jacobian(pose, arm.landmark_positions(pose[None])[0])
    for joint in range(arm.nq):
        step = h * (np.arange(arm.nq) == joint) * arm.couplings.free[joint]
        ahead, behind = arm.landmark_positions(arm.couplings.complete(np.stack([pose + step, pose - step])))[:, 1:]
        np.testing.assert_allclose(jacobian[:, joint], (ahead - behind).ravel() / (2 * h), atol=1e-8)


@pytest.mark.parametrize("name", ["linear", "polynomial", "chain"])
def test_computed_muscle_control_follows_within_the_equality(name, torque_config):
    arm = chain(EQUALITIES[name])
    reference = retarget(recorded(arm, swing(arm)), arm, DT, torque_config.kinematics)
    references = References([reference])
    control, simulation = ComputedMuscleControl(arm, references, DT), MujocoSimulation(arm, 1, DT, 8, threads=1)
    simulation.reset(np.arange(1), reference.qpos[:1], reference.qvel[:1])
    errors = []
    for frame in range(len(reference.paw) - 1):
        snapshot = simulation.snapshot()
        simulation.step(control.control(snapshot, np.zeros(1, int), np.array([frame])))
        errors.append(errors_mm(simulation.snapshot().landmarks[0, FOLLOWED], references.targets[0, frame + 1]).max())
    assert max(errors) < 0.5
    assert violation(arm, simulation.snapshot().qpos) < 0.05


def test_checks_of_a_model_move_what_is_free_and_see_whether_the_rest_follows(arm):
    jump = sweep(arm, random_poses(arm, 2, 0), step=0.05)
    assert jump.unexplained.max() < 2e-3
    assert arm.couplings.free[jump.joint].all()
    assert reach_checks(arm, gravity_strength(arm, random_poses(arm, 20, 0)))[1].passed
    assert stress_checks(arm, stress_test(arm, DT, 8, 0, seconds=0.3, n=4))[3].passed


def test_advice_to_stiffen_a_soft_equality():
    soft = chain(EQUALITIES["linear"].replace(RIGID, 'solref="2 1"'))
    result = stress_checks(soft, stress_test(soft, DT, 8, 0, seconds=0.3, n=4))[3]
    assert not result.passed
    advice = 'solref="0.002 1" solimp="0.99 0.999 0.001"'
    assert advice in result.remedy
    stiff = chain(EQUALITIES["linear"].replace(RIGID, advice))
    assert stress_checks(stiff, stress_test(stiff, DT, 8, 0, seconds=0.3, n=4))[3].passed


def limits(equality, low, high):
    """What is left of the range of the bend, -2 to 2, when the turn that follows it may be from low to high."""
    turn = '<joint name="turn" axis="0 0 1" range="-2 2"/>'
    arm = chain(equality, turn, turn.replace("-2 2", f"{low} {high}"))
    return arm.qpos_range[arm.joint_names.index("bend")]


@pytest.mark.parametrize(
    ("equality", "low", "high", "expected"),
    [
        # The bend is 0.1 at the default pose: turn = f(bend - 0.1).
        (follow("turn", "bend", 0, 0.5), -2, 2, (-2, 2)),
        (follow("turn", "bend", 0, 2.0), -1, 1.6, (-0.4, 0.9)),
        (follow("turn", "bend", 0, -2.0), -1, 1.6, (-0.7, 0.6)),
        (follow("turn", "bend", 0, 0, 1.0), -1, 0.25, (-0.4, 0.6)),
        (follow("turn", "bend", 0, 1.0), 0, 2, (0.1, 2)),  # at its limit in the rest pose
        (follow("turn", "bend", 0, 0, 1.0), -1, 9, (-2, 2)),  # it never gets to a limit
        (follow("turn", "roll", 0, 2) + follow("roll", "bend", 0, 0.5), -1, 1, (-0.9, 1.1)),
    ],
)
def test_limits_of_what_follows_narrow_the_range(equality, low, high, expected):
    np.testing.assert_allclose(limits(equality, low, high), expected, atol=1e-6)


def test_advice_where_all_that_may_move_follows():
    with pytest.raises(ModelError, match=r"model\.joints=\['turn'\]: these follow"):
        chain(EQUALITIES["linear"], joints=["turn"])
    chain(EQUALITIES["linear"], joints=["bend"])
    chain(EQUALITIES["linear"], joints=None)


REFUSED = {
    "connect": '<connect body1="hand" anchor="0 0 0"/>',
    "weld": '<weld body1="hand" body2="upper"/>',
    "tendon": '<tendon tendon1="both"/>',
    "circle": follow("turn", "bend", 0, 0.5) + follow("bend", "turn", 0, 2),
    "twice": follow("turn", "bend", 0, 0.5) + follow("turn", "roll", 0, 2),
    "huge": follow("turn", "bend", 0, 1e200),
    "out of range": follow("turn", "bend", 3),
}
TENDON = (
    "<actuator>",
    '<tendon><fixed name="both"><joint joint="turn" coef="1"/><joint joint="bend" coef="1"/></fixed></tendon>'
    "<actuator>",
)


@pytest.mark.parametrize("name", REFUSED)
def test_advice_to_leave_out_what_cannot_be_held(name):
    with pytest.raises(ModelError, match=r"^chain\.xml: .*equality constraint"):
        chain(REFUSED[name], *TENDON)
    inactive = REFUSED[name].replace("/>", ' active="false"/>')
    assert not chain(inactive, *TENDON).couplings
    assert not chain("", *TENDON).couplings


@pytest.mark.parametrize(("flag", "follows", "limited"), [("equality", 0, 1), ("limit", 1, 0), ("constraint", 0, 0)])
def test_what_is_switched_off_holds_nothing(flag, follows, limited, torque_config):
    off = ('<option gravity="0 0 -9.81"/>', f'<option><flag {flag}="disable"/></option>')
    arm = chain(EQUALITIES["linear"], *off)
    assert bool(arm.couplings) == bool(follows)
    assert np.isfinite(arm.qpos_range).all() == bool(limited)
    if not limited:  # nor does a tendon's range forbid a reach
        held = chain("", *CORD)
        reach = recorded(held, swing(held))
        assert retarget(reach, chain("", *off, *CORD), DT, torque_config.kinematics).residual_mm.max() < 0.1


OBSTACLE = ('<geom type="sphere" size="0.002"/>', '<geom name="ball" type="sphere" size="0.002" contype="1"/>')
WALL = ("<worldbody>", '<worldbody><geom name="wall" type="box" size="0.01 0.01 0.01" pos="0.02 0 0" conaffinity="1"/>')
CORD = (
    "<actuator>",
    '<tendon><spatial name="cord" range="0 0.012"><site site="root"/><site site="paw"/></spatial></tendon><actuator>',
    "<worldbody>",
    '<worldbody><site name="root"/>',
)


@pytest.mark.parametrize(
    ("made_with", "named", "advice"),
    [
        ((*OBSTACLE, *WALL), ("geom 'ball'", "geom 'wall'"), ('contype="1"', 'contype="0"')),
        (CORD, ("tendon 'cord'",), ('range="0 0.012"', 'range="0 0.012" limited="false"')),
    ],
)
def test_advice_where_contacts_or_tendons_are_in_the_way(made_with, named, advice, torque_config):
    arm = chain("", *made_with)
    reach = recorded(arm, swing(arm))
    with pytest.raises(KinematicsError) as caught:
        retarget(reach, arm, DT, torque_config.kinematics)
    for text in (*named, advice[1].split()[-1], "at frame", "max_residual_mm"):
        assert text.lower() in str(caught.value).lower()
    mended = chain("", *(text.replace(*advice) if i % 2 else text for i, text in enumerate(made_with)))
    assert retarget(reach, mended, DT, torque_config.kinematics).residual_mm.max() < 1e-3
    raised = replace(torque_config.kinematics, max_residual_mm=30)
    assert retarget(reach, arm, DT, raised).residual_mm.max() < 1e-3
