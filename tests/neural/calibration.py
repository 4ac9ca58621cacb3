"""How often nulls err where nothing is to be found.

``python tests/neural/calibration.py FOLDER [DRAWS] [PROCESSES] [MEASURE,...] [FIRST] [KIND,...]``

Populations are drawn that have nothing in common, or only what the null says they may have, and each measure is tested
against its null. Of p <= 0.05 there should be 5 %. Blocks of draws are kept in the folder: interrupted, the same
command goes on; told of more draws, it adds them. FIRST is the number of the first draw, a multiple of 50.

- *independent*: smooth courses of each reach by itself; reaches of unequal length.
- *stretched*, *started*: both sides, and movement, have a course in common that is the same in all reaches: from start
  to end of each, or from the start on and cut at the end.
- *movement*: both sides follow the same movement, beyond which they have nothing in common; of `unique` only.
- *entropy*: the predictor is drawn of the distribution of which surrogates are drawn too, fitted to one population of
  the first kind with reaches of equal length; of `rotation` only.
"""

import sys
from pathlib import Path

import numpy as np
from planted import activity, mixed, smooth

from mousearm.neural.measures import Settings, compare
from mousearm.neural.measures.pairings import to_length
from mousearm.neural.measures.surrogates import fit_maximum_entropy
from mousearm.neural.pieces import Piece, run_pieces
from mousearm.registry import SIMILARITIES

POPULATIONS = ("independent", "stretched", "started", "movement", "entropy")
ONLY = {"movement": "unique", "entropy": "rotation"}
SETTINGS = Settings(folds=3, components=4, most_lag_s=1 / 150)
NULLS, BLOCK = 19, 50
REACHES, UNITS, LATENTS = 18, 8, 3


def sides(kind, rng, lengths=None):
    """A predictor, neurons and movement of a kind of `POPULATIONS`."""
    if kind == "entropy":
        x, y, paw = sides("independent", np.random.default_rng(0), [30] * REACHES)
        drawn = next(fit_maximum_entropy(np.stack(x.values, axis=-1)).draw(1, rng))[0]
        return activity("net", list(np.moveaxis(drawn, -1, 0))), y, paw
    lengths = rng.integers(24, 37, REACHES) if lengths is None else lengths
    course = smooth(rng, max(lengths), LATENTS)
    cut = {"stretched": [to_length(course, n) for n in lengths], "started": [course[:n] for n in lengths]}
    shared = cut.get(kind, [np.zeros((n, LATENTS)) for n in lengths])
    paw = [common + smooth(rng, len(common), LATENTS) for common in shared]
    found = []
    for name in ("net", "cells"):
        base = paw if kind == "movement" else shared
        courses = [np.hstack([common, smooth(rng, len(common), LATENTS)]) for common in base]
        found.append(activity(name, mixed(rng, courses, UNITS, 0.3, spare=0)))
    return *found, activity("paw", mixed(rng, paw, LATENTS, spare=0))


def count(kind, block, measures):
    """Values of p by measure, of the draws of a block."""
    found = {name: [] for name in measures}
    for draw in range(BLOCK):
        seed = BLOCK * block + draw
        x, y, paw = sides(kind, np.random.default_rng([POPULATIONS.index(kind), seed]))
        settings = Settings(SETTINGS.folds, SETTINGS.components, SETTINGS.most_lag_s, seed)
        for name, one in compare(x, y, measures, settings, paw, n_nulls=NULLS).items():
            found[name].append(one.p)
    return found


def main(folder, draws="1000", processes="1", measures="", first="0", kinds=""):
    """Count over draws, and print the share of p <= 0.05 by measure and population."""
    start, chosen = int(first) // BLOCK, measures.split(",") if measures else list(SIMILARITIES)
    asked = {
        kind: [name for name in chosen if ONLY.get(kind, name) == name and kind in (kinds or POPULATIONS)]
        for kind in POPULATIONS
    }
    pieces = [
        Piece("_".join([kind, f"{block:03d}", *names]), f"{kind}, block {block}", count, (kind, block, names))
        for block in range(start, start - (-int(draws) // BLOCK))
        for kind, names in asked.items()
        if names
    ]
    found = run_pieces(pieces, Path(folder), int(processes))
    print(f"{'measure':18}" + "".join(f"{kind:>13}" for kind in POPULATIONS) + f"   % of {draws} draws")
    for name in chosen:
        shares = []
        for kind in POPULATIONS:
            own = [
                of[name] for piece, of in zip(pieces, found, strict=True) if piece.arguments[0] == kind and name in of
            ]
            shares.append(f"{100 * np.mean(np.array(own) <= 0.05):.1f}" if own else "-")
        print(f"{name:18}" + "".join(f"{share:>13}" for share in shares))


if __name__ == "__main__":
    main(*sys.argv[1:])
