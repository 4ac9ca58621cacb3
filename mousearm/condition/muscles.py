"""Conditions of muscles: weakness, cut nerves, fatigue and spasticity."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mousearm.condition.actuators import WHICH, chosen, with_strength
from mousearm.condition.base import NOT_NEGATIVE, SEVERITY, Acting, Condition
from mousearm.errors import ConfigError
from mousearm.keys import between, key
from mousearm.registry import CONDITIONS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.model import Arm


@dataclass
class Weakness(Condition):
    """Muscles lose a share of their active force, as after atrophy or in a myopathy; motors, of their torque."""

    severity: float = key("Share of the active force that is lost. 0: intact. 1: all of it.", SEVERITY, default=0.0)
    muscles: list[str] = key(f"Which become weak. {WHICH}", default=[])

    def arm(self, arm: "Arm") -> "Arm":
        """As `Condition.arm`."""
        return with_strength(arm, 1 - self.severity * chosen(arm, self.muscles, "condition.weakness.muscles"))


CONDITIONS.add(Weakness, "weakness")


SUPPLIED = {
    "radial": (
        *("Triceps_Lat_Head", "Triceps_Long_Head", "Triceps_Medial_Head"),
        *("Anconeus", "Anconeus_Short_Head", "Brachioradialis"),
    ),
    "musculocutaneous": (
        *("Biceps_Short_Head", "Biceps_Long_Head"),
        *("Brachialis_Proximal_Head", "Brachialis_Distal_Head"),
    ),
    "axillary": ("Deltoid_Medial", "Deltoid_Posterior"),
    "suprascapular": ("Infraspinatus",),
    "subscapular": ("Subscapularis_SuperiorHead",),
    "median": ("PronatorTeres", "FlexorCarpiRadialis"),
    "pectoral": ("Pectoralis_Clavicle_Head", "Pectoralis_Major_Anterior", "Pectoralis_Major_Posterior"),
}
"""Muscles of the published forelimb by the nerve that supplies them in mammals in general; docs/conditions.md says
which of them were followed in rodents, by whom. Latissimus_Dorsi_Rostral and Latissimus_Dorsi_Caudal are in none of
these: the thoracodorsal nerve supplies both.
"""

_AFFERENTS = ("muscle_length", "muscle_velocity", "muscle_force", "spindle_ia", "spindle_ii", "tendon_organ")


@dataclass
class Nerve(Condition):
    """Axons of nerves are cut: muscles lose active force, and the senses in them lose signal, by the same share."""

    severity: float = key("Share of the axons that are cut. 0: intact. 1: all.", SEVERITY, default=0.0)
    nerves: list[str] = key("Which nerves.", (*SUPPLIED,), default=["radial"])
    afferents: bool = key(
        "Whether the axons of the muscles' senses are cut too: " + ", ".join(f"`{name}`" for name in _AFFERENTS) + ".",
        default=True,
    )

    def supplied(self, arm: "Arm") -> np.ndarray:
        """(nu,) bool, the muscles that these nerves supply; ConfigError if the arm has none of them."""
        muscles = {muscle for nerve in self.nerves for muscle in SUPPLIED[nerve]}
        found = np.array([name in muscles for name in arm.actuator_names])
        if not found.any():
            raise ConfigError(
                f"condition.nerve.nerves={self.nerves}: {arm.source} has none of their muscles. Use model=muscle, or "
                "condition=weakness with the names of this arm's own actuators.",
                "condition.nerve.nerves",
            )
        return found

    def arm(self, arm: "Arm") -> "Arm":
        """As `Condition.arm`."""
        return with_strength(arm, 1 - self.severity * self.supplied(arm))

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting | None:
        """As `Condition.acting`."""
        from mousearm.model.muscles import feeling_muscles  # which loads the simulator

        share = 1 - self.severity * self.supplied(arm)
        return _Numb(share[feeling_muscles(arm)]) if self.afferents else None


class _Numb(Acting):
    """Shares, (M,), of what M muscles report."""

    def __init__(self, share: np.ndarray):
        self._share = share

    def observation(self, terms: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """As `Acting.observation`."""
        return {name: value * self._share if name in _AFFERENTS else value for name, value in terms.items()}


CONDITIONS.add(Nerve, "nerve")


_STEP_S = 0.1  # of the exertion before the reach; rates of fatigue are far below 1/s
_FREY_LAW = "of human shoulders (Frey-Law et al. 2012, J Biomech 45:1803-1808); none is known of mice."


@dataclass
class Fatigue(Condition):
    """Motor units rest, are active or fatigued: the three compartments of Xia and Frey Law (2008, J Biomech 41:3046).

    Of each muscle the share M_F is fatigued, and dM_F/dt = F M_A - R M_F. Activation follows its drive within
    hundredths of a second, so the active share M_A is the drive, as far as 1 - M_F units are left. In the reach the
    drive reaches all units alike and gives 1 - M_F of its force.
    """

    severity: float = key(
        "How long all muscles worked before the reach, as a share of `condition.fatigue.exertion_s`. 0: not at all.",
        SEVERITY,
        default=0.0,
    )
    exertion_s: float = key("How long they work before, at severity 1.", NOT_NEGATIVE, "s", default=120.0)
    exertion: float = key("How hard, as a share of their force.", between(0, 1), default=0.5)
    fatigue_rate: float = key(f"Rate F at which active units tire, {_FREY_LAW}", NOT_NEGATIVE, "1/s", default=0.0182)
    recovery_rate: float = key(
        f"Rate R at which tired units recover, {_FREY_LAW}", NOT_NEGATIVE, "1/s", default=0.00168
    )

    in_muscles: ClassVar[bool] = True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`."""
        before = np.zeros(1)
        for _ in range(round(self.severity * self.exertion_s / _STEP_S)):
            before = self.tired(before, np.full(1, self.exertion), _STEP_S)
        return _Tiring(self, arm, n, control_dt, float(before[0]))

    def tired(self, tired: np.ndarray, drive: np.ndarray, seconds: float) -> np.ndarray:
        """The fatigued shares a little later, under a drive, 0 to 1."""
        active = np.minimum(drive, 1 - tired)
        return np.clip(tired + seconds * (self.fatigue_rate * active - self.recovery_rate * tired), 0, 1)


class _Tiring(Acting):
    """N arms whose muscles get tired as they are driven."""

    def __init__(self, fatigue: Fatigue, arm: "Arm", n: int, control_dt: float, before: float):
        self._model, self._dt, self._before = fatigue, control_dt, before
        self._largest = np.abs(arm.ctrl_range).max(axis=1)
        self._tired = np.full((n, arm.nu), before)

    def reset(self, ids: np.ndarray, chance: np.ndarray) -> None:
        """As `Acting.reset`."""
        self._tired[ids] = self._before

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """As `Acting.controls`."""
        given = (1 - self._tired) * ctrl
        drive = np.clip(np.abs(ctrl) / self._largest, 0, 1)
        self._tired = self._model.tired(self._tired, drive * (1 - self._tired), self._dt)
        return given

    def state(self) -> dict[str, np.ndarray]:
        """As `Acting.state`."""
        return {"tired": self._tired}


CONDITIONS.add(Fatigue, "fatigue")


@dataclass
class Spasticity(Condition):
    """A stretch reflex that is too strong: excitation grows by severity x gain x max(0, v - threshold).

    v is the velocity of the muscle's fibres, positive where they lengthen, at the begin of the control step (as by
    Jansen et al. 2014, J Neuroeng Rehabil 11:78). Feedback of force explains children's spasticity better than that of
    velocity (Falisse et al. 2018, PLoS ONE 13:e0208811), which is simpler.
    """

    severity: float = key("Share of `condition.spasticity.gain`. 0: no such reflex.", SEVERITY, default=0.0)
    gain: float = key(
        "Excitation for a fibre that lengthens by its optimal length in a second.",
        NOT_NEGATIVE,
        "s",
        default=0.005,
    )
    threshold: float = key(
        "Velocity of lengthening from which on it acts.", NOT_NEGATIVE, "optimal fibre lengths/s", default=0.0
    )
    muscles: list[str] = key(f"Which are spastic. {WHICH}", default=[])

    needs_fibres: ClassVar[bool] = True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`; ConfigError if the arm has no muscles."""
        if arm.na == 0:
            raise ConfigError(f"condition.spasticity: {arm.source} has no muscles. Use model=muscle.", "condition")
        gain = self.severity * self.gain * chosen(arm, self.muscles, "condition.spasticity.muscles")
        return _Reflex(gain, self.threshold)


class _Reflex(Acting):
    """Gains, (nu,) s, of fibres that lengthen faster than a threshold, 1/s."""

    def __init__(self, gain: np.ndarray, threshold: float):
        self._gain, self._threshold = gain, threshold

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """As `Acting.controls`."""
        velocity = np.asarray(snapshot.fibre_velocity)  # None where nobody asked for it, see `needs_fibres`
        return ctrl + self._gain * np.maximum(velocity - self._threshold, 0)


CONDITIONS.add(Spasticity, "spasticity")
