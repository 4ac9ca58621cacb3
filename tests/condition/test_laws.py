"""What each condition does to controls, senses and configuration, by hand."""

import math

import mujoco
import numpy as np
import pytest
from numpy.typing import ArrayLike

from mousearm.condition.arm import Tremor
from mousearm.condition.muscles import SUPPLIED, Fatigue, Nerve, Spasticity, Weakness
from mousearm.condition.senses import Delay, Noise, SensoryLoss
from mousearm.errors import UnknownNameError
from mousearm.simulation import MujocoSimulation

N, DT = 2, 0.01
CHANCE = np.ones((N, 2))


def snapshot_of(arm, qvel: ArrayLike = 0.0):
    simulation = MujocoSimulation(arm, N, DT, 4, fibres=True)
    everyone = np.arange(N)
    simulation.reset(everyone, np.tile(arm.rest_qpos, (N, 1)), np.broadcast_to(qvel, (N, arm.nq)))
    return simulation.snapshot()


def test_every_published_muscle_is_in_one_nerve_at_most(muscle_arm):
    listed = [muscle for muscles in SUPPLIED.values() for muscle in muscles]
    assert len(set(listed)) == len(listed) == 19
    none = {"Latissimus_Dorsi_Rostral", "Latissimus_Dorsi_Caudal"}
    assert set(muscle_arm.actuator_names) - set(listed) == none


def test_a_cut_nerve_takes_force_and_senses_of_its_muscles(muscle_arm):
    cut = Nerve(severity=0.75, nerves=["median"])
    arm = cut.arm(muscle_arm)
    ratio = arm.peak_force / muscle_arm.peak_force
    is_median = np.array([name in SUPPLIED["median"] for name in muscle_arm.actuator_names])
    np.testing.assert_allclose(ratio, np.where(is_median, 0.25, 1))
    terms = {"qpos": np.ones((N, 6)), "spindle_ia": np.full((N, 21), 8.0)}
    numb = cut.acting(muscle_arm, N, DT)
    assert numb is not None
    seen = numb.observation(terms)
    assert seen["qpos"] is terms["qpos"]
    np.testing.assert_array_equal(seen["spindle_ia"], np.tile(np.where(is_median, 2.0, 8.0), (N, 1)))
    assert Nerve(severity=0.5, afferents=False).acting(muscle_arm, N, DT) is None


def test_a_cut_nerve_equals_weakness_of_its_muscles(muscle_arm):
    cut = Nerve(severity=0.5, nerves=["axillary"]).arm(muscle_arm)
    weak = Weakness(severity=0.5, muscles=["Deltoid*"]).arm(muscle_arm)
    np.testing.assert_array_equal(cut.model.actuator_gainprm, weak.model.actuator_gainprm)


def test_lost_senses_are_mixed_with_what_is_left_of_them(torque_arm):
    terms = {"qpos": np.array([[2.0], [4.0]]), "qvel": np.array([[1.0], [1.0]]), "phase": np.array([[1.0], [1.0]])}
    silent = SensoryLoss(severity=0.25).acting(torque_arm, N, DT).observation(terms)
    assert silent["qpos"].ravel().tolist() == [1.5, 3.0]
    assert silent["qvel"].ravel().tolist() == [0.75, 0.75]
    assert silent["phase"] is terms["phase"]  # which no sense reports
    frozen = SensoryLoss(severity=1.0, terms=["qpos"], left="frozen").acting(torque_arm, N, DT)
    assert frozen.observation(terms)["qpos"].ravel().tolist() == [2.0, 4.0]
    moved = terms | {"qpos": np.array([[3.0], [5.0]])}
    assert frozen.observation(moved)["qpos"].ravel().tolist() == [2.0, 4.0]
    frozen.reset(np.array([1]), CHANCE[:1])
    assert frozen.observation(moved)["qpos"].ravel().tolist() == [2.0, 5.0]
    assert frozen.observation(terms)["qvel"] is terms["qvel"]
    with pytest.raises(UnknownNameError) as caught:
        SensoryLoss(severity=1.0, terms=["path"]).acting(torque_arm, N, DT).observation(terms)
    assert caught.value.name == "path"


def test_muscles_tire_as_the_three_compartments_do(muscle_arm):
    """With the whole drive M_A = 1 - M_F, so M_F rises to F / (F + R) at the rate F + R; in rest it falls at R."""
    model = Fatigue(fatigue_rate=0.02, recovery_rate=0.005)
    tired, shares = np.zeros(1), []
    for _ in range(3000):
        tired = model.tired(tired, np.ones(1), 0.01)
        shares.append(tired[0])
    expected = 0.8 * (1 - math.exp(-0.025 * 30))
    assert shares[-1] == pytest.approx(expected, rel=1e-3)
    rested = tired
    for _ in range(3000):
        rested = model.tired(rested, np.zeros(1), 0.01)
    assert rested[0] == pytest.approx(expected * math.exp(-0.005 * 30), rel=1e-3)
    # At half the drive no unit is missed until half of them are fatigued: M_F = F/2R (1 - exp(-R t)).
    worked = Fatigue(severity=0.5, exertion_s=40, exertion=0.5, fatigue_rate=0.02, recovery_rate=0.005)
    acting = worked.acting(muscle_arm, N, DT)
    before = 2 * (1 - math.exp(-0.005 * 20))
    ctrl = np.full((N, muscle_arm.nu), 0.5)
    given = acting.controls(ctrl, snapshot_of(muscle_arm), np.zeros(N))
    np.testing.assert_allclose(given, 0.5 * (1 - before), rtol=1e-3)
    later = acting.state()["tired"]
    np.testing.assert_allclose(later - before, DT * (0.02 * given - 0.005 * before), atol=1e-4)
    acting.reset(np.array([0]), CHANCE[:1])
    np.testing.assert_allclose(acting.state()["tired"][0], before, rtol=1e-3)


def test_tremor_drives_flexors_and_extensors_in_turn(muscle_arm):
    """With chance (1, 1) the phase is an eighth of a turn; at 10 Hz the drives are opposite 50 ms later."""
    tremor = Tremor(severity=0.5, hz=10, amplitude=0.4).acting(muscle_arm, N, DT)
    tremor.reset(np.arange(N), CHANCE)
    ctrl = np.full((N, muscle_arm.nu), 0.5)
    drives = tremor.controls(ctrl, snapshot_of(muscle_arm), np.array([0, 0.05])) - ctrl
    names = list(muscle_arm.actuator_names)
    biceps, triceps = (drives[:, names.index(name)] for name in ("Biceps_Short_Head", "Triceps_Lat_Head"))
    np.testing.assert_allclose(np.abs(biceps), 0.2 * math.sin(math.pi / 4))
    np.testing.assert_allclose(biceps, -triceps)
    np.testing.assert_allclose(drives[0], -drives[1], atol=1e-15)
    assert (drives[:, names.index("Infraspinatus")] == 0).all()  # which does not cross the elbow


def test_spasticity_resists_lengthening_alone(muscle_arm):
    """Movement one way lengthens some muscles and shortens others; the other way round it is the reverse."""
    reflex = Spasticity(severity=0.5, gain=0.1, threshold=1.0).acting(muscle_arm, N, DT)
    qvel = np.zeros(muscle_arm.nq)
    qvel[muscle_arm.joint_names.index("elbow_flex")] = 20.0
    ctrl = np.full((N, muscle_arm.nu), 0.1)
    torques = []
    for way in (qvel, -qvel):
        snapshot = snapshot_of(muscle_arm, way)
        added = reflex.controls(ctrl, snapshot, np.zeros(N)) - ctrl
        velocity = np.asarray(snapshot.fibre_velocity)
        np.testing.assert_allclose(added, 0.05 * np.maximum(velocity - 1, 0), atol=1e-15)
        assert (added[velocity <= 1] == 0).all()
        assert (added > 0).any()
        data = mujoco.MjData(muscle_arm.model)
        data.qpos[:], data.qvel[:], data.act[:] = muscle_arm.rest_qpos, way, added[0]
        mujoco.mj_forward(muscle_arm.model, data)
        active = data.qfrc_actuator.copy()
        data.act[:] = 0
        mujoco.mj_forward(muscle_arm.model, data)
        torques.append((active - data.qfrc_actuator) @ way)
    assert max(torques) < 0  # what the reflex adds takes energy from the movement


def test_delays_and_noise_are_added_to_what_is_there(configure):
    config = configure("env.delay_ms.motor=5", "env.noise.motor_share=0.3", "env.noise.sd_qpos=0.01")
    late = Delay(severity=0.5, proprioception=30, motor=10).config(config).env.delay_ms
    assert (late.proprioception, late.vision, late.motor) == (15, 0, 10)
    noise = Noise(severity=0.5, motor=0.2, motor_share=0.8, senses=2).config(config).env.noise
    assert (noise.motor, noise.motor_share) == pytest.approx((0.1, 0.5))  # 0.3^2 + 0.4^2 = 0.5^2
    assert (noise.sd_qpos, noise.sd_qvel) == (0.02, 0)
    assert config.env.delay_ms.motor == 5
