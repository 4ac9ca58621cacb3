"""Verdicts in words: what the numbers of a comparison with recordings allow to say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mousearm.stats.means import ALPHA
from mousearm.text import NO_VALUE, listed

_MOST_NAMES = 4


@dataclass(frozen=True)
class Evidence:
    """A prediction of several parts, such as muscles, areas or neurons, against its null and its competitors.

    p are one-sided and corrected for all parts (and predictions) that were tested together. A part agrees if it is
    better than its null and than every competitor of ``essential``, such as the common time course.
    """

    subject: str  # what predicts, such as ``computed muscle control``
    null: Mapping[str, float]  # part -> p of its fit to its own recording against exchanged ones
    rivals: Mapping[str, Mapping[str, float]]  # competitor -> part -> p of being better than it
    essential: tuple[str, ...] = ()
    share: Mapping[str, float] = field(default_factory=dict)  # part -> its score as a part of the ceiling
    least_p: float = 0.0  # the smallest p that so few recordings can give, of all the tests
    parts: tuple[str, str] = ("muscle", "muscles")  # what a part is called

    @property
    def better_than_null(self) -> tuple[str, ...]:
        """Parts that fit their own recording better than exchanged ones."""
        return self._found(self.null)

    def better_than(self, rival: str) -> tuple[str, ...]:
        """Parts that are better than a competitor."""
        return self._found(self.rivals[rival])

    @property
    def agreeing(self) -> tuple[str, ...]:
        """Parts that may be said to agree."""
        kept = [set(self.better_than(rival)) for rival in self.essential]
        return tuple(part for part in self.better_than_null if all(part in of for of in kept))

    @property
    def sentence(self) -> str:
        """The verdict, such as ``better than its null in 2 of 3 muscles, at 40 % of the ceiling; not ...``."""
        if self.least_p > ALPHA:
            return (
                f"{self.subject}: too few recordings to tell: even a perfect prediction would have p = "
                f"{self.least_p:.2g} against its null"
            )
        said = [self._better("its null", self.better_than_null)]
        shares = [self.share[part] for part in self.better_than_null if np.isfinite(self.share.get(part, np.nan))]
        if shares:
            said[0] += f", at {share_text(float(np.mean(shares)))} of the ceiling"
        elif self.better_than_null and self.share:
            said[0] += ", of a ceiling that is not shown to be above 0"
        said += [self._better(rival, self.better_than(rival)) for rival in self.rivals]
        agreeing = listed(self.agreeing, most=_MOST_NAMES) if self.agreeing else "none shown"
        return f"{self.subject}: {'; '.join(said)}. Agreement: {agreeing}"

    def _better(self, than: str, found: tuple[str, ...]) -> str:
        n = len(self.null)
        if not found:
            return f"not better than {than}"
        names = "" if len(found) == n else f" ({listed(found, most=_MOST_NAMES)})"
        return f"better than {than} in {len(found)} of {n} {self.parts[n != 1]}{names}"

    def _found(self, p: Mapping[str, float]) -> tuple[str, ...]:
        return tuple(part for part, value in p.items() if value < ALPHA or np.isclose(value, ALPHA))


def share_text(share: float) -> str:
    """A part of a ceiling as people read it, such as ``40 %``."""
    return f"{100 * share:.0f} %" if np.isfinite(share) else NO_VALUE
