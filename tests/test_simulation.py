import copy
import pickle
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from mousearm.simulation import MujocoSimulation, build_simulation, log_warnings_to

DT, SUBSTEPS = 1 / 150, 16
FIELDS = ("qpos", "qvel", "activation", "ctrl", "force", "landmarks")


# The shipped arms by MuJoCo; by the generated engine too, but slowly, and one that is compiled in less time.
ENGINES = [
    *(("mujoco", "torque_arm"), ("mujoco", "muscle_arm"), ("generated", "two_link")),
    *(pytest.param(("generated", arm), marks=pytest.mark.slow) for arm in ("cable", "torque_arm", "muscle_arm")),
]


@pytest.fixture(params=ENGINES, ids="-".join)
def engine_and_arm(request):
    engine, arm = request.param[0], request.getfixturevalue(request.param[1])
    if engine == "generated":
        request.getfixturevalue("compiler")
    return engine, arm.changed(by_rk4)


def by_rk4(model):
    model = copy.copy(model)
    model.opt.integrator = mujoco.mjtIntegrator.mjINT_RK4
    return model


@pytest.fixture
def arm(engine_and_arm):
    return engine_and_arm[1]


@pytest.fixture
def simulate(engine_and_arm):
    """N simulations by the engine."""
    return lambda arm, n, threads=1: build_simulation(arm, n, DT, SUBSTEPS, threads, engine_and_arm[0])


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


def test_equals_a_plain_loop_over_one_simulation(arm, simulate, engine_and_arm):
    """To the last bit where it is MuJoCo's."""
    error = 0 if engine_and_arm[0] == "mujoco" else 1e-9
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
            np.testing.assert_allclose(snapshot.qpos[i], data.qpos, error, error)
            np.testing.assert_allclose(snapshot.qvel[i], data.qvel, error, error)
            np.testing.assert_allclose(snapshot.activation[i], data.act, error, error)
            np.testing.assert_allclose(snapshot.ctrl[i], data.ctrl, error, error)
            np.testing.assert_allclose(snapshot.force[i], data.actuator_force, error, error)
            np.testing.assert_allclose(batch.torque[i], data.qfrc_actuator, error, error * 1e-3)


def test_landmarks_are_current_with_the_pose(arm, simulate, engine_and_arm):
    batch = simulate(arm, 2)
    batch.reset(np.arange(2), *random_start(arm, 2))
    error = 0 if engine_and_arm[0] == "mujoco" else 1e-15  # m
    snapshot = batch.snapshot()
    np.testing.assert_allclose(snapshot.landmarks, arm.landmark_positions(snapshot.qpos), 0, error)
    for controls in random_controls(arm, 2, 3):
        batch.step(controls)
        snapshot = batch.snapshot()
        np.testing.assert_allclose(snapshot.landmarks, arm.landmark_positions(snapshot.qpos), 0, error)


def test_reset_leaves_nothing_of_the_past(arm, simulate):
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
    np.testing.assert_array_equal(used.state(), fresh.state())  # time and warm start, too
    np.testing.assert_array_equal(used.snapshot().activation, 0)
    np.testing.assert_array_equal(used.snapshot().force, 0)
    np.testing.assert_array_equal(used.snapshot().ctrl, 0)
    for controls in random_controls(arm, n, 4):
        used.step(controls)
        fresh.step(controls)
        assert_equal_bits(used.snapshot(), fresh.snapshot())


def test_reset_of_some_leaves_the_others_alone(arm, simulate):
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


def test_ids_out_of_order_are_refused(arm, simulate):
    batch = simulate(arm, 3)
    with pytest.raises(ValueError, match="sorted and unique"):
        batch.reset(np.array([2, 0, 1]), *random_start(arm, 3))


def test_snapshots_are_copies(arm, simulate):
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


def test_threads_do_not_change_a_bit(arm, simulate):
    n = 9
    qpos, qvel = random_start(arm, n)
    batches = [simulate(arm, n, threads) for threads in (1, 2)]
    for batch in batches:
        batch.reset(np.arange(n), qpos, qvel)
    for controls in random_controls(arm, n, 4):
        for batch in batches:
            batch.step(controls)
        assert_equal_bits(*(batch.snapshot() for batch in batches))


def test_simulations_do_not_depend_on_their_number(arm, simulate):
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
    batch = MujocoSimulation(arm, 1, 0.01, 5, 1)
    assert batch.model.opt.timestep == pytest.approx(0.002)
    assert (arm.model.opt.timestep, arm.model.opt.disableflags) == own
    batch.step(np.zeros((1, arm.nu)))
    assert batch._batch.get_data(0).time == pytest.approx(0.01)


def test_shapes(arm, simulate):
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


def test_a_simulation_that_diverges_disturbs_no_other(arm, simulate, quiet_log):
    n = 9
    qpos, qvel = random_start(arm, n)
    one, other = simulate(arm, n), simulate(arm, n)
    one.reset(np.arange(n), qpos, qvel)
    qvel[4] = 1e300
    other.reset(np.arange(n), qpos, qvel)
    others = np.arange(n) != 4
    for controls in random_controls(arm, n, 3):
        one.step(controls)
        other.step(controls)
        assert_equal_bits(one.snapshot(), other.snapshot(), others)
        assert np.isfinite(other.snapshot().qpos[others]).all()
        assert not np.isfinite(other.snapshot().qpos[4]).all()
    other.reset(np.array([4]), qpos[[4]], np.zeros((1, arm.nq)))
    other.step(random_controls(arm, n, 1)[0])
    assert np.isfinite(other.snapshot().qpos).all()


def test_copies_go_on_by_themselves(arm, simulate):
    one = simulate(arm, 3)
    one.reset(np.arange(3), *random_start(arm, 3))
    first, *later = random_controls(arm, 3, 4)
    one.step(first)
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert_equal_bits(other.snapshot(), replace(one.snapshot(), force=other.snapshot().force))
        there, here = copy.deepcopy(other), copy.deepcopy(one)
        for controls in later:
            there.step(controls)
            here.step(controls)
            assert_equal_bits(there.snapshot(), here.snapshot())


def test_one_engine_goes_on_from_the_state_of_the_other(arm, simulate):
    qpos, qvel = random_start(arm, 3)
    ours, judge = simulate(arm, 3), MujocoSimulation(arm, 3, DT, SUBSTEPS, 1)
    ours.reset(np.arange(3), qpos, qvel)
    controls = random_controls(arm, 3, 4)
    for control in controls[:2]:
        ours.step(control)
    judge.restore(ours.state())
    again = simulate(arm, 3)
    again.restore(judge.state())
    for control in controls[2:]:
        for simulation in (ours, judge, again):
            simulation.step(control)
    assert_equal_bits(ours.snapshot(), again.snapshot())
    np.testing.assert_allclose(judge.snapshot().qpos, ours.snapshot().qpos, atol=1e-9)
    with pytest.raises(ValueError, match="of the shape"):
        ours.restore(ours.state()[:2])


def test_a_diverged_simulation_is_not_reset_in_secret(explosive, quiet_log):
    batch = MujocoSimulation(explosive, 2, DT, SUBSTEPS, 1)
    batch.step(np.array([[0.0, 0.0], [0.0, 1.0]]))
    snapshot = batch.snapshot()
    assert np.isfinite(snapshot.qpos[0]).all()
    assert not np.isfinite(snapshot.qpos[1]).all()


def test_warnings_go_to_the_file_that_is_named(tmp_path, monkeypatch, explosive, capfd):
    monkeypatch.chdir(tmp_path)
    before = mujoco.MjLogConfig.get()
    log_warnings_to(tmp_path / "mujoco.log")
    try:
        simulation = MujocoSimulation(explosive, 1, 1 / 150, 16, threads=1)
        for _ in range(5):
            simulation.step(np.ones((1, 2)))
    finally:
        before.set()
    assert "simulation is unstable" in (tmp_path / "mujoco.log").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mujoco.log"]
    assert capfd.readouterr().out == ""
