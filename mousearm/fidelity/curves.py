"""Force curves of OpenSim's muscles and of ours: force-length, force-velocity, passive force-length."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.fidelity.bench import Bench, Fibre
from mousearm.mechanics import muscles_of
from mousearm.model import Arm

FIBRE = np.linspace(0.2, 1.8, 161)
"""Normalised fibre lengths at which curves are compared."""

SPEED = np.linspace(-1, 1, 101)
"""Fibre speeds at which they are compared, as shares of the largest; lengthening above 0."""

_OPTIMAL = int(np.argmin(np.abs(FIBRE - 1)))


class Spread(NamedTuple):
    """A difference over some lengths or speeds, % of the peak force; NaN where there is nothing to compare."""

    rms: float
    largest: float


@dataclass(frozen=True, eq=False, slots=True)
class MuscleCurves:
    """Curves of one muscle in both programs, over ``FIBRE`` and ``SPEED``.

    Both are compared at the same normalised fibre length, each in its own terms. With optimal length l0 and slack
    length lt, in OpenSim a fibre of length n l0 makes a muscle lt + l0 sqrt(n^2 - sin^2(pennation)) long; in MuJoCo,
    whose fibres lie along the tendon, the muscle's length grows in proportion to n. What that costs shows in
    ``displaced``, MuJoCo's active curve at OpenSim's muscle lengths.

    Attributes:
        name: of the muscle.
        fibre: its figures in OpenSim.
        active, passive: (2, K) OpenSim's and MuJoCo's, as shares of the peak force.
        velocity: (2, V) likewise, at optimal length.
        force: (2, K) N, active force along the tendon at full activation.
        lengths: (2, K) m, of the whole muscle at ``FIBRE``.
        displaced: (2, K) active force along the tendon at equal muscle-tendon lengths, as shares of the peak force.
        ranges: normalised fibre lengths, lowest and highest, by what they were found in.
    """

    name: str
    fibre: Fibre
    active: np.ndarray
    passive: np.ndarray
    velocity: np.ndarray
    force: np.ndarray
    lengths: np.ndarray
    displaced: np.ndarray
    ranges: dict[str, tuple[float, float]]

    @property
    def peaks(self) -> tuple[float, float]:
        """Peak isometric force in OpenSim and in MuJoCo, N, each at its own optimal length."""
        opensim, ours = self.force[:, _OPTIMAL]
        return float(opensim), float(ours)

    @property
    def optimal_lengths(self) -> tuple[float, float]:
        """Length of the whole muscle in OpenSim and in MuJoCo with fibres of optimal length, m."""
        opensim, ours = self.lengths[:, _OPTIMAL]
        return float(opensim), float(ours)

    @property
    def peak_error(self) -> float:
        """Difference of the peaks, %."""
        opensim, ours = self.peaks
        return 100 * (ours / opensim - 1)

    @property
    def peak_error_displaced(self) -> float:
        """The same with MuJoCo's muscle as long as OpenSim's is at its peak, %."""
        opensim, ours = self.displaced[:, _OPTIMAL]
        return 100 * float(ours / opensim - 1)

    def spread(self, curves: np.ndarray, within: str | None = None) -> Spread:
        """How far two curves over ``FIBRE`` are apart, in a named range of lengths or in all."""
        low, high = self.ranges[within] if within else (FIBRE[0], FIBRE[-1])
        return spread(curves[:, (low <= FIBRE) & (high >= FIBRE)])


def compare_curves(file: Path, arm: Arm, names: Sequence[str], lengths: dict[str, np.ndarray]) -> list[MuscleCurves]:
    """Curves of the muscles that both programs have.

    Args:
        file: the OpenSim model.
        arm: ours.
        names: muscles, M of them.
        lengths: muscle-tendon lengths in OpenSim, (P, M) m, by what they were found in, such as "the joint ranges".

    Raises:
        ModelError: if OpenSim is not installed or cannot use the file.
    """
    bench = Bench(file)
    ours = {arm.actuator_names[i]: int(i) for i in muscles_of(arm)}
    found = []
    for m, name in enumerate(names):
        if name in ours:
            fibre = bench.fibre(name)
            normal = {where: fibre.fibre_length(table[:, m]) for where, table in lengths.items()}
            ranges = {where: (float(values.min()), float(values.max())) for where, values in normal.items()}
            found.append(_compare(bench, fibre, arm, ours[name], ranges))
    return found


def spread(curves: np.ndarray) -> Spread:
    """How far two curves, (2, K) shares of the peak force, are apart where both are known."""
    difference = 100 * (curves[1] - curves[0])
    difference = difference[np.isfinite(difference)]
    if not len(difference):
        return Spread(np.nan, np.nan)
    return Spread(float(np.sqrt(np.mean(difference**2))), float(np.abs(difference).max()))


def length_at(arm: Arm, actuator: int, fibre: np.ndarray) -> np.ndarray:
    """Lengths, m, at which a MuJoCo muscle has normalised fibre lengths: from ``range`` at ``lengthrange``."""
    short, long = arm.model.actuator_lengthrange[actuator]
    low, high = arm.model.actuator_gainprm[actuator, :2]
    return short + (fibre - low) * (long - short) / (high - low)


def forces_at(arm: Arm, actuator: int, length: float, speed: float = 0.0) -> tuple[float, float]:
    """Active force at full activation and passive force of a MuJoCo muscle, N; pulling is above 0.

    Args:
        arm: ours.
        actuator: its index.
        length: muscle-tendon length, m.
        speed: of lengthening, m/s.
    """
    model = arm.model
    limits, unit = model.actuator_lengthrange[actuator], model.actuator_acc0[actuator]
    gain, bias = model.actuator_gainprm[actuator, :9], model.actuator_biasprm[actuator, :9]
    active = -mujoco.mju_muscleGain(length, speed, limits, unit, gain)
    return active, -mujoco.mju_muscleBias(length, limits, unit, bias)


def _compare(
    bench: Bench, fibre: Fibre, arm: Arm, actuator: int, ranges: dict[str, tuple[float, float]]
) -> MuscleCurves:
    name = arm.actuator_names[actuator]
    opensim, along = bench.curves(name, FIBRE), fibre.path_length(FIBRE)
    straight = length_at(arm, actuator, FIBRE)
    ours, passive = np.array([forces_at(arm, actuator, length) for length in straight]).T
    displaced = np.array([forces_at(arm, actuator, length)[0] if length > 0 else np.nan for length in along])
    speeds = SPEED * fibre.max_velocity * fibre.optimal
    moving = np.array([forces_at(arm, actuator, straight[_OPTIMAL], speed)[0] for speed in speeds])
    peak = np.array([opensim.force[_OPTIMAL], arm.peak_force[actuator]])
    return MuscleCurves(
        name=name,
        fibre=fibre,
        active=np.array([opensim.active, ours / peak[1]]),
        passive=np.array([opensim.passive, passive / peak[1]]),
        velocity=np.array([bench.force_velocity(name, SPEED), moving / ours[_OPTIMAL]]),
        force=np.array([opensim.force, ours]),
        lengths=np.array([along, straight]),
        displaced=np.array([opensim.force, displaced]) / peak[:, None],
        ranges=ranges,
    )
