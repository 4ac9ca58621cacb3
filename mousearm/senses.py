"""Sense organs of muscles: their forces and rates, pure functions of fibres and activation."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

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
        f"Rate of a primary ending (Ia) of a muscle at rest, in the middle of its lengths; {_CATS}.",
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
        "Rate of a secondary ending (II) of a muscle at rest, in the middle of its lengths; Prochazka 1999 (Prog Brain "
        "Res 123:133-142).",
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
        "30:54-67).",
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

    ``muscles`` are their indices among the actuators, ``states`` those of their activations; ``peak`` their peak
    isometric force in N when they are intact, ``vmax`` their maximal velocity in optimal fibre lengths per s, ``rest``
    the middle of the lengths that a fibre takes in the arm (MuJoCo's ``range``), in optimal fibre lengths.
    """

    muscles: Array | slice
    states: Array | slice
    peak: Array
    vmax: Array
    rest: Array
    senses: SensesConfig

    def converted(self, as_array: Callable[[Array], Array]) -> "Anatomy":
        """The same with other arrays, such as tensors on a device."""
        arrays = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "senses"}
        other = {name: part if isinstance(part, slice) else as_array(part) for name, part in arrays.items()}
        return replace(self, **other)


def ia_rate(senses: SensesConfig, stretch: Array, velocity: Array, activation: Array) -> Array:
    """Rates of primary endings, imp/s: max(0, rest + k_l d + k_v sign(v) |v|^p + k_f fusimotor a).

    Arrays of one shape: stretch from the middle length, in optimal fibre lengths, its rate, per s, activations 0 to 1.
    The d in mm and the v in mm/s are those of a muscle with fibres of ``fibre_mm``.
    """
    xp, per_velocity = namespace(stretch), senses.ia_velocity * senses.fibre_mm**senses.ia_power
    moved = xp.copysign(per_velocity * xp.abs(velocity) ** senses.ia_power, velocity)
    steady = senses.ia_rest + (senses.ia_length * senses.fibre_mm) * stretch
    return _not_negative(steady + moved + (senses.ia_fusimotor * senses.fusimotor) * activation)


def ii_rate(senses: SensesConfig, stretch: Array, activation: Array) -> Array:
    """Rates of secondary endings, imp/s: max(0, rest + k_l d + k_f fusimotor a); arrays as of `ia_rate`."""
    steady = senses.ii_rest + (senses.ii_length * senses.fibre_mm) * stretch
    return _not_negative(steady + (senses.ii_fusimotor * senses.fusimotor) * activation)


def ib_rate(senses: SensesConfig, force: Array) -> Array:
    """Rates of tendon organs, imp/s: gain ln(1 + force / ib_force), with forces relative to the peak; 0 for a push."""
    return senses.ib_gain * namespace(force).log1p(_not_negative(force) / senses.ib_force)


def _not_negative(rates: Array) -> Array:
    """The values, and 0 in place of negative ones."""
    return np.maximum(rates, 0.0) if isinstance(rates, np.ndarray) else rates.clip(0.0)
