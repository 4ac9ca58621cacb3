"""How often made neurons are told apart: ``python tests/neural/telling_apart.py RUN_A RUN_B REACHES [DRAWS]``.

A population is made of the hidden layer of A, and one of kinematics alone, once for every draw. Counted is how often
the layer of A explains more of the first than kinematics, the untrained network and the network B do, all three; and
how often it is credited with something beyond kinematics in the second. Verdicts are those of a study.
"""

import sys
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


def predictors_of(a, b, reaches):
    """The hidden layer of A and its rivals: kinematics, the untrained network, and the hidden layer of B."""
    one, other = (PredictorSource.of_agent(Agent.load(Path(run), kinematics=str(reaches))) for run in (a, b))
    rivals = [Predictor("A", name, predictor(one, name, "hidden")) for name in ("kinematics", "untrained")]
    hidden = [Predictor(name, "hidden", predictor(of, "hidden")) for name, of in (("A", one), ("B", other))]
    return hidden[0], [*rivals, hidden[1]]


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
    """Whether a population of the layer is told from every rival."""
    made = make_neurons([(layer.activity, 1.0)], MADE, seed)
    found = contrasts_of(layer, rivals, made)
    return all(found[rival.label, ENCODING].verdict == "more" for rival in rivals)


def credited(layer, kinematics, seed):
    """Whether the layer is credited with a population of kinematics alone, beyond kinematics."""
    made = make_neurons([(kinematics.activity, 1.0)], MADE, seed)
    return contrasts_of(layer, [kinematics], made)[kinematics.label, UNIQUE].verdict == "more"


def main(a, b, reaches, draws="100"):
    """Count over draws, and print."""
    layer, rivals = predictors_of(a, b, reaches)
    n = int(draws)
    apart = sum(told_apart(layer, rivals, seed) for seed in tqdm(range(n), "of A", leave=False))
    wrong = sum(credited(layer, rivals[0], seed) for seed in tqdm(range(n), "of kinematics", leave=False))
    print(f"Made of A: told from kinematics, untrained network and B in {apart} of {n} draws.")
    print(f"Made of kinematics: not credited to the network beyond kinematics in {n - wrong} of {n} draws.")


if __name__ == "__main__":
    main(*sys.argv[1:])
