"""How often made neurons are told apart: ``python tests/neural/telling_apart.py RUN_A RUN_B REACHES [DRAWS] [A,...]``.

Once for every draw a population is made of the hidden layer of A, one of kinematics alone, one of the activation of
muscles and one of joint torques, these two at lags from -80 to 80 ms. Counted is how often the layer of A explains more
of the first than each of its rivals does, and is credited with something beyond them; and how often it is credited with
something beyond what the others were made of. Verdicts are those of a study.
"""

import sys
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from mousearm.agent import Agent
from mousearm.neural.comparing import Population, Predictor, beside, set_beside
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.measures import Settings
from mousearm.neural.predictors import predictor
from mousearm.neural.results import ENCODING, UNIQUE, Beside, NeuralStudy, Resemblance
from mousearm.neural.source import PredictorSource

MADE = Recipe(n_units=60, private=0.2, lag_ms=20.0)
LAGS_MS = (-80.0, -40.0, -20.0, 20.0, 40.0, 80.0)  # of populations of what the arm does


def predictors_of(a, b, reaches):
    """The hidden layer of A, its rivals by name, and the activation of muscles."""
    one, other = (PredictorSource.of_agent(Agent.load(Path(run), kinematics=str(reaches))) for run in (a, b))
    names = ("kinematics", "untrained", "muscles", "torques")
    rivals = {name: Predictor("A", name, predictor(one, name, "hidden")) for name in names}
    hidden, rivals["B"] = (
        Predictor(name, "hidden", predictor(of, "hidden")) for name, of in (("A", one), ("B", other))
    )
    return hidden, rivals, predictor(one, "activation")


def contrasts_of(layer, rivals, made):
    """Contrasts of a study by rival and measure, without null and ceiling, which do not matter to them."""
    population = Population("made", "made", made.neurons)
    every = layer.activity, *(rival.activity for rival in rivals), made.neurons
    found = set_beside(*every, Settings())["rivals"]
    besides: list[Beside] = [beside(layer, rival, population, of) for rival, of in zip(rivals, found, strict=True)]
    own = Resemblance("A", "hidden", "made", "made", ENCODING, 0.5, 20.0, (0.0, 0.1), (0.5, 0.9))
    contrasts = NeuralStudy([own], besides, ["hidden"]).contrasts
    return {(one.rival, one.measure): one for one in contrasts}


def told_apart(layer, rivals, seed):
    """Rivals that explain less of a population of the layer, and those beyond which it is credited with something."""
    made = make_neurons([(layer.activity, 1.0)], MADE, seed)
    found = contrasts_of(layer, list(rivals.values()), made)
    more = {of for of, one in found.items() if one.verdict == "more"}
    return [{name for name, rival in rivals.items() if (rival.label, of) in more} for of in (ENCODING, UNIQUE)]


def credited(layer, rival, made_of, lag_ms, seed):
    """Whether the layer is credited with something beyond a rival in a population of this."""
    made = make_neurons([(made_of, 1.0)], replace(MADE, lag_ms=lag_ms), seed)
    return contrasts_of(layer, [rival], made)[rival.label, UNIQUE].verdict == "more"


def main(a, b, reaches, draws="100", what="A,kinematics,muscles,torques"):
    """Count over draws, and print."""
    layer, rivals, activation = predictors_of(a, b, reaches)
    n, asked = int(draws), what.split(",")
    if "A" in asked:
        told = [told_apart(layer, rivals, seed) for seed in tqdm(range(n), "of A", leave=False, disable=None)]
        for k, how in enumerate(("told from", "credited beyond")):
            each = ", ".join(f"{name} in {sum(name in of[k] for of in told)}" for name in rivals)
            every = sum(of[k] == set(rivals) for of in told)
            print(f"Made of A, of {n} draws: {how} {each}; all in {every}.", flush=True)
    for name in ("kinematics", "muscles", "torques"):
        if name in asked:
            made_of = activation if name == "muscles" else rivals[name].activity
            lags = [MADE.lag_ms] if name == "kinematics" else LAGS_MS
            seeds = tqdm(range(n), f"of {name}", leave=False, disable=None)
            wrong = sum(credited(layer, rivals[name], made_of, lags[k % len(lags)], k) for k in seeds)
            text = f"not credited to the network beyond {name} in {n - wrong} of {n} draws."
            print(f"Made of {made_of.name}: {text}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
