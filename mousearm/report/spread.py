"""A mean and how far it can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import bootstrap

CONFIDENCE = 0.95
_RESAMPLES = 10_000

EXPLANATION = (
    "Intervals are 95 % bootstrap intervals of the mean over the runs of a group: of 10 000 draws of as many runs, "
    "with replacement, the middle 95 % of the means. Of two or three runs that is from the lowest to the highest: "
    "with so few it is a hint, not a test. One run has no interval."
)


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean of some values, and its interval where there are several.

    Attributes:
        mean: NaN of no values.
        low: lower end of the 95 % bootstrap interval of the mean; None of fewer than two values.
        high: its upper end.
    """

    mean: float
    low: float | None
    high: float | None

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        """Of some values; the same values give the same interval."""
        return _spread(tuple(values))

    def overlaps(self, other: "Spread") -> bool:
        """Whether the intervals have something in common; False where one has none."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return False
        return self.low <= other.high and other.low <= self.high

    def interval(self, form: str) -> str:
        """The interval, such as ``0.125 to 0.250`` with the format ``.3f``; a dash for none."""
        return "–" if self.low is None else f"{number(self.low, form)} to {number(self.high, form)}"


@cache
def _spread(values: tuple[float, ...]) -> Spread:
    mean = float(np.mean(values)) if values else float("nan")
    if len(values) < 2 or np.isnan(mean):
        return Spread(mean, None, None)
    seeded = np.random.default_rng(0)
    drawn = bootstrap(
        (values,), np.mean, n_resamples=_RESAMPLES, confidence_level=CONFIDENCE, method="percentile", rng=seeded
    )
    return Spread(mean, float(drawn.confidence_interval.low), float(drawn.confidence_interval.high))


def number(value: float | None, form: str) -> str:
    """A number in a format such as ``.3f``; a dash for none, or NaN."""
    return "–" if value is None or np.isnan(value) else format(value, form)
