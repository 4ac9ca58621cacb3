"""Conditions in the task: nothing changes at severity 0, and what a condition remembers is in the state."""

import copy

import numpy as np
import pytest

from mousearm.condition import Conditions
from mousearm.env.references import Start
from mousearm.registry import CONDITIONS

FRAMES = 8


def performed(task, steps=FRAMES - 1, seed=0):
    """The observations and rewards of random actions, and the last state of the arms."""
    rng = np.random.default_rng(seed)
    seen = [(task.observe(), np.zeros(task.n))]
    for _ in range(steps):
        outcome = task.step(rng.uniform(-1, 1, (task.n, task.arm.nu)))
        seen.append((outcome.observation, outcome.reward))
    observations, rewards = map(np.stack, zip(*seen, strict=True))
    return observations, rewards, task.snapshot.qpos


@pytest.fixture(scope="session")
def build_cable(build_task, cable, follow):
    """Two simulations of one muscle's arm, of a reach of some frames, with overrides."""

    def build(*words, n=2):
        bend = np.linspace(0.1, 0.4, FRAMES)
        reach = follow(cable, np.stack([-bend, bend], axis=1))
        words = ("env.observation=[qpos,qvel,activation]", "condition.tremor.joint=shoulder", *words)
        return build_task(cable, [reach], n, "model.action_map=sigmoid", *words)

    return build


def test_the_hooks_of_all_conditions_do_nothing_at_severity_0(build_cable, configure):
    config = configure(f"condition=[{','.join(CONDITIONS)}]", *(f"condition.{name}.severity=0" for name in CONDITIONS))
    assert not Conditions(config.condition)
    task = build_cable(f"condition=[{','.join(CONDITIONS)}]", *(f"condition.{name}.severity=0" for name in CONDITIONS))
    for one, other in zip(performed(task), performed(build_cable()), strict=True):
        np.testing.assert_array_equal(one, other)
    assert {"condition", "chance"}.isdisjoint(task.state())


@pytest.mark.parametrize("published", [False, True])
def test_all_muscles_denervated_equal_the_passive_arm(build_cable, build_task, follow, muscle_arm, published):
    """Any actions then do what no excitation does; muscles begin without activation. One muscle, and the 21."""

    def build(*words):
        if not published:
            return build_cable(*words)
        still = follow(muscle_arm, np.repeat(muscle_arm.rest_qpos[None], FRAMES, axis=0))
        return build_task(muscle_arm, [still], 2, "model=muscle", *words)

    weak = build("condition=weakness", "env.initial_activation=zero")
    passive = build("env.initial_activation=zero", "model.action_map=direct")
    moved = performed(weak)[2]
    for _ in range(FRAMES - 1):
        passive.step(-np.ones((2, passive.arm.nu)))
    np.testing.assert_array_equal(moved, passive.snapshot.qpos)
    assert not np.allclose(moved, performed(build())[2], atol=1e-3)


def test_all_go_on_from_their_state_as_without_the_break(build_cable):
    others = [name for name in CONDITIONS if name != "nerve"]  # which has no muscle of this arm
    words = [f"condition=[{','.join(others)}]", *(f"condition.{name}.severity=0.5" for name in others)]
    words += ["condition.push.at_ms=10", "condition.load.viscosity=0.01", "condition.sensory_loss.left=frozen"]
    words += [f"condition.{name}.muscles=[]" for name in others if hasattr(CONDITIONS[name](), "muscles")]
    words += ["env.noise.sd_qpos=0.1"]
    task, other = build_cable(*words), build_cable(*words)
    for _ in range(2):  # in its second episode
        task.reset(np.arange(2), Start(np.zeros(2, dtype=int), np.zeros(2, dtype=int)))
    performed(task, 3)
    other.restore(copy.deepcopy(task.state()))
    for one, again in zip(performed(task, 3, seed=1), performed(other, 3, seed=1), strict=True):
        np.testing.assert_array_equal(one, again)


def test_what_is_random_depends_on_seed_simulation_and_episode_alone(build_cable):
    def trembling(*words, n=3):
        return build_cable("condition=tremor", *words, n=n)

    one, few, other = trembling(), trembling(n=2), trembling("seed=1")
    phases = [task.state()["condition"]["tremor.phase"].copy() for task in (one, few, other)]
    np.testing.assert_array_equal(phases[0][:2], phases[1])
    assert len({*phases[0], *phases[2]}) == 6
    one.reset(np.array([1]), Start(np.zeros(1, dtype=int), np.zeros(1, dtype=int)))
    again = one.state()["condition"]["tremor.phase"]
    assert (again == phases[0]).tolist() == [True, False, True]
    assert one.is_noisy
    one.rewind()
    other.rewind()
    for task in (one, other):
        task.reset(np.arange(3), Start(np.zeros(3, dtype=int), np.zeros(3, dtype=int)))
    rewound = [task.state()["condition"]["tremor.phase"] for task in (one, other)]
    np.testing.assert_array_equal(*rewound)  # an evaluation is the same with any seed
