"""The muscles of an arm: which actuators are muscles, their fibres and tendons, and what their sense organs need."""

from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.arrays import compact
from mousearm.model.arm import Arm, peak_isometric_force
from mousearm.senses import Anatomy, SensesConfig

_LMIN, _LMAX, _VMAX, _FPMAX, _FVMAX = range(4, 9)  # columns of MuJoCo's muscle parameters


def muscles_of(arm: Arm) -> np.ndarray:
    """Indices (M,) of the actuators that are MuJoCo muscles, among ``nu``."""
    return np.flatnonzero(arm.model.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE)


def feeling_muscles(arm: Arm) -> np.ndarray:
    """Those of them, (M,), that have an activation, and so sense organs."""
    muscles = muscles_of(arm)
    return muscles[arm.model.actuator_actadr[muscles] >= 0]


def optimal_and_slack(arm: Arm) -> tuple[np.ndarray, np.ndarray]:
    """Optimal fibre lengths (M,) and tendon slack lengths (M,) of all muscles, m.

    With ``lengthrange`` (a, b) and ``range`` (r, s) the optimal length is l0 = (b - a) / (s - r) and the slack length
    a - r l0 (MuJoCo, XML reference, actuator/muscle).
    """
    muscles = muscles_of(arm)
    prm, limits = arm.model.actuator_gainprm[muscles], arm.model.actuator_lengthrange[muscles]
    optimal = np.ptp(limits, axis=1) / np.maximum(prm[:, 1] - prm[:, 0], mujoco.mjMINVAL)
    return optimal, limits[:, 0] - prm[:, 0] * optimal


class FibreState(NamedTuple):
    """Fibres of N arms, (N, nu) each; 0 for actuators that are none of the `feeling_muscles`."""

    length: np.ndarray  # in optimal fibre lengths
    velocity: np.ndarray  # in these per s, positive where it lengthens
    tension: np.ndarray  # N, positive where it pulls


class Fibres:
    """Fibres of an arm's muscles, from the paths from origin to insertion and the activations: MuJoCo's muscle.

    The tendon is rigid: with the slack length s and the optimal fibre length l0 of `optimal_and_slack`, a path of
    length L has fibres of l = (L - s) / l0, which lengthen at v = (dL/dt) / l0. The tension is
    peak a FL(l) FV(v / vmax) + peak FP(l), with the activation a and the curves of mju_muscleGain and mju_muscleBias.
    """

    def __init__(self, arm: Arm):
        """Look up the constants."""
        model, self._muscles, self._nu = arm.model, feeling_muscles(arm), arm.nu
        optimal, slack = (part[np.isin(muscles_of(arm), self._muscles)] for part in optimal_and_slack(arm))
        self._slack, self._per_m = slack, 1 / np.maximum(optimal, mujoco.mjMINVAL)
        self._states = model.actuator_actadr[self._muscles]
        self._gain, bias = model.actuator_gainprm[self._muscles].T, model.actuator_biasprm[self._muscles].T
        self._peak, unit = peak_isometric_force(model)[self._muscles], model.actuator_acc0[self._muscles]
        stretched = model.actuator_biastype[self._muscles] == mujoco.mjtBias.mjBIAS_MUSCLE
        derived = bias[3] / np.maximum(unit, mujoco.mjMINVAL)
        self._passive = np.where(stretched, np.where(bias[2] >= 0, bias[2], derived), 0.0)
        self._bias = bias
        limited = model.actuator_forcelimited[self._muscles] > 0
        low, high = np.where(limited[:, None], model.actuator_forcerange[self._muscles], (-np.inf, np.inf)).T
        self._least, self._most = -high, -low

    def of(self, length: np.ndarray, rate: np.ndarray, activation: np.ndarray) -> FibreState:
        """The fibres of paths (N, nu) of lengths in m and their rates in m/s, and of activations (N, na)."""
        fibre = (length[:, self._muscles] - self._slack) * self._per_m
        velocity, driven = rate[:, self._muscles] * self._per_m, activation[:, self._states]
        speed = force_by_speed(velocity / self._gain[_VMAX], self._gain[_FVMAX])
        active = driven * force_by_length(fibre, self._gain[_LMIN], self._gain[_LMAX]) * speed
        tension = self._peak * active + self._passive * passive_force(fibre, self._bias[_LMAX], self._bias[_FPMAX])
        parts = fibre, velocity, np.clip(tension, self._least, self._most)
        return FibreState(*(self._of_actuators(part) for part in parts))

    def _of_actuators(self, values: np.ndarray) -> np.ndarray:
        """(N, nu) from those of the muscles, (N, M)."""
        whole = np.zeros((len(values), self._nu))
        whole[:, self._muscles] = values
        return whole


def force_by_length(length: np.ndarray, lmin: np.ndarray, lmax: np.ndarray) -> np.ndarray:
    """Active force relative to the peak, (N, M), at fibre lengths (N, M): MuJoCo's FL, four parabolas."""
    end = np.where(length <= 1.0, lmin, lmax)
    toward = np.maximum((length - end) / (1.0 - end), 0.0)  # 0 at the end of the range, 1 at the optimum
    return np.where(toward <= 0.5, 2.0 * toward**2, 1.0 - 2.0 * (1.0 - toward) ** 2)


def force_by_speed(speed: np.ndarray, fvmax: np.ndarray) -> np.ndarray:
    """Active force relative to that at rest, (N, M), at speeds (N, M) of -1 (fastest shortening): MuJoCo's FV."""
    bend = fvmax - 1.0
    slower = np.maximum(speed + 1.0, 0.0) ** 2
    return np.where(speed <= 0.0, slower, fvmax - np.maximum(bend - speed, 0.0) ** 2 / bend)


def passive_force(length: np.ndarray, lmax: np.ndarray, fpmax: np.ndarray) -> np.ndarray:
    """Force of stretch relative to the peak, (N, M), at fibre lengths (N, M): MuJoCo's FP, bent, then straight."""
    stretch = np.maximum(length - 1.0, 0.0) / (0.5 * (lmax - 1.0))
    return fpmax * np.where(stretch <= 1.0, 0.5 * stretch**2, stretch - 0.5)


def anatomy_of(simulated: Arm, senses: SensesConfig, intact: Arm | None = None) -> Anatomy:
    """Constants of an arm that observation terms need; with the peak forces of the intact one, None for itself."""
    model, muscles = simulated.model, feeling_muscles(simulated)
    gain = model.actuator_gainprm[muscles]
    return Anatomy(
        muscles=compact(muscles),
        states=compact(model.actuator_actadr[muscles]),
        peak=(intact or simulated).peak_force[muscles],
        vmax=gain[:, _VMAX],
        rest=gain[:, :2].mean(axis=1),
        senses=senses,
    )
