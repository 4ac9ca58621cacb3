"""Action maps: how an action in [-1, 1] becomes a control within the actuator's range."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

# Steepness and centre of the sigmoid; the action 0 then rests at 0.076 of the range.
_SLOPE, _CENTRE = 5.0, 0.5

ActionMap = Callable[[np.ndarray, np.ndarray], np.ndarray]


def direct(action: np.ndarray, ctrl_range: np.ndarray) -> np.ndarray:
    """Straight line from [-1, 1] to the range.

    Args:
        action: (N, nu); values outside [-1, 1] are clipped.
        ctrl_range: (nu, 2) lowest and highest control.

    Returns:
        (N, nu) controls.
    """
    low, high = ctrl_range.T
    return low + (np.clip(action, -1, 1) + 1) / 2 * (high - low)


def sigmoid(action: np.ndarray, ctrl_range: np.ndarray) -> np.ndarray:
    """Low + (high - low) / (1 + exp(-5 (a - 0.5))): rests at 0.08 of the range, reaches from 0.0006 to 0.92 of it.

    For muscles, which are a hundred times stronger than a reach needs: around the middle of the range all of them
    would co-contract at half their force. Arguments and result as ``direct``.
    """
    low, high = ctrl_range.T
    return low + (high - low) / (1 + np.exp(-_SLOPE * (np.clip(action, -1, 1) - _CENTRE)))


ACTION_MAPS: MappingProxyType[str, ActionMap] = MappingProxyType({"direct": direct, "sigmoid": sigmoid})
