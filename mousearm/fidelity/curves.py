"""Force curves of OpenSim's muscles and of ours: force-length, force-velocity, passive force-length.

OpenSim's muscles are alone on a test bench, between two points whose distance is set: OpenSim's objects with the file's
figures; only their paths are replaced, so that any length and speed can be given to them, and tendons are rigid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import mujoco
import numpy as np

from mousearm.fidelity.reference import opened
from mousearm.model import Arm
from mousearm.model.muscles import muscles_of, optimal_and_slack

# OpenSim has no rigid tendon for it; its fibre length is set instead, and its speed cannot be.
_ELASTIC_ONLY = "Thelen2003Muscle"


class Fibre(NamedTuple):
    """A muscle's figures in OpenSim: N, m, m, rad; ``max_velocity`` in optimal lengths per second."""

    kind: str
    force: float
    optimal: float
    slack: float
    pennation: float
    max_velocity: float

    def path_length(self, fibre: np.ndarray) -> np.ndarray:
        """Muscle-tendon length, m, at normalised fibre lengths, of width l0 sin(pennation); NaN for shorter fibres."""
        along = fibre**2 - np.sin(self.pennation) ** 2
        return self.slack + self.optimal * np.sqrt(np.where(along > 0, along, np.nan))

    def fibre_length(self, path: np.ndarray) -> np.ndarray:
        """Normalised fibre length at muscle-tendon lengths, m: the inverse of ``path_length``."""
        return np.hypot((path - self.slack) / self.optimal, np.sin(self.pennation))


class Bench:
    """All muscles of a file between the ground and one slider."""

    def __init__(self, file: Path):
        """Read the file and replace the paths; ModelError if OpenSim is not installed or cannot use the file."""
        with opened(file) as (self._opensim, self._model):
            self._model.initSystem()  # connects it
            body = self._opensim.Body("bench", 1.0, self._opensim.Vec3(0), self._opensim.Inertia(1))
            joint = self._opensim.SliderJoint("bench", self._model.getGround(), body)
            joint.upd_coordinates(0).setName("bench")
            self._model.addBody(body)
            self._model.addJoint(joint)
            for muscle in self._model.updMuscles():
                if muscle.getConcreteClassName() != _ELASTIC_ONLY:
                    muscle.set_ignore_tendon_compliance(True)
                path = self._opensim.GeometryPath.safeDownCast(muscle.updPath())
                while path.updWrapSet().getSize():
                    path.updWrapSet().remove(0)
                for name, frame in (("bench_start", self._model.getGround()), ("bench_end", body)):
                    path.appendNewPathPoint(name, frame, self._opensim.Vec3(0))
                while path.updPathPointSet().getSize() > 2:
                    path.updPathPointSet().remove(0)
            self._model.finalizeConnections()
            self._state = self._model.initSystem()
        self._slider = self._model.getCoordinateSet().get("bench")

    def fibre(self, muscle: str) -> Fibre:
        """Figures of a muscle."""
        item = self._model.getMuscles().get(muscle)
        return Fibre(
            item.getConcreteClassName(),
            item.getMaxIsometricForce(),
            item.getOptimalFiberLength(),
            item.getTendonSlackLength(),
            item.getPennationAngleAtOptimalFiberLength(),
            item.getMaxContractionVelocity(),
        )

    def curves(self, muscle: str, fibre: np.ndarray) -> np.ndarray:
        """(3, K) isometric active and passive multipliers, active force along the tendon, N; NaN if too short."""
        item, figures = self._model.getMuscles().get(muscle), self.fibre(muscle)
        item.setActivation(self._state, 1.0)
        rows = np.full((len(fibre), 3), np.nan)
        for row, wanted, length in zip(rows, fibre, figures.path_length(fibre), strict=True):
            # OpenSim keeps some fibres from becoming shorter than asked for.
            if np.isfinite(length) and abs(self._put(item, length, 0.0, wanted * figures.optimal) - wanted) < 1e-6:
                row[0] = item.getActiveForceLengthMultiplier(self._state)
                row[1] = item.getPassiveForceMultiplier(self._state)
                row[2] = item.getMaxIsometricForce() * (row[0] * item.getCosPennationAngle(self._state))
                if figures.kind != _ELASTIC_ONLY:  # its own in OpenSim is of the speed of the fibre, not at rest
                    row[2] = item.getActiveFiberForceAlongTendon(self._state)
        return rows.T

    def force_velocity(self, muscle: str, speed: np.ndarray) -> np.ndarray:
        """(K,) multiplier at optimal length and normalised speeds, lengthening above 0; NaN with an elastic tendon."""
        item, figures = self._model.getMuscles().get(muscle), self.fibre(muscle)
        if figures.kind == _ELASTIC_ONLY:
            return np.full(len(speed), np.nan)
        length = float(figures.path_length(np.ones(1))[0])
        found = []
        for along in speed * figures.max_velocity * figures.optimal / np.cos(figures.pennation):
            self._put(item, length, along, figures.optimal)
            found.append(item.getForceVelocityMultiplier(self._state))
        return np.array(found)

    def _put(self, item: Any, length: float, speed: float, fibre: float) -> float:
        """Go to a muscle-tendon length in m and speed in m/s; returns the normalised fibre length that OpenSim has."""
        self._slider.setValue(self._state, float(length), False)
        self._slider.setSpeedValue(self._state, float(speed))
        if item.getConcreteClassName() == _ELASTIC_ONLY:
            self._opensim.ActivationFiberLengthMuscle.safeDownCast(item).setFiberLength(self._state, float(fibre))
        self._model.realizeVelocity(self._state)
        return float(item.getNormalizedFiberLength(self._state))


FIBRE = np.linspace(0.2, 1.8, 161)  # normalised fibre lengths at which curves are compared
SPEED = np.linspace(-1, 1, 101)  # fibre speeds at which they are, as shares of the largest; lengthening above 0
OPTIMAL = int(np.argmin(np.abs(FIBRE - 1)))


class Difference(NamedTuple):
    """A difference of two curves, % of the peak force; NaN where there is nothing to compare."""

    rms: float
    largest: float

    @staticmethod
    def of(curves: np.ndarray) -> "Difference":
        """Difference of two curves, (2, K) shares of the peak force, where both are known."""
        percent = 100 * (curves[1] - curves[0])
        percent = percent[np.isfinite(percent)]
        if not len(percent):
            return Difference(np.nan, np.nan)
        return Difference(float(np.sqrt(np.mean(percent**2))), float(np.abs(percent).max()))


@dataclass(frozen=True, eq=False, slots=True)
class MuscleCurves:
    """Curves of one muscle in OpenSim and in MuJoCo, over ``FIBRE`` and ``SPEED``.

    Both are compared at the same normalised fibre length, each as its program defines it. With optimal length l0
    and slack length lt, in OpenSim a fibre of length n l0 makes a muscle lt + l0 sqrt(n^2 - sin^2(pennation)) long;
    in MuJoCo, whose fibres lie along the tendon, the muscle's length grows in proportion to n. What that costs
    shows in ``displaced``, MuJoCo's active curve at OpenSim's muscle lengths.
    """

    name: str
    fibre: Fibre  # figures in OpenSim
    active: np.ndarray  # (2, K) OpenSim's and MuJoCo's, as shares of the peak force
    passive: np.ndarray  # (2, K) likewise
    velocity: np.ndarray  # (2, V) likewise, at optimal length
    force: np.ndarray  # (2, K) N, active force along the tendon at full activation
    lengths: np.ndarray  # (2, K) m, of the whole muscle at FIBRE
    displaced: np.ndarray  # (2, K) shares of the peak force, active, along the tendon, at equal muscle-tendon lengths
    ranges: dict[str, tuple[float, float]]  # normalised fibre lengths, lowest and highest, by what they were found in

    @property
    def peaks(self) -> list[float]:
        """Peak isometric force in OpenSim and in MuJoCo, N, each at its own optimal length."""
        return self.force[:, OPTIMAL].tolist()

    @property
    def peak_errors(self) -> list[float]:
        """Differences of the peaks, %: each at its own optimal length; both muscles as long as OpenSim's is there."""
        return [100 * float(ours / opensim - 1) for opensim, ours in (self.peaks, self.displaced[:, OPTIMAL])]

    def difference(self, curves: np.ndarray, within: str | None = None) -> Difference:
        """Difference of two curves over ``FIBRE``, in a named range of lengths or in all."""
        low, high = self.ranges[within] if within else (FIBRE[0], FIBRE[-1])
        return Difference.of(curves[:, (low <= FIBRE) & (high >= FIBRE)])


def forces_at(arm: Arm, actuator: int, length: float, speed: float = 0.0) -> tuple[float, float]:
    """Active force at full activation and passive one, N, pulling above 0, at a muscle length, m, and speed, m/s."""
    model = arm.model
    limits, unit = model.actuator_lengthrange[actuator], model.actuator_acc0[actuator]
    gain, bias = model.actuator_gainprm[actuator, :9], model.actuator_biasprm[actuator, :9]
    active = -mujoco.mju_muscleGain(length, speed, limits, unit, gain)
    return active, -mujoco.mju_muscleBias(length, limits, unit, bias)


def compare_curves(file: Path, arm: Arm, names: Sequence[str], lengths: dict[str, np.ndarray]) -> list[MuscleCurves]:
    """Curves of MuJoCo muscles; ``lengths`` are OpenSim's of the M muscles, (P, M) m, by what they were found in."""
    bench, curves = Bench(file), []
    for actuator, optimal, slack in zip(muscles_of(arm), *optimal_and_slack(arm), strict=True):
        name = arm.actuator_names[actuator]
        if name not in names:
            continue
        fibre = bench.fibre(name)
        normal = {where: fibre.fibre_length(paths[:, names.index(name)]) for where, paths in lengths.items()}
        (opensim_active, opensim_passive, force), along = bench.curves(name, FIBRE), fibre.path_length(FIBRE)
        straight = slack + FIBRE * optimal
        ours, passive = np.array([forces_at(arm, actuator, length) for length in straight]).T
        displaced = np.array([forces_at(arm, actuator, length)[0] if length > 0 else np.nan for length in along])
        speeds = SPEED * fibre.max_velocity * fibre.optimal
        moving = np.array([forces_at(arm, actuator, straight[OPTIMAL], speed)[0] for speed in speeds])
        peak = np.array([force[OPTIMAL], arm.peak_force[actuator]])
        found = MuscleCurves(
            name=name,
            fibre=fibre,
            active=np.array([opensim_active, ours / peak[1]]),
            passive=np.array([opensim_passive, passive / peak[1]]),
            velocity=np.array([bench.force_velocity(name, SPEED), moving / ours[OPTIMAL]]),
            force=np.array([force, ours]),
            lengths=np.array([along, straight]),
            displaced=np.array([force, displaced]) / peak[:, None],
            ranges={where: (float(values.min()), float(values.max())) for where, values in normal.items()},
        )
        curves.append(found)
    return sorted(curves, key=lambda found: names.index(found.name))
