"""Descent on minibatches of one shape without the host: what is learned from lies in the same tensors at each step."""

from collections.abc import Callable, Sequence

import torch

from mousearm.device.graph import Repeated


class Descent:
    """Gradient descent of an optimiser on minibatches of one shape; where a gradient is not finite it does nothing."""

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        loss: Callable[[Sequence[torch.Tensor]], torch.Tensor],
        batch: Sequence[torch.Tensor],
    ):
        """Prepare for minibatches like this one, with a function of their tensors that gives the loss."""
        self._optimizer, self._loss = optimizer, loss
        self._batch = [torch.zeros_like(tensor) for tensor in batch]
        self._result = torch.zeros((), device=batch[0].device)
        self._step = Repeated(self._learn, batch[0].device)

    def __call__(self, batch: Sequence[torch.Tensor]) -> torch.Tensor:
        """Learn from a minibatch; the loss before that, NaN where it or the gradient was not finite."""
        for own, given in zip(self._batch, batch, strict=True):
            own.copy_(given)
        self._step()
        return self._result.clone()

    def _learn(self) -> None:
        loss = self._loss(self._batch)
        self._optimizer.zero_grad()
        loss.backward()
        parameters = self._optimizer.param_groups[0]["params"]
        norm = torch.nn.utils.get_total_norm([weight.grad for weight in parameters if weight.grad is not None])
        with torch.no_grad():
            bad = ~(norm + loss).isfinite()
            self._result.copy_(torch.where(bad, torch.nan, loss))
        self._optimizer.found_inf = bad.float()  # type: ignore[attr-defined]  # how fused Adam is told to do nothing
        self._optimizer.step()
