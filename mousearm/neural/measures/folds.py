"""Folds of reaches: a measure is fitted on the reaches of some folds and scored on those of the one that is left."""

from collections.abc import Sequence

import numpy as np

from mousearm.errors import NeuralError

FEWEST_REACHES = 3  # so that a lag and a penalty can be chosen without the reaches that are scored
_REACHES_PER_FOLD = 3  # so that reaches can be exchanged within a fold in more than two ways


def assign_folds(reaches: Sequence[str], groups: Sequence[str], n: int = 5, seed: int = 0) -> np.ndarray:
    """Number of the fold of each trial, (trials,), from 0.

    Trials of one reach stay together. The reaches of each group, shuffled by the seed, are dealt out in turn, so that
    every fold has reaches of every group as far as they go. There are ``n`` folds, or as many as leave three reaches
    in each, and never fewer than three.

    Raises:
        NeuralError: there are fewer than three reaches, or fewer than three folds are asked for.
    """
    group_of = dict(zip(reaches, groups, strict=True))
    if len(group_of) < FEWEST_REACHES:
        raise NeuralError(
            f"There are trials of {len(group_of)} different reaches only. What is fitted on some reaches is scored on "
            f"others, which needs {FEWEST_REACHES} or more: take more reaches."
        )
    if n < FEWEST_REACHES:
        raise NeuralError(f"{n} folds are too few: use {FEWEST_REACHES} or more.")
    n = max(FEWEST_REACHES, min(n, len(group_of) // _REACHES_PER_FOLD))
    rng = np.random.default_rng(seed)
    shuffled = [list(group_of)[i] for i in rng.permutation(len(group_of))]
    in_turn = sorted(shuffled, key=lambda name: group_of[name])  # which keeps the order within a group
    fold_of = {name: i % n for i, name in enumerate(in_turn)}
    return np.array([fold_of[name] for name in reaches])
