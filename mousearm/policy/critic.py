"""The value head where it learns by itself, after a warm start: the policy was taught, but nothing has a value yet."""

import torch
from torch.nn.utils import clip_grad_norm_

from mousearm.policy.network import RecurrentPolicy


class Critic:
    """The value head of a policy: two groups of the optimiser, hidden layers and last one, after all else.

    Where returns differ little (a taught network misses its targets by tenths of a millimetre), steps that are small
    for their mean are large for their differences. So the last layer learns in units of their spread, ``scale``, as
    with normalised returns (van Hasselt et al. 2016), but its values keep their unit.
    """

    def __init__(self, policy: RecurrentPolicy, rate: float | None):
        """``rate`` is its learning rate; None: that of everything else, and all stays in one group."""
        self._policy, self._rate = policy, rate
        self.scale = 1.0  # spread of the first returns
        if rate is not None:
            self._separate()

    def _separate(self) -> None:
        parts = [[*self._policy.mlp_extractor.value_net.parameters()], [*self._policy.value_net.parameters()]]
        own = {id(weight) for part in parts for weight in part}
        (group,) = self._policy.optimizer.param_groups
        group["params"] = [weight for weight in group["params"] if id(weight) not in own]
        for part in parts:
            self._policy.optimizer.add_param_group({"params": part})

    @torch.no_grad()
    def begin(self, rewards: torch.Tensor, discount: float) -> None:
        """Begin with what all states are worth on average: the mean reward over what is discounted in each step."""
        if self._rate is None:
            return
        end = self._policy.value_net
        end.weight.zero_()
        end.bias.copy_(rewards.mean() / discount)

    def see(self, returns: torch.Tensor) -> None:
        """Take the spread of the first returns as scale."""
        if self._rate is not None:
            self.scale = float(returns.std())

    def set_rates(self) -> None:
        """Set the learning rates of its groups."""
        if self._rate is not None:
            _, hidden, end = self._policy.optimizer.param_groups
            hidden["lr"], end["lr"] = self._rate, self._rate * self.scale

    def clip_gradient(self, norm: float) -> torch.Tensor:
        """Clip the norm of the policy's gradient, of the value head by itself where it learns so; the norm before."""
        groups = self._policy.optimizer.param_groups
        norms = [clip_grad_norm_(group["params"], norm) for group in groups]
        return norms[0] if len(norms) == 1 else torch.stack(norms).norm()
