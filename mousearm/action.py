"""Action maps: how an action in [-1, 1] becomes a control within the actuator's range."""

from types import MappingProxyType

import numpy as np

from mousearm.arrays import Array, logistic, namespace
from mousearm.registry import ACTION_MAPS

SLOPE, CENTRE = 5.0, 0.5  # of the sigmoid; the action 0 then rests at 0.076 of the range
_LEAST_SHARE = 1e-6  # far below what the sigmoid reaches; keeps the logarithm of its inverse finite


@ACTION_MAPS.add
def direct(action: Array, ctrl_range: Array) -> Array:
    """Straight line from [-1, 1] to the actuator's range.

    Controls, (N, nu), of actions, (N, nu), clipped to [-1, 1]; the range is (nu, 2).
    """
    low, high = ctrl_range.T
    return low + (namespace(action).clip(action, -1, 1) + 1) / 2 * (high - low)


@ACTION_MAPS.add
def sigmoid(action: Array, ctrl_range: Array) -> Array:
    """Sigmoid that rests at 8 % of the actuator's range, for muscles.

    Low + (high - low) / (1 + exp(-5 (a - 0.5))) goes from 0.0006 to 0.92 of the range. Muscles are a hundred times
    stronger than a reach needs: around the middle of the range all of them would co-contract at half their force.
    """
    low, high = ctrl_range.T
    return low + (high - low) * logistic(SLOPE * (namespace(action).clip(action, -1, 1) - CENTRE))


def direct_inverse(ctrl: np.ndarray, ctrl_range: np.ndarray) -> np.ndarray:
    """Invert ``direct``: actions, (N, nu) in [-1, 1], of controls, (N, nu)."""
    low, high = ctrl_range.T
    return np.clip(2 * (ctrl - low) / (high - low) - 1, -1, 1)


def sigmoid_inverse(ctrl: np.ndarray, ctrl_range: np.ndarray) -> np.ndarray:
    """Invert ``sigmoid``: actions, (N, nu) in [-1, 1], of controls, (N, nu), as far as it reaches them."""
    from scipy.special import logit

    low, high = ctrl_range.T
    share = np.clip((ctrl - low) / (high - low), _LEAST_SHARE, 1 - _LEAST_SHARE)
    return np.clip(CENTRE + logit(share) / SLOPE, -1, 1)


INVERSE_MAPS = MappingProxyType({"direct": direct_inverse, "sigmoid": sigmoid_inverse})
