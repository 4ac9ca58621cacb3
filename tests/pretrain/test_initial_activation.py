"""The activation that an arm is put into a frame of its reach with."""

from dataclasses import replace

import numpy as np
import pytest

from mousearm.env.gym_env import TrackingEnv
from mousearm.env.references import References, prepare
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.mechanics import ArmDynamics, motions_of
from mousearm.paths import resolve
from mousearm.pretrain.initial_activation import equilibrium, zero
from mousearm.pretrain.optimal_teacher import optimal_reaches

DT = 1 / 150
FILTERED = (
    '<motor name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1"/>',
    '<general name="shoulder" joint="shoulder" gear="1e-4" ctrlrange="-1 1" dyntype="filter" dynprm="0.02"/>',
)


@pytest.fixture(scope="module")
def prepared(configure):
    """Configuration, arm and references of the shipped reach, begun in equilibrium."""
    return prepare(configure("model=muscle", "env.initial_activation=equilibrium"))


@pytest.fixture(scope="module")
def reference(prepared):
    (reference,) = prepared.references
    return reference


def test_the_arm_begins_with_the_torque_of_the_next_four_frames(prepared, reference):
    """By MuJoCo's forward dynamics, with gravity, damping and the muscles' force at their length and speed."""
    dynamics, still = ArmDynamics(prepared.arm), np.zeros((len(reference.qpos), prepared.arm.nu))
    state = dynamics.dynamics(reference.qpos, reference.qvel)
    needed = state.needed(motions_of([reference.qpos], DT).qacc)
    wanted = np.mean([needed[i : len(needed) - 3 + i] for i in range(4)], axis=0)  # 25 ms at 150 Hz
    found = dynamics.acceleration(reference.qpos, reference.qvel, reference.activation, still)[:-3]
    expected = np.linalg.solve(state.mass[:-3], (wanted - state.bias[:-3])[..., None])[..., 0]
    np.testing.assert_allclose(found, expected, atol=0.01)  # of up to 500 rad/s2
    without = dynamics.acceleration(reference.qpos, reference.qvel, 0 * reference.activation, still)[:-3]
    assert np.abs(without - expected).max() > 1000


def test_activations_are_possible_and_none_is_wasted(prepared, reference):
    """The least squares with a given torque: a = max(0, gain @ l) for some multipliers l of the joints' torques."""
    activation = reference.activation
    assert activation.min() >= 0
    assert activation.max() < 1
    gain = ArmDynamics(prepared.arm).dynamics(reference.qpos, reference.qvel).bounds.gain
    for a, torques in zip(activation, gain * 1e6, strict=True):  # (nu, nv) 1e-6 N m
        active = a > 1e-4
        multipliers = np.linalg.lstsq(torques[active], a[active], rcond=None)[0]
        np.testing.assert_allclose(torques[active] @ multipliers, a[active], atol=1e-3)
        assert (torques[~active] @ multipliers).max(initial=0) < 1e-3


def test_what_is_needed_against_gravity_by_hand(build_hanging, configure, follow):
    # Stretched along x the arm weighs 5e-5 and 2e-5 N m on actuators of 1e-4 N m; the elbow's is a motor, without any
    # activation, and is taken to help.
    arm = build_hanging(*FILTERED)
    still = follow(arm, np.zeros((9, 2)))
    np.testing.assert_allclose(equilibrium(arm, [still], configure())[0], np.full((9, 1), 0.5), atol=1e-6)
    np.testing.assert_array_equal(zero(arm, [still], configure())[0], np.zeros((9, 1)))


def test_bounds_of_an_activation_are_kept(build_hanging, configure, follow):
    arm = build_hanging(FILTERED[0], FILTERED[1].replace("/>", ' actlimited="true" actrange="-0.1 0.3"/>'))
    (activation,) = equilibrium(arm, [follow(arm, np.zeros((9, 2)))], configure())
    np.testing.assert_allclose(activation, 0.3)


def test_a_movement_beyond_the_muscles_begins_with_what_they_can(prepared, reference):
    quick = replace(reference, qpos=reference.qpos[::6], qvel=6 * reference.qvel[::6])
    (activation,) = equilibrium(prepared.arm, [quick], prepared.config)
    assert activation.shape == (len(quick.qpos), 21)
    assert activation.min() >= 0
    assert activation.max() == pytest.approx(1)


def test_motors_have_none(configure):
    both = [prepare(configure(f"env.initial_activation={name}")).references[0] for name in ("zero", "equilibrium")]
    assert [reference.activation.shape[1] for reference in both] == [0, 0]
    for name in ("qpos", "qvel", "elbow", "paw"):
        np.testing.assert_array_equal(getattr(both[0], name), getattr(both[1], name))


def test_references_hold_that_of_the_last_frame(reference):
    short = replace(reference, **{name: getattr(reference, name)[:20] for name in ("qpos", "qvel", "activation")})
    short = replace(short, elbow=short.elbow[:20], paw=short.paw[:20])
    both = References([reference, short])
    assert both.activation.shape == (2, len(reference.qpos), 21)
    np.testing.assert_array_equal(both.activation[0], reference.activation)
    np.testing.assert_array_equal(both.activation[1, 19:], np.tile(reference.activation[19], (31, 1)))


def test_references_can_begin_otherwise(reference):
    both = References([reference, reference])
    other = both.begun(lambda qpos, qvel: np.concatenate([qpos, qvel], axis=1))
    np.testing.assert_array_equal(other.activation, np.concatenate([both.qpos, both.qvel], axis=2))
    np.testing.assert_array_equal(both.activation[1], reference.activation)


def test_episodes_begin_with_that_of_their_frame(build_task, prepared):
    env = TrackingVecEnv(build_task(prepared.arm, prepared.references, 16, "model=muscle"), random_start=1.0, seed=3)
    env.reset()
    frames = env.task.position.frame
    assert len(set(frames)) > 5
    np.testing.assert_array_equal(env.task.snapshot.activation, prepared.references[0].activation[frames])


def test_the_gymnasium_environment_begins_with_that_of_its_frame(prepared):
    env = TrackingEnv(config=prepared.config)
    for frame in (0, 17):
        env.reset(options={"reach": "demo", "frame": frame})
        np.testing.assert_array_equal(env.task.snapshot.activation[0], prepared.references[0].activation[frame])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Optimal control did not converge")
def test_optimal_control_chooses_it_once(configure, tmp_path, monkeypatch):
    """The references, the controller and what is cached agree, and the chosen start is cheaper than equilibrium."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = resolve("package:demo.csv", "kinematics/data").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(rows[:13]) + "\n")
    words = ("model=muscle", f"kinematics.path={tmp_path / 'short.csv'}")
    config, arm, (reference,) = prepare(configure(*words, "env.initial_activation=optimal"))
    saved = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.npz")}
    (best,) = optimal_reaches(arm, References([reference]), config)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.npz")} == saved
    np.testing.assert_array_equal(best.activation, reference.activation)
    usual = prepare(configure(*words, "env.initial_activation=equilibrium"))
    (other,) = optimal_reaches(usual.arm, References(usual.references), usual.config)
    start_effort = config.optimal.w_effort * np.square(usual.references[0].activation[0]).sum()
    assert best.cost < other.cost + start_effort
