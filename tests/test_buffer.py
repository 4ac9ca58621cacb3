import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.type_aliases import RNNStates

from mousearm.buffer import SequenceBuffer

N_STEPS, N_ENVS, LAYERS, HIDDEN = 12, 5, 2, 3


def fill(starts, hidden=HIDDEN):
    """A full buffer in which every number is made from the number of its step, 1000 env + t, counted from 1000.

    Args:
        starts: (n_steps, n_envs) whether an episode starts there.
    """
    n_steps, n_envs = starts.shape
    number = (1000.0 * (1 + np.arange(n_envs)) + np.arange(n_steps)[:, None]).astype(np.float32)
    buffer = SequenceBuffer(
        n_steps,
        spaces.Box(-np.inf, np.inf, (2,), np.float32),
        spaces.Box(-1, 1, (1,), np.float32),
        (n_steps, LAYERS, n_envs, hidden),
        "cpu",
        n_envs=n_envs,
    )
    for t in range(n_steps):
        row = torch.as_tensor(number[t])
        memory = [torch.as_tensor(number[t] + 0.1 * k).expand(LAYERS, n_envs).unsqueeze(-1) for k in range(4)]
        memory = [layer.repeat(1, 1, hidden) for layer in memory]
        buffer.add(
            np.stack([number[t], -number[t]], axis=1),
            number[t][:, None] / 2,
            np.zeros(n_envs),
            starts[t],
            row / 3,
            row / 4,
            lstm_states=RNNStates((memory[0], memory[1]), (memory[2], memory[3])),
        )
    buffer.advantages = number / 5
    buffer.returns = number / 6
    return buffer, number


def random_starts(seed, n_steps=N_STEPS, n_envs=N_ENVS, rate=0.25):
    return np.random.default_rng(seed).random((n_steps, n_envs)) < rate


def sequences_of(batch):
    """Step numbers (n_seq, length) and mask of a minibatch."""
    n_seq = batch.lstm_states.pi[0].shape[1]
    return batch.observations[:, 0].reshape(n_seq, -1).numpy(), batch.mask.reshape(n_seq, -1).numpy() > 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("batch_size", [None, 20, 25, 60, 1000])
def test_every_step_appears_once_per_epoch(seed, batch_size):
    buffer, number = fill(random_starts(seed))
    np.random.seed(seed)  # noqa: NPY002 (SB3 seeds this generator)
    for _ in range(3):
        seen = np.concatenate([batch.observations[batch.mask > 0, 0] for batch in buffer.get(batch_size)])
        np.testing.assert_array_equal(np.sort(seen), np.sort(number.ravel()))


@pytest.mark.parametrize("seed", range(3))
def test_what_belongs_together_stays_together(seed):
    buffer, _ = fill(random_starts(seed))
    for batch in buffer.get(20):
        real = batch.mask > 0
        number = batch.observations[real, 0]
        torch.testing.assert_close(batch.observations[real, 1], -number)
        torch.testing.assert_close(batch.actions[real, 0], number / 2)
        torch.testing.assert_close(batch.old_values[real], number / 3)
        torch.testing.assert_close(batch.old_log_prob[real], number / 4)
        torch.testing.assert_close(batch.advantages[real], number / 5)
        torch.testing.assert_close(batch.returns[real], number / 6)


@pytest.mark.parametrize("seed", range(3))
def test_sequences_are_consecutive_steps_between_episode_starts(seed):
    starts = random_starts(seed)
    buffer, number = fill(starts)
    begins = set(number[starts])
    for batch in buffer.get(20):
        flags = batch.episode_starts.reshape(batch.lstm_states.pi[0].shape[1], -1).numpy()
        for steps, real, flag in zip(*sequences_of(batch), flags, strict=True):
            steps = steps[real]
            np.testing.assert_array_equal(np.diff(steps), 1)  # one simulation, one step after the other
            assert real[: len(steps)].all()  # padding comes last
            assert not begins & set(steps[1:])  # no episode starts within a sequence
            assert flag[0] == (steps[0] in begins)
            assert not flag[1:].any()
            # It ends where the next episode starts, or at the end of the rollout.
            assert steps[-1] + 1 in begins or steps[-1] % 1000 == N_STEPS - 1


@pytest.mark.parametrize("seed", range(3))
def test_initial_states_are_those_before_the_first_step(seed):
    buffer, _ = fill(random_starts(seed))
    for batch in buffer.get(20):
        first = torch.as_tensor(sequences_of(batch)[0][:, 0])
        memory = (*batch.lstm_states.pi, *batch.lstm_states.vf)
        for k, state in enumerate(memory):
            assert state.shape == (LAYERS, len(first), HIDDEN)
            torch.testing.assert_close(state, (first + 0.1 * k)[None, :, None].expand_as(state))


def test_minibatches_of_equal_episodes_have_the_size_asked_for_and_no_padding():
    # Episodes of 4 steps in a rollout of 12: 15 sequences, 60 steps; minibatches of 20.
    starts = np.zeros((N_STEPS, N_ENVS), dtype=bool)
    starts[::4] = True
    buffer, _ = fill(starts)
    batches = list(buffer.get(20))
    assert [len(batch.mask) for batch in batches] == [20, 20, 20]
    assert all(batch.mask.all() for batch in batches)


@pytest.mark.parametrize(("batch_size", "n_batches"), [(15, 4), (16, 4), (20, 3), (29, 2), (41, 1), (60, 1), (1000, 1)])
def test_number_of_minibatches_is_the_nearest(batch_size, n_batches):
    starts = np.zeros((N_STEPS, N_ENVS), dtype=bool)
    starts[::2] = True
    buffer, _ = fill(starts)
    sizes = [int(batch.mask.sum()) for batch in buffer.get(batch_size)]
    assert len(sizes) == n_batches
    assert max(sizes) - min(sizes) <= 2  # up to one sequence


def test_minibatches_are_shuffled_by_the_global_generator():
    buffer, _ = fill(random_starts(0))
    orders = []
    for seed in (1, 1, 2):
        np.random.seed(seed)  # noqa: NPY002
        orders.append(np.concatenate([batch.observations[batch.mask > 0, 0] for batch in buffer.get(20)]))
    np.testing.assert_array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


def test_one_episode_over_the_whole_rollout():
    buffer, number = fill(np.zeros((N_STEPS, 1), dtype=bool))
    (batch,) = buffer.get(None)
    np.testing.assert_array_equal(batch.observations[:, 0], number[:, 0])
    assert batch.episode_starts[0] == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("batch_size", [2, 4, 6, 11])
def test_minibatches_smaller_than_a_sequence(seed, batch_size):
    """A sequence is never cut, so minibatches grow to hold one; two steps at least have a standard deviation."""
    buffer, number = fill(random_starts(seed, rate=0.1))
    np.random.seed(seed)  # noqa: NPY002
    batches = list(buffer.get(batch_size))
    seen = np.concatenate([batch.observations[batch.mask > 0, 0] for batch in batches])
    np.testing.assert_array_equal(np.sort(seen), np.sort(number.ravel()))
    assert min(int(batch.mask.sum()) for batch in batches) >= 2
