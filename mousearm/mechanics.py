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
    """Joint positions, velocities and accelerations, each (T, nq), in rad, rad/s and rad/s2."""

    qpos: np.ndarray
    qvel: np.ndarray
    qacc: np.ndarray


class Bounds(NamedTuple):
    """Limits of the actuators in a state: torque = offset + share @ gain, 0 <= share <= 1."""

    offset: np.ndarray  # (..., nv) N m with every actuator at its lowest control
    gain: np.ndarray  # (..., nu, nv) N m that each adds on its way from the lowest to the highest control

    def range(self) -> np.ndarray:
        """(..., nv, 2) lowest and highest torque of each joint alone, N m.

        For muscles that is the sum over muscles of the negative, or positive, parts of moment arm times force.
        """
        low = self.offset + np.minimum(self.gain, 0).sum(axis=-2)
        return np.stack([low, self.offset + np.maximum(self.gain, 0).sum(axis=-2)], axis=-1)

    def torque(self, share: np.ndarray) -> np.ndarray:
        """(..., nv) N m that shares, (..., nu), give."""
        return self.offset + np.matvec(self.gain.mT, share)

    def static_optimization(
        self,
        torque: np.ndarray,
        weight: np.ndarray,
        effort: ArrayLike,
        limits: tuple[ArrayLike, ArrayLike] | np.ndarray = (0.0, 1.0),
    ) -> np.ndarray:
        """The shares, (..., nu), that come close to a torque, (..., nv) N m, with little effort.

        Minimises |weight (torque - offset - share @ gain)|^2 + |effort share|^2, the weight (..., k, nv) per N m, the
        effort (nu,) or one for all and above 0, within limits, the lowest and the highest shares, each (..., nu) or one
        for all. ModelError if there is no solution, as in a state that is not finite or with limits in the wrong order.
        """
        *lead, nu, nv = self.gain.shape
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
    """Equation of motion of an arm in a state: mass qacc + bias = torque of the actuators."""

    mass: np.ndarray  # (..., nv, nv) kg m2
    bias: np.ndarray  # (..., nv) N m: gravity, Coriolis forces and passive forces of the joints
    bounds: Bounds  # what the actuators can give

    def needed(self, qacc: np.ndarray) -> np.ndarray:
        """Inverse dynamics: the torque, (..., nv) N m, that an acceleration takes, (..., nv) rad/s2."""
        return np.matvec(self.mass, qacc) + self.bias

    def mobility(self) -> np.ndarray:
        """(..., nv, nv) the inverse of the mass; 0 for joints that follow others."""
        return _inverse(self.mass)


def _inverse(mass: np.ndarray) -> np.ndarray:
    following = np.eye(mass.shape[-1]) * (np.diagonal(mass, axis1=-2, axis2=-1) == 0)[..., None]
    return np.linalg.inv(mass + following) - following if following.any() else np.linalg.inv(mass)


class ArmDynamics:
    """Puts an arm into states and reads off its mechanics.

    States are arrays (..., nq), of any number at once. Joint limits, contacts and other constraints are switched off:
    torques are those of the actuators alone. Where joints follow others, all is said of the free joints: a torque is
    what reaches them through those that follow.
    """

    def __init__(self, arm: Arm):
        """Prepare; the arm's model is copied."""
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
        """Everything that relates torque and acceleration, with a muscle's force at that length and speed."""
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
        """Forward dynamics: (..., nv) rad/s2 under activations, (..., na), and the controls of other actuators."""
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
        """Accelerations (..., nv) rad/s2 with those of the joints that follow others as the free ones make them."""
        if not self._couplings:
            return qacc
        slopes, bends = self._couplings.derivatives(qpos, qvel)
        return np.matvec(slopes, qacc) + bends

    def path(self, qpos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Actuator lengths, (..., nu) m for muscles, and moment arms d length / d q, (..., nu, nv) m; times gear."""
        self._put(qpos, np.zeros_like(qpos))
        self._batch.forward(stage=mujoco.mjtStage.mjSTAGE_POS)
        return self._read("actuator_length"), self._moment()

    def forces(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """(..., 2, nu) actuator forces at the lowest and at the highest control, activations having followed."""
        self._put(qpos, qvel)
        forces = []
        for ctrl, act in self._ends:
            self._fields["ctrl"][:], self._fields["act"][:] = ctrl, act
            self._batch.forward()
            forces.append(self._read("actuator_force"))
        return np.stack(forces, axis=-2)

    def landmark_jacobian(self, qpos: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """(..., 6, nv) m/rad how elbow and paw move with the joints; ``landmarks``, (..., 3, 3) m, are those there."""
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
    """Joint positions, (T, nq) rad each, with smooth derivatives, one path after the other.

    The derivatives are those of local polynomials of 9 frames, exact up to order 4.
    """
    from scipy.signal import savgol_filter  # slow to import

    motions = []
    for qpos in paths:
        window = min(_WINDOW_FRAMES, (len(qpos) - 1) // 2 * 2 + 1)
        smooth = partial(savgol_filter, qpos, window, min(_ORDER, window - 1), delta=control_dt, axis=0)
        motions.append((qpos, smooth(deriv=1), smooth(deriv=2)))
    return Motion(*map(np.concatenate, zip(*motions, strict=True)))


def finite_range(arm: Arm) -> np.ndarray:
    """(nq, 2) the joint ranges; a joint without one turns half a turn either way from its rest."""
    return np.where(np.isfinite(arm.qpos_range), arm.qpos_range, arm.rest_qpos[:, None] + [-np.pi, np.pi])


def random_poses(arm: Arm, n: int, seed: int) -> np.ndarray:
    """Poses, (n, nq), spread evenly over the joint ranges."""
    low, high = finite_range(arm).T
    return arm.couplings.complete(np.random.default_rng(seed).uniform(low, high, (n, arm.nq)))


def muscles_of(arm: Arm) -> np.ndarray:
    """Indices of the actuators that are MuJoCo muscles."""
    return np.flatnonzero(arm.model.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE)


def optimal_and_slack(arm: Arm) -> tuple[np.ndarray, np.ndarray]:
    """(M,) optimal fibre lengths and (M,) tendon slack lengths of all muscles, m; see MuJoCo, XML reference, muscle.

    With ``lengthrange`` (a, b) and ``range`` (r, s): optimal length l0 = (b - a) / (s - r), slack length a - r l0.
    """
    muscles = muscles_of(arm)
    prm, limits = arm.model.actuator_gainprm[muscles], arm.model.actuator_lengthrange[muscles]
    optimal = np.ptp(limits, axis=1) / np.maximum(prm[:, 1] - prm[:, 0], mujoco.mjMINVAL)
    return optimal, limits[:, 0] - prm[:, 0] * optimal


def drive_range(arm: Arm) -> np.ndarray:
    """(nu, 2) what force is made of at the lowest and highest control: the activation, or the control itself."""
    limited = (arm.model.actuator_actadr >= 0) & (arm.model.actuator_actlimited > 0)
    return np.where(limited[:, None], arm.model.actuator_actrange, arm.ctrl_range)
