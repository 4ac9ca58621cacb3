"""Load: a mass held by the paw, or a medium that resists its movement."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mousearm.condition.base import SEVERITY, Acting, Condition, PawLoad
from mousearm.keys import at_least, finite, key
from mousearm.registry import CONDITIONS

if TYPE_CHECKING:
    import mujoco

    from mousearm.model import Arm

_NO_LESS = finite(at_least(0))


@dataclass
class Load(Condition):
    """A point mass at the paw, and a force against the paw's velocity (a viscous field)."""

    severity: float = key("Share of mass and viscosity. 0: none.", SEVERITY, default=0.0)
    mass_g: float = key("Mass at the paw; the hand has 0.04 g, the arm 0.39 g.", _NO_LESS, "g", default=0.04)
    viscosity: float = key("Force against the paw's velocity: 0.01 is 2 mN at 0.2 m/s.", _NO_LESS, "N s/m", default=0.0)

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
