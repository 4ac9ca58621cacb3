"""The mechanics of an arm in given states, any number at once: masses, moment arms, actuator forces, needed torques."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import daqp
import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import ArrayLike

from mousearm.errors import ModelError
from mousearm.model import Arm
from mousearm.model.arm import body_of
from mousearm.trajectory import ELBOW, FOLLOWED, LANDMARKS

# Savitzky-Golay filter of the derivatives: at 150 Hz it spans 60 ms and follows movements up to about 30 Hz.
_WINDOW_FRAMES, _ORDER = 9, 4
# Bound to the batch from the start: what is bound later holds nothing before the next call.
_INPUTS = ("qpos", "qvel", "ctrl", "act")
_OUTPUTS = ("M", "qfrc_bias", "qfrc_passive", "actuator_length", "actuator_moment", "actuator_force", "qacc")


class Motion(NamedTuple):
    """Joint positions, velocities and accelerations, each (T, nq), in rad, rad/s and rad/s2 (m for slide joints)."""

    qpos: np.ndarray
    qvel: np.ndarray
    qacc: np.ndarray


class Bounds(NamedTuple):
    """Torques that the actuators can produce in a state: torque = offset + share @ gain, 0 <= share <= 1.

    The share of a muscle is its activation, between the lowest and the highest; that of a motor its control. The force
    is linear in it, at the muscle's length and speed in that state. ``...`` stands for any number of states.
    """

    offset: np.ndarray  # (..., nv) N m with every actuator at its lowest control
    gain: np.ndarray  # (..., nu, nv) N m that each adds on its way from the lowest to the highest control

    def range(self) -> np.ndarray:
        """Lowest and highest torque of each joint, (..., nv, 2) N m, whatever the others then get.

        For muscles that is the sum over muscles of the negative, or positive, parts of moment arm times force.
        """
        low = self.offset + np.minimum(self.gain, 0).sum(axis=-2)
        return np.stack([low, self.offset + np.maximum(self.gain, 0).sum(axis=-2)], axis=-1)

    def torque(self, share: np.ndarray) -> np.ndarray:
        """Torques (..., nv), N m, that shares (..., nu) give."""
        return self.offset + np.matvec(self.gain.mT, share)

    def static_optimization(
        self,
        torque: np.ndarray,
        weight: np.ndarray,
        effort: ArrayLike,
        limits: tuple[ArrayLike, ArrayLike] | np.ndarray = (0.0, 1.0),
    ) -> np.ndarray:
        """The shares (..., nu) that come close to torques with little effort.

        They minimise |weight (torque - offset - share @ gain)|^2 + |effort share|^2 within limits: static optimisation
        with the sum of squared activations (Anderson and Pandy 2001, J Biomech 34:153-161), in which the torque is
        wanted, not demanded. Each state is a convex quadratic programme, solved by DAQP (Arnström, Bemporad and Axehill
        2022, IEEE Trans Autom Control 67:4362-4369).

        Args:
            torque: (..., nv) N m.
            weight: (..., k, nv) per N m: what k combinations of torques are worth.
            effort: (nu,) or one for all, above 0.
            limits: lowest and highest shares, each (..., nu) or one for all.

        Raises:
            ModelError: there is no solution: a state is not finite, or limits are in the wrong order.
        """
        *lead, nu, nv = self.gain.shape
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
            rows = (weight @ self.gain.mT).reshape(-1, weight.shape[-2], nu)
            wanted = np.matvec(weight, torque - self.offset).reshape(len(rows), -1)
            hessian = rows.mT @ rows + np.diag(np.broadcast_to(np.square(effort), nu))
            slope = -np.vecmat(wanted, rows)
        low, high = (np.array(np.broadcast_to(limit, (*lead, nu))).reshape(-1, nu) for limit in limits)
        none, kinds = np.zeros((0, nu)), np.zeros(nu, dtype=np.int32)
        shares, solved = np.empty_like(slope), np.isfinite(slope).all(axis=1)
        for i in np.flatnonzero(solved):
            for scale in (1.0, 1 / np.abs(hessian[i]).max()):  # its tolerances are absolute
                shares[i], _, flag, _ = daqp.solve(scale * hessian[i], scale * slope[i], none, high[i], low[i], kinds)
                if flag == 1:
                    break
            solved[i] = flag == 1
        if not solved.all():
            raise ModelError(
                f"The torque {torque.reshape(-1, nv)[solved.argmin()]} N m cannot be shared out among the actuators: "
                "it or the state of the arm is not finite, or a lower limit is above an upper one."
            )
        return np.clip(shares.reshape(*lead, nu), low.reshape(*lead, nu), high.reshape(*lead, nu))


class Dynamics(NamedTuple):
    """Equation of motion of an arm in a state: mass qacc + bias = torque of the actuators.

    Where joints follow others, it is that of the free joints; rows of the others are 0. ``...``: any number of states.
    """

    mass: np.ndarray  # (..., nv, nv) kg m2, of segments and armature
    bias: np.ndarray  # (..., nv) N m: gravity, Coriolis forces and passive forces of the joints
    bounds: Bounds  # what the actuators can give

    def needed(self, qacc: np.ndarray) -> np.ndarray:
        """Inverse dynamics: the torques (..., nv), N m, that accelerations (..., nv), rad/s2, take."""
        return np.matvec(self.mass, qacc) + self.bias

    def mobility(self) -> np.ndarray:
        """Inverse of the mass, (..., nv, nv) 1 / (kg m2): rad/s2 per N m; 0 for joints that follow others."""
        return _inverse(self.mass)


def _inverse(mass: np.ndarray) -> np.ndarray:
    following = np.eye(mass.shape[-1]) * (np.diagonal(mass, axis1=-2, axis2=-1) == 0)[..., None]
    return np.linalg.inv(mass + following) - following if following.any() else np.linalg.inv(mass)


class ArmDynamics:
    """Puts an arm into states and reads off its mechanics, as MuJoCo computes them.

    States are joint positions and velocities, arrays (..., nq) and (..., nv) in rad and rad/s (m and m/s for slide
    joints), of any number at once. Joint limits, contacts and other constraints are switched off: torques are those of
    the actuators alone. Where joints follow others, all is said of the free joints: a torque is what reaches them
    through those that follow.
    """

    def __init__(self, arm: Arm):
        """Prepare for an arm, whose model is copied, so that nothing done here changes it."""
        self._model = copy.copy(arm.model)
        self._model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
        active = np.flatnonzero(arm.model.actuator_actadr >= 0)
        act = np.zeros((2, arm.na))
        last = arm.model.actuator_actadr[active] + arm.model.actuator_actnum[active] - 1  # what force is made of
        act[:, last] = drive_range(arm)[active].T
        self._ends = list(zip(arm.ctrl_range.T, act, strict=True))
        self._couplings = arm.couplings
        self._bodies = [body_of(arm.model, arm.landmarks[name]) for name in LANDMARKS[FOLLOWED]]
        data = mujoco.MjData(self._model)
        mujoco.mj_forward(self._model, data)
        # Which elements of the sparse matrices are stored; that depends on the model alone.
        rows = np.repeat(np.arange(arm.nu), data.moment_rownnz)
        before = np.cumsum(data.moment_rownnz) - data.moment_rownnz
        self._stored = np.arange(len(rows)) + (data.moment_rowadr - before)[rows]
        self._moment_at = rows, data.moment_colind[self._stored]
        self._mass_at = np.repeat(np.arange(arm.nq), self._model.M_rownnz), self._model.M_colind.copy()
        self._resize(1)

    def dynamics(self, qpos: np.ndarray, qvel: np.ndarray) -> Dynamics:
        """The equation of motion in states (..., nq) rad and (..., nv) rad/s, and what the actuators can give there.

        A muscle's force is that at its length and speed in the state.
        """
        forces, moment, mass = self.forces(qpos, qvel), self._moment(), self._mass()
        low, high = forces[..., 0, :], forces[..., 1, :]
        offset, gain = np.vecmat(low, moment), (high - low)[..., None] * moment
        bias = self._read("qfrc_bias") - self._read("qfrc_passive")
        if not self._couplings:
            return Dynamics(mass, bias, Bounds(offset, gain))
        # The others follow the free joints: qacc = slopes qacc + bends. Constraints do no work, so torques go with the
        # transpose: those of the joints that follow are 0, as are their rows and columns of the mass.
        slopes, bends = self._couplings.derivatives(qpos, qvel)
        bias = np.vecmat(np.matvec(mass, bends) + bias, slopes)
        return Dynamics(slopes.mT @ mass @ slopes, bias, Bounds(np.vecmat(offset, slopes), gain @ slopes))

    def acceleration(self, qpos: np.ndarray, qvel: np.ndarray, activation: np.ndarray, ctrl: np.ndarray) -> np.ndarray:
        """Forward dynamics: accelerations (..., nv), rad/s2.

        Args:
            qpos: (..., nq) rad.
            qvel: (..., nv) rad/s.
            activation: (..., na), of muscles 0 to 1; it decides their force.
            ctrl: (..., nu), of actuators without activation; of the others it is not looked at.
        """
        self._put(qpos, qvel)
        self._fields["act"][:] = activation.reshape(self._fields["act"].shape)
        self._fields["ctrl"][:] = ctrl.reshape(self._fields["ctrl"].shape)
        self._batch.forward()
        qacc = self._read("qacc")
        if not self._couplings:
            return qacc
        # Without the constraints' forces M qacc = f. With them T' M (T v + b) = T' f, v being that of the free joints.
        (slopes, bends), mass = self._couplings.derivatives(qpos, qvel), self._mass()
        driven = np.vecmat(np.matvec(mass, qacc - bends), slopes)
        return np.matvec(slopes, np.matvec(_inverse(slopes.mT @ mass @ slopes), driven)) + bends

    def following(self, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray) -> np.ndarray:
        """Complete accelerations (..., nv), rad/s2: joints that follow others get what the free ones make them do.

        With T the derivatives of all joints by the free ones, and b what their change in time adds, it is T qacc + b.
        """
        if not self._couplings:
            return qacc
        slopes, bends = self._couplings.derivatives(qpos, qvel)
        return np.matvec(slopes, qacc) + bends

    def path(self, qpos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lengths of actuators (..., nu) in poses (..., nq) rad, and d length / d q, (..., nu, nv).

        For muscles these are m, of the whole path, and m/rad, the moment arm in MuJoCo's sign: negative where pull
        gives positive torque. For motors they are the joint's angle and 1. All are multiplied by the actuator's gear.
        """
        self._put(qpos, np.zeros_like(qpos))
        self._batch.forward(stage=mujoco.mjtStage.mjSTAGE_POS)
        return self._read("actuator_length"), self._moment()

    def forces(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Forces of actuators (..., 2, nu) in states (..., nq) rad, (..., nv) rad/s: at lowest and highest control.

        Activations have followed. A muscle's force is in N, below 0 where it pulls; a motor's is what gear makes N m.
        """
        self._put(qpos, qvel)
        forces = []
        for ctrl, act in self._ends:
            self._fields["ctrl"][:], self._fields["act"][:] = ctrl, act
            self._batch.forward()
            forces.append(self._read("actuator_force"))
        return np.stack(forces, axis=-2)

    def landmark_jacobian(self, qpos: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Jacobian of elbow and paw, (..., 6, nv) m/rad: x, y, z of the elbow, then of the paw; world.

        ``landmarks``, (..., 3, 3) m, are shoulder, elbow and paw in the poses ``qpos``, (..., nq) rad.
        """
        self._put(qpos, np.zeros_like(qpos))
        points = landmarks.reshape(-1, 3, 3)
        jacobians = [self._batch.jac(body, points[:, ELBOW + i])[0] for i, body in enumerate(self._bodies)]
        jacobian = np.concatenate(jacobians, axis=1).reshape(*self._lead, 6, -1)
        return jacobian @ self._couplings.derivatives(qpos, qpos)[0] if self._couplings else jacobian

    def _put(self, qpos: np.ndarray, qvel: np.ndarray) -> None:
        self._lead, states = qpos.shape[:-1], qpos.reshape(-1, self._model.nq)
        if len(states) != self._batch.nsim:
            self._resize(len(states))
        self._fields["qpos"][:], self._fields["qvel"][:] = states, qvel.reshape(states.shape)

    def _resize(self, n: int) -> None:
        self._batch = Batch(self._model, nsim=n, nthread=1)
        self._fields = {name: self._batch.bind(name) for name in (*_INPUTS, *_OUTPUTS)}

    def _read(self, name: str) -> np.ndarray:
        return self._fields[name].reshape(*self._lead, -1).copy()

    def _mass(self) -> np.ndarray:
        (row, column), nv = self._mass_at, self._model.nv
        mass = np.zeros((self._batch.nsim, nv, nv))
        mass[:, row, column] = mass[:, column, row] = self._fields["M"]
        return mass.reshape(*self._lead, nv, nv)

    def _moment(self) -> np.ndarray:
        moment = np.zeros((self._batch.nsim, self._model.nu, self._model.nv))
        moment[:, *self._moment_at] = self._fields["actuator_moment"][:, self._stored]
        return moment.reshape(*self._lead, *moment.shape[1:])


def motions_of(paths: Sequence[np.ndarray], control_dt: float) -> Motion:
    """Joint positions with smooth derivatives, one path after the other.

    The derivatives are those of local polynomials of 9 frames, exact up to order 4 (Savitzky and Golay 1964, Anal Chem
    36:1627-1639); of shorter paths, those of fewer frames.

    Args:
        paths: joint positions, (T, nq) rad each.
        control_dt: time from one frame to the next [s].

    Returns:
        Arrays (sum of T, nq).
    """
    from scipy.signal import savgol_filter  # slow to import

    motions = []
    for qpos in paths:
        window = min(_WINDOW_FRAMES, (len(qpos) - 1) // 2 * 2 + 1)
        smooth = partial(savgol_filter, qpos, window, min(_ORDER, window - 1), delta=control_dt, axis=0)
        motions.append((qpos, smooth(deriv=1), smooth(deriv=2)))
    return Motion(*map(np.concatenate, zip(*motions, strict=True)))


def finite_range(arm: Arm) -> np.ndarray:
    """Joint ranges (nq, 2), rad; a joint without one turns half a turn either way from its rest."""
    return np.where(np.isfinite(arm.qpos_range), arm.qpos_range, arm.rest_qpos[:, None] + [-np.pi, np.pi])


def random_poses(arm: Arm, n: int, seed: int) -> np.ndarray:
    """Poses (n, nq), rad, drawn evenly from `finite_range`; joints that follow others do so."""
    low, high = finite_range(arm).T
    return arm.couplings.complete(np.random.default_rng(seed).uniform(low, high, (n, arm.nq)))


def drive_range(arm: Arm) -> np.ndarray:
    """Activation, or else control, at the lowest and at the highest control, (nu, 2)."""
    limited = (arm.model.actuator_actadr >= 0) & (arm.model.actuator_actlimited > 0)
    return np.where(limited[:, None], arm.model.actuator_actrange, arm.ctrl_range)
