"""Optimal control of a motor arm against OpenSim Moco, which solves the same reach by direct collocation.

The arm is the shipped one without its two distal joints and without armature, which OpenSim does not know: with them
Moco takes an hour. The cost is the same, but for integrals in place of sums, and controls that need not be held.
"""

import copy
from dataclasses import asdict
from pathlib import Path

import moco
import mujoco
import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline

import mousearm.model
from mousearm.env.references import References, prepare
from mousearm.mechanics import ArmDynamics, random_poses
from mousearm.model import Arm
from mousearm.optimal.trajectories import optimal_trajectories
from mousearm.retarget import Reference

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler")]
DT, W_EFFORT, INTERVALS = 1 / 150, 1.0, 25


@pytest.fixture(scope="module")
def config(configure):
    return configure(f"optimal.w_effort={W_EFFORT}")


@pytest.fixture(scope="module")
def four_joints(config):
    spec = mujoco.MjSpec.from_file(str(Path(mousearm.model.__file__).with_name("torque.xml")))
    for key in list(spec.keys):
        spec.delete(key)
    for name in ("radius_rot", "wrist_angle"):
        spec.delete(next(motor for motor in spec.actuators if motor.target == name))
        spec.delete(spec.joint(name))
    model = spec.compile()
    model.dof_armature[:] = 0
    return Arm(copy.copy(model), asdict(config.model.landmarks), None, "four_joints.xml")


@pytest.fixture(scope="module")
def opensim():
    return pytest.importorskip("opensim", reason="OpenSim is not installed (pip install opensim)")


@pytest.fixture(scope="module")
def reach(config, four_joints):
    """The shipped reach as four joints perform it: hit exactly, so that only effort keeps the arm off."""
    (whole,) = prepare(config).references
    qpos = whole.qpos[:, :4]
    points = four_joints.landmark_positions(qpos)
    none = np.zeros(len(qpos))
    speed = np.gradient(qpos, DT, axis=0)
    return Reference("four", points[:, 1].copy(), points[:, 2].copy(), qpos, speed, none, np.zeros((len(qpos), 0)))


def test_both_have_the_same_mechanics(opensim, four_joints):
    built, rng = moco.OpenSimArm(opensim, four_joints), np.random.default_rng(0)
    qpos = random_poses(four_joints, 8, 0)
    qvel, ctrl = rng.normal(0, 5, qpos.shape), rng.uniform(-1, 1, qpos.shape)
    expected = ArmDynamics(four_joints).acceleration(qpos, qvel, np.zeros((8, 0)), ctrl)
    points = four_joints.landmark_positions(qpos)[:, 1:]
    for i in range(8):
        acceleration, markers = built.acceleration(qpos[i], qvel[i], ctrl[i])
        np.testing.assert_allclose(acceleration, expected[i], rtol=0, atol=1e-5 * np.abs(expected[i]).max())
        np.testing.assert_allclose(markers, points[i], rtol=0, atol=1e-12)


def cost(arm, targets, qpos, effort):
    """Of states at the frames (T, nq), and the sum of squared controls."""
    return np.square(1e3 * (arm.landmark_positions(qpos)[1:, 1:] - targets[1:])).sum() + W_EFFORT * effort


def test_moco_finds_the_same_cost(opensim, config, four_joints, reach, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Moco leaves a file where it runs
    references = References([reach])
    (ours,) = optimal_trajectories(four_joints, references, config, np.zeros((1, len(reach.paw) - 1, 4)))
    targets = references.targets[0]
    start = reach.qpos[0], reach.qvel[0]
    found = moco.OpenSimArm(opensim, four_joints).solve(targets, reach.qpos, start, DT, W_EFFORT, INTERVALS)
    assert found.solved
    frames = DT * np.arange(len(targets))
    qpos = CubicHermiteSpline(found.time, found.qpos, found.qvel)(frames)
    effort = np.trapezoid(np.square(found.ctrl).sum(axis=1), found.time) / DT
    assert ours.converged
    assert ours.cost == pytest.approx(cost(four_joints, targets, ours.qpos, np.square(ours.ctrl).sum()), rel=1e-6)
    assert ours.cost == pytest.approx(cost(four_joints, targets, qpos, effort), rel=0.02)
    # From Moco's controls, held at their means, our search comes to the same.
    fine = np.linspace(0, frames[-1], 20 * (len(frames) - 1) + 1)
    ctrl = np.stack([np.interp(fine, found.time, each) for each in found.ctrl.T], axis=1)
    means = (ctrl[:-1].reshape(-1, 20, 4).mean(axis=1) + ctrl[1:].reshape(-1, 20, 4).mean(axis=1)) / 2
    (again,) = optimal_trajectories(four_joints, references, config, means[None])
    assert again.cost == pytest.approx(ours.cost, rel=1e-4)
