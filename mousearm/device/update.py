"""An update without the host: minibatch after minibatch on the device, and what came of them fetched once."""

from typing import NamedTuple

import torch

from mousearm.algo import SequencePPO
from mousearm.device.buffer import DeviceBuffer, Plan
from mousearm.device.graph import Repeated
from mousearm.nan_guard import loss_error
from mousearm.ppo import Loss


class Shape(NamedTuple):
    """Shape that minibatches must share to be learned from by the same kernels."""

    tables: torch.Size  # of `Plan.tables`
    longest: int
    whole: bool  # the whole network learns, not the value head alone


class DeviceUpdate:
    """Gradient descent on the minibatches of plans of one shape.

    The first minibatch whose policy has moved too far (``target_kl``), or whose loss or gradient is not finite, ends
    the update: the optimiser is told on the device not to change anything from then on, and the host looks later.
    """

    def __init__(self, algo: SequencePPO, buffer: DeviceBuffer, shape: Shape):
        self._algo, self._buffer, self._longest = algo, buffer, shape.longest
        n_epochs, n_batches, *table = shape.tables
        device = algo.device
        self._table = torch.zeros(*table, dtype=torch.long, device=device)
        self._row = torch.zeros(1, dtype=torch.long, device=device)  # the number of the minibatch
        self._ended = torch.zeros((), device=device)  # 1 when the update is over
        # Of each minibatch the parts of the loss, the norm of the gradient, and whether the update was over before.
        self._figures = torch.zeros(n_epochs * n_batches, 8, device=device)
        self._descend = Repeated(self._learn_from_table, device)

    def __call__(self, plan: Plan) -> tuple[torch.Tensor, int]:
        """Learn; the parts of the loss of the minibatches up to the end, (B, 6) on the host, and the epochs begun.

        NonFiniteError if a loss or gradient was not finite; the network has not learned from that minibatch.
        """
        self._row.zero_()
        self._ended.zero_()
        epochs = 0
        for epoch in plan.tables:
            epochs += 1
            for table in epoch:
                self._algo.pulse()
                self._table.copy_(table)
                self._descend()
            if self._algo.target_kl is not None and bool(self._ended):
                break
        figures = self._figures[: epochs * plan.tables.shape[1]].cpu()
        figures = figures[figures[:, 7] == 0]
        self._check(figures, plan)
        return figures[:, :6], epochs

    def _learn_from_table(self) -> None:
        algo, optimizer = self._algo, self._algo.policy.optimizer
        loss = algo.loss(self._buffer.minibatch(self._table, self._longest))
        optimizer.zero_grad()
        loss.loss.backward()
        norm = algo.critic.clip_gradient(algo.max_grad_norm)
        with torch.no_grad():
            figures = torch.stack([*loss, norm, self._ended])
            self._figures.index_copy_(0, self._row, figures[None])
            self._row += 1
            ends = ~(norm + loss.loss).isfinite()
            if algo.target_kl is not None:
                ends |= loss.approx_kl > 1.5 * algo.target_kl
            self._ended.copy_(torch.maximum(self._ended, ends.float()))
        optimizer.found_inf = self._ended  # type: ignore[attr-defined]  # how fused Adam is told to do nothing
        optimizer.step()

    def _check(self, figures: torch.Tensor, plan: Plan) -> None:
        last = figures[-1]
        if not (last[0] + last[6]).isfinite():
            shown = dict(zip([*Loss._fields, "norm of the gradient"], last[:7], strict=True))
            batch = self._buffer.minibatch(plan.tables.flatten(0, 1)[len(figures) - 1], plan.longest)
            raise loss_error("loss", "algo.learning_rate", shown, batch._asdict())
