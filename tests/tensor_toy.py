"""Toy tasks on tensors with the interface of `DeviceTask`: one needs memory, one is arithmetic to follow by hand."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import torch
from gymnasium import spaces

from mousearm.env.vec_env import WholeVecEnv


class ToyOutcome(NamedTuple):
    observation: torch.Tensor
    terminal_observation: torch.Tensor
    reward: torch.Tensor
    terminated: torch.Tensor
    truncated: torch.Tensor


class RememberTheCue:
    """A cue of -1 or 1 is shown at the first step only; after ``delay`` more steps the action shall equal it.

    The reward of the last step is -(action - cue)^2, all others are 0. Who cannot remember does best with the action
    0, and gets -1. An arm of number i has a delay that is longer by i % ``spread``, so that episodes differ in length.
    """

    n_observations, n_actions = 2, 1

    def __init__(self, n, delay=3, spread=1, seed=0, device="cpu"):
        self.n = n
        self.generator = torch.Generator(device).manual_seed(seed)
        self.number = torch.arange(n, device=device)
        self.delay = delay + self.number % spread
        self.time, self.cue = torch.zeros_like(self.number), torch.zeros(n, device=device)
        self.rollouts, self.rewards = 0, []

    def reset_all(self):
        self._begin(torch.ones_like(self.number, dtype=torch.bool))
        return self.observe()

    def begin_rollout(self):
        self.rollouts += 1

    def observe(self):
        return torch.stack([torch.where(self.time == 0, self.cue, 0.0), self.time / self.delay], dim=1)

    def step(self, action):
        last = self.time == self.delay
        reward = torch.where(last, -(action[:, 0] - self.cue).square(), 0.0)
        self.time += 1
        seen = self.observe()
        self.rewards.append(reward)
        self._begin(last)
        return ToyOutcome(self.observe(), seen, reward, last, torch.zeros_like(last))

    def judge(self):
        rewards, self.rewards = self.rewards, []
        return SimpleNamespace(reward=torch.stack(rewards))

    def _begin(self, which):
        cue = 2.0 * torch.randint(2, (self.n,), generator=self.generator, device=self.cue.device) - 1
        self.cue.copy_(torch.where(which, cue, self.cue))
        self.time.masked_fill_(which, 0)

    def state(self):
        return {"time": self.time, "cue": self.cue, "random": self.generator.get_state()}

    def restore(self, state):
        self.time.copy_(state["time"])
        self.cue.copy_(state["cue"])
        self.generator.set_state(state["random"])


class Clock(RememberTheCue):
    """Every step is worth 1; time cuts an episode off after ``delay`` + 1 steps, but ends those of arm 0."""

    def step(self, action):
        outcome = super().step(action)
        self.rewards[-1] = torch.ones_like(self.cue)
        by_time = outcome.terminated & (self.number > 0)
        return outcome._replace(
            reward=torch.ones_like(self.cue), terminated=outcome.terminated & ~by_time, truncated=by_time
        )


class ToyEnv(WholeVecEnv):
    """The face that SB3 asks for."""

    def __init__(self, task):
        box = spaces.Box(-1.0, 1.0, (task.n_observations,), np.float32)
        super().__init__(task.n, box, spaces.Box(-1.0, 1.0, (task.n_actions,), np.float32))
        self.task = task

    def reset(self):
        return self.task.reset_all().cpu().numpy()

    def step_async(self, actions):
        self.actions = torch.as_tensor(actions)

    def step_wait(self):
        _, last_seen, reward, terminated, truncated = outcome = self.task.step(self.actions)
        done = (terminated | truncated).numpy()
        infos = [
            {"terminal_observation": row, "TimeLimit.truncated": cut} if end else {}
            for row, cut, end in zip(last_seen.numpy(), truncated.tolist(), done, strict=True)
        ]
        return outcome.observation.numpy(), reward.numpy(), done, infos

    def seed(self, seed=None):
        self.task.generator.manual_seed(seed or 0)
        return [seed] * self.num_envs


def final_reward(algo, task):
    """Mean reward of the last step, by the most likely actions."""
    observation, state = task.reset_all(), algo.policy.backbone.initial_state(task.n)
    with torch.no_grad():
        for _ in range(int(task.delay.max()) + 1):
            outputs, state = algo.policy.step(observation, state)
            outcome = task.step(algo.policy.get_distribution(outputs).mode())
            observation = outcome.observation
    return float(outcome.reward.mean())
