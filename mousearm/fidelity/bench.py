"""Muscles of an OpenSim model on a test bench: alone, between two points whose distance is set.

The muscles are OpenSim's own objects with the file's figures; only their paths are replaced, so that any length and
speed can be given to them, and tendons are rigid.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.fidelity.reference import index_of, load_opensim, open_model, start

# OpenSim has no rigid tendon for it; its fibre length is set instead, and its speed cannot be.
_ELASTIC_ONLY = "Thelen2003Muscle"

_SAME = 1e-6  # of the optimal length: OpenSim keeps some fibres from becoming shorter than asked for


class Fibre(NamedTuple):
    """A muscle's figures in OpenSim: N, m, m, rad; ``max_velocity`` in optimal lengths per second."""

    kind: str
    force: float
    optimal: float
    slack: float
    pennation: float
    max_velocity: float

    def path_length(self, fibre: np.ndarray) -> np.ndarray:
        """Muscle-tendon length, m, at normalised fibre lengths; the fibres' width l0 sin(pennation) is constant.

        NaN where a fibre would be shorter than the muscle is wide.
        """
        along = fibre**2 - np.sin(self.pennation) ** 2
        return self.slack + self.optimal * np.sqrt(np.where(along > 0, along, np.nan))

    def fibre_length(self, path: np.ndarray) -> np.ndarray:
        """Normalised fibre length at muscle-tendon lengths, m: the inverse of ``path_length``."""
        return np.hypot((path - self.slack) / self.optimal, np.sin(self.pennation))


class Curves(NamedTuple):
    """Isometric curves of a muscle, each (K,); NaN where OpenSim does not let the fibre be that short.

    ``active`` and ``passive`` are OpenSim's multipliers; ``force`` is the active force along the tendon, N, at full
    activation.
    """

    active: np.ndarray
    passive: np.ndarray
    force: np.ndarray


class Bench:
    """All muscles of a file between the ground and one slider.

    Attributes:
        muscles: their names.
    """

    def __init__(self, file: Path):
        """Read the file and replace the paths.

        Raises:
            ModelError: if OpenSim is not installed or cannot use the file.
        """
        self._file = file
        self._opensim = load_opensim()
        self._model = open_model(file)
        start(self._model, file)  # connects it
        zero = self._opensim.Vec3(0)
        body = self._opensim.Body("bench", 1.0, zero, self._opensim.Inertia(1))
        joint = self._opensim.SliderJoint("bench", self._model.getGround(), body)
        joint.upd_coordinates(0).setName("bench")
        self._model.addBody(body)
        self._model.addJoint(joint)
        muscles = self._model.updMuscles()
        self.muscles = tuple(muscles.get(i).getName() for i in range(muscles.getSize()))
        for i in range(muscles.getSize()):
            self._stretch(muscles.get(i), body)
        self._model.finalizeConnections()
        self._state = start(self._model, file)
        self._slider = self._model.getCoordinateSet().get("bench")

    def _stretch(self, muscle: Any, body: Any) -> None:
        if muscle.getConcreteClassName() != _ELASTIC_ONLY:
            muscle.set_ignore_tendon_compliance(True)
        path = self._opensim.GeometryPath.safeDownCast(muscle.updPath())
        while path.updWrapSet().getSize():
            path.updWrapSet().remove(0)
        for name, frame in (("bench_start", self._model.getGround()), ("bench_end", body)):
            path.appendNewPathPoint(name, frame, self._opensim.Vec3(0))
        while path.updPathPointSet().getSize() > 2:
            path.updPathPointSet().remove(0)

    def fibre(self, muscle: str) -> Fibre:
        """Figures of a muscle."""
        item = self._get(muscle)
        return Fibre(
            item.getConcreteClassName(),
            item.getMaxIsometricForce(),
            item.getOptimalFiberLength(),
            item.getTendonSlackLength(),
            item.getPennationAngleAtOptimalFiberLength(),
            item.getMaxContractionVelocity(),
        )

    def curves(self, muscle: str, fibre: np.ndarray) -> Curves:
        """Isometric curves at normalised fibre lengths, (K,)."""
        item, figures = self._get(muscle), self.fibre(muscle)
        item.setActivation(self._state, 1.0)
        rows = np.full((len(fibre), 3), np.nan)
        for row, wanted, length in zip(rows, fibre, figures.path_length(fibre), strict=True):
            if np.isfinite(length) and abs(self._put(item, length, 0.0, wanted * figures.optimal) - wanted) < _SAME:
                row[0] = item.getActiveForceLengthMultiplier(self._state)
                row[1] = item.getPassiveForceMultiplier(self._state)
                row[2] = self._active_force(item)
        return Curves(*rows.T)

    def force_velocity(self, muscle: str, speed: np.ndarray) -> np.ndarray:
        """(K,) force-velocity multiplier at optimal fibre length, at normalised fibre speeds (lengthening above 0).

        NaN where the tendon is elastic, so that the fibre's speed cannot be set.
        """
        item, figures = self._get(muscle), self.fibre(muscle)
        if figures.kind == _ELASTIC_ONLY:
            return np.full(len(speed), np.nan)
        length = float(figures.path_length(np.ones(1))[0])
        found = []
        for along in speed * figures.max_velocity * figures.optimal / np.cos(figures.pennation):
            self._put(item, length, along, figures.optimal)
            found.append(item.getForceVelocityMultiplier(self._state))
        return np.array(found)

    def _active_force(self, item: Any) -> float:
        """N along the tendon; with an elastic tendon OpenSim's own holds for the speed of the fibre, not at rest."""
        if item.getConcreteClassName() != _ELASTIC_ONLY:
            return float(item.getActiveFiberForceAlongTendon(self._state))
        multiplier = item.getActiveForceLengthMultiplier(self._state) * item.getCosPennationAngle(self._state)
        return float(item.getMaxIsometricForce() * multiplier)

    def _get(self, muscle: str) -> Any:
        return self._model.getMuscles().get(index_of("muscle", muscle, self.muscles, self._file))

    def _put(self, item: Any, length: float, speed: float, fibre: float) -> float:
        """Go to a muscle-tendon length in m and speed in m/s; returns the normalised fibre length that OpenSim has."""
        self._slider.setValue(self._state, float(length), False)
        self._slider.setSpeedValue(self._state, float(speed))
        if item.getConcreteClassName() == _ELASTIC_ONLY:
            self._opensim.ActivationFiberLengthMuscle.safeDownCast(item).setFiberLength(self._state, float(fibre))
        self._model.realizeVelocity(self._state)
        return float(item.getNormalizedFiberLength(self._state))
