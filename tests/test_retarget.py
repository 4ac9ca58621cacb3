import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach
from mousearm.model import load_arm
from mousearm.retarget import METHODS, retarget, segments, uniform

DT = 1 / 150
SHOULDER = np.array([0.001, 0.002, 0.003])


def random_reach(seed=0, n_frames=15, upper_arm=0.008, forearm=0.011):
    """Segments of constant length in random directions, on a trunk that moves."""
    rng = np.random.default_rng(seed)

    def directions():
        vectors = rng.normal(size=(n_frames, 3))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    shoulder = np.cumsum(rng.normal(scale=1e-3, size=(n_frames, 3)), axis=0)
    elbow = shoulder + upper_arm * directions()
    paw = elbow + forearm * directions()
    return Reach("random", np.arange(n_frames) * DT, shoulder=shoulder, elbow=elbow, paw=paw)


def recorded_through(arm, qpos, name="recorded"):
    """The reach that a camera would see of the arm itself."""
    shoulder, elbow, paw = np.moveaxis(arm.landmark_positions(qpos), 1, 0)
    return Reach(name, np.arange(len(qpos)) * DT, shoulder=shoulder, elbow=elbow, paw=paw)


def smooth_poses(arm, moving, n_frames=25, amplitude=0.25):
    """Joint angles that swing around the rest pose, within the ranges; joints outside ``moving`` rest."""
    phase = np.linspace(0, 2, n_frames)[:, None] + np.arange(arm.nq)
    qpos = np.tile(arm.rest_qpos, (n_frames, 1))
    qpos[:, moving] += amplitude * (np.sin(phase) - np.sin(phase[:1]))[:, moving]
    low, high = arm.qpos_range.T
    return np.clip(qpos, low + 1e-3, high - 1e-3)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_segments_keep_directions_and_take_the_models_lengths(seed):
    reach = random_reach(seed)
    elbow, paw = segments(reach, SHOULDER, 0.012, 0.017)
    np.testing.assert_allclose(unit(elbow - SHOULDER), unit(reach.elbow - reach.shoulder), atol=1e-12)
    np.testing.assert_allclose(unit(paw - elbow), unit(reach.paw - reach.elbow), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(elbow - SHOULDER, axis=1), 0.012)
    np.testing.assert_allclose(np.linalg.norm(paw - elbow, axis=1), 0.017)


def test_segments_of_an_animal_of_the_models_size_change_nothing_but_the_trunk():
    reach = random_reach(upper_arm=0.012, forearm=0.017)
    elbow, paw = segments(reach, SHOULDER, 0.012, 0.017)
    np.testing.assert_allclose(elbow - SHOULDER, reach.elbow - reach.shoulder, atol=1e-15)
    np.testing.assert_allclose(paw - SHOULDER, reach.paw - reach.shoulder, atol=1e-15)


def test_uniform_by_hand():
    # u = 6 mm, l = 8 mm, U = 12 mm, L = 4 mm: s = (36 + 64) / (6 * 12 + 8 * 4) = 100 / 104.
    reach = random_reach(upper_arm=0.006, forearm=0.008)
    elbow, paw = uniform(reach, SHOULDER, 0.012, 0.004)
    np.testing.assert_allclose(elbow, SHOULDER + 1.04 * (reach.elbow - reach.shoulder))
    np.testing.assert_allclose(paw, SHOULDER + 1.04 * (reach.paw - reach.shoulder))


def test_uniform_is_the_least_squares_scale():
    u, forearm, upper_model, fore_model = 0.008, 0.011, 0.0116, 0.017
    elbow, _ = uniform(random_reach(upper_arm=u, forearm=forearm), SHOULDER, upper_model, fore_model)
    factor = np.linalg.norm(elbow - SHOULDER, axis=1) / u
    best = minimize_scalar(lambda k: 1e6 * ((k * u - upper_model) ** 2 + (k * forearm - fore_model) ** 2)).x
    np.testing.assert_allclose(factor, best, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_joints_are_recovered_from_a_reach_of_the_arm_itself(torque_config, method):
    # Elbow and paw have four degrees of freedom (two directions), so with four joints the angles are unique.
    joints = ["elv_angle", "shoulder_ext", "shoulder_rot", "elbow_flex"]
    arm = load_arm(replace(torque_config.model, joints=joints))
    qpos = smooth_poses(arm, [0, 1, 2, 3])
    config = replace(torque_config.kinematics, retarget=method)
    reference = retarget(recorded_through(arm, qpos), arm, DT, config)
    assert reference.residual_mm.max() < 1e-5
    np.testing.assert_allclose(reference.qpos, qpos, atol=1e-6)
    assert (reference.name, len(reference.paw)) == ("recorded", 25)


def test_all_joints_together_hit_the_targets(torque_arm, torque_config):
    # Wrist and radius move too, so the forearm's length varies: uniform keeps that, up to its median.
    qpos = smooth_poses(torque_arm, slice(None), amplitude=0.05)
    config = replace(torque_config.kinematics, max_residual_mm=1e-5)
    reference = retarget(recorded_through(torque_arm, qpos), torque_arm, DT, config)
    low, high = torque_arm.qpos_range.T
    assert ((reference.qpos >= low) & (reference.qpos <= high)).all()
    points = torque_arm.landmark_positions(reference.qpos)
    np.testing.assert_allclose(points[:, 1], reference.elbow, atol=1e-8)
    np.testing.assert_allclose(points[:, 2], reference.paw, atol=1e-8)


def test_velocities_are_central_differences(torque_arm, torque_config):
    qpos = smooth_poses(torque_arm, [0, 1, 2, 3])
    reference = retarget(recorded_through(torque_arm, qpos), torque_arm, DT, torque_config.kinematics)
    q = reference.qpos
    np.testing.assert_allclose(reference.qvel[1:-1], (q[2:] - q[:-2]) / (2 * DT), atol=1e-9)
    np.testing.assert_allclose(reference.qvel[0], (q[1] - q[0]) / DT, atol=1e-9)


def test_unreachable_frame_is_named(torque_arm, torque_config):
    reach = recorded_through(torque_arm, smooth_poses(torque_arm, [0, 1, 2, 3]))
    paw = reach.paw.copy()
    paw[7] = 2 * reach.elbow[7] - reach.paw[7]  # the forearm turned round, through the elbow
    bent = replace(reach, name="bent", paw=paw)
    text = "bent: the arm of .*torque.xml cannot follow it. At frame 7 \\(of 25\\) the best pose misses by [0-9.]+ mm"
    with pytest.raises(KinematicsError, match=text):
        retarget(bent, torque_arm, DT, torque_config.kinematics)


def test_the_bound_decides(torque_arm, torque_config):
    reach = random_reach(upper_arm=0.0116, forearm=0.017)
    loose = replace(torque_config.kinematics, max_residual_mm=100.0)
    worst = retarget(reach, torque_arm, DT, loose).residual_mm.max()
    assert worst > 1
    text = re.escape("kinematics.max_residual_mm=0.5 is allowed")
    with pytest.raises(KinematicsError, match=text):
        retarget(reach, torque_arm, DT, replace(loose, max_residual_mm=0.5))


def test_residual_is_the_larger_of_both_distances(torque_arm, torque_config):
    config = replace(torque_config.kinematics, max_residual_mm=100.0)
    reference = retarget(random_reach(), torque_arm, DT, config)
    points = torque_arm.landmark_positions(reference.qpos)
    elbow = 1e3 * np.linalg.norm(points[:, 1] - reference.elbow, axis=1)
    paw = 1e3 * np.linalg.norm(points[:, 2] - reference.paw, axis=1)
    np.testing.assert_allclose(reference.residual_mm, np.maximum(elbow, paw))
