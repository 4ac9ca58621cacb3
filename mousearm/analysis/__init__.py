"""What is computed of recorded signals: agreement with the reference, synergies, principal components, averages.

Nothing here draws, and but for `muscle_groups` nothing here knows a recording: arrays come in, arrays go out.
"""

from mousearm.analysis.agreement import Agreement, agreement
from mousearm.analysis.components import PrincipalComponents, principal_components
from mousearm.analysis.groups import MuscleGroup, muscle_groups
from mousearm.analysis.movement_time import Average, average, over_movement
from mousearm.analysis.synergies import Synergies, extract, fewest

__all__ = [
    "Agreement",
    "Average",
    "MuscleGroup",
    "PrincipalComponents",
    "Synergies",
    "agreement",
    "average",
    "extract",
    "fewest",
    "muscle_groups",
    "over_movement",
    "principal_components",
]
