"""Arrays of two kinds, NumPy's and torch's tensors on any device, computed with by one source.

The functions that both have are those of the array API standard, https://data-apis.org/array-api, which
`namespace` looks up. This module loads torch for no array of NumPy's.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # np.ndarray or torch.Tensor


def namespace(array: Array) -> Any:
    """The functions of the array API standard for arrays of this kind, by custom called ``xp``.

    NumPy has them itself. `array_api_compat` gives torch the names and the arguments of the standard.
    """
    if isinstance(array, np.ndarray):
        return np
    from array_api_compat import array_namespace

    return array_namespace(array)


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), from 0 to 1."""
    if isinstance(x, np.ndarray):
        from scipy.special import expit  # whose last bit is not that of the formula

        return expit(x)
    return 1 / (1 + namespace(x).exp(-x))


def side_by_side(parts: Sequence[Array]) -> Array:
    """Columns of all parts, (N, n) each, in one array of float32."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts, axis=1, dtype=np.float32)  # without an array of float64 in between
    xp = namespace(parts[0])
    return xp.astype(xp.concat(parts, axis=1), xp.float32, copy=False)


def compact(columns: np.ndarray) -> np.ndarray | slice:
    """The same columns, by their indices, as a slice where they follow one another, so that none is copied."""
    first = int(columns[0]) if len(columns) else 0
    after = first + len(columns)
    return slice(first, after) if np.array_equal(columns, np.arange(first, after)) else columns.astype(int)
