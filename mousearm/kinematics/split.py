"""Which reaches are trained on, and which are kept to test with."""

from collections.abc import Sequence

import numpy as np


def split_reaches(names: Sequence[str], train_ratio: float, seed: int) -> dict[str, list[str]]:
    """Draw the reaches to train on; the others are the test split.

    Depends on the set of names and the seed only, not on the order in which a file system lists them. There is always
    at least one reach to train on, and a single reach is trained on.

    Args:
        names: of all reaches.
        train_ratio: share to train on, 0 to 1.
        seed: of the draw.

    Returns:
        The sorted names of ``train`` and ``test``.
    """
    ordered = sorted(names)
    n_train = max(1, round(train_ratio * len(ordered)))
    drawn = np.random.default_rng(seed).permutation(len(ordered))[:n_train]
    train = sorted(ordered[i] for i in drawn)
    return {"train": train, "test": [name for name in ordered if name not in set(train)]}
