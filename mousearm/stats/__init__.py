"""Statistics: means with intervals, tests and their correction, nulls, ceilings, and what they allow to say.

Numbers come in, numbers go out; nothing here knows what was measured.
"""

from mousearm.stats.ceilings import (
    Ceiling,
    correlation,
    pairwise_ceiling,
)
from mousearm.stats.evidence import Evidence, share_text
from mousearm.stats.means import (
    ALPHA,
    CONFIDENCE,
    ENOUGH,
    LESS,
    MORE,
    NONE_SHOWN,
    RESAMPLES,
    TOO_FEW,
    Paired,
    Spread,
    change_verdict,
    enough_pairs,
    holm,
    least_p,
    paired,
    spread,
)
from mousearm.stats.nested import Nested, nested_spread
from mousearm.stats.nulls import (
    DRAWS,
    Arrangements,
    NullTest,
    arrangements,
    circular_correlations,
    circular_shift_test,
    exchange_test,
    moment_p,
    null_test,
    sign_flip_test,
)

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "DRAWS",
    "ENOUGH",
    "LESS",
    "MORE",
    "NONE_SHOWN",
    "RESAMPLES",
    "TOO_FEW",
    "Arrangements",
    "Ceiling",
    "Evidence",
    "Nested",
    "NullTest",
    "Paired",
    "Spread",
    "arrangements",
    "change_verdict",
    "circular_correlations",
    "circular_shift_test",
    "correlation",
    "enough_pairs",
    "exchange_test",
    "holm",
    "least_p",
    "moment_p",
    "nested_spread",
    "null_test",
    "paired",
    "pairwise_ceiling",
    "share_text",
    "sign_flip_test",
    "spread",
]
