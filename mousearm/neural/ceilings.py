"""Noise ceilings of measures: what a perfect predictor could score against recordings as noisy as these.

Of each population the same measures compare recordings with recordings, on held-out reaches, without a lag:

- *Trials*, where reaches were performed several times: the mean of the other trials of a reach predicts each trial,
  which is the lower bound; the mean of all, the trial itself among them, the upper one (Nili et al. 2014, PLoS
  Computational Biology 10:e1003553).
- *Neurons*, else: one half of the neurons predicts the other. That is the lower bound, for that predictor is as noisy
  as what it predicts. A predictor without noise scores sqrt(r) where two equal halves of what it predicts score r, and
  by the formula of Spearman and Brown a population twice as large has 2 r / (1 + r). Of `encoding`, which scores single
  neurons, the size of the population changes the predictor alone: the score is divided by the reliability of a half.
  For regressions, r is that of endless reaches (`explained_share`): what half of the neurons loses by being fitted to
  few frames, a better predictor need not. The upper bound is the one that 95 % of the random halves do not exceed.

What neurons share without any relation to movement counts as explainable in the second, not in the first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mousearm.neural.activity import Activity
from mousearm.neural.measures import Design, Settings, compare
from mousearm.neural.measures.design import explained_share

TRIALS, NEURONS = "trials", "neurons"
_Bounds = tuple[float, float]
_SPLITS = 10
_HIGH = 0.95
_LEAST = 1e-3  # share of the variance that is still told from nothing


def ceiling_kind(neurons: Activity) -> str:
    """What is split: `TRIALS` where every reach was performed at least twice, else `NEURONS`."""
    counts = [neurons.reaches.count(name) for name in dict.fromkeys(neurons.reaches)]
    return TRIALS if min(counts) > 1 else NEURONS


def ceilings(neurons: Activity, measures: Sequence[str], settings: Settings) -> dict[str, _Bounds]:
    """Lower and upper bound of each measure; NaN for those of which halves say nothing."""
    still = replace(settings, most_lag_s=0.0)
    if ceiling_kind(neurons) == TRIALS:
        pairs = [(_means(neurons, with_itself), neurons) for with_itself in (False, True)]
        low, high = ({n: s.value for n, s in compare(*pair, measures, still, n_nulls=0).items()} for pair in pairs)
        return {name: (low[name], max(low[name], high[name])) for name in measures}
    asked = list(dict.fromkeys([*measures, "decoding"]))
    found = [_of_halves(*_halves(neurons, seed), asked, still) for seed in range(_SPLITS)]
    low = {name: float(np.mean([of[name][0] for of in found])) for name in measures}
    return {name: (low[name], float(np.quantile([of[name][1] for of in found], _HIGH))) for name in measures}


def _of_halves(one: Activity, other: Activity, measures: Sequence[str], settings: Settings) -> dict[str, _Bounds]:
    scores = {name: found.value for name, found in compare(one, other, measures, settings, n_nulls=0).items()}
    design = Design(one, other, settings)
    endless = max(float(np.mean([explained_share(fold.parts, fold.number)[0] for fold in design.folds])), _LEAST)
    lost = max(endless / max(scores["decoding"], _LEAST), 1.0)
    return {name: (score, _upper(name, score, endless, lost)) for name, score in scores.items()}


def _upper(name: str, score: float, endless: float, lost: float) -> float:
    """What a predictor without noise would score, of the score of a half with a half."""
    if name == "encoding":
        return min(1.0, max(score, 0.0) * lost / np.sqrt(endless))
    to, back = _SCALES.get(name, (float, float))
    half = endless if name == "decoding" else max(to(score), 0.0)
    return back(np.sqrt(2 * half / (1 + half)))


# Measures of an angle: their cosine is what halves multiply.
_SCALES: Mapping[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "procrustes": (lambda v: np.cos((1 - v) * np.pi / 2), lambda c: 1 - 2 / np.pi * np.arccos(min(c, 1.0))),
}


def _halves(neurons: Activity, seed: int) -> tuple[Activity, Activity]:
    order = np.random.default_rng(seed).permutation(neurons.n_units)
    half = neurons.n_units // 2
    return neurons.columns(order[:half], "one half"), neurons.columns(order[half : 2 * half], "the other half")


def _means(neurons: Activity, with_itself: bool) -> Activity:
    """For each trial the mean of the trials of its reach, as long as the shortest of them."""
    found = []
    for i, name in enumerate(neurons.reaches):
        of = [k for k, other in enumerate(neurons.reaches) if other == name and (with_itself or k != i)]
        n = min(len(neurons.values[k]) for k in [*of, i])
        found.append(np.mean([neurons.values[k][:n] for k in of], axis=0))
    return replace(neurons, name="other trials", values=tuple(found))
