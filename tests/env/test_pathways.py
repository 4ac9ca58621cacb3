"""Delays and noise between arm and network, and conditions in the task."""

from dataclasses import replace

import numpy as np
import pytest

from mousearm.checkpoint import _copied, _each
from mousearm.env.delays import DelayLine
from mousearm.env.noise import MOTOR, SENSORY, EpisodeNoise
from mousearm.env.references import Start
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.pretrain.controllers import TaskController

BOTH = ["env.noise.motor=0.05", "env.noise.motor_share=0.1", "env.noise.sd_qpos=0.01"]
LATE = ["env.delay_ms.proprioception=10", "env.delay_ms.vision=50", "env.delay_ms.motor=5"]  # 1.5, 7.5 and 0.75 steps


def copied(state):
    return _each(state, _copied)


@pytest.fixture(scope="module")
def swings(two_link, swing):
    return [swing(two_link, 12, "a"), swing(two_link, 20, "b", 0.2)]


def actions(task, n_steps, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (n_steps, task.n, task.arm.nu))


def observed(task, done):
    """What the network saw before each action, and after the last, (T + 1, N, n_obs), from the first frames on."""
    ids = np.arange(task.n)
    task.reset(ids, Start(ids % len(task.references), np.zeros(task.n, dtype=int)))
    return np.stack([task.observe(), *(task.step(action).observation for action in done)])


def test_a_line_by_hand():
    # Three columns, late by 0, 2 and 1.25 steps: 4, 4 - 2, and 0.75 x 3 + 0.25 x 2 of what is sent, the step's number.
    line = DelayLine(1, np.array([0, 2, 1.25]))
    line.begin(np.array([0]), np.zeros((1, 3)))
    for step in range(1, 5):
        line.send(np.full((1, 3), float(step)))
    np.testing.assert_array_equal(line.arriving(), [[4, 2, 2.75]])
    assert [row[0, 0] for row in line.newest(2)] == [3, 4]
    saved = line.state()  # a ring of what was sent, whose newest row stands at 4 mod 3
    assert saved["now"] == 1
    np.testing.assert_array_equal(saved["rows"][:, 0], [[3] * 3, [4] * 3, [2] * 3])
    line.begin(np.array([0]), np.full((1, 3), 7.0))
    np.testing.assert_array_equal(line.arriving(), [[7, 7, 7]])


def test_a_delay_of_k_steps_is_an_observation_shifted_by_k(build_task, two_link, swings):
    words = ["env.path_steps=2", "env.observation=[qpos,qvel,phase,path]"]
    plain = build_task(two_link, swings, 2, *words)
    late = build_task(two_link, swings, 2, *words, "env.delay_ms.proprioception=20", "env.delay_ms.vision=10")
    done = actions(plain, 10)
    now, then = observed(plain, done), observed(late, done)
    joints, phase, path = slice(0, 4), slice(4, 5), slice(5, 17)
    np.testing.assert_array_equal(then[3:, :, joints], now[:-3, :, joints])  # 20 ms are 3 steps of 1/150 s
    np.testing.assert_array_equal(then[:3, :, joints], now[[0, 0, 0]][..., joints])  # nothing else was ever seen
    np.testing.assert_array_equal(then[..., phase], now[..., phase])  # no sense tells the time
    halves = 0.5 * now[1:-1, :, path] + 0.5 * now[:-2, :, path]  # 10 ms are 1.5 steps
    np.testing.assert_allclose(then[2:, :, path], halves, atol=1e-8)


def test_late_controls_are_those_of_before(build_task, two_link, swings):
    late = build_task(two_link, swings, 2, "env.delay_ms.motor=5")
    done = actions(late, 6)
    late.reset(np.arange(2), Start(np.array([0, 1]), np.zeros(2, dtype=int)))
    sent = np.concatenate([np.zeros((1, 2, 2)), done])  # motors rest before
    for step, action in enumerate(done):
        under_way = late.efferents.mixed(action)
        late.step(action)
        np.testing.assert_allclose(late.snapshot.ctrl, 0.25 * sent[step + 1] + 0.75 * sent[step], atol=1e-15)
        np.testing.assert_allclose(late.snapshot.ctrl, under_way, atol=1e-15)


def test_at_the_start_controls_hold_the_activation(build_task, follow, muscle_arm):
    still = follow(muscle_arm, np.repeat(muscle_arm.rest_qpos[None], 6, axis=0))
    held = np.random.default_rng(0).uniform(0, 1, (6, muscle_arm.na))
    reference = replace(still, activation=held)
    task = build_task(muscle_arm, [reference], 1, "model=muscle", "env.delay_ms.motor=20")
    task.reset(np.array([0]), Start(np.array([0]), np.array([1])))
    for _ in range(3):
        task.step(np.ones((1, muscle_arm.nu)))
        np.testing.assert_array_equal(task.snapshot.ctrl[0], held[1])
    task.step(np.ones((1, muscle_arm.nu)))
    assert (task.snapshot.ctrl > 0.9).all()


def test_noise_has_its_moments():
    noise = EpisodeNoise(4, 50, 200, 3, MOTOR)
    noise.begin(np.arange(4))
    numbers = []
    for _ in range(200):
        numbers.append(noise.now())
        noise.advance()
    numbers = np.array(numbers)  # 40 000 of them: their mean has an s.d. of 0.005, their variance one of 0.0071
    assert abs(numbers.mean()) < 0.02
    assert numbers.var() == pytest.approx(1, abs=0.028)
    by_chance = 1 / np.sqrt(numbers.size)
    for shifted in (numbers[1:] * numbers[:-1], numbers[:, 1:] * numbers[:, :-1], numbers[..., 1:] * numbers[..., :-1]):
        assert abs(shifted.mean()) < 5 * by_chance  # neither steps, nor simulations, nor columns know of each other


def test_noise_depends_on_its_simulation_episode_and_purpose_alone():
    def drawn(n, length, seed, purpose, episodes=1):
        noise = EpisodeNoise(n, 3, length, seed, purpose)
        for _ in range(episodes):
            noise.begin(np.arange(n))
        return np.stack([noise.now()[1], (noise.advance(), noise.now()[1])[1]])

    alone = drawn(2, 5, 7, SENSORY)
    np.testing.assert_array_equal(drawn(8, 9, 7, SENSORY), alone)
    for other in (drawn(2, 5, 8, SENSORY), drawn(2, 5, 7, MOTOR), drawn(2, 5, 7, SENSORY, 2)):
        assert not np.isin(other, alone).any()
    key = np.array([7 | MOTOR << 33, 1 << 32 | 1], dtype=np.uint64)  # of simulation 1 in its second episode
    fresh = np.random.Generator(np.random.Philox(key=key)).standard_normal((2, 3))
    np.testing.assert_array_equal(drawn(2, 5, 7, MOTOR, 2), fresh)


def test_noise_of_controls_and_of_senses_is_as_large_as_said(build_task, two_link, swings):
    task, n = build_task(two_link, swings, 2000, *BOTH), 2000
    plain = build_task(two_link, swings, 2000)
    done = np.broadcast_to([0.0, 0.6], (1, n, 2))
    seen, clean = observed(task, done), observed(plain, done)
    # 0.05 at 0; at 0.6 the root of 0.05^2 + 0.06^2 = 0.0781. An s.d. of 2000 numbers is known to 1.6 %.
    assert task.snapshot.ctrl.std(axis=0) == pytest.approx([0.05, 0.0781], rel=0.06)
    assert task.snapshot.ctrl.mean(axis=0) == pytest.approx([0, 0.6], abs=0.006)
    error = (seen - clean)[0]
    assert error[:, :2].std(axis=0) == pytest.approx(0.01, rel=0.06)
    assert (error[:, 2:] == 0).all()  # the velocities have none
    assert task.is_noisy
    assert not plain.is_noisy


def test_a_restored_task_goes_on_bit_by_bit(build_task, two_link, swings):
    words = [*BOTH, *LATE, "env.path_steps=2", "condition.weakness.severity=0.3"]
    one, other = build_task(two_link, swings, 3, *words), build_task(two_link, swings, 3, *words)
    done = actions(one, 8)
    observed(one, done)
    one.reset(np.array([1]), Start(np.array([1]), np.array([4])))
    one.step(done[0])
    other.restore(copied(one.state()))
    np.testing.assert_array_equal(other.observe(), one.observe())
    for action in done[1:]:
        np.testing.assert_array_equal(other.step(action).observation, one.step(action).observation)
    again = Start(np.array([0, 1, 0]), np.zeros(3, dtype=int))
    for task in (one, other):
        task.reset(np.arange(3), again)
        task.step(done[0])
    np.testing.assert_array_equal(other.snapshot.ctrl, one.snapshot.ctrl)  # the next episode's noise, too


def test_an_evaluation_has_the_same_noise_every_time_and_with_any_seed(build_task, two_link, swings):
    one, other = build_task(two_link, swings, 4, *BOTH), build_task(two_link, swings, 2, *BOTH, "seed=5")
    done = actions(one, 5)
    one.rewind()
    first = observed(one, done)
    assert not np.array_equal(observed(one, done), first)
    one.rewind()
    np.testing.assert_array_equal(observed(one, done), first)
    other.rewind(1)  # the second repeat: simulations 2 and 3 of the four
    np.testing.assert_array_equal(observed(other, done[:, 2:]), first[:, 2:])


def test_without_any_nothing_is_there(build_task, two_link, swings):
    task = build_task(two_link, swings, 2)
    assert task.state().keys() == {"simulation", "reach", "frame", "worst"}
    assert task.efferents is None


@pytest.mark.parametrize("delay", [5, 10, 20])
def test_a_teacher_acts_for_when_its_controls_arrive(build_task, two_link, swings, delay):
    """It follows nearly as well as without a delay; one that knows nothing of it does not."""
    errors = {}
    for words in ([], [f"env.delay_ms.motor={delay}"]):
        task = build_task(two_link, swings[1:], 1, *words)
        expert = ComputedMuscleControl(two_link, task.references, task.simulation.control_dt)
        for ignorant in (False, True):
            teacher = TaskController(task, expert)
            task.reset(np.array([0]), Start(np.array([0]), np.array([0])))
            paw_mm = []
            while task.position.frame < task.last_frame:
                action = expert(task.snapshot, *task.position) if ignorant else teacher.act(task.observe())
                paw_mm.append(task.step(action).paw_mm)
            errors[bool(words), ignorant] = np.mean(paw_mm)
    assert errors[False, False] == errors[False, True]
    assert errors[True, False] < 0.5 * errors[True, True]
