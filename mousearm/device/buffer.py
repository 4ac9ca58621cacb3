"""The rollout buffer of simulations on a device: what ends episodes stays there too, minibatches have one shape."""

from typing import NamedTuple

import numpy as np
import torch

from mousearm.buffer import Minibatch, SequenceBuffer
from mousearm.policy.backbone import reset_state

_STEP_OF_SIZES = 16  # numbers of sequences of different lengths are rounded up to it: fewer shapes, fewer graphs


class Sequences(NamedTuple):
    """The K sequences of a rollout: arm, first step and length of each, (K,)."""

    arm: np.ndarray
    first: np.ndarray
    length: np.ndarray


class Plan(NamedTuple):
    """Which sequences are learned from in which order."""

    tables: torch.Tensor  # (epochs, minibatches, 3, S) arm, first step and length; a length of 0 fills a minibatch up
    longest: int  # of the sequences


class DeviceBuffer(SequenceBuffer):
    """A `SequenceBuffer` that a rollout fills without the host, and whose minibatches have the same shape each time."""

    def __init__(self, n_steps: int, n_observations: int, n_actions: int, state: torch.Tensor, n_noise: int = 0):
        """Make the tensors, as `SequenceBuffer` does."""
        super().__init__(n_steps, n_observations, n_actions, state, n_noise)
        self.states = state.new_zeros(n_steps, *state.shape)  # of the backbone, after each step
        self.last_seen = torch.zeros_like(self.observations)  # after each step, before an arm begins anew
        self.cut = torch.zeros_like(self.starts)  # did time end an episode with this step?
        self.sequences = Sequences(*np.zeros((3, 0), dtype=int))

    def read_ends(self) -> np.ndarray:
        """Fetch where episodes begin and end in a full buffer: sets ``sequences``.

        Returns the M steps with which time cut an episode off, (M,) as step * N + arm.
        """
        n_steps, n = self.shape
        starts, cut = self.starts.clone(), self.cut
        starts[0] = True
        rows = torch.stack([starts.any(1), starts.all(1), cut.any(1), cut.all(1)]).cpu().numpy()
        if (rows[0] == rows[1]).all():  # as where all reaches have one length: all arms begin together
            first = np.flatnonzero(rows[0])
            length = np.diff(first, append=n_steps)
            self.sequences = Sequences(np.repeat(np.arange(n), len(first)), np.tile(first, n), np.tile(length, n))
        else:
            self.sequences = Sequences(*self._sequences())
        if (rows[2] == rows[3]).all():
            return (np.flatnonzero(rows[2])[:, None] * n + np.arange(n)).ravel()
        return np.flatnonzero(cut.cpu().numpy())

    def seen_last(self, cut: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Observations (M, n_obs) and states (n_states, M, hidden) of the arms after steps (M,) of `read_ends`."""
        step, arm = cut // self.shape[1], cut % self.shape[1]
        return self.last_seen.flatten(0, 1)[cut], self.states.transpose(1, 2)[step, arm].transpose(0, 1)

    def plan(self, batch_size: int, n_epochs: int) -> Plan:
        """Deal the sequences that ``read_ends`` found to minibatches of about ``batch_size`` steps, anew each epoch.

        All have the same number of sequences, to one. The order is of torch's generator of the CPU.
        """
        n_sequences, total = len(self.sequences.arm), int(self.sequences.length.sum())
        n_batches = min(max(1, round(total / batch_size)), n_sequences)
        size = -(-n_sequences // n_batches)
        if size * n_batches > n_sequences:
            size = -(-size // _STEP_OF_SIZES) * _STEP_OF_SIZES
        table = np.stack([*(np.append(column, 0) for column in self.sequences)])  # the last one has no step
        chosen = np.full((n_epochs, n_batches, size), n_sequences)
        for epoch in chosen:
            for row, dealt in zip(epoch, np.array_split(torch.randperm(n_sequences).numpy(), n_batches), strict=True):
                row[: len(dealt)] = dealt
        tables = torch.from_numpy(table[:, chosen].transpose(1, 2, 0, 3).copy()).to(self.state.device)
        return Plan(tables, int(self.sequences.length.max()))

    def minibatch(self, table: torch.Tensor, longest: int) -> Minibatch:
        """Gather the sequences of a row of the plan, (3, S), each filled up to the longest by its last step."""
        arm, first, length = table
        step = torch.arange(longest, device=table.device)[:, None]
        real = (step < length).flatten()
        rows = (first + torch.minimum(step, (length - 1).clamp(min=0))) * self.shape[1] + arm
        state = reset_state(self.state[:, arm], (first > 0) | self.starts[0, arm])
        return self._gather(rows, rows.flatten(), state)._replace(weights=real / real.sum())
