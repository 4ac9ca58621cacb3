"""Starts of episodes, drawn on a device without a word to the host."""

from collections.abc import Mapping

import torch

from mousearm.env.references import NEWEST, References, Start, hard_probabilities

_PER_MM = 1e6  # errors are added up as whole nanometres, whose sum does not depend on the order
_ONE = 2**52  # whole numbers that stand for probabilities, for the same reason
_MOST_MM = 1e6  # an episode's error counts as no more, so that a sum of many has room


class DeviceStarts:
    """Draws where episodes of N simulations start, by the same rules as `Starts`.

    With the sampling ``hard`` the probabilities are those of the beginning of a rollout, when `refresh` has been
    called. An episode's weight in its reach's mean is what it would be had the episodes of the rollout, all with their
    mean error, been counted one after another.
    """

    def __init__(self, references: References, n: int, device: torch.device, random_start: float, sampling: str):
        """Get ready to draw for simulations of references that are on the device."""
        n_reaches = len(references)
        self._n, self._last_frame, self._random_start = n, references.n_frames - 1, random_start
        self._one_reach, self._hard = n_reaches == 1, sampling == "hard"

        def zeros(size: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
            return torch.zeros(size, dtype=dtype, device=device)

        self._first = Start(zeros(n, torch.int64), zeros(n, torch.int64))
        self.errors_mm = torch.full_like(zeros(n_reaches), torch.nan)  # running means; NaN without a finished episode
        self._sum_mm, self._steps = zeros(n), zeros(n, torch.int64)  # of the episodes under way
        self._ended_nm, self._ended = zeros(n_reaches, torch.int64), zeros(n_reaches, torch.int64)  # of this rollout
        self._up_to = zeros(n_reaches, torch.int64)  # probabilities up to each reach
        self.refresh()

    def draw(self, generator: torch.Generator) -> Start:
        """Draw a start for every simulation, whether its episode is over or not."""
        reach, frame = self._first
        if not self._one_reach:
            share = self._draw(generator)
            if self._hard:
                reach = torch.searchsorted(self._up_to[:-1], (share * _ONE).to(torch.int64), right=True)
            else:
                reach = (share * len(self._last_frame)).to(torch.int64)
        if self._random_start > 0:  # any frame but the last
            any_frame = (self._draw(generator) * self._last_frame[reach]).to(torch.int64)
            frame = torch.where(self._draw(generator) < self._random_start, any_frame, 0)
        return Start(reach, frame)

    @property
    def counts(self) -> bool:
        """True if errors play a part, so that steps are to be counted."""
        return self._hard

    @property
    def probabilities(self) -> torch.Tensor:
        """(R,) by which reaches are drawn, with the sampling ``hard``."""
        return self._up_to.diff(prepend=self._up_to.new_zeros(1)) / _ONE

    def _draw(self, generator: torch.Generator) -> torch.Tensor:
        """Numbers from 0 to below 1, (N,), fine enough that no product with a whole number is rounded up to it."""
        return torch.rand(self._n, generator=generator, dtype=torch.float64, device=self.errors_mm.device)

    def add(self, reach: torch.Tensor, paw_mm: torch.Tensor, terminated: torch.Tensor, truncated: torch.Tensor) -> None:
        """Count one step of all N simulations, before those whose episode is over are reset; arguments (N,)."""
        self._sum_mm += paw_mm
        self._steps += 1
        ended = terminated | truncated
        error = self._sum_mm / self._steps
        error = torch.where(terminated, torch.maximum(error, self.errors_mm.nan_to_num(0.0).max()), error)
        nanometres = (error.nan_to_num(_MOST_MM).clamp(max=_MOST_MM) * _PER_MM).round().to(torch.int64)
        self._ended_nm.index_add_(0, reach, torch.where(ended, nanometres, 0))
        self._ended.index_add_(0, reach, ended.to(torch.int64))
        self._sum_mm.masked_fill_(ended, 0)
        self._steps.masked_fill_(ended, 0)

    def clear(self) -> None:
        """Forget the episodes under way."""
        self._sum_mm.zero_()
        self._steps.zero_()

    def refresh(self) -> None:
        """Learn from the episodes that ended since the last call; before a rollout."""
        if not self._hard:
            return
        mean = self._ended_nm / self._ended.clamp(min=1) / _PER_MM
        share = 1 - (1 - NEWEST) ** self._ended
        newer = torch.where(self.errors_mm.isnan(), mean, self.errors_mm + share * (mean - self.errors_mm))
        self.errors_mm.copy_(torch.where(self._ended > 0, newer, self.errors_mm))
        known = ~self.errors_mm.isnan()
        average = self.errors_mm.nansum() / known.sum().clamp(min=1)
        probabilities = hard_probabilities(self.errors_mm, average)
        torch.cumsum((probabilities * _ONE).to(torch.int64), 0, out=self._up_to)
        self._ended_nm.zero_()
        self._ended.zero_()

    def state(self) -> dict[str, torch.Tensor]:
        """The means, and the episodes that are not yet in them; live, to be copied. Empty if nothing is counted."""
        named = {"errors_mm": self.errors_mm, "up_to": self._up_to, "sum_mm": self._sum_mm}
        named |= {"steps": self._steps, "ended_nm": self._ended_nm, "ended": self._ended}
        return named if self._hard else {}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Restore what ``state`` returned."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])
