import copy

import mujoco
import numpy as np
import pytest

from mousearm.simulation import Simulation, log_warnings_to

DT, SUBSTEPS = 1 / 150, 16
FIELDS = ("qpos", "qvel", "activation", "ctrl", "force", "landmarks")


@pytest.fixture(params=["torque_arm", "muscle_arm"])
def arm(request):
    return request.getfixturevalue(request.param)


def simulate(arm, n, threads=1):
    return Simulation(arm, n, DT, SUBSTEPS, threads)


def random_start(arm, n, seed=0):
    rng = np.random.default_rng(seed)
    low, high = arm.qpos_range.T
    return low + (0.2 + 0.6 * rng.random((n, arm.nq))) * (high - low), rng.normal(size=(n, arm.nq))


def random_controls(arm, n, n_steps, seed=1):
    low, high = arm.ctrl_range.T
    return np.random.default_rng(seed).uniform(low, high, (n_steps, n, arm.nu))


def assert_equal_bits(one, other, rows=slice(None)):
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field)[rows], getattr(other, field)[rows], err_msg=field)


def test_equals_a_plain_loop_over_one_simulation(arm):
    n, n_steps = 3, 8
    qpos, qvel = random_start(arm, n)
    controls = random_controls(arm, n, n_steps)
    batch = simulate(arm, n)
    batch.reset(np.arange(n), qpos, qvel)
    model = copy.copy(arm.model)
    model.opt.timestep = DT / SUBSTEPS
    plain = [mujoco.MjData(model) for _ in range(n)]
    for i, data in enumerate(plain):
        data.qpos[:], data.qvel[:] = qpos[i], qvel[i]
    for step in range(n_steps):
        batch.step(controls[step])
        snapshot = batch.snapshot()
        for i, data in enumerate(plain):
            data.ctrl[:] = controls[step, i]
            for _ in range(SUBSTEPS):
                mujoco.mj_step(model, data)
            np.testing.assert_array_equal(snapshot.qpos[i], data.qpos)
            np.testing.assert_array_equal(snapshot.qvel[i], data.qvel)
            np.testing.assert_array_equal(snapshot.activation[i], data.act)
            np.testing.assert_array_equal(snapshot.ctrl[i], data.ctrl)
            np.testing.assert_array_equal(snapshot.force[i], data.actuator_force)


def test_landmarks_are_current_with_the_pose(arm):
    batch = simulate(arm, 2)
    batch.reset(np.arange(2), *random_start(arm, 2))
    np.testing.assert_array_equal(batch.snapshot().landmarks, arm.landmark_positions(batch.snapshot().qpos))
    for controls in random_controls(arm, 2, 3):
        batch.step(controls)
        snapshot = batch.snapshot()
        np.testing.assert_array_equal(snapshot.landmarks, arm.landmark_positions(snapshot.qpos))


def test_reset_leaves_nothing_of_the_past(arm):
    """Time, activations, controls, forces and warm start are those of a simulation that was never used."""
    n = 4
    qpos, qvel = random_start(arm, n)
    used, fresh = simulate(arm, n), simulate(arm, n)
    used.reset(np.arange(n), *random_start(arm, n, seed=5))
    for controls in random_controls(arm, n, 6, seed=6):
        used.step(controls)
    for batch in (used, fresh):
        batch.reset(np.arange(n), qpos, qvel)
    assert_equal_bits(used.snapshot(), fresh.snapshot())
    assert used._batch.get_data(0).time == 0
    np.testing.assert_array_equal(used.snapshot().activation, 0)
    np.testing.assert_array_equal(used.snapshot().force, 0)
    np.testing.assert_array_equal(used.snapshot().ctrl, 0)
    for controls in random_controls(arm, n, 4):
        used.step(controls)
        fresh.step(controls)
        assert_equal_bits(used.snapshot(), fresh.snapshot())


def test_reset_of_some_leaves_the_others_alone(arm):
    n = 4
    qpos, qvel = random_start(arm, n)
    one, other = simulate(arm, n), simulate(arm, n)
    controls = random_controls(arm, n, 6)
    for batch in (one, other):
        batch.reset(np.arange(n), qpos, qvel)
        for control in controls[:3]:
            batch.step(control)
    one.reset(np.array([1, 3]), qpos[[1, 3]], qvel[[1, 3]])
    np.testing.assert_array_equal(one.snapshot().qpos[[1, 3]], qpos[[1, 3]])
    assert_equal_bits(one.snapshot(), other.snapshot(), [0, 2])
    for control in controls[3:]:
        one.step(control)
        other.step(control)
        assert_equal_bits(one.snapshot(), other.snapshot(), [0, 2])


def test_ids_out_of_order_are_refused(arm):
    batch = simulate(arm, 3)
    with pytest.raises(ValueError, match="sorted and unique"):
        batch.reset(np.array([2, 0, 1]), *random_start(arm, 3))


def test_snapshots_are_copies(arm):
    batch = simulate(arm, 2)
    batch.reset(np.arange(2), *random_start(arm, 2))
    snapshot = batch.snapshot()
    before = {field: getattr(snapshot, field).copy() for field in FIELDS}
    for controls in random_controls(arm, 2, 2):
        batch.step(controls)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(snapshot, field), before[field])
    state = batch.snapshot()
    state.qpos[:], state.qvel[:] = 7, 7
    assert (batch.snapshot().qpos != 7).all()


def test_threads_do_not_change_a_bit(arm):
    n = 9
    qpos, qvel = random_start(arm, n)
    batches = [simulate(arm, n, threads) for threads in (1, 2)]
    for batch in batches:
        batch.reset(np.arange(n), qpos, qvel)
    for controls in random_controls(arm, n, 4):
        for batch in batches:
            batch.step(controls)
        assert_equal_bits(*(batch.snapshot() for batch in batches))


def test_simulations_do_not_depend_on_their_number(arm):
    qpos, qvel = random_start(arm, 5)
    controls = random_controls(arm, 5, 3)
    many, one = simulate(arm, 5), simulate(arm, 1)
    many.reset(np.arange(5), qpos, qvel)
    one.reset(np.array([0]), qpos[[3]], qvel[[3]])
    for control in controls:
        many.step(control)
        one.step(control[[3]])
    np.testing.assert_array_equal(many.snapshot().qpos[3], one.snapshot().qpos[0])


def test_time_step_is_the_control_interval_over_the_substeps_and_the_arm_keeps_its_own(arm):
    own = (arm.model.opt.timestep, arm.model.opt.disableflags)
    batch = Simulation(arm, 1, 0.01, 5, 1)
    assert batch.model.opt.timestep == pytest.approx(0.002)
    assert (arm.model.opt.timestep, arm.model.opt.disableflags) == own
    batch.step(np.zeros((1, arm.nu)))
    assert batch._batch.get_data(0).time == pytest.approx(0.01)


def test_shapes(arm):
    snapshot = simulate(arm, 3).snapshot()
    shapes = {field: getattr(snapshot, field).shape for field in FIELDS}
    assert shapes == {
        "qpos": (3, arm.nq),
        "qvel": (3, arm.nq),
        "activation": (3, arm.na),
        "ctrl": (3, arm.nu),
        "force": (3, arm.nu),
        "landmarks": (3, 3, 3),
    }


def test_a_diverged_simulation_is_not_reset_in_secret(explosive, quiet_log):
    batch = simulate(explosive, 2)
    batch.step(np.array([[0.0, 0.0], [0.0, 1.0]]))
    snapshot = batch.snapshot()
    assert np.isfinite(snapshot.qpos[0]).all()
    assert not np.isfinite(snapshot.qpos[1]).all()


def test_warnings_go_to_the_file_that_is_named(tmp_path, monkeypatch, explosive, capfd):
    monkeypatch.chdir(tmp_path)
    before = mujoco.MjLogConfig.get()
    log_warnings_to(tmp_path / "mujoco.log")
    try:
        simulation = Simulation(explosive, 1, 1 / 150, 16, threads=1)
        for _ in range(5):
            simulation.step(np.ones((1, 2)))
    finally:
        before.set()
    assert "simulation is unstable" in (tmp_path / "mujoco.log").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mujoco.log"]
    assert capfd.readouterr().out == ""
