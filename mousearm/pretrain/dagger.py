"""A warm start: the network learns from an expert, in the states that it leads to.

Dataset aggregation (DAgger, Ross et al. 2011). In each round N arms perform a reach each, some driven by the expert
and some by the network; the expert says at every step what it would do; the network is fitted to all that, whole
reaches at a time. The share of arms that the expert drives falls to zero, so that the network learns how to come back
from its mistakes.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_

from mousearm.config import PretrainConfig
from mousearm.device.descent import Descent
from mousearm.device.graph import saved_optimizer, tune_optimizer
from mousearm.env.references import Start, Starts
from mousearm.env.task import Task
from mousearm.nan_guard import loss_error
from mousearm.policy.network import Adam, RecurrentPolicy
from mousearm.policy.penalties import NO_PENALTIES, Penalties
from mousearm.pretrain.comparison import ExpertDifference
from mousearm.pretrain.controllers import Expert, TaskController


class Batch(NamedTuple):
    """Observations of N arms on their reaches, T steps at most, and the actions of the expert in them."""

    observations: torch.Tensor  # (T, N, n_obs)
    actions: torch.Tensor  # (T, N, nu), the expert's
    counts: torch.Tensor  # (T, N), 1 for steps within the reach and 0 after its end
    noted: torch.Tensor  # (T, N, K), see `ExpertDifference.note`

    @staticmethod
    def of(observations: torch.Tensor, actions: torch.Tensor, counts: torch.Tensor, *noted: torch.Tensor) -> "Batch":
        """The batch of tensors that were saved, where none is empty."""
        return Batch(observations, actions, counts, *noted or (observations[..., :0],))


class Round(NamedTuple):
    """Result of a round of imitation."""

    steps: int  # over all arms
    loss: float  # mean difference from the expert, see `ExpertDifference`, in the last epoch
    paw_mm: float  # mean distance from the target of the arms that the network drove; NaN where there were none
    teacher_share: float  # of the arms that the expert drove
    collecting: float  # seconds that the arms performed
    fitting: float  # seconds that the network learned
    seconds_left: float  # of the rounds to come, at the pace of this one


class DAgger:
    """Trains a policy, all but its value head, to imitate an expert."""

    def __init__(
        self,
        task: Task,
        policy: RecurrentPolicy,
        expert: Expert,
        config: PretrainConfig,
        seed: int,
        penalties: Penalties = NO_PENALTIES,
        sampling: str = "uniform",
    ):
        """Prepare; ``seed`` is that of reaches, drivers, noise and the order of learning.

        With the ``sampling`` "hard" (`Starts`), the errors that count are those of arms that the network drives.
        """
        self._penalties = penalties
        self._task, self._policy, self._teacher, self.config = task, policy, TaskController(task, expert), config
        self._comparison = ExpertDifference(config, task, policy.device)
        self._random = np.random.default_rng(seed)
        self._starts = Starts(task.references, task.n, sampling=sampling)
        self._batches: deque[Batch] = deque(maxlen=config.remembered_rounds)
        on_gpu = policy.device.type == "cuda"
        self._optimizer = Adam(policy.parameters(), lr=config.learning_rate, fused=on_gpu or None)
        tune_optimizer(self._optimizer, policy.device)
        policy.keep_signs(self._optimizer)
        self._descents: dict[torch.Size, Descent] | None = {} if on_gpu else None  # by the shape of minibatches
        self.rounds_done = 0
        self._quiet_mm = math.inf  # of the arms with the least noise, in the last reach
        self._best_mm, self._best = math.inf, {}  # that error of the best network so far, and the network

    def run(self, report: Callable[[Round], object]) -> None:
        """Do all rounds that are left, with a report of each, after setting the exploration that is to follow."""
        torch.nn.init.constant_(self._policy.log_std, self.config.log_std_after)
        rounds = self.config.rounds
        for i in range(self.rounds_done, rounds):
            begin, teacher_share = time.perf_counter(), max(0.0, 1 - i / self.config.teacher_rounds)
            batch, paw_mm = self.collect(teacher_share)
            if teacher_share == 0:
                self._keep_if_best()
            collected = time.perf_counter()
            self._batches.append(batch)
            self._policy.features_extractor.update(batch.observations)
            self._optimizer.param_groups[0]["lr"] = self.config.learning_rate * (1 - i / rounds)
            tune_optimizer(self._optimizer, self._policy.device)
            loss = self.fit()
            self.rounds_done = i + 1
            seconds = collected - begin, time.perf_counter() - collected
            left = self.seconds_left(*seconds, i + 1)
            if i + 1 == rounds:
                self._end()
            report(Round(int(batch.counts.sum()), loss, paw_mm, teacher_share, *seconds, left))

    def _keep_if_best(self) -> None:
        """Keep the network that drove the last reach of all arms, if it is the best so far."""
        if self.config.keep_best and self._quiet_mm < self._best_mm:
            self._best_mm = self._quiet_mm
            self._best = {name: value.detach().clone() for name, value in self._policy.state_dict().items()}

    def _end(self) -> None:
        """Take the best network, once the last one has been tried too."""
        if self.config.keep_best:
            self.collect(0.0)
            self._keep_if_best()
            self._policy.load_state_dict(self._best)

    def seconds_left(self, collecting: float, fitting: float, done: int) -> float:
        """Of the rounds that follow so many, the last of which took so long; fitting grows with what is remembered."""
        remembered = np.minimum(np.arange(done, self.config.rounds + 1), self.config.remembered_rounds)
        return float((collecting + fitting * remembered[1:] / remembered[0]).sum())

    def state(self) -> dict[str, Any]:
        """All but the network that the next rounds depend on, between two rounds; live, to be copied."""
        return {
            "rounds_done": self.rounds_done,
            "random": self._random.bit_generator.state,
            "lessons": [tuple(x for x in batch if x.numel()) for batch in self._batches],
            "optimizer": saved_optimizer(self._optimizer),
            **({"hard": hard} if (hard := self._starts.state()) else {}),
            **({"best": self._best, "best_mm": self._best_mm} if self.config.keep_best else {}),
            **({"task": self._task.state()} if self._task.is_noisy else {}),  # which episode's noise comes next
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self.rounds_done = state["rounds_done"]
        self._random.bit_generator.state = state["random"]
        self._batches.clear()
        self._batches.extend(Batch.of(*(x.to(self._policy.device) for x in batch)) for batch in state["lessons"])
        self._optimizer.load_state_dict(state["optimizer"])
        tune_optimizer(self._optimizer, self._policy.device)
        self._starts.restore(state.get("hard"))
        if self.config.keep_best:
            self._best, self._best_mm = {name: value.clone() for name, value in state["best"].items()}, state["best_mm"]
        if "task" in state:
            self._task.restore(state["task"])

    def collect(self, teacher_share: float) -> tuple[Batch, float]:
        """Perform one reach with every arm; returns the batch, and the paw error in mm of the arms of the network."""
        task, n, config = self._task, self._task.n, self.config
        everyone, going = np.arange(n), np.ones(n, dtype=bool)
        by_expert = self._random.random(n) < teacher_share
        sd = config.noise * (np.linspace(0, 1, n)[:, None] if config.noise_spread else 1.0)
        task.reset(everyone, start := self._starts.draw(self._random, everyone))
        state = self._policy.backbone.initial_state(n)
        rows: list[tuple[np.ndarray, ...]] = []
        errors: list[np.ndarray] = []
        whole, lost = np.zeros(n), np.zeros(n, dtype=bool)  # sum of the errors of an arm, and if it diverged
        quiet: list[np.ndarray] = []  # of those arms that have the least noise; of one reach that which has none
        n_quiet = max(1, min(n // 4, len(task.references)))
        for _ in range(int(task.references.n_frames.max()) - 1):  # all of them, so that all batches have one length
            observation = task.observe()
            wanted = self._teacher.act(observation)
            action, state = self._act(observation, state)
            noise = sd * self._random.standard_normal(action.shape)
            rows.append((observation, wanted, going.copy(), self._comparison.note()))
            outcome = task.step(np.clip(np.where(by_expert[:, None], wanted, action) + noise, -1, 1))
            errors.append(outcome.paw_mm[going & ~by_expert])
            whole += np.where(going, outcome.paw_mm, 0)
            lost |= going & outcome.terminated
            quiet.append(outcome.paw_mm[:n_quiet][going[:n_quiet]])
            ended = outcome.terminated | outcome.truncated
            going &= ~ended
            task.reset(everyone[ended], Start(task.position.reach[ended], np.zeros(ended.sum(), dtype=int)))
        steps = np.sum([row[2] for row in rows], axis=0)
        for i in np.flatnonzero(~by_expert):
            self._starts.count(start.reach[i], whole[i] / steps[i], lost[i])
        stacked = (torch.from_numpy(np.stack(column)).float().to(state.device) for column in zip(*rows, strict=True))
        driven, self._quiet_mm = np.concatenate(errors), float(np.concatenate(quiet).mean())
        return Batch(*stacked), float(driven.mean()) if len(driven) else float("nan")

    @torch.no_grad()
    def _act(self, observation: np.ndarray, state: torch.Tensor) -> tuple[np.ndarray, torch.Tensor]:
        """The network's actions (N, nu), and its state after them."""
        self._policy.set_training_mode(False)
        seen, noise = torch.from_numpy(observation)[None], self._policy.draw_noise(1, len(observation))
        outputs, state = self._policy(seen.to(state.device), state, noise)
        return self._policy.get_distribution(outputs[0]).mode().cpu().numpy(), state

    def fit(self) -> float:
        """Learn from the rounds that are remembered; returns the mean loss of the last epoch."""
        self._policy.set_training_mode(True)
        batch = Batch(*(torch.cat(column, dim=1) for column in zip(*self._batches, strict=True)))
        longest, n = batch.counts.shape
        n_batches = max(1, round(longest * n / self.config.batch_size))
        losses: list[float] = []
        for _ in range(self.config.n_epochs):
            order = torch.from_numpy(self._random.permutation(n)).to(batch.counts.device)
            chunks = (Batch(*(x[:, chosen] for x in batch)) for chosen in order.chunk(n_batches))
            if self._descents is None:
                losses = [self._descend(chunk) for chunk in chunks]
            else:
                losses = self._descend_on_gpu(list(chunks), self._descents)
        return float(np.mean(losses))

    def _descend_on_gpu(self, batches: Sequence[Batch], descents: dict[torch.Size, Descent]) -> list[float]:
        """Learn from minibatch after minibatch, and look at their losses when all are done."""
        n, run, losses_there = len(Batch._fields), self._policy.forward, []
        for batch in batches:
            noise = self._policy.draw_noise(*batch.counts.shape)  # here: what a graph draws has no generator of its own
            parts = [*batch, *(() if noise is None else (noise,))]
            if (shape := batch.observations.shape) not in descents:
                descents[shape] = Descent(
                    self._optimizer,
                    lambda parts: self._loss(Batch(*parts[:n]), next(iter(parts[n:]), None), run),
                    parts,
                )
            losses_there.append(descents[shape](parts))
        losses = torch.stack(losses_there).tolist()
        for batch, loss in zip(batches, losses, strict=True):
            if not np.isfinite(loss):
                figures = {"loss": torch.tensor(loss)}
                raise loss_error("loss of the imitation", "pretrain.learning_rate", figures, batch._asdict())
        return losses

    def _loss(
        self, batch: Batch, noise: torch.Tensor | None, run: Callable[..., tuple[torch.Tensor, torch.Tensor]]
    ) -> torch.Tensor:
        """Mean difference from the expert, by ``pretrain.loss``, with a function that runs the backbone.

        ``noise`` is that of its units in all steps, where they have any.
        """
        state = self._policy.backbone.initial_state(batch.counts.shape[1])
        outputs, _ = run(batch.observations, state, noise)
        actions = self._policy.get_distribution(outputs.flatten(0, 1)).mode()
        errors = self._comparison(actions, batch.actions.flatten(0, 1), batch.noted.flatten(0, 1))
        counts = batch.counts.flatten()

        def mean(values: torch.Tensor) -> torch.Tensor:
            return (values * counts).sum() / counts.sum()

        loss = mean(errors)
        return loss + self._penalties(self._policy, outputs.flatten(0, 1), mean) if self._penalties else loss

    def _descend(self, batch: Batch) -> float:
        loss = self._loss(batch, self._policy.draw_noise(*batch.counts.shape), self._policy)
        self._optimizer.zero_grad()
        loss.backward()
        norm = clip_grad_norm_(self._policy.parameters(), torch.inf)  # clips nothing
        if not (norm + loss).isfinite():
            figures = {"loss": loss, "norm of the gradient": norm}
            raise loss_error("loss of the imitation", "pretrain.learning_rate", figures, batch._asdict())
        self._optimizer.step()
        return loss.item()
