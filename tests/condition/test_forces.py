"""Laws of what acts on the paw, and of a mass that it holds."""

import copy

import mujoco
import numpy as np
import pytest

from mousearm.condition import Acting, Conditions
from mousearm.condition.arm import with_mass
from mousearm.simulation import build_simulation

DT = 1 / 150


@pytest.fixture
def in_space(torque_arm):
    """The torque arm without gravity, springs, dampers and limits: nothing changes its momentum but forces."""

    def free(model):
        model = copy.copy(model)
        model.opt.gravity[:] = 0.0
        model.dof_damping[:] = model.jnt_stiffness[:] = 0.0
        model.jnt_limited[:] = 0
        return model

    return torque_arm.changed(free)


def acting_in(config, arm, n, dt) -> Acting:
    found = Conditions(config.condition).acting(arm, n, dt)
    assert found is not None
    return found


def data_at(arm, qpos, qvel=0.0):
    data = mujoco.MjData(arm.model)
    data.qpos[:], data.qvel[:] = qpos, qvel
    mujoco.mj_forward(arm.model, data)
    return data


def jacobian(arm, qpos):
    """(3, nq) of the paw, m/rad."""
    found = np.empty((3, arm.nq))
    mujoco.mj_jacSite(arm.model, data_at(arm, qpos), found, None, arm.landmarks["paw"].index)
    return found


def momentum(arm, qpos, qvel):
    """(nq,) M qd."""
    found = np.empty(arm.nq)
    mujoco.mj_mulM(arm.model, data_at(arm, qpos), found, np.broadcast_to(qvel, arm.nq))
    return found


def poses(arm, n, seed=0):
    low, high = arm.qpos_range.T
    return low + (high - low) * np.random.default_rng(seed).uniform(0.2, 0.8, (n, arm.nq))


def test_a_mass_at_the_paw_gives_the_torque_of_its_weight(torque_arm):
    """Gravity's torque grows by J^T m g, and the kinetic energy by m |J qd|^2 / 2."""
    mass = 5e-4
    loaded = with_mass(torque_arm, mass)
    for qpos in poses(torque_arm, 5):
        added = data_at(loaded, qpos).qfrc_bias - data_at(torque_arm, qpos).qfrc_bias
        of_paw = jacobian(torque_arm, qpos)
        np.testing.assert_allclose(added, -of_paw.T @ (mass * torque_arm.model.opt.gravity), atol=1e-15)
        qvel = np.random.default_rng(1).normal(size=torque_arm.nq)
        energy = [momentum(arm, qpos, qvel) @ qvel / 2 for arm in (torque_arm, loaded)]
        np.testing.assert_allclose(energy[1] - energy[0], mass * np.sum((of_paw @ qvel) ** 2) / 2, rtol=1e-9)
    assert loaded.model.body_mass.sum() - torque_arm.model.body_mass.sum() == pytest.approx(mass)
    rest = torque_arm.rest_qpos[None]
    np.testing.assert_array_equal(loaded.landmark_positions(rest), torque_arm.landmark_positions(rest))


def test_a_mass_leaves_the_forces_of_muscles(muscle_arm, cable):
    for arm in (muscle_arm, cable):
        np.testing.assert_array_equal(with_mass(arm, 1e-3).peak_force, arm.peak_force)


def test_a_push_changes_momentum_by_its_impulse(configure, in_space, torque_arm):
    """Of the joints, by J^T impulse, for a push so small that the arm hardly moves; over one and a half steps."""
    words = ["condition=push", "condition.push.direction=[0,3,4]", "condition.push.severity=0.5"]
    words += ["condition.push.at_ms=0.04", "condition.push.duration_ms=0.15", "condition.push.impulse=0.02"]
    dt, steps, n = 1e-4, 3, 4
    simulation = build_simulation(in_space, n, dt, 4)
    start = poses(torque_arm, n)
    simulation.reset(np.arange(n), start, np.zeros_like(start))
    acting = acting_in(configure(*words), in_space, n, dt)
    for step in range(steps):
        load = acting.paw_load(np.full(n, step * dt))
        assert (load is None) == (step == 2)
        simulation.step(np.zeros((n, in_space.nu)), load and load.force)
    for qpos, now, qvel in zip(start, simulation.snapshot().qpos, simulation.snapshot().qvel, strict=True):
        expected = jacobian(in_space, qpos).T @ (0.5 * 20e-9 * np.array([0, 0.6, 0.8]))
        np.testing.assert_allclose(momentum(in_space, now, qvel), expected, rtol=1e-3, atol=1e-13)
    fresh = build_simulation(in_space, n, dt, 4)  # to which nothing was ever done
    fresh.restore(simulation.state().copy())
    for one in (fresh, simulation):
        one.step(np.zeros((n, in_space.nu)))
    np.testing.assert_array_equal(simulation.snapshot().qvel, fresh.snapshot().qvel)


def test_a_medium_takes_energy_as_the_paw_moves(in_space, torque_arm):
    """Power is - b |v|^2, and what moves with b = 0 moves as without a force."""
    b, n, dt = 0.01, 3, 1e-5
    rng = np.random.default_rng(2)
    start, qvel = poses(torque_arm, n), rng.normal(size=(n, in_space.nq))

    def moved(force, viscosity=0.0):
        simulation = build_simulation(in_space, n, dt, 4)
        simulation.reset(np.arange(n), start, qvel)
        simulation.step(np.zeros((n, in_space.nu)), force, viscosity)
        return simulation.snapshot()

    free, still, slowed = moved(None), moved(np.zeros((n, 3))), moved(np.zeros((n, 3)), b)
    np.testing.assert_array_equal(still.qpos, free.qpos)
    np.testing.assert_array_equal(still.qvel, free.qvel)
    for i in range(n):
        before, after = momentum(in_space, start[i], qvel[i]) @ qvel[i] / 2, 0.0
        after = momentum(in_space, slowed.qpos[i], slowed.qvel[i]) @ slowed.qvel[i] / 2
        speed = np.linalg.norm(jacobian(in_space, start[i]) @ qvel[i])
        assert after - before == pytest.approx(-b * speed**2 * dt, rel=0.01)


def test_loads_of_two_conditions_add_up(configure, torque_arm):
    config = configure("condition=[push,load]", "condition.load.viscosity=0.02", "condition.load.severity=0.5")
    load = acting_in(config, torque_arm, 2, DT).paw_load(np.array([0.0, 0.105]))
    assert load is not None
    assert load.viscosity == 0.01
    assert (load.force[0] == 0).all()
    assert load.force[1] == pytest.approx([1e-3, 0, 0])
    assert Conditions(config.condition).pushing == ["load", "push"]
    assert Conditions(configure("condition=load").condition).pushing == []
