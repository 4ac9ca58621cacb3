"""A planted table of matches: a layer of two networks, three rivals that explain less, one measure of no ceiling."""

import numpy as np

from mousearm.neural.results import Beside, NeuralStudy, Resemblance

REACHES = [f"reach_{i:02d}" for i in range(40)]
TRUTH = {"A: hidden_1": 0.50, "B: hidden_1": 0.40, "A: kinematics": 0.35, "A: untrained": 0.25, "A: muscles": 0.33}
NULLS = tuple(np.linspace(-0.02, 0.06, 99))
MEASURES = ("encoding", "decoding", "cca", "cka", "rsa")


def planted_study(populations=("mouse1 M1",), beyond=0.12, seed=0, n=40):
    """Scores of `TRUTH`, more in later measures; the layer of A explains more than each rival by what TRUTH says."""
    rng = np.random.default_rng(seed)
    lags, matches, besides = np.arange(-100, 101, 10.0), [], []
    for population in populations:
        animal = population.split()[0]
        for label, truth in TRUTH.items():
            for k, measure in enumerate(MEASURES):
                level = truth + 0.05 * k + rng.normal(0, 0.005)
                curve = tuple((lag, level * np.exp(-(((lag - 20) / 60) ** 2))) for lag in lags)
                ceiling = 0.62 + 0.05 * k, np.nan if measure == "rsa" else 0.7 + 0.05 * k
                place = *label.split(": "), population, animal, measure
                matches.append(Resemblance(*place, level, 20.0, NULLS, ceiling, curve))
        for rival in list(TRUTH)[1:]:
            levels = TRUTH[rival], TRUTH["A: hidden_1"] * (beyond > 0) or TRUTH[rival], beyond
            noise = rng.normal(0, 0.05, (n, 1)) * [1, 1, 0] + rng.normal(0, 0.03, (n, 3))  # reaches are hard for all
            reaches = dict(zip(REACHES, map(tuple, levels + noise), strict=False))
            units = {f"unit_{i}": tuple(row) for i, row in enumerate(levels + rng.normal(0, 0.1, (60, 3)))}
            nulls = tuple(rng.normal(0, 0.005, 100))
            besides.append(Beside("A: hidden_1", rival, population, animal, reaches, units, nulls))
    return NeuralStudy(matches, besides, ["hidden_1"])
