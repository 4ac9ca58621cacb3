"""A planted table of matches: a layer of two networks, three rivals that explain less, one measure of no ceiling."""

import numpy as np

from mousearm.neural.results import UNIQUE, NeuralStudy, Resemblance

REACHES = [f"reach_{i:02d}" for i in range(40)]
TRUTH = {"A: hidden_1": 0.50, "B: hidden_1": 0.40, "A: kinematics": 0.35, "A: untrained": 0.25, "A: muscles": 0.33}
MEASURES = ("ridge encoding", "ridge decoding", "CCA", "CKA", "RSA")


def planted_study(populations=("mouse1 M1",), beyond=0.12, seed=0):
    rng = np.random.default_rng(seed)
    lags, matches = np.arange(-100, 101, 10.0), []
    for population in populations:
        animal = population.split()[0]
        hard = rng.normal(0, 0.05, len(REACHES))  # reaches are easy or hard for all predictors
        for label, truth in TRUTH.items():
            run, predictor = label.split(": ")
            for k, measure in enumerate(MEASURES):
                level = truth + 0.05 * k
                scores = level + hard + rng.normal(0, 0.03, len(REACHES))
                curve = [(lag, level * np.exp(-(((lag - 20) / 60) ** 2))) for lag in lags]
                units = {f"unit_{i}": truth + rng.normal(0, 0.1) for i in range(60)}
                known = (-0.02, 0.06), 1 / 1001, (0.62 + 0.05 * k, np.nan if measure == "RSA" else 0.7 + 0.05 * k)
                of = dict(zip(REACHES, scores.tolist(), strict=True)), tuple(curve), units
                place = run, predictor, population, animal, measure
                matches.append(Resemblance(*place, float(scores.mean()), 20.0, *known, *of))
        for rival in ("kinematics", "untrained", "muscles"):
            scores = beyond + rng.normal(0, 0.05, len(REACHES))
            matches.append(
                Resemblance(
                    "A",
                    "hidden_1",
                    population,
                    animal,
                    UNIQUE,
                    float(scores.mean()),
                    20.0,
                    (-0.01, 0.01),
                    1 / 1001,
                    (0.62, 0.7),
                    dict(zip(REACHES, scores.tolist(), strict=True)),
                    against=f"A: {rival}",
                )
            )
    return NeuralStudy(matches, ["hidden_1"])
