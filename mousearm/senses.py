"""What muscles tell the nervous system: forces and rates of sense organs, pure functions of fibres and activation."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from mousearm.arrays import Array, namespace
from mousearm.keys import above, at_least, finite, key

_NOT_NEGATIVE, _POSITIVE = finite(at_least(0)), finite(above(0))
_CATS = "Prochazka and Gorassini 1998 (J Physiol 507:277-291)"


@dataclass(kw_only=True)
class SensesConfig:
    """Sense organs of the muscles; rates in impulses per second."""

    fibre_mm: float = key(
        "Optimal fibre length of the muscle that the rates of spindles were measured in, of a cat: a stretch of a "
        "mouse's fibre counts as the same share of it.",
        _POSITIVE,
        "mm",
        default=50.0,
    )
    fusimotor: float = key(
        "Fusimotor drive that goes with a muscle's activation, relative to the published one. 0: none.",
        _NOT_NEGATIVE,
        default=1.0,
    )
    ia_rest: float = key(
        f"Rate of a primary ending (Ia) of a resting muscle at its optimal length; {_CATS}.",
        _NOT_NEGATIVE,
        "imp/s",
        default=50.0,
    )
    ia_length: float = key("What a stretch adds to it.", _NOT_NEGATIVE, "imp/s per mm", default=2.0)
    ia_velocity: float = key(
        "What a velocity of 1 mm/s adds to it; shortening takes as much away.", _NOT_NEGATIVE, "imp/s", default=4.3
    )
    ia_power: float = key("Power of the velocity.", _POSITIVE, default=0.6)
    ia_fusimotor: float = key(
        "What the fusimotor drive adds to it at full activation.", _NOT_NEGATIVE, "imp/s", default=50.0
    )
    ii_rest: float = key(
        "Rate of a secondary ending (II) of a resting muscle at its optimal length; as Ia.",
        _NOT_NEGATIVE,
        "imp/s",
        default=80.0,
    )
    ii_length: float = key("What a stretch adds to it.", _NOT_NEGATIVE, "imp/s per mm", default=13.5)
    ii_fusimotor: float = key(
        "What the fusimotor drive adds to it at full activation.", _NOT_NEGATIVE, "imp/s", default=20.0
    )
    ib_gain: float = key(
        "Rate of a tendon organ (Ib) per unit of ln(1 + force / `ib_force`); Lin and Crago 2002 (Ann Biomed Eng "
        "30:68-83).",
        _NOT_NEGATIVE,
        "imp/s",
        default=60.0,
    )
    ib_force: float = key(
        "The force in this, relative to the muscle's peak force. Published as 4 N, in cats.", _POSITIVE, default=0.04
    )


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Constants of an arm for the terms of the observation; arrays (M,) of its M muscles, in the order of actuators.

    ``muscles`` are their indices among the actuators, ``states`` those of their activations; ``peak`` and ``passive``
    the peak isometric force of contraction and of stretch, relative to the peak force of the intact arm; ``lmin``,
    ``lmax``, ``vmax``, ``fvmax``, ``fpmax`` the constants of MuJoCo's muscle, lengths in optimal fibre lengths.
    """

    muscles: Array
    states: Array
    peak: Array
    passive: Array
    lmin: Array
    lmax: Array
    vmax: Array
    fvmax: Array
    fpmax: Array
    senses: SensesConfig

    def converted(self, as_array: Callable[[Array], Array]) -> "Anatomy":
        """The same with other arrays, such as tensors on a device."""
        arrays = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "senses"}
        return Anatomy(**{name: as_array(array) for name, array in arrays.items()}, senses=self.senses)


def muscle_pull(body: Anatomy, length: Array, velocity: Array, activation: Array) -> Array:
    """Forces of muscles relative to their peak, (N, M), positive where they pull; MuJoCo's muscle.

    peak a FL(length) FV(velocity / vmax) + passive FP(length), with lengths and velocities (N, M) in optimal fibre
    lengths (and per s), activations (N, M), and the curves FL, FV, FP of mju_muscleGain and mju_muscleBias.
    """
    speed = velocity / body.vmax
    active = activation * force_by_length(length, body.lmin, body.lmax) * force_by_speed(speed, body.fvmax)
    return body.peak * active + body.passive * passive_force(length, body.lmax, body.fpmax)


def force_by_length(length: Array, lmin: Array, lmax: Array) -> Array:
    """Active force relative to the peak, (N, M), at fibre lengths (N, M): MuJoCo's FL, four parabolas."""
    xp = namespace(length)
    is_short = length <= 1.0
    end = xp.where(is_short, lmin, lmax)
    toward = xp.clip((length - end) / (1.0 - end), 0.0, None)  # 0 at the end of the range, 1 at the optimum
    inner = 2.0 * xp.square(1.0 - toward)
    return xp.where(toward <= 0.5, 2.0 * xp.square(toward), 1.0 - inner)


def force_by_speed(speed: Array, fvmax: Array) -> Array:
    """Active force relative to that at rest, (N, M), at speeds (N, M) of -1 (fastest shortening): MuJoCo's FV."""
    xp = namespace(speed)
    bend = fvmax - 1.0
    slower = xp.square(xp.clip(speed + 1.0, 0.0, None))
    faster = fvmax - xp.square(xp.clip(bend - speed, 0.0, None)) / bend
    return xp.where(speed <= 0.0, slower, faster)


def passive_force(length: Array, lmax: Array, fpmax: Array) -> Array:
    """Force of stretch relative to the peak, (N, M), at fibre lengths (N, M): MuJoCo's FP, bent, then straight."""
    xp = namespace(length)
    stretch = xp.clip(length - 1.0, 0.0, None) / (0.5 * (lmax - 1.0))
    return fpmax * xp.where(stretch <= 1.0, 0.5 * xp.square(stretch), stretch - 0.5)


def ia_rate(senses: SensesConfig, length: Array, velocity: Array, activation: Array) -> Array:
    """Rates of primary endings, imp/s: max(0, rest + k_l d + k_v sign(v) |v|^p + k_f fusimotor a).

    Arrays of one shape: lengths and velocities in optimal fibre lengths (and per s), activations 0 to 1. The stretch d
    from the optimal length, in mm, and its rate v, in mm/s, are those of a muscle with fibres of ``fibre_mm``.
    """
    xp = namespace(length)
    mm_per_s = senses.ia_velocity * senses.fibre_mm**senses.ia_power
    stretch = (senses.ia_length * senses.fibre_mm) * (length - 1.0)
    moved = mm_per_s * xp.sign(velocity) * xp.abs(velocity) ** senses.ia_power
    driven = (senses.ia_fusimotor * senses.fusimotor) * activation
    return xp.clip(senses.ia_rest + stretch + moved + driven, 0.0, None)


def ii_rate(senses: SensesConfig, length: Array, activation: Array) -> Array:
    """Rates of secondary endings, imp/s: max(0, rest + k_l d + k_f fusimotor a); arrays as of `ia_rate`."""
    stretch = (senses.ii_length * senses.fibre_mm) * (length - 1.0)
    driven = (senses.ii_fusimotor * senses.fusimotor) * activation
    return namespace(length).clip(senses.ii_rest + stretch + driven, 0.0, None)


def ib_rate(senses: SensesConfig, force: Array) -> Array:
    """Rates of tendon organs, imp/s: gain ln(1 + force / ib_force), with forces relative to the peak; 0 for a push."""
    xp = namespace(force)
    return senses.ib_gain * xp.log1p(xp.clip(force, 0.0, None) / senses.ib_force)
