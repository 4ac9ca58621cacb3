"""The face that Stable-Baselines3 trains on: a VecEnv over N simulations in one process."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from mousearm.env.references import Starts
from mousearm.env.statistics import RolloutStatistics
from mousearm.env.task import Task


class WholeVecEnv(VecEnv):
    """Simulations that are one object in this process: none of them has attributes or methods of its own."""

    render_mode: str | None = None

    def close(self) -> None:
        """Nothing is held open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute, the same for all simulations."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, *_: Any, **__: Any) -> None:
        """Not offered."""
        raise NotImplementedError("single simulations of an environment have no attributes")

    def env_method(self, *_: Any, **__: Any) -> list[Any]:
        """Not offered."""
        raise NotImplementedError("single simulations of an environment have no methods")

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Never wrapped one by one."""
        return [False for _ in self._get_indices(indices)]


class TrackingVecEnv(WholeVecEnv):
    """N tracking episodes, restarted as they end, each on a reach drawn for it.

    An episode starts at frame 0, or with the probability ``random_start`` at a random frame, of any reach or, with the
    sampling ``hard``, of one by its errors so far (`Starts`); ``seed`` is that of these draws. The end of a reach is a
    truncation: ``TimeLimit.truncated`` is set, so that the value of the last state is bootstrapped. An arm that is
    farther than ``lost_mm`` from its targets ends its episode for good.
    """

    def __init__(
        self,
        task: Task,
        random_start: float = 0.0,
        seed: int = 0,
        sampling: str = "uniform",
        lost_mm: float | None = None,
    ):
        observation_space = spaces.Box(-np.inf, np.inf, (task.n_observations,), np.float32)
        super().__init__(task.n, observation_space, spaces.Box(-1.0, 1.0, (task.arm.nu,), np.float32))
        self.task = task
        task.lost_mm = lost_mm or math.inf
        self.starts = Starts(task.references, task.n, random_start, sampling)
        self.rng = np.random.default_rng(seed)
        self.statistics = RolloutStatistics(task.reward.weights)
        self._actions = np.zeros((task.n, task.arm.nu))
        self.last_states, self.model = task.last_states, task.simulation.model
        self._length = np.zeros(task.n, dtype=int)
        self._return = np.zeros(task.n)

    def reset(self) -> np.ndarray:
        """Start all episodes; (N, n_obs) float32."""
        self._start(np.arange(self.num_envs))
        return self.task.observe()

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions, (N, nu) in [-1, 1], for ``step_wait``."""
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Step; observation (N, n_obs), reward (N,), done (N,), and a dict for each simulation."""
        outcome = self.task.step(self._actions)
        self.statistics.add(outcome)
        self._length += 1
        self._return += outcome.reward
        done = outcome.terminated | outcome.truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        observation = outcome.observation
        ended = np.flatnonzero(done)
        self.starts.add(self.task.position.reach, outcome.paw_mm, outcome.terminated, outcome.truncated)
        if len(ended):
            for i in ended:
                infos[i] = {
                    "terminal_observation": outcome.observation[i],
                    "TimeLimit.truncated": bool(outcome.truncated[i]),
                    "episode": {"r": float(self._return[i]), "l": int(self._length[i])},
                }
            self._start(ended)
            observation = self.task.observe()
        return observation, outcome.reward.astype(np.float32), done, infos

    def _start(self, ids: np.ndarray) -> None:
        self.task.reset(ids, self.starts.draw(self.rng, ids))
        self._length[ids] = 0
        self._return[ids] = 0.0

    def state(self) -> dict[str, Any]:
        """All that the next steps depend on; live, to be copied."""
        return {
            "task": self.task.state(),
            "random": self.rng.bit_generator.state,
            "statistics": self.statistics.state(),
            "hard": self.starts.state(),
            "length": self._length,
            "return": self._return,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned; ValueError if it is of another task."""
        self.task.restore(state["task"])
        self.rng.bit_generator.state = state["random"]
        self.statistics.restore(state["statistics"])
        self.starts.restore(state["hard"])
        self._length[:], self._return[:] = state["length"], state["return"]

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Restart the stream of reaches and start frames."""
        self.rng = np.random.default_rng(seed)
        return [seed] * self.num_envs
