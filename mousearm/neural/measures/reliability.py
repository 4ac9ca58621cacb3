"""What trials of a reach have in common, and populations of equal numbers of neurons."""

from collections.abc import Iterator, Sequence

import numpy as np

from mousearm.neural.activity import Activity


def explainable(y: Activity) -> np.ndarray:
    """Share of each neuron's variance that trials of the same reach have in common, (n,); NaN without repeated reaches.

    It is the ceiling of R^2 of whatever knows the reach and not the trial: the covariance of different trials of a
    reach over the variance of trials, over all frames that they have. Unbiased, so it may be below 0.
    """
    means = np.concatenate(y.values).mean(axis=0)
    common, whole = np.zeros((2, y.n_units))
    for name in dict.fromkeys(y.reaches):
        own = [values - means for values, reach in zip(y.values, y.reaches, strict=True) if reach == name]
        if len(own) > 1:
            n = min(map(len, own))
            trials = np.stack([values[:n] for values in own])
            squares = np.square(trials).sum(axis=(0, 1))
            common += (np.square(trials.sum(axis=0)).sum(axis=0) - squares) / (len(own) - 1)
            whole += squares
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, common / whole, np.nan)


def equal_sizes(activities: Sequence[Activity], draws: int = 10, seed: int = 0) -> Iterator[list[Activity]]:
    """Populations with as many neurons as the smallest has, drawn at random from each, several times.

    Measures grow with the number of neurons, so areas, animals and sessions are to be compared at equal numbers.
    """
    n = min(activity.n_units for activity in activities)
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield [of.columns(np.sort(rng.choice(of.n_units, n, replace=False))) for of in activities]
