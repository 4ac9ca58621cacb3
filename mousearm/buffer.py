"""The rollout buffer: what N arms did for T steps, in time-major tensors, and minibatches of whole sequences of it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from mousearm.policy.backbone import reset_state


class Minibatch(NamedTuple):
    """S whole sequences, L steps long at most, with K steps altogether."""

    observations: torch.Tensor  # (L, S, n_obs); a shorter sequence repeats its last step
    state: torch.Tensor  # (n_states, S, hidden) of the backbone before the first step of each
    steps: torch.Tensor | None  # (K,) where the steps stand in (L * S), without repeated ones; None: all are L long
    actions: torch.Tensor  # (K, nu)
    old_values: torch.Tensor  # (K,), as are the following
    old_log_prob: torch.Tensor  # of the actions
    advantages: torch.Tensor  # of the actions
    returns: torch.Tensor  # targets of the values
    noise: torch.Tensor | None = None  # (L, S, n_noise) of the units, as it was; None: they have none
    weights: torch.Tensor | None = None  # of the steps in means, of sum 1, 0 for repeated ones; None: all are equal

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Mean of values (K,) over the steps."""
        return values.mean() if self.weights is None else (values * self.weights).sum()

    def normalized(self, values: torch.Tensor) -> torch.Tensor:
        """Values (K,) with mean 0 and variance 1 over the steps."""
        if self.weights is None:
            return (values - values.mean()) / (values.std() + 1e-8)
        n, distance = 1 / self.weights.max(), values - self.mean(values)
        return distance / ((self.mean(distance.square()) * n / (n - 1).clamp(min=1)).sqrt() + 1e-8)

    def select(self, outputs: torch.Tensor) -> torch.Tensor:
        """From (L, S, n) to (K, n): leave the repeated steps out."""
        flat = outputs.flatten(0, 1)
        return flat if self.steps is None else flat.index_select(0, self.steps)


class TimeLimits:
    """The M episodes of a rollout that time cut off: what the arms saw last, and the backbone's state before that."""

    def __init__(self) -> None:
        self.steps: list[int] = []  # that they ended with
        self.arms: list[int] = []
        self._observations: list[np.ndarray] = []
        self._states: list[torch.Tensor] = []

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: int, dones: np.ndarray, infos: Sequence[dict[str, Any]], state: torch.Tensor) -> None:
        """Look for them in what SB3's VecEnv says of the episodes that ended with a step, (N,) bool.

        The backbone had the state (n_states, N, hidden) after that step.
        """
        arms = [arm for arm in np.flatnonzero(dones).tolist() if infos[arm].get("TimeLimit.truncated", False)]
        if arms:
            self.steps += [step] * len(arms)
            self.arms += arms
            self._observations += [infos[arm]["terminal_observation"] for arm in arms]
            self._states.append(state[:, arms])

    def last(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Sequences of one step: observations (1, M, n_obs), and the state (n_states, M, hidden)."""
        return torch.from_numpy(np.stack(self._observations)[None]).to(device), torch.cat(self._states, dim=1)


class SequenceBuffer:
    """A rollout, all tensors made once; the rollout writes into them.

    A sequence is what one arm did between two episode starts, or between one and an end of the rollout. So only the
    state before the first step has to be kept: all other sequences begin with none.
    """

    def __init__(self, n_steps: int, n_observations: int, n_actions: int, state: torch.Tensor, n_noise: int = 0):
        """Make the tensors of T steps, on the device of the backbone's state for N arms, (n_states, N, hidden).

        The noise of its units takes ``n_noise`` numbers a step. It is kept: given the noise, an action has the same
        probability before an update as when it was drawn.
        """
        _, n_arms, hidden_size = state.shape
        self.shape = (n_steps, n_arms)
        self.state = state  # of the backbone before the first step
        self.observations = state.new_zeros(*self.shape, n_observations)
        self.actions = state.new_zeros(*self.shape, n_actions)  # before they are clipped to the action space
        self.outputs = state.new_zeros(*self.shape, hidden_size)  # of the backbone
        self.noise = state.new_zeros(*self.shape, n_noise) if n_noise else None  # of the backbone's units
        self.starts = torch.zeros(self.shape, dtype=torch.bool, device=state.device)  # does an episode start?
        self.rewards = state.new_zeros(self.shape)
        self._scalars = state.new_zeros(4, *self.shape)  # in one tensor, because minibatches want all four
        self.values, self.log_probs, self.advantages, self.returns = self._scalars
        self.time_limits = TimeLimits()

    def begin(self, state: torch.Tensor) -> None:
        """Start a rollout with a state (n_states, N, hidden) of the backbone."""
        self.state.copy_(state)
        self.time_limits = TimeLimits()
        self.draw_noise()

    def draw_noise(self, generator: torch.Generator | None = None) -> None:
        """Draw the noise of all units in all steps; from torch's own generator where none is given."""
        if self.noise is not None:
            self.noise.normal_(generator=generator)

    def compute_advantages(
        self, last_values: torch.Tensor, last_starts: torch.Tensor, gamma: float, gae_lambda: float
    ) -> None:
        """Generalised advantage estimation (Schulman et al. 2016), and the returns that belong to it.

        After the last step the observations have the values ``last_values`` (N,), and a new episode starts with them
        where ``last_starts`` (N,) says so.
        """
        goes_on = (~torch.cat([self.starts[1:], last_starts[None]])).float()
        errors = self.rewards + gamma * goes_on * torch.cat([self.values[1:], last_values[None]]) - self.values
        decay = gamma * gae_lambda * goes_on
        advantage = torch.zeros_like(last_values)
        for t in reversed(range(len(errors))):
            advantage = torch.addcmul(errors[t], decay[t], advantage, out=self.advantages[t])
        torch.add(self.advantages, self.values, out=self.returns)

    def explained_variance(self) -> float:
        """Share of the returns' variance that the values know; NaN where there is none."""
        unknown, total = torch.stack([(self.returns - self.values).var(), self.returns.var()]).tolist()
        return 1 - unknown / total if total > 0 else float("nan")

    def minibatches(self, batch_size: int) -> Iterator[Minibatch]:
        """One epoch, in another order each time.

        The sequences are shuffled and dealt to minibatches of about ``batch_size`` steps, all of nearly the same size.
        Sequences are never cut, so a minibatch is one sequence at least (and two steps: one has no standard deviation);
        sb3-contrib's are ``batch_size`` steps of one arm after the other, cut where that falls. The loss is the same;
        here the steps of a minibatch come from all arms, and gradients reach back to the first of each sequence.
        """
        arm, first, length = self._sequences()
        order = torch.randperm(len(length)).numpy()
        filled = np.cumsum(length[order])
        total = filled[-1]
        n_batches = max(1, round(total / batch_size))
        ends = np.unique(filled[np.searchsorted(filled, total * np.arange(1, n_batches) / n_batches)])
        ends = ends[(np.diff(ends, prepend=0) >= 2) & (total - ends >= 2)]
        for chosen in np.split(order, np.searchsorted(filled, ends) + 1):
            yield self._minibatch(arm[chosen], first[chosen], length[chosen])

    def _sequences(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Arm, first step and length of every sequence."""
        begins = self.starts.T.cpu().numpy().copy()
        begins[:, 0] = True
        arm, first = np.nonzero(begins)
        return arm, first, np.diff(np.flatnonzero(begins), append=begins.size)

    def _minibatch(self, arm: np.ndarray, first: np.ndarray, length: np.ndarray) -> Minibatch:
        step = np.arange(length.max())[:, None]
        rows = torch.from_numpy((first + np.minimum(step, length - 1)) * self.shape[1] + arm).to(self.state.device)
        steps, kept = None, rows.flatten()
        if length.min() < length.max():
            steps = torch.from_numpy(np.flatnonzero(step < length)).to(self.state.device)
            kept = kept[steps]
        arms = torch.from_numpy(arm).to(self.state.device)
        forgotten = (rows[0] >= self.shape[1]) | self.starts[0, arms]
        return self._gather(rows, kept, reset_state(self.state[:, arms], forgotten), steps)

    def _gather(
        self, rows: torch.Tensor, kept: torch.Tensor, state: torch.Tensor, steps: torch.Tensor | None = None
    ) -> Minibatch:
        """A minibatch of rows (L, S), step * N + arm, of which those that are ``kept`` (K,) are learned from."""
        values, log_prob, advantages, returns = self._scalars.flatten(1).index_select(1, kept)
        return Minibatch(
            observations=self.observations.flatten(0, 1)[rows],
            state=state,
            steps=steps,
            actions=self.actions.flatten(0, 1).index_select(0, kept),
            old_values=values,
            old_log_prob=log_prob,
            advantages=advantages,
            returns=returns,
            noise=None if self.noise is None else self.noise.flatten(0, 1)[rows],
        )
