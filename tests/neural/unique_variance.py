"""How far unique variance, lag and ceilings are from the truth.

``python tests/neural/unique_variance.py RUN REACHES [DRAWS] [lag,unique,reaches,ceilings]``

Unique variance: populations of 60 neurons are made of the hidden layer, as far as movement does not explain it
linearly, and of movement, 20 ms late: ``unique`` in several shares, seen in 40 reaches that are drawn anew each time;
``reaches`` in one share, seen in more and fewer reaches, with more spikes, too. `unique` is set beside the truth as a
share of the neurons' variance, which it is, and of what of that is explainable; and it is counted how often its 95 %
interval holds the truth. The truth comes from rates without spikes and private noise in all of the reaches, of which
there should be 100 or more: what least squares leave of them with movement at all delays and common courses, less what
they leave with the layer at the planted lag, too, as a share of the variance of neurons, or of rates without spikes. Of
reaches that they were fitted to they leave too little, of others too much, by about the same factor: the geometric mean
counts.

Ceilings: populations of the hidden layer are seen once in 40 reaches, or four times in ten, and it is counted how often
the score of the rates that their spikes and private noise were added to is above the lower and below the upper bound.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mousearm.agent import Agent
from mousearm.neural.contrasts import COMPONENTS, with_delays
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.measures import Settings, compare
from mousearm.neural.measures.ceilings import ceilings, explainable
from mousearm.neural.measures.pairings import course_basis
from mousearm.neural.measures.preparation import fit_preparation
from mousearm.neural.predictors import predictor
from mousearm.neural.source import PredictorSource

SHARES, OF_REACHES = (0.0, 0.3, 1.0), 0.6  # of the layer beside movement
REACHES = ((20, 20.0), (40, 20.0), (80, 20.0), (120, 20.0), (40, 100.0), (120, 100.0))  # and spikes/s
BOUNDED = ("encoding", "decoding", "cca", "svcca", "pwcca", "procrustes", "cka", "rsa", "principal_angles")
MADE = Recipe(n_units=60, private=0.2, lag_ms=20.0, apart=True)
SEEN, FOLDS, CLOSE = 40, 5, 0.03


class WithoutSpikes(np.random.Generator):
    """Numbers of which the Poisson ones are their means."""

    def poisson(self, lam):
        return lam


def made_in_three_ways(sources, seed, made=MADE):
    """The same neurons with spikes, with as many as their rates say, and without private noise either."""
    alone = replace(made, private=0.0, depth=made.depth * np.sqrt(1 - made.private))
    ways = (np.random.Generator, made), (WithoutSpikes, made), (WithoutSpikes, alone)
    return (make_neurons(sources, recipe, kind(np.random.PCG64(seed))).neurons for kind, recipe in ways)


def regressors(layer, movement, components=COMPONENTS):
    """Of every frame the layer at the planted lag, then movement and common courses, (T, p), and how many are first."""
    lag, how = round(MADE.lag_ms / 1e3 / layer.step_s), fit_preparation("layer", layer.values, components)
    late = [how.components(values)[np.maximum(np.arange(len(values)) - lag, 0)] for values in layer.values]
    courses, moved = course_basis(layer.n_frames, layer.groups), with_delays(movement).values
    whole = np.concatenate([np.hstack(rows) for rows in zip(late, moved, courses, strict=True)])
    scale = whole.std(axis=0)
    return whole / np.where(scale > 0, scale, 1), late[0].shape[1]


def truth(x, n_first, rates, whole):
    """Share of the variance of ``whole`` that the first regressors add to the others, mean over neurons."""
    y, fold = np.concatenate(rates.values), np.repeat(np.arange(len(rates.values)) % FOLDS, rates.n_frames)
    left = np.zeros((2, 2, y.shape[1]))  # with and without the first, of reaches that were fitted and of others
    for k in range(FOLDS):
        train = fold != k
        own, other = x - x[train].mean(axis=0), y - y[train].mean(axis=0)
        for with_first, first in enumerate((n_first, 0)):
            a = own[:, first:]
            square = a[train].T @ a[train]
            penalty = 1e-6 * np.trace(square) / len(square) * np.eye(len(square))
            squares = np.square(other - a @ np.linalg.solve(square + penalty, a[train].T @ other[train]))
            left[with_first] += np.array([squares[train].mean(axis=0), squares[~train].mean(axis=0)]) / FOLDS
    without, whole_model = np.sqrt(left.prod(axis=1))
    return float(np.mean((without - whole_model) / np.concatenate(whole.values).var(axis=0)))


HEAD = """                               of the variance                           of what is explainable of it
share reaches spikes/s   truth unique  close, interval holds it    truth unique  error: mean and s.d., close"""


def count(layer, movement, wide, draws, share, n=SEEN, rate_hz=MADE.rate_hz):
    """Count `unique` over draws of neurons and of n reaches, and print."""
    rows, made = [], replace(MADE, rate_hz=rate_hz)
    for seed in tqdm(range(draws), f"share {share}", leave=False, disable=None):
        seen = np.sort(np.random.default_rng(1000 + seed).permutation(len(layer.reaches))[:n]).tolist()
        spiking, whole, alone = made_in_three_ways([(layer, share), (movement, 1 - share)], seed, made)
        x, y, z = (side.trials(seen) for side in (layer, spiking, movement))
        found = compare(x, y, ["unique"], beyond=z, n_nulls=0)["unique"]
        true = truth(*wide, alone, spiking), truth(*wide, alone, whole)
        rows.append([*true, found.value, *found.interval, np.nanmean(explainable(y, MADE.kernel))])
    true, of_explainable, found, low, high, most = np.transpose(rows)
    close, holds = np.sum(np.abs(found - true) <= CLOSE), np.sum((low <= true) & (true <= high))
    error = found / most - of_explainable
    print(
        f"{share:5} {n:7} {rate_hz:8g} {true.mean():7.3f} {found.mean():6.3f} {close:6} {holds:13} of {draws}"
        f" {of_explainable.mean():12.3f} {np.mean(found / most):6.3f} {error.mean():+10.3f} {error.std():.3f}"
        f" {np.sum(np.abs(error) <= CLOSE):8}",
        flush=True,
    )


def count_ceilings(source, draws, repeats):
    """Count how often bounds bracket what rates score, and print."""
    rows, n = {name: [] for name in BOUNDED}, SEEN // repeats
    for seed in tqdm(range(draws), f"{repeats} trials", leave=False, disable=None):
        some = np.random.default_rng(seed).permutation(len(source.reaches))[:n].tolist()
        layer = predictor(source.only(some * repeats), "hidden")
        y, _, rates = made_in_three_ways([(layer, 1.0)], seed, replace(MADE, lag_ms=0.0))
        bounds, still = ceilings(y, BOUNDED, Settings(seed=seed)), Settings(most_lag_s=0.0, seed=seed)
        scores = compare(rates, y, BOUNDED, still, n_nulls=0)
        for name, row in rows.items():
            row.append([bounds[name][0], scores[name].value, bounds[name][1]])
    print(f"{repeats} trials of {n} reaches: mean lower bound, score of the rates, upper bound; in how many of {draws}")
    for name, row in rows.items():
        low, score, high = np.transpose(row)
        means = f"{low.mean():8.3f} {score.mean():6.3f} {high.mean():6.3f}"
        print(f"{name:18} {means}   below {np.sum(score < low)}, above {np.sum(score > high)}", flush=True)


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
    wide = regressors(layer, movement)
    if "unique" in what or "reaches" in what:
        _, whole, alone = made_in_three_ways([(layer, 1.0), (movement, 0.0)], 0)
        few = truth(*regressors(layer, movement, Settings().components), alone, whole)
        print(f"{Settings().components} components of the layer have {few:.3f}, {COMPONENTS}", end=" ")
        print(f"{truth(*wide, alone, whole):.3f} of what is explainable of neurons of the layer alone.\n{HEAD}")
    for share in SHARES if "unique" in what else ():
        count(layer, movement, wide, int(draws), share)
    for n, rate_hz in REACHES if "reaches" in what else ():
        count(layer, movement, wide, int(draws), OF_REACHES, n, rate_hz)
    for repeats in (1, 4) if "ceilings" in what else ():
        count_ceilings(source, int(draws), repeats)


if __name__ == "__main__":
    main(*sys.argv[1:])
