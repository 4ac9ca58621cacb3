"""How far unique variance and lag are from the truth.

``python tests/neural/unique_variance.py RUN REACHES [DRAWS] [lag,unique]``

Populations of 60 neurons are made of the hidden layer, as far as movement does not explain it linearly, and of
movement, in several shares, 20 ms late. They are seen in the first 40 reaches; `unique` is set beside the truth as a
share of the neurons' variance, which it is, and of what of that is explainable; and it is counted how often its 95 %
interval holds the truth. The truth comes from rates without spikes and private noise in all of the reaches, of which
there should be 100 or more: what least squares explain from the layer at the planted lag, movement at all delays and
common courses, less what they explain without the layer, of the variance of neurons, or of rates without spikes. Of
reaches that they were fitted to this is too little, of others too much: the mean counts.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mousearm.agent import Agent
from mousearm.neural.contrasts import with_delays
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.measures import compare
from mousearm.neural.measures.ceilings import explainable
from mousearm.neural.measures.pairings import course_basis
from mousearm.neural.measures.preparation import fit_preparation
from mousearm.neural.predictors import predictor
from mousearm.neural.source import PredictorSource

SHARES = (0.0, 0.15, 0.3, 0.6, 1.0)  # of the layer beside movement
MADE = Recipe(n_units=60, private=0.2, lag_ms=20.0, apart=True)
SEEN, FOLDS, CLOSE = 40, 5, 0.03


class WithoutSpikes(np.random.Generator):
    """Numbers of which the Poisson ones are their means."""

    def poisson(self, lam):
        return lam


def made_in_three_ways(layer, movement, share, seed):
    """The same neurons with spikes, with as many as their rates say, and without private noise either."""
    sources = [(layer, share), (movement, 1 - share)]
    alone = replace(MADE, private=0.0, depth=MADE.depth * np.sqrt(1 - MADE.private))
    ways = (np.random.Generator, MADE), (WithoutSpikes, MADE), (WithoutSpikes, alone)
    return (make_neurons(sources, recipe, kind(np.random.PCG64(seed))).neurons for kind, recipe in ways)


def regressors(layer, movement):
    """Of every frame the layer at the planted lag, then movement and common courses, (T, p), and how many are first."""
    lag, how = round(MADE.lag_ms / 1e3 / layer.step_s), fit_preparation("layer", layer.values, 40)
    late = [how.components(values)[np.maximum(np.arange(len(values)) - lag, 0)] for values in layer.values]
    courses, moved = course_basis(layer.n_frames, layer.groups), with_delays(movement).values
    whole = np.concatenate([np.hstack(rows) for rows in zip(late, moved, courses, strict=True)])
    scale = whole.std(axis=0)
    return whole / np.where(scale > 0, scale, 1), late[0].shape[1]


def truth(x, n_first, rates, whole):
    """Share of the variance of ``whole`` that the first regressors add to the others, mean over neurons."""
    y, fold = np.concatenate(rates.values), np.repeat(np.arange(len(rates.values)) % FOLDS, rates.n_frames)
    added = np.zeros(y.shape[1])
    for k in range(FOLDS):
        train = fold != k
        own, other = x - x[train].mean(axis=0), y - y[train].mean(axis=0)
        for sign, first in ((1, n_first), (-1, 0)):
            a = own[:, first:]
            square = a[train].T @ a[train]
            penalty = 1e-6 * np.trace(square) / len(square) * np.eye(len(square))
            left = np.square(other - a @ np.linalg.solve(square + penalty, a[train].T @ other[train]))
            added += sign * (left[train].mean(axis=0) + left[~train].mean(axis=0)) / 2 / FOLDS
    return float(np.mean(added / np.concatenate(whole.values).var(axis=0)))


def count(layer, movement, draws):
    """Count `unique` over draws, and print."""
    x, z = (side.trials(range(SEEN)) for side in (layer, movement))
    wide = regressors(layer, movement)
    print("                         of the variance                            of what is explainable of it")
    print("share of the layer  truth  unique  close, interval holds it    truth  unique  error: mean and s.d., close")
    for share in SHARES:
        rows = []
        for seed in tqdm(range(draws), f"share {share}", leave=False, disable=None):
            spiking, whole, alone = made_in_three_ways(layer, movement, share, seed)
            y = spiking.trials(range(SEEN))
            found = compare(x, y, ["unique"], beyond=z, n_nulls=0)["unique"]
            true = truth(*wide, alone, spiking), truth(*wide, alone, whole)
            rows.append([*true, found.value, *found.interval, np.nanmean(explainable(y, MADE.kernel))])
        true, of_explainable, found, low, high, most = np.transpose(rows)
        close, holds = np.sum(np.abs(found - true) <= CLOSE), np.sum((low <= true) & (true <= high))
        error = found / most - of_explainable
        near = np.sum(np.abs(error) <= CLOSE)
        print(
            f"{share:18} {true.mean():6.3f} {found.mean():7.3f} {close:6} {holds:17} of {draws}"
            f" {of_explainable.mean():8.3f} {np.mean(found / most):7.3f} {error.mean():+12.3f} {error.std():.3f}"
            f" {near:8} of {draws}",
            flush=True,
        )


def count_lags(layer, draws):
    """Count how often the planted lag is found, and print."""
    x = layer.trials(range(SEEN))
    for rate in (MADE.rate_hz, 100.0):
        recipe, lags = replace(MADE, rate_hz=rate), []
        for seed in range(draws):
            y = make_neurons([(layer, 1.0)], recipe, seed).neurons.trials(range(SEEN))
            lags.append(1e3 * float(np.mean(compare(x, y, ["encoding"], n_nulls=0)["encoding"].lag_s)))
        close = int(np.sum(np.abs(np.array(lags) - MADE.lag_ms) <= 1e3 * x.step_s + 1e-6))
        found = f"{close} of {draws}; {min(lags):.1f} to {max(lags):.1f} ms, mean {np.mean(lags):.1f}"
        print(f"Lag, planted {MADE.lag_ms:g} ms, of neurons of {rate:g} spikes/s: to one frame in {found}.", flush=True)


def main(run, reaches, draws="20", what="lag,unique"):
    """Count over draws, and print."""
    source = PredictorSource.of_agent(Agent.load(Path(run), kinematics=reaches))
    layer, movement = (predictor(source, name, "hidden") for name in ("hidden", "kinematics"))
    if "lag" in what:
        count_lags(layer, int(draws))
    if "unique" in what:
        count(layer, movement, int(draws))


if __name__ == "__main__":
    main(*sys.argv[1:])
