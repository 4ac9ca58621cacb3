"""The rollout buffer: minibatches made of whole episodes (or of what a rollout holds of them), padded little."""

from collections.abc import Generator

import numpy as np
import torch
from sb3_contrib.common.recurrent.buffers import RecurrentRolloutBuffer
from sb3_contrib.common.recurrent.type_aliases import RecurrentRolloutBufferSamples, RNNStates


class SequenceBuffer(RecurrentRolloutBuffer):
    """sb3-contrib's buffer, with minibatches of whole sequences instead of cuts at arbitrary steps.

    A sequence is the steps of one simulation between two episode starts. Sequences are shuffled anew for each epoch
    and put together to minibatches of about ``batch_size`` steps, all of nearly the same size.
    """

    def get(self, batch_size: int | None = None) -> Generator[RecurrentRolloutBufferSamples, None, None]:
        """Minibatches of one epoch.

        Args:
            batch_size: steps of a minibatch, padding not counted; None for everything at once.
        """
        if not self.generator_ready:
            self._flatten()
            self.generator_ready = True
        starts, lengths = self._sequences()
        order = np.random.permutation(len(starts))  # noqa: NPY002 (SB3 seeds numpy's global generator)
        filled = np.cumsum(lengths[order])
        n_batches = max(1, round(filled[-1] / batch_size)) if batch_size else 1
        ends = np.unique(filled[np.searchsorted(filled, filled[-1] * np.arange(1, n_batches) / n_batches)])
        ends = ends[(np.diff(ends, prepend=0) >= 2) & (filled[-1] - ends >= 2)]  # one step has no standard deviation
        for chosen in np.split(order, np.searchsorted(filled, ends) + 1):
            yield self._minibatch(starts[chosen], lengths[chosen])

    def _flatten(self) -> None:
        """From (n_steps, n_envs, ...) to simulation after simulation, (n_envs * n_steps, ...)."""
        for name in ("hidden_states_pi", "cell_states_pi", "hidden_states_vf", "cell_states_vf"):
            layers_after_envs = getattr(self, name).swapaxes(1, 2)
            setattr(self, name, self.swap_and_flatten(layers_after_envs))
        for name in ("observations", "actions", "values", "log_probs", "advantages", "returns", "episode_starts"):
            setattr(self, name, self.swap_and_flatten(getattr(self, name)))

    def _sequences(self) -> tuple[np.ndarray, np.ndarray]:
        """First row and length of every sequence."""
        begins = self.episode_starts.ravel() > 0
        begins[:: self.buffer_size] = True
        starts = np.flatnonzero(begins)
        return starts, np.diff(np.append(starts, len(begins)))

    def _minibatch(self, starts: np.ndarray, lengths: np.ndarray) -> RecurrentRolloutBufferSamples:
        steps = np.arange(lengths.max())
        mask = steps < lengths[:, None]
        rows = np.where(mask, starts[:, None] + steps, starts[:, None]).ravel()
        begins = np.where(mask & (steps == 0), self.episode_starts.ravel()[starts, None], 0.0)

        def states(hidden: np.ndarray, cell: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
            layers_first = (np.ascontiguousarray(a[starts].swapaxes(0, 1)) for a in (hidden, cell))
            return tuple(self.to_torch(a) for a in layers_first)  # type: ignore[return-value]

        return RecurrentRolloutBufferSamples(
            observations=self.to_torch(self.observations[rows]),
            actions=self.to_torch(self.actions[rows]),
            old_values=self.to_torch(self.values.ravel()[rows]),
            old_log_prob=self.to_torch(self.log_probs.ravel()[rows]),
            advantages=self.to_torch(self.advantages.ravel()[rows]),
            returns=self.to_torch(self.returns.ravel()[rows]),
            lstm_states=RNNStates(
                states(self.hidden_states_pi, self.cell_states_pi), states(self.hidden_states_vf, self.cell_states_vf)
            ),
            episode_starts=self.to_torch(begins.astype(np.float32).ravel()),
            mask=self.to_torch(mask.astype(np.float32).ravel()),
        )
