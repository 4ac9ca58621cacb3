"""Muscles as they are felt: fibres by both engines, and the rates of their sense organs."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from mousearm.config import EnvConfig
from mousearm.env.references import Start
from mousearm.model.muscles import anatomy_of, muscles_of
from mousearm.senses import SensesConfig, ia_rate, ib_rate, ii_rate
from mousearm.simulation import build_simulation

DT, SUBSTEPS, N = 1 / 150, 16, 5  # as in test_simulation, so that an engine is compiled once
FELT = ("muscle_length", "muscle_velocity", "muscle_force", "spindle_ia", "spindle_ii", "tendon_organ")
SLOWLY = pytest.mark.slow


@pytest.fixture(scope="module")
def mixed(build_hanging):
    """A motor at the elbow, and a muscle from above the shoulder to the upper arm that pulls with 0.04 N at most."""
    muscle = (
        '<muscle name="lift" tendon="lift" force="0.1" lengthrange="0.005 0.015" range="0.5 1.5" ctrlrange="0 1" '
        'forcerange="-0.04 0"/>'
    )
    return build_hanging(
        '<motor name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1"/>',
        "",
        "<actuator>",
        '<tendon><spatial name="lift"><site site="above"/><site site="end"/></spatial></tendon><actuator>',
        "</actuator>",
        f"{muscle}</actuator>",
        'range="-3 3"',
        'range="-3 1"',
        '<body name="upper">',
        '<site name="above" pos="0 0 0.01"/><body name="upper"><site name="end" pos="0.01 0 0"/>',
        '<option gravity="0 0 -10"/>',
        '<option gravity="0 0 -10" integrator="RK4"/>',
    )


def mujoco_fibres(arm, qpos, qvel, activation):
    """Lengths, velocities and tensions of one arm, (nu,) each, by MuJoCo's own functions."""
    model, data, found = arm.model, mujoco.MjData(arm.model), np.zeros((3, arm.nu))
    data.qpos[:], data.qvel[:], data.act[:] = qpos, qvel, activation
    mujoco.mj_forward(model, data)
    for i in muscles_of(arm):
        (r0, r1, *_), (a, b) = model.actuator_gainprm[i], model.actuator_lengthrange[i]
        optimal = (b - a) / (r1 - r0)
        found[:, i] = r0 + (data.actuator_length[i] - a) / optimal, data.actuator_velocity[i] / optimal, 0
        found[2, i] = -data.actuator_force[i]
    return found


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        *(("mujoco", name) for name in ("muscle_arm", "mixed", "two_link")),
        *(pytest.param("generated", name, marks=SLOWLY) for name in ("muscle_arm", "mixed", "two_link")),
    ],
)
def test_fibres_are_those_of_mujocos_muscle_in_this_very_state(engine, name, request):
    if engine == "generated":
        request.getfixturevalue("compiler")
    arm, rng = request.getfixturevalue(name), np.random.default_rng(0)
    simulation = build_simulation(arm, N, DT, SUBSTEPS, 1, engine, fibres=True)
    low, high = arm.qpos_range.T
    qpos, qvel = low + rng.uniform(0.1, 0.9, (N, arm.nq)) * (high - low), 30 * rng.normal(size=(N, arm.nq))
    simulation.reset(np.arange(N), qpos, qvel, rng.random((N, arm.na)))
    states = [simulation.snapshot()]
    simulation.step(rng.uniform(arm.ctrl_range[:, 0], arm.ctrl_range[:, 1], (N, arm.nu)))
    states.append(simulation.snapshot())
    simulation.restore(simulation.state().copy())  # forgets the forces of the last step, and nothing here
    states.append(simulation.snapshot())
    for now in states:
        expected = np.stack([mujoco_fibres(arm, *one) for one in zip(now.qpos, now.qvel, now.activation, strict=True)])
        found = np.stack([now.arrays()[name] for name in ("fibre_length", "fibre_velocity", "tension")], axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert build_simulation(arm, 1, DT, SUBSTEPS, 1, engine).snapshot().tension is None


def test_rates_by_hand():
    """Fibres of 50 mm, stretched by 0.02 (1 mm) at 0.64 per s (32 mm/s), half active; 32^0.6 = 8."""
    stretch, velocity, active = np.array([0.02]), np.array([0.64]), np.array([0.5])
    senses = SensesConfig()
    assert ia_rate(senses, stretch, velocity, active) == pytest.approx(50 + 2 * 1 + 4.3 * 8 + 50 * 0.5)
    assert ii_rate(senses, stretch, active) == pytest.approx(80 + 13.5 * 1 + 20 * 0.5)
    assert ib_rate(senses, np.array([0.04 * (np.e - 1)])) == pytest.approx(60)
    assert ib_rate(senses, np.array([-0.1])) == 0


def test_what_rates_fall_and_rise_with():
    senses, none = SensesConfig(), np.zeros(50)
    speeds = np.linspace(-3, 3, 50)
    ia = ia_rate(senses, none, speeds, none)
    assert (np.diff(ia) >= 0).all()
    assert (np.diff(ia[ia > 0]) > 0).all()  # falls with shortening, until it is silent
    assert ia[0] == 0
    np.testing.assert_allclose(ia_rate(senses, none, none, none), senses.ia_rest)
    for rate in (lambda of, d, a: ia_rate(of, d, none, a), ii_rate):
        stretch, active = np.linspace(-0.1, 0.3, 50), np.linspace(0, 1, 50)
        assert (np.diff(rate(senses, stretch, none)) > 0).all()
        assert (np.diff(rate(senses, none, active)) > 0).all()
        undriven = replace(senses, fusimotor=0.0)
        np.testing.assert_array_equal(rate(undriven, stretch, active), rate(undriven, stretch, none))


@pytest.fixture
def feeling(muscle_arm, follow, build_task):
    poses = muscle_arm.rest_qpos + np.linspace(0, 0.1, 9)[:, None]
    reaches = [follow(muscle_arm, poses[:6], "short"), follow(muscle_arm, poses, "long")]
    return lambda *words: build_task(muscle_arm, reaches, 2, *words)


def columns(task, observation):
    """The terms of an observation, by name."""
    widths = task.observation_widths
    parts = np.split(observation, np.cumsum(list(widths.values()))[:-1], axis=1)
    return dict(zip(widths, parts, strict=True))


def test_a_task_feels_its_muscles_and_sees_paw_and_pellet(feeling, muscle_arm):
    task = feeling("env=proprioceptive", f"env.observation=[{','.join(FELT)},paw,target,path_preview]")
    task.reset(np.arange(2), Start(np.array([1, 0]), np.array([3, 1])))
    now, body = task.snapshot, anatomy_of(muscle_arm, SensesConfig())
    seen = columns(task, task.observe())
    widths = dict.fromkeys(FELT, 21) | {"paw": 3, "target": 3, "path_preview": 0}
    assert {name: part.shape[1] for name, part in seen.items()} == widths
    vmax = muscle_arm.model.actuator_gainprm[:, 6]
    middle = muscle_arm.model.actuator_gainprm[:, :2].mean(axis=1)
    np.testing.assert_allclose(seen["muscle_velocity"], now.fibre_velocity / vmax, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(seen["muscle_force"], now.tension / muscle_arm.peak_force, rtol=1e-5, atol=1e-6)
    rates = ia_rate(body.senses, now.fibre_length - middle, now.fibre_velocity, now.activation)
    np.testing.assert_allclose(seen["spindle_ia"], rates, rtol=1e-5)
    shoulder, targets = now.landmarks[:, 0], task.references.targets
    np.testing.assert_allclose(seen["paw"], now.landmarks[:, 2] - shoulder, atol=1e-9)
    np.testing.assert_allclose(seen["target"], np.stack([targets[1, 8, 1], targets[0, 5, 1]]) - shoulder, atol=1e-9)


def test_weak_muscles_are_felt_as_weak(feeling):
    """Half the force that activation adds, relative to the peak force of the intact arm; as in test_weakness."""
    words = "env.observation=[muscle_force]", "env.initial_activation=zero"
    added = []
    for task in (feeling(*words), feeling(*words, "condition=weakness", "condition.weakness.severity=0.5")):
        passive, now = task.observe(), task.snapshot
        task.simulation.reset(np.arange(2), now.qpos, now.qvel, 0.7)
        task.snapshot = task.simulation.snapshot()
        added.append(task.observe() - passive)
    assert added[0].mean() > 0.4
    np.testing.assert_allclose(added[1], added[0] / 2, rtol=1e-5)


def test_an_arm_of_motors_feels_no_muscles(two_link, swing, build_task):
    task = build_task(two_link, [swing(two_link, 6)], 1, f"env.observation=[qpos,{','.join(FELT)}]")
    assert task.n_observations == 2
    assert task.observe().shape == (1, 2)


def test_the_presets_have_the_table_of_the_schema(configure):
    """So that a run that was saved before there was one means the same."""
    for preset in ("default", "proprioceptive"):
        env: EnvConfig = configure(f"env={preset}").env
        assert env.senses == SensesConfig()
