import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer

from mousearm.buffer import SequenceBuffer, TimeLimits

N_STEPS, N_ARMS, STATES, HIDDEN = 12, 5, 2, 3


def fill(starts):
    """A full buffer in which every number is made from the number of its step, 1000 arm + t, counted from 1000.

    Args:
        starts: (T, N) whether an episode starts there.
    """
    n_steps, n_arms = starts.shape
    number = torch.as_tensor(1000.0 * (1 + np.arange(n_arms)) + np.arange(n_steps)[:, None], dtype=torch.float32)
    buffer = SequenceBuffer(n_steps, 2, 1, torch.zeros(STATES, n_arms, HIDDEN))
    memory = number[0] + 0.1 * torch.arange(STATES)[:, None]
    buffer.begin(memory[:, :, None].expand(STATES, n_arms, HIDDEN))
    buffer.observations.copy_(torch.stack([number, -number], dim=-1))
    buffer.actions.copy_(number[:, :, None] / 2)
    buffer.starts.copy_(torch.as_tensor(starts))
    for name, divisor in (("values", 3), ("log_probs", 4), ("advantages", 5), ("returns", 6)):
        getattr(buffer, name).copy_(number / divisor)
    return buffer, number.numpy()


def random_starts(seed, n_steps=N_STEPS, n_arms=N_ARMS, rate=0.25):
    return np.random.default_rng(seed).random((n_steps, n_arms)) < rate


def every(n_steps, n_arms, length):
    """Episodes of equal length."""
    starts = np.zeros((n_steps, n_arms), dtype=bool)
    starts[::length] = True
    return starts


def numbers(batch):
    """Step numbers (L, S) of a minibatch, and which of them are no repetition."""
    number = batch.observations[:, :, 0].numpy()
    real = np.zeros(number.size, dtype=bool)
    real[slice(None) if batch.steps is None else batch.steps.numpy()] = True
    return number, real.reshape(number.shape)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("batch_size", [20, 25, 60, 1000])
def test_every_step_appears_once_per_epoch(seed, batch_size):
    buffer, number = fill(random_starts(seed))
    for _ in range(3):
        seen = torch.cat([batch.select(batch.observations)[:, 0] for batch in buffer.minibatches(batch_size)])
        np.testing.assert_array_equal(np.sort(seen), np.sort(number.ravel()))


@pytest.mark.parametrize("seed", range(3))
def test_what_belongs_together_stays_together(seed):
    buffer, _ = fill(random_starts(seed))
    for batch in buffer.minibatches(20):
        seen = batch.select(batch.observations)
        number = seen[:, 0]
        torch.testing.assert_close(seen[:, 1], -number)
        torch.testing.assert_close(batch.actions[:, 0], number / 2)
        torch.testing.assert_close(batch.old_values, number / 3)
        torch.testing.assert_close(batch.old_log_prob, number / 4)
        torch.testing.assert_close(batch.advantages, number / 5)
        torch.testing.assert_close(batch.returns, number / 6)


@pytest.mark.parametrize("seed", range(3))
def test_sequences_are_consecutive_steps_between_episode_starts(seed):
    starts = random_starts(seed)
    buffer, number = fill(starts)
    begins = set(number[starts])
    for batch in buffer.minibatches(20):
        for column, real in zip(*(values.T for values in numbers(batch)), strict=True):
            steps = column[real]
            np.testing.assert_array_equal(np.diff(steps), 1)  # one arm, one step after the other
            assert real[: len(steps)].all()  # repetitions come last
            assert not begins & set(steps[1:])  # no episode starts within a sequence
            # It begins where an episode or the rollout begins, and ends where the next one begins or the rollout ends.
            assert steps[0] in begins or steps[0] % 1000 == 0
            assert steps[-1] + 1 in begins or steps[-1] % 1000 == N_STEPS - 1


@pytest.mark.parametrize("seed", range(3))
def test_only_episodes_that_go_on_from_the_rollout_before_have_a_state(seed):
    starts = random_starts(seed)
    buffer, number = fill(starts)
    begins = set(number[starts])
    for batch in buffer.minibatches(20):
        first = numbers(batch)[0][0]
        assert batch.state.shape == (STATES, len(first), HIDDEN)
        for step, state in zip(first, batch.state.transpose(0, 1).numpy(), strict=True):
            expected = np.zeros(STATES) if step in begins else step + 0.1 * np.arange(STATES)
            np.testing.assert_allclose(state, np.tile(expected[:, None], HIDDEN), rtol=1e-6)


def test_minibatches_of_equal_episodes_have_the_size_asked_for_and_nothing_repeats():
    # Episodes of 4 steps in a rollout of 12: 15 sequences, 60 steps; minibatches of 20.
    buffer, _ = fill(every(N_STEPS, N_ARMS, 4))
    batches = list(buffer.minibatches(20))
    assert [batch.observations.shape[:2] for batch in batches] == [(4, 5)] * 3
    assert all(batch.steps is None for batch in batches)


@pytest.mark.parametrize(("batch_size", "n_batches"), [(15, 4), (16, 4), (20, 3), (29, 2), (41, 1), (60, 1), (1000, 1)])
def test_number_of_minibatches_is_the_nearest(batch_size, n_batches):
    buffer, _ = fill(every(N_STEPS, N_ARMS, 2))
    batches = list(buffer.minibatches(batch_size))
    assert len(batches) == n_batches
    sizes = [len(batch.returns) for batch in batches]
    assert max(sizes) - min(sizes) <= 4  # two sequences


def test_epochs_differ_and_follow_the_seed():
    buffer, _ = fill(every(N_STEPS, N_ARMS, 4))

    def epoch():
        return [batch.returns.tolist() for batch in buffer.minibatches(20)]

    torch.manual_seed(0)
    first, second = epoch(), epoch()
    torch.manual_seed(0)
    assert epoch() == first
    assert first != second


def test_an_episode_longer_than_the_rollout_is_one_sequence():
    buffer, number = fill(np.zeros((N_STEPS, 1), dtype=bool))
    (batch,) = buffer.minibatches(1000)
    np.testing.assert_array_equal(batch.observations[:, 0, 0], number[:, 0])
    assert batch.state.any()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("batch_size", [2, 4, 6, 11])
def test_minibatches_smaller_than_a_sequence(seed, batch_size):
    """A sequence is never cut, so minibatches grow to hold one; two steps at least have a standard deviation."""
    buffer, number = fill(random_starts(seed, rate=0.1))
    batches = list(buffer.minibatches(batch_size))
    seen = torch.cat([batch.select(batch.observations)[:, 0] for batch in batches])
    np.testing.assert_array_equal(np.sort(seen), np.sort(number.ravel()))
    assert min(len(batch.returns) for batch in batches) >= 2


# Advantages


def test_advantages_by_hand():
    """Two arms, three steps, gamma = lambda = 0.5; the second arm's episode ends after its second step."""
    buffer = SequenceBuffer(3, 1, 1, torch.zeros(0, 2, 1))
    buffer.rewards.copy_(torch.tensor([[1.0, 1.0], [0.0, 2.0], [4.0, 0.0]]))
    buffer.values.copy_(torch.tensor([[2.0, 2.0], [4.0, 4.0], [0.0, 8.0]]))
    buffer.starts[2, 1] = True
    buffer.compute_advantages(torch.tensor([2.0, 2.0]), torch.tensor([False, True]), 0.5, 0.5)
    # Arm 0: errors 1 + 0.5 * 4 - 2 = 1, 0 + 0 - 4 = -4, 4 + 0.5 * 2 - 0 = 5; advantages 5, -4 + 5/4, 1 - 2.75/4.
    # Arm 1: errors 1 + 0.5 * 4 - 2 = 1, 2 - 4 = -2, 0 - 8 = -8 (its episodes end with steps 1 and 2); 1 - 2/4 first.
    expected = torch.tensor([[0.3125, 0.5], [-2.75, -2.0], [5.0, -8.0]])
    torch.testing.assert_close(buffer.advantages, expected)
    torch.testing.assert_close(buffer.returns, expected + buffer.values)


@pytest.mark.parametrize(("gamma", "gae_lambda"), [(0.99, 0.95), (0.9, 1.0), (1.0, 0.0)])
def test_advantages_are_sb3s(gamma, gae_lambda):
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(2, N_STEPS, N_ARMS)).astype(np.float32)
    starts, last_starts = random_starts(1), random_starts(2)[0]
    last_values = torch.as_tensor(rng.normal(size=N_ARMS), dtype=torch.float32)
    box = spaces.Box(-1, 1, (1,), np.float32)
    stock = RolloutBuffer(N_STEPS, box, box, "cpu", gae_lambda, gamma, N_ARMS)
    stock.rewards, stock.values, stock.episode_starts = rewards, values, starts.astype(np.float32)
    stock.compute_returns_and_advantage(last_values, last_starts)
    ours = SequenceBuffer(N_STEPS, 1, 1, torch.zeros(0, N_ARMS, 1))
    for name, array in (("rewards", rewards), ("values", values), ("starts", starts)):
        getattr(ours, name).copy_(torch.from_numpy(array))
    ours.compute_advantages(last_values, torch.from_numpy(last_starts), gamma, gae_lambda)
    np.testing.assert_allclose(ours.advantages, stock.advantages, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.returns, stock.returns, rtol=1e-5, atol=1e-6)


# Ends by time


def test_time_limits_are_told_from_other_ends():
    def info(value, truncated):
        return {"terminal_observation": np.full(2, value, dtype=np.float32), "TimeLimit.truncated": truncated}

    limits = TimeLimits()
    state = torch.arange(12.0).view(1, 4, 3)
    limits.add(3, np.array([True, True, False, False]), [info(0, True), info(1, False), {}, {}], state)
    limits.add(4, np.array([False, False, True, False]), [{}, {}, info(2, False), {}], state)
    limits.add(7, np.array([False, True, False, True]), [{}, info(3, True), {}, info(4, True)], 10 + state)
    assert (limits.steps, limits.arms, len(limits)) == ([3, 7, 7], [0, 1, 3], 3)
    observations, states = limits.last(torch.device("cpu"))
    torch.testing.assert_close(observations, torch.tensor([[[0.0, 0.0], [3.0, 3.0], [4.0, 4.0]]]))
    torch.testing.assert_close(states, torch.tensor([[[0.0, 1, 2], [13, 14, 15], [19, 20, 21]]]))


def test_a_rollout_begins_without_the_ends_of_the_one_before():
    buffer, _ = fill(every(4, 2, 2))
    done, info = np.array([True, False]), {"terminal_observation": np.zeros(2), "TimeLimit.truncated": True}
    buffer.time_limits.add(0, done, [info, {}], buffer.state)
    buffer.begin(buffer.state + 1)
    assert len(buffer.time_limits) == 0
