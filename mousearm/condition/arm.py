"""Conditions of the arm and of what acts on it: a load at the paw, a push, tremor."""

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mousearm.condition.actuators import moment_arms
from mousearm.condition.base import NOT_NEGATIVE, SEVERITY, Acting, Condition, PawLoad
from mousearm.errors import UnknownNameError
from mousearm.keys import Range, above, between, finite, key
from mousearm.registry import CONDITIONS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    import mujoco

    from mousearm.model import Arm


@dataclass
class Load(Condition):
    """A point mass at the paw, and a force against the paw's velocity (a viscous field)."""

    severity: float = key("Share of mass and viscosity. 0: none.", SEVERITY, default=0.0)
    mass_g: float = key("Mass at the paw; the hand has 0.04 g, the arm 0.39 g.", NOT_NEGATIVE, "g", default=0.04)
    viscosity: float = key(
        "Force against the paw's velocity: 0.01 is 2 mN at 0.2 m/s.", NOT_NEGATIVE, "N s/m", default=0.0
    )

    @property
    def pushes_paw(self) -> bool:
        """As `Condition.pushes_paw`."""
        return self.viscosity > 0

    def arm(self, arm: "Arm") -> "Arm":
        """As `Condition.arm`."""
        return with_mass(arm, 1e-3 * self.severity * self.mass_g) if self.mass_g else arm

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting | None:
        """As `Condition.acting`."""
        return _Medium(n, self.severity * self.viscosity) if self.viscosity else None


class _Medium(Acting):
    """A medium of a viscosity, N s/m, in which n paws move."""

    def __init__(self, n: int, viscosity: float):
        self._load = PawLoad(np.zeros((n, 3)), viscosity)

    def paw_load(self, time: np.ndarray) -> PawLoad:
        """As `Acting.paw_load`."""
        return self._load


def with_mass(arm: "Arm", mass: float) -> "Arm":
    """The arm with a point mass, kg, at its paw. Forces of muscles stay, also those derived from inertia."""
    import mujoco

    from mousearm.model.arm import body_of, peak_isometric_force
    from mousearm.trajectory import LANDMARKS, PAW

    mark = arm.landmarks[LANDMARKS[PAW]]
    data = mujoco.MjData(arm.model)
    mujoco.mj_kinematics(arm.model, data)
    body = body_of(arm.model, mark)
    at = data.xmat[body].reshape(3, 3).T @ (getattr(data, mark.field)[mark.index] - data.xpos[body])

    def changed(model: "mujoco.MjModel") -> "mujoco.MjModel":
        new = copy.copy(model)
        derived = (new.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE) & (new.actuator_gainprm[:, 2] < 0)
        for prm in (new.actuator_gainprm, new.actuator_biasprm):
            prm[derived, 2] = peak_isometric_force(model)[derived]
        _add_point(new, body, mass, at)
        mujoco.mj_setConst(new, mujoco.MjData(new))
        new.stat.meaninertia = float(np.mean(new.dof_M0))
        return new

    return arm.changed(changed)


def _add_point(model: "mujoco.MjModel", body: int, mass: float, at: np.ndarray) -> None:
    """Add a point mass, kg, in the frame of a body, (3,) m.

    With the body's mass M at c and inertia I around c, and m at p: mass M + m, centre (M c + m p) / (M + m), inertia
    I + M m / (M + m) (d.d E - d d^T), d = p - c.
    """
    import mujoco

    own, centre = float(model.body_mass[body]), model.body_ipos[body].copy()
    axes = np.empty(9)
    mujoco.mju_quat2Mat(axes, model.body_iquat[body])
    turned = axes.reshape(3, 3)
    d = at - centre
    reduced = own * mass / (own + mass)
    inertia = turned @ np.diag(model.body_inertia[body]) @ turned.T
    inertia += reduced * (d @ d * np.eye(3) - np.outer(d, d))
    model.body_mass[body] = own + mass
    model.body_ipos[body] = (own * centre + mass * at) / (own + mass)
    quat, values, vectors = np.empty(4), np.empty(3), np.empty(9)
    mujoco.mju_eig3(values, vectors, quat, inertia.ravel())
    model.body_inertia[body], model.body_iquat[body] = values, quat
    model.body_sameframe[body] = 0  # or MuJoCo would take places relative to the centre for unchanged
    model.site_sameframe[model.site_bodyid == body] = 0
    model.geom_sameframe[model.geom_bodyid == body] = 0


CONDITIONS.add(Load, "load")


_MICRO = 1e-6
_DIRECTION = Range("three numbers, not all 0", lambda axis: len(axis) == 3 and 0 < math.hypot(*axis) < math.inf)


@dataclass
class Push(Condition):
    """A constant force on the paw for a short time, always in the same direction of space."""

    severity: float = key("Share of `condition.push.impulse`. 0: none.", SEVERITY, default=0.0)
    impulse: float = key(
        "Force x duration. 20 moves 0.1 g, about what a paw feels like, by 0.2 m/s.",
        finite(above(0)),
        "mN ms",
        default=20.0,
    )
    at_ms: float = key("When it begins, from the first frame of the reach.", NOT_NEGATIVE, "ms", default=100.0)
    duration_ms: float = key("How long it lasts.", finite(above(0)), "ms", default=20.0)
    direction: list[float] = key("Where to: right, forward, up, of any length.", _DIRECTION, default=[1.0, 0.0, 0.0])

    @property
    def pushes_paw(self) -> bool:
        """As `Condition.pushes_paw`."""
        return True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`."""
        axis = np.array(self.direction)
        impulse = self.severity * _MICRO * self.impulse * axis / np.linalg.norm(axis)
        return _Pushing(impulse, 1e-3 * self.at_ms, 1e-3 * self.duration_ms, control_dt)


class _Pushing(Acting):
    """An impulse, (3,) N s, spread evenly over some time, s.

    Each control step has the mean force of its part, so the impulse is whole whatever the times are.
    """

    def __init__(self, impulse: np.ndarray, begin: float, duration: float, control_dt: float):
        self._force, self._begin, self._end, self._dt = impulse / duration, begin, begin + duration, control_dt

    def paw_load(self, time: np.ndarray) -> PawLoad | None:
        """As `Acting.paw_load`."""
        begin, end = np.maximum(time, self._begin), np.minimum(time + self._dt, self._end)
        share = np.maximum(end - begin, 0) / self._dt
        return PawLoad(share[:, None] * self._force) if share.any() else None


CONDITIONS.add(Push, "push")


@dataclass
class Tremor(Condition):
    """Muscles that turn a joint one way are driven in turn with those that turn it the other way.

    The control of an actuator with the moment arm r at the joint changes by severity x amplitude x range of controls x
    sign(r) sin(2 pi f t + phase), and drives below 0 are cut off. The phase is drawn in each episode.
    """

    severity: float = key("Share of `condition.tremor.amplitude`. 0: none.", SEVERITY, default=0.0)
    hz: float = key(
        "Frequency. Harmaline, a model of essential tremor, makes mice tremble at 10 to 16 Hz (Martin et al. 2005, Mov "
        "Disord 20:298-305).",
        finite(above(0)),
        "Hz",
        default=12.0,
    )
    amplitude: float = key(
        "Amplitude, as a share of the range of controls. Muscles are far stronger than a reach needs.",
        between(0, 1),
        default=0.02,
    )
    joint: str = key("The joint that trembles.", default="elbow_flex")

    is_random: ClassVar[bool] = True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`."""
        if self.joint not in arm.joint_names:
            raise UnknownNameError(f"joint of {arm.source} (key condition.tremor.joint)", self.joint, arm.joint_names)
        direction = np.sign(moment_arms(arm)[:, arm.joint_names.index(self.joint)])
        swing = self.severity * self.amplitude * np.ptp(arm.ctrl_range, axis=1) * direction
        return _Oscillation(n, swing, math.tau * self.hz)


class _Oscillation(Acting):
    """Swings of controls, (nu,), at an angular frequency, rad/s."""

    def __init__(self, n: int, swing: np.ndarray, speed: float):
        self._swing, self._speed, self._phase = swing, speed, np.zeros(n)

    def reset(self, ids: np.ndarray, chance: np.ndarray) -> None:
        """As `Acting.reset`."""
        self._phase[ids] = np.arctan2(*chance.T)

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """As `Acting.controls`."""
        return ctrl + np.sin(self._speed * time + self._phase)[:, None] * self._swing

    def state(self) -> dict[str, np.ndarray]:
        """As `Acting.state`."""
        return {"phase": self._phase}


CONDITIONS.add(Tremor, "tremor")
