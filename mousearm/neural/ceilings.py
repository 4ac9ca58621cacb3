"""Noise ceilings of measures: what a perfect predictor could score against recordings as noisy as these.

Of each population the same measures compare recordings with recordings, on held-out reaches, without a lag:

- *Trials*, where reaches were performed several times: the mean of the other trials of a reach predicts each trial,
  which is the lower bound; the mean of all, the trial itself among them, the upper one (Nili et al. 2014, PLoS
  Computational Biology 10:e1003553).
- *Neurons*, else: stand-ins for rates without noise, made of what neurons say about one another, and the neurons' own
  noise (`mousearm.neural.measures.stand_ins`).

What neurons share without any relation to movement counts as explainable in the second, not in the first.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mousearm.neural.activity import Activity
from mousearm.neural.measures import Settings, compare
from mousearm.neural.measures.compare import OF_FEATURES
from mousearm.neural.measures.stand_ins import stand_in_bounds

TRIALS, NEURONS = "trials", "neurons"
_Bounds = tuple[float, float]
_OF_ONE_SIDE = ("rotation",)  # measures that do not look at the neurons


def ceiling_kind(neurons: Activity) -> str:
    """What is split: `TRIALS` where every reach was performed at least twice, else `NEURONS`."""
    counts = [neurons.reaches.count(name) for name in dict.fromkeys(neurons.reaches)]
    return TRIALS if min(counts) > 1 else NEURONS


def ceilings(neurons: Activity, measures: Sequence[str], settings: Settings) -> dict[str, _Bounds]:
    """Lower and upper bound of each measure; what is unique is at most what is explained.

    NaN of what is a property of the predictor alone, of which noise of neurons takes nothing.
    """
    known = [name for name in measures if name not in (*OF_FEATURES, *_OF_ONE_SIDE)]
    bounds = _bounds(neurons, list(dict.fromkeys([*known, "encoding"])), replace(settings, most_lag_s=0.0))
    bounds |= dict.fromkeys(OF_FEATURES, (0.0, bounds["encoding"][1])) | dict.fromkeys(_OF_ONE_SIDE, (np.nan, np.nan))
    return {name: bounds[name] for name in measures}


def _bounds(neurons: Activity, measures: Sequence[str], still: Settings) -> dict[str, _Bounds]:
    if ceiling_kind(neurons) == TRIALS:
        pairs = [(_means(neurons, with_itself), neurons) for with_itself in (False, True)]
        low, high = ({n: s.value for n, s in compare(*pair, measures, still, n_nulls=0).items()} for pair in pairs)
        return {name: (low[name], max(low[name], high[name])) for name in measures}
    return stand_in_bounds(neurons, measures, still)


def _means(neurons: Activity, with_itself: bool) -> Activity:
    """For each trial the mean of the trials of its reach, as long as the shortest of them."""
    found = []
    for i, name in enumerate(neurons.reaches):
        of = [k for k, other in enumerate(neurons.reaches) if other == name and (with_itself or k != i)]
        n = min(len(neurons.values[k]) for k in [*of, i])
        found.append(np.mean([neurons.values[k][:n] for k in of], axis=0))
    return replace(neurons, name="other trials", values=tuple(found))
