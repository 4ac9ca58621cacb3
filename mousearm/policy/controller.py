"""A trained network as a controller, whose inner activity can be read."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from mousearm.policy.network import RecurrentPolicy


class PolicyController:
    """A policy as a controller of N arms, which carries its state from step to step and draws no actions.

    Where its units are noisy, their noise depends on the number of the arm and the step alone; the first of the arms
    has the number ``first``.
    """

    def __init__(self, policy: RecurrentPolicy, first: int = 0):
        self.policy, self.first = policy, first
        self.reset(0)

    @property
    def is_noisy(self) -> bool:
        """True if another arm would be another performance of the same reach."""
        return self.policy.backbone.n_noise > 0

    def reset(self, n: int) -> None:
        """Start n episodes, without memory of earlier ones."""
        self._state: tuple[np.ndarray, ...] | None = None
        numbers = range(self.first, self.first + n) if self.is_noisy else ()
        self._noise = [np.random.Generator(np.random.Philox(key=number)) for number in numbers]

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs) float32."""
        n, noise = self.policy.backbone.n_noise, None
        if self.is_noisy:
            noise = np.stack([arm.standard_normal(n, dtype=np.float32) for arm in self._noise])
        action, self._state = self.policy.predict(observation, self._state, deterministic=True, noise=noise)
        return action


class ActivityController(PolicyController):
    """Acts as ``PolicyController`` does, and keeps what the network computed on the way, ``activity`` of the last step.

    That is float32 by name: ``hidden`` and ``cell`` (N, layers, H), as far as the backbone has them, after the step;
    the activations of every layer (N, width), see ``RecurrentPolicy.layers``; ``value`` (N,).
    """

    activity: dict[str, np.ndarray]

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs) float32."""
        backbone = self.policy.backbone
        with _watched({"": backbone, **self.policy.layers()}) as seen, torch.no_grad():
            action = super().act(observation)
            outputs, state = seen.pop("")
            value = self.policy.predict_values(outputs[0])
        memory = state.unflatten(0, (len(backbone.memory), backbone.n_layers)) if backbone.memory else ()
        kept = {name: part.transpose(0, 1) for name, part in zip(backbone.memory, memory, strict=True)}
        kept |= {name: layer.reshape(len(observation), -1) for name, layer in seen.items()}
        self.activity = {name: part.cpu().numpy() for name, part in {**kept, "value": value}.items()}
        return action


@contextmanager
def _watched(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, Any]]:
    """Last output of each module by name, filled as they run."""
    seen: dict[str, Any] = {}

    def keep(name: str) -> Any:
        return lambda module, inputs, output: seen.update({name: output})

    with ExitStack() as hooks:
        for name, module in modules.items():
            hooks.enter_context(module.register_forward_hook(keep(name)))
        yield seen
