"""Optimal trajectories of arms: what they cost, that the simulation performs them, and that they are remembered."""

from dataclasses import replace

import numpy as np
import pytest

from mousearm.env.references import References, prepare
from mousearm.optimal import trajectories
from mousearm.optimal.model import local_model
from mousearm.optimal.solver import roll_out_controls
from mousearm.optimal.system import ArmSystem
from mousearm.optimal.trajectories import optimal_trajectories, reach_cost
from mousearm.simulation import build_simulation
from mousearm.trajectory import FOLLOWED, errors_mm


@pytest.fixture
def solved(configure, monkeypatch, tmp_path):
    """Trajectories on the first frames of the shipped reach, with what they were made of."""
    monkeypatch.setattr(trajectories, "cache_folder", lambda: tmp_path)

    def solved(*overrides, frames=8, first=0.0, chooses_start=False):
        config, arm, (whole,) = prepare(configure(*overrides))
        config = replace(config, threads=1)
        parts = {name: getattr(whole, name)[:frames] for name in ("elbow", "paw", "qpos", "qvel", "activation")}
        references = References([replace(whole, **{name: part for name, part in parts.items() if len(part)})])
        ctrl = np.full((1, frames - 1, arm.nu), first)
        return config, arm, references, optimal_trajectories(arm, references, config, ctrl, chooses_start)[0]

    return solved


def performed(config, arm, one, engine="mujoco"):
    """(T, 2, 3) metres of elbow and paw under the controls of a trajectory."""
    simulation = build_simulation(arm, 1, config.env.control_dt, config.env.n_substeps, 1, engine)
    simulation.reset(np.array([0]), one.qpos[:1], one.qvel[:1], one.activation[:1])
    points = [simulation.snapshot().landmarks[0, FOLLOWED]]
    for ctrl in one.ctrl:
        simulation.step(ctrl[None])
        points.append(simulation.snapshot().landmarks[0, FOLLOWED])
    return np.stack(points)


def test_motors_hit_a_reach_within_hundredths_of_a_millimetre(solved):
    config, arm, references, one = solved("model=torque", "optimal.w_effort=0.0003", frames=10)
    errors = errors_mm(performed(config, arm, one), references.targets[0])[1:]
    assert (errors.mean(axis=0) < 0.01).all()
    assert one.converged
    assert one.cost == pytest.approx((errors**2).sum() + config.optimal.w_effort * (one.ctrl**2).sum(), rel=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_muscles_are_performed_by_mujoco_as_they_were_solved(solved):
    config, arm, references, one = solved("model=muscle", first=0.02)
    points = performed(config, arm, one)
    error = errors_mm(points, references.targets[0])[1:]
    assert one.cost == pytest.approx((error**2).sum() + config.optimal.w_effort * (one.ctrl**2).sum(), rel=1e-3)
    assert one.effort == pytest.approx((one.ctrl**2).mean())
    assert one.cross.shape == (7, 21, 33)
    assert np.isfinite(one.cross).all()


@pytest.mark.slow
def test_a_second_search_comes_from_the_cache_and_another_cost_does_not(solved, monkeypatch):
    *_, one = solved("model=torque")

    def refuse(*_):
        raise AssertionError("searched again")

    with monkeypatch.context() as patch:
        patch.setattr(trajectories, "solve", refuse)
        *_, again = solved("model=torque")
        with pytest.raises(AssertionError, match="searched again"):
            solved("model=torque", "optimal.w_effort=0.2")
    np.testing.assert_array_equal(again.ctrl, one.ctrl)
    assert (again.cost, again.converged) == (one.cost, one.converged)
    *_, smooth = solved("model=torque", "optimal.w_smooth=100.0")
    assert np.square(np.diff(smooth.ctrl, axis=0)).sum() < 0.5 * np.square(np.diff(one.ctrl, axis=0)).sum()
    assert smooth.cross.shape == one.cross.shape


@pytest.mark.parametrize("engine", ["mujoco", pytest.param("generated", marks=pytest.mark.slow)])
def test_arms_move_alike_whatever_their_number(configure, request, engine):
    if engine == "generated":
        request.getfixturevalue("compiler")
    config, arm, (reference,) = prepare(configure("model=torque"))
    system = ArmSystem(arm, replace(config, engine=engine, threads=1))
    state = np.concatenate([reference.qpos, reference.qvel], axis=1)[:11]
    ctrl = np.random.default_rng(0).uniform(-0.2, 0.2, (11, arm.nu))

    def moved(rows):
        return system.begin(state[rows]), *system.advance(ctrl[rows])

    every = moved(np.arange(11))
    for rows in (np.arange(3), np.array([10]), np.arange(4, 11), np.arange(3)):
        for some, whole in zip(moved(rows), every, strict=True):
            np.testing.assert_array_equal(some, whole[rows])


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_differences_of_mujoco_are_the_exact_derivatives(configure, model):
    config, arm, (reference,) = prepare(configure(f"model={model}"))
    system = ArmSystem(arm, replace(config, engine="mujoco", threads=1))
    random = np.random.default_rng(0)
    activation = random.uniform(0.02, 0.1, (3, arm.na))
    state = np.concatenate([reference.qpos[:3], reference.qvel[:3], activation], axis=1)
    ctrl = random.uniform(0.2, 0.4, (3, arm.nu))
    exact = system.linearise(state, ctrl)
    assert system._exact is not None
    system._exact = None
    for one, other in zip(system.linearise(state, ctrl), exact, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4 * np.abs(other).max())


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_the_gradient_of_an_arm_is_that_of_performed_movements(configure):
    config, arm, (reference,) = prepare(configure("model=torque"))
    config, references = replace(config, threads=1, engine="generated"), References([reference])
    system, cost = ArmSystem(arm, config), reach_cost(arm, references, config).of(np.zeros(8, dtype=int))
    start = np.concatenate([reference.qpos[:1], reference.qvel[:1]], axis=1)
    ctrl = np.random.default_rng(0).uniform(-0.2, 0.2, (1, len(reference.paw) - 1, arm.nu))
    path = roll_out_controls(system, cost.of(np.zeros(1, dtype=int)), start, ctrl.shape[1], lambda t, _: ctrl[:, t])
    gradient = local_model(system, cost.of(np.zeros(1, dtype=int)), path).gradient[0]
    moved = np.repeat(ctrl, 8, axis=0)
    where = [(0, 0), (7, 1), (20, 2), (48, 0)]
    for row, (t, j) in enumerate(where):
        moved[2 * row : 2 * row + 2, t, j] += [1e-5, -1e-5]
    costs = roll_out_controls(system, cost, np.repeat(start, 8, axis=0), ctrl.shape[1], lambda t, _: moved[:, t]).cost
    slopes = (costs[::2] - costs[1::2]) / 2e-5
    np.testing.assert_allclose([gradient[place] for place in where], slopes, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.usefixtures("compiler")
def test_the_best_first_activation_costs_less_than_that_of_equilibrium(solved):
    config, arm, references, given = solved("model=muscle", first=0.02)
    (chosen,) = optimal_trajectories(arm, references, config, given.ctrl[None], chooses_start=True)
    before = given.cost + config.optimal.w_effort * np.square(given.activation[0]).sum()  # the first counts here
    assert chosen.cost < before
    assert not np.array_equal(chosen.activation[0], given.activation[0])
    assert ((chosen.activation[0] >= 0) & (chosen.activation[0] <= 1)).all()
