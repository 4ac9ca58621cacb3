"""Noise that depends on seed, simulation, episode and step alone.

Neither the number of simulations nor what was drawn before changes it, so that a run that is resumed meets the same.
"""

from collections.abc import Mapping

import numpy as np

SENSORY, MOTOR, CHANCE = 0, 1, 2  # what noise is for; numbers of one say nothing about the others
_EVALUATION = 1 << 40  # beside a seed, which has 32 bits: evaluations have noise of their own


class EpisodeNoise:
    """Standard normal numbers, (N, width) for each step of the episodes of N simulations.

    Those of an episode are drawn when it begins, by a Philox generator of its own (Salmon et al. 2011, doi
    10.1145/2063384.2063405) whose key is the seed, the purpose, the simulation and the number of the episode. After
    ``length`` steps they repeat.
    """

    def __init__(self, n: int, width: int, length: int, seed: int, purpose: int):
        self._seed = seed | purpose << 33
        self._simulation, self._episode = np.arange(n), np.full(n, -1)
        self._step = np.zeros(n, dtype=int)
        self._numbers = np.zeros((n, length, width))
        self._begin = length * np.arange(n)  # of the simulations' numbers, where those of all follow one another
        self._bits = np.random.Philox(key=0)
        self._generator, self._fresh = np.random.Generator(self._bits), self._bits.state

    def rewind(self, simulation: np.ndarray, episode: np.ndarray) -> None:
        """Let the next episodes be those of an evaluation, (N,), as of these simulations: the same with any seed."""
        self._seed = (self._seed >> 33 << 33) | _EVALUATION
        self._simulation, self._episode = simulation, episode - 1

    def begin(self, ids: np.ndarray) -> None:
        """Begin the next episode of simulations (K,)."""
        self._episode[ids] += 1
        self._step[ids] = 0
        self._draw(ids)

    def advance(self) -> None:
        """Go on to the next step of all episodes."""
        self._step += 1

    def now(self) -> np.ndarray:
        """The numbers of this step, (N, width)."""
        n, length, width = self._numbers.shape
        return self._numbers.reshape(n * length, width).take(self._begin + self._step % length, axis=0)

    def state(self) -> dict[str, np.ndarray]:
        """Episodes and steps, of which all numbers follow; live, to be copied."""
        return {"episode": self._episode, "step": self._step}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what ``state`` returned."""
        self._episode[:], self._step[:] = state["episode"], state["step"]
        self._draw(np.arange(len(self._step)))

    def _draw(self, ids: np.ndarray) -> None:
        keys = np.full((len(ids), 2), self._seed, np.uint64)
        keys[:, 1] = self._simulation[ids] << 32 | self._episode[ids]
        for i, key in zip(ids, keys, strict=True):
            self._fresh["state"]["key"] = key  # a new generator would ask the system for numbers first, in vain
            self._bits.state = self._fresh
            self._generator.standard_normal(out=self._numbers[i])
