"""Conditions: what is changed about an arm, its senses, its network or what acts on it, each with a severity.

The arm that is simulated changes. References, activations at the start, effort's peak forces and the controllers know
the intact arm only.
"""

from mousearm.condition.base import Acting, Activity, Condition, PawLoad
from mousearm.condition.present import Conditions, resolved

__all__ = ["Acting", "Activity", "Condition", "Conditions", "PawLoad", "resolved"]
