import numpy as np
import pytest
import torch

from mousearm.engine.tensors import TensorSimulation
from mousearm.simulation import MujocoSimulation

needs_compiler = pytest.mark.usefixtures("compiler")
pytestmark = needs_compiler
DT, SUBSTEPS, N = 1 / 150, 8, 5
PARTS = ("qpos", "qvel", "activation", "ctrl", "force", "torque", "landmarks")


SHIPPED = [pytest.param(name, marks=pytest.mark.slow) for name in ("torque_arm", "muscle_arm")]


@pytest.fixture(scope="session")
def runge_kutta(build_two_link):
    """The two-link arm with the integrator of the shipped ones."""
    return build_two_link('autolimits="true"/>', 'autolimits="true"/><option integrator="RK4"/>')


@pytest.fixture(params=["runge_kutta", *SHIPPED])
def arm(request):
    return request.getfixturevalue(request.param)


def simulation(arm, n=N, dtype=torch.float64):
    return TensorSimulation(arm, n, DT, SUBSTEPS, "cpu", dtype)


def starts(arm, n=N, dtype=torch.float64, seed=0):
    """Poses, velocities and activations of n arms, all different."""
    rng = np.random.default_rng(seed)
    low, high = np.clip(arm.qpos_range, -3, 3).T
    rows = rng.uniform(low, high, (n, arm.nq)), rng.normal(0, 2, (n, arm.nq)), rng.uniform(0, 1, (n, arm.na))
    return [torch.as_tensor(part, dtype=dtype) for part in rows]


def controls(arm, steps, n=N, dtype=torch.float64, seed=1):
    drawn = np.random.default_rng(seed).uniform(*arm.ctrl_range.T, (steps, n, arm.nu))
    return torch.as_tensor(drawn, dtype=dtype)


def all_of(n=N):
    return torch.ones(n, dtype=torch.bool)


def begun(arm, n=N, dtype=torch.float64, steps=2):
    """Arms that have moved for some steps from different starts."""
    arms = simulation(arm, n, dtype)
    arms.reset(all_of(n), *starts(arm, n, dtype))
    for ctrl in controls(arm, steps, n, dtype):
        arms.step(ctrl)
    return arms


def parts(arms):
    return {name: getattr(arms, name).clone() for name in PARTS}


def assert_same(one, other, rows=slice(None)):
    for name in PARTS:
        np.testing.assert_array_equal(one[name][rows], other[name][rows], name)


def test_it_goes_where_mujoco_goes(arm):
    """Every field of a snapshot, and the torque, after 10 steps at full range."""
    arms, judge = begun(arm, steps=10), MujocoSimulation(arm, N, DT, SUBSTEPS)
    judge.reset(np.arange(N), *(part.numpy() for part in starts(arm)))
    for ctrl in controls(arm, 10):
        judge.step(ctrl.numpy())
    ours, theirs = arms.snapshot(), judge.snapshot()
    for name in ("qpos", "qvel", "activation", "ctrl", "force", "landmarks"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(arms.torque, judge.torque, rtol=1e-9, atol=1e-14)


def test_a_reset_puts_some_where_it_says_and_leaves_the_others(arm):
    arms = begun(arm)
    before, mask = parts(arms), torch.tensor([True, False, True, False, False])
    qpos, qvel, activation = starts(arm, seed=2)
    arms.reset(mask, qpos, qvel, activation)
    after, fresh = parts(arms), simulation(arm)
    fresh.reset(all_of(), qpos, qvel, activation)
    assert_same(after, before, ~mask)
    assert_same(after, parts(fresh), mask)
    assert (after["ctrl"][mask] == 0).all()
    np.testing.assert_allclose(after["landmarks"][mask], arm.landmark_positions(qpos[mask].numpy()), atol=1e-15)


def test_activations_begin_at_zero_unless_they_are_given(arm):
    arms = begun(arm)
    arms.reset(all_of(), *starts(arm)[:2])
    assert (arms.activation == 0).all()


def test_numbers_that_are_not_finite_stay_in_their_row_until_it_is_reset(arm):
    arms, clean = begun(arm), begun(arm)
    arms.qpos[2, 0] = torch.nan
    others = torch.arange(N) != 2
    for ctrl in controls(arm, 3, seed=3):
        arms.step(ctrl)
        clean.step(ctrl)
    assert_same(parts(arms), parts(clean), others)
    assert arms.qpos[2].isnan().any()
    assert arms.landmarks[2].isnan().any()
    arms.reset(~others, *starts(arm))
    assert all(part.isfinite().all() for part in parts(arms).values())


def test_the_storage_stays_and_snapshots_are_copies(arm):
    arms = begun(arm)
    places, then = {name: getattr(arms, name).data_ptr() for name in PARTS}, arms.snapshot()
    held = then.qpos.clone(), then.landmarks.clone()
    arms.step(controls(arm, 1, seed=4)[0])
    arms.reset(all_of(), *starts(arm, seed=5))
    arms.restore(arms.state())
    assert {name: getattr(arms, name).data_ptr() for name in PARTS} == places
    assert torch.equal(then.qpos, held[0])
    assert torch.equal(then.landmarks, held[1])
    assert not torch.equal(arms.qpos, held[0])


def test_a_restored_simulation_is_the_same_to_the_bit_and_goes_on_the_same(arm):
    one, other = begun(arm), simulation(arm)
    other.restore(one.state())
    assert_same(parts(one), parts(other))
    for ctrl in controls(arm, 3, seed=6):
        one.step(ctrl)
        other.step(ctrl)
    assert_same(parts(one), parts(other))


def test_states_of_other_simulations_are_refused(arm):
    with pytest.raises(ValueError, match="shape"):
        simulation(arm, 3).restore(simulation(arm, 4).state())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_arm_alone_does_what_it_does_among_others(arm, dtype):
    among, alone = begun(arm, 11, dtype), simulation(arm, 1, dtype)
    alone.reset(all_of(1), *(part[7:8] for part in starts(arm, 11, dtype)))
    for ctrl in controls(arm, 2, 11, dtype):
        alone.step(ctrl[7:8])
    assert_same({name: part[7:8] for name, part in parts(among).items()}, parts(alone))


def test_single_precision_stays_within_a_micrometre(arm):
    single, double = begun(arm, 32, torch.float32, 49), begun(arm, 32, torch.float64, 49)
    apart_mm = 1e3 * (single.landmarks.double() - double.landmarks).norm(dim=-1)
    assert apart_mm.max() < 1e-3


def nearest_limit(arm, arms, start, ctrl):
    """Least distance, rad, of any joint from a limit at the evaluations of the Runge-Kutta steps from a state."""
    low, high = arm.qpos_range.T
    q, v, act = (part.numpy()[None].copy() for part in start)
    qacc, act_rate, force = np.zeros_like(v), np.zeros_like(act), np.zeros((1, arm.nu))
    h, nearest = DT / SUBSTEPS, np.inf
    for _ in range(SUBSTEPS):
        q0, v0, moved, gained = q.copy(), v.copy(), 0.0, 0.0
        for weight, ahead in ((1 / 6, h / 2), (1 / 3, h / 2), (1 / 3, h), (1 / 6, 0.0)):
            nearest = min(nearest, np.abs(np.concatenate([q - low, high - q])).min())
            arms._library.on_arrays("forward_f64", [q, v, act, ctrl.numpy()[None].copy(), qacc, act_rate, force])()
            moved, gained = moved + weight * v, gained + weight * qacc
            q, v = q0 + ahead * v, v0 + ahead * qacc
        q, v = q0 + h * moved, v0 + h * gained
    return nearest


@pytest.mark.slow
def test_single_precision_goes_elsewhere_only_where_a_limit_is_just_reached(torque_arm):
    """Each step from the same numbers: the last digit decides whether a limit acts, whose force sets in with a jump."""
    n = 8192
    double, single = simulation(torque_arm, n), simulation(torque_arm, n, torch.float32)
    double.reset(all_of(n), *starts(torque_arm, n, seed=11))
    found = []
    for ctrl in controls(torque_arm, 49, n, seed=12).float().double():
        start = [getattr(double, name).float().double() for name in PARTS[:3]]
        for arms in (double, single):
            arms.reset(all_of(n), *start)
            arms.step(ctrl)
        off = ((single.qvel.double() - double.qvel).abs() / double.qvel.abs().amax(0)).amax(1)
        for i in (off > 1e-5).nonzero().flatten().tolist():
            found.append(nearest_limit(torque_arm, double, [part[i] for part in start], ctrl[i]))
    assert 0 < len(found) < 49 * n / 20_000
    assert max(found) < 3e-7  # rad; numbers around 1 have a distance of 1.2e-7
