"""The mechanics of an arm in a given state, one state at a time: moment arms, actuator forces, needed torques."""

import copy
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import lsq_linear
from scipy.signal import savgol_filter

from mousearm.model import Arm
from mousearm.retarget import Reference

# Savitzky-Golay filter of the derivatives: at 150 Hz it spans 60 ms and follows movements up to about 30 Hz.
_WINDOW_FRAMES, _ORDER = 9, 4
# Weight of the smallest solution among all that give the torque; far below what the checks can see.
_EFFORT_WEIGHT = 1e-3


class Motion(NamedTuple):
    """Joint positions, velocities and accelerations, each (T, nq), in rad, rad/s and rad/s2."""

    qpos: np.ndarray
    qvel: np.ndarray
    qacc: np.ndarray


class Bounds(NamedTuple):
    """What the actuators can do in one state: torque = offset + share @ gain, 0 <= share <= 1.

    Attributes:
        offset: (nv,) N m with every actuator at its lowest control.
        gain: (nu, nv) N m that each adds on its way from the lowest to the highest control.
    """

    offset: np.ndarray
    gain: np.ndarray

    def torque(self) -> np.ndarray:
        """(nv, 2) lowest and highest torque of each joint alone, N m.

        For muscles that is the sum over muscles of the negative, or positive, parts of moment arm times force.
        """
        low = self.offset + np.minimum(self.gain, 0).sum(axis=0)
        return np.stack([low, self.offset + np.maximum(self.gain, 0).sum(axis=0)], axis=1)

    def share(self, torque: np.ndarray, scale: np.ndarray, limits: ArrayLike = ((0.0,), (1.0,))) -> np.ndarray:
        """Static optimisation: the shares, (nu,), that come closest to a torque, (nv,) N m.

        Bounded least squares of (torque - offset - share @ gain) / scale; the smallest of equally good solutions.

        Args:
            torque: (nv,) N m.
            scale: (nv,) N m, what counts as a large error of each joint.
            limits: lowest and highest shares, each (nu,) or one for all; within 0 to 1.
        """
        low, high = np.broadcast_to(limits, (2, len(self.gain)))
        rows = np.concatenate([self.gain.T / scale[:, None], _EFFORT_WEIGHT * np.eye(len(self.gain))])
        wanted = np.concatenate([(torque - self.offset) / scale, np.zeros(len(self.gain))])
        return np.asarray(lsq_linear(rows, wanted, bounds=(low, high), method="bvls", tol=1e-12).x)


class Probe:
    """Puts an arm into states and reads off its mechanics.

    Joint limits and contacts are switched off: what is asked is what the actuators must do alone.
    """

    def __init__(self, arm: Arm):
        """Prepare; the arm's model is copied."""
        self._arm = arm
        self._model = copy.copy(arm.model)
        self._model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_LIMIT | mujoco.mjtDisableBit.mjDSBL_CONTACT
        self._data = mujoco.MjData(self._model)
        self._drives = [_drive(arm, end) for end in (0, 1)]

    def needed(self, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray) -> np.ndarray:
        """Inverse dynamics: the torque that this acceleration takes, (nv,) N m; gravity and passive forces included."""
        self._data.qpos[:], self._data.qvel[:], self._data.qacc[:] = qpos, qvel, qacc
        mujoco.mj_inverse(self._model, self._data)
        return self._data.qfrc_inverse.copy()

    def needed_along(self, motion: Motion) -> np.ndarray:
        """``needed`` of every frame, (T, nv) N m."""
        return np.stack([self.needed(*state) for state in zip(*motion, strict=True)])

    def path(self, qpos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Actuator lengths, (nu,) m for muscles, and moment arms d length / d q, (nu, nv) m; both times gear."""
        self._data.qpos[:] = qpos
        self._data.qvel[:] = 0
        mujoco.mj_fwdPosition(self._model, self._data)
        return self._data.actuator_length.copy(), self._moment()

    def forces(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """(2, nu) actuator forces at the lowest and at the highest control, activations having followed."""
        self._data.qpos[:], self._data.qvel[:] = qpos, qvel
        mujoco.mj_fwdPosition(self._model, self._data)
        mujoco.mj_fwdVelocity(self._model, self._data)
        forces = np.empty((2, self._arm.nu))
        for row, (ctrl, act) in zip(forces, self._drives, strict=True):
            self._data.ctrl[:], self._data.act[:] = ctrl, act
            mujoco.mj_fwdActuation(self._model, self._data)
            row[:] = self._data.actuator_force
        return forces

    def bounds(self, qpos: np.ndarray, qvel: np.ndarray) -> Bounds:
        """What the actuators can do in a state; a muscle's force at that length and speed."""
        low, high = self.forces(qpos, qvel)
        moment = self._moment()
        return Bounds(low @ moment, (high - low)[:, None] * moment)

    def _moment(self) -> np.ndarray:
        moment = np.zeros((self._arm.nu, self._model.nv))
        d = self._data
        mujoco.mju_sparse2dense(moment, d.actuator_moment, d.moment_rownnz, d.moment_rowadr, d.moment_colind)
        return moment


def motion_of(reference: Reference, control_dt: float) -> Motion:
    """A reference with smooth derivatives: local polynomials of 9 frames, exact up to order 4."""
    window = min(_WINDOW_FRAMES, (reference.n_frames - 1) // 2 * 2 + 1)
    order = min(_ORDER, window - 1)
    qvel, qacc = (
        np.asarray(savgol_filter(reference.qpos, window, order, deriv=deriv, delta=control_dt, axis=0))
        for deriv in (1, 2)
    )
    return Motion(reference.qpos, qvel, qacc)


def random_poses(arm: Arm, n: int, seed: int) -> np.ndarray:
    """Poses, (n, nq), spread evenly over the joint ranges; a joint without one turns half a turn either way."""
    low, high = arm.qpos_range.T
    low = np.where(np.isfinite(low), low, arm.rest_qpos - np.pi)
    high = np.where(np.isfinite(high), high, arm.rest_qpos + np.pi)
    return np.random.default_rng(seed).uniform(low, high, (n, arm.nq))


def muscles_of(arm: Arm) -> np.ndarray:
    """Indices of the actuators that are MuJoCo muscles."""
    return np.flatnonzero(arm.model.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE)


def _drive(arm: Arm, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Controls (nu,) and activations (na,) at the lowest (0) or highest (1) end of their ranges."""
    model, act = arm.model, np.zeros(arm.na)
    for i in np.flatnonzero(model.actuator_actadr >= 0):
        limits = model.actuator_actrange[i] if model.actuator_actlimited[i] else arm.ctrl_range[i]
        last = model.actuator_actadr[i] + model.actuator_actnum[i] - 1  # the one that force is made of
        act[last] = limits[end]
    return arm.ctrl_range[:, end], act
