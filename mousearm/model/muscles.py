"""The muscles of an arm: which actuators are muscles, their fibres and tendons, and what their sense organs need."""

import mujoco
import numpy as np

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


class Fibres:
    """Lengths and velocities of the fibres of an arm's muscles, from those of the paths from origin to insertion.

    The tendon is rigid, as in MuJoCo: with the slack length s and the optimal fibre length l0 of `optimal_and_slack`
    a path of length L has fibres of (L - s) / l0, and dL/dt moves them at (dL/dt) / l0 per s.
    """

    def __init__(self, arm: Arm):
        """Look up the constants; those of actuators that are no muscles are such that all is 0."""
        muscles, (optimal, slack) = muscles_of(arm), optimal_and_slack(arm)
        self._slack, self._per_m = np.zeros((2, arm.nu))
        self._slack[muscles], self._per_m[muscles] = slack, 1 / np.maximum(optimal, mujoco.mjMINVAL)

    def of(self, length: np.ndarray, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lengths and velocities of fibres, (N, nu) in optimal fibre lengths (and per s), of paths in m and m/s."""
        return (length - self._slack) * self._per_m, rate * self._per_m


def anatomy_of(arm: Arm, senses: SensesConfig, intact: Arm | None = None) -> Anatomy:
    """What the terms of the observation need of an arm: constants of its `feeling_muscles`.

    Forces are given relative to the peak forces of the intact arm, None for this one.
    """
    model, muscles = arm.model, feeling_muscles(arm)
    gain, bias = model.actuator_gainprm[muscles], model.actuator_biasprm[muscles]
    stretched = model.actuator_biastype[muscles] == mujoco.mjtBias.mjBIAS_MUSCLE
    peak, unit = peak_isometric_force(model)[muscles], (intact or arm).peak_force[muscles]
    derived = bias[:, 3] / np.maximum(model.actuator_acc0[muscles], mujoco.mjMINVAL)
    passive = np.where(bias[:, 2] >= 0, bias[:, 2], derived)
    return Anatomy(
        muscles=muscles,
        states=np.array(model.actuator_actadr[muscles], dtype=int),
        peak=peak / unit,
        passive=np.where(stretched, passive, 0.0) / unit,
        lmin=gain[:, _LMIN],
        lmax=gain[:, _LMAX],
        vmax=gain[:, _VMAX],
        fvmax=gain[:, _FVMAX],
        fpmax=bias[:, _FPMAX],
        senses=senses,
    )
