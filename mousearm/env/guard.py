"""Nothing that is not a finite number leaves a task."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from mousearm.errors import NonFiniteError
from mousearm.snapshot import Snapshot


def not_finite(
    what: str, key: str, terms: Mapping[str, np.ndarray], snapshots: Mapping[str, Snapshot], **arrays: np.ndarray
) -> NonFiniteError:
    """The error of an observation or reward that is not finite.

    Args:
        what: ``observation`` or ``reward``.
        key: the configuration key that it comes from.
        terms: what it is made of, (N, ...) each.
        snapshots: the arms, for the dump.
        arrays: more for the dump.
    """
    bad = {name: ~np.isfinite(value.reshape(len(value), -1)).all(axis=1) for name, value in terms.items()}
    named = [f"'{name}' of simulation {wrong.argmax()}" for name, wrong in bad.items() if wrong.any()]
    states = {
        f"{field.name}_{when}": getattr(snapshot, field.name)
        for when, snapshot in snapshots.items()
        for field in fields(snapshot)
    }
    text = f"The {what} is not finite: {', '.join(named) or 'the sum of its terms'}."
    return NonFiniteError(text, key, {**terms, **states, **arrays})
