"""Synthetic reaches with the statistics of recorded ones, to tune on what nobody will be judged by.

Those of `synthetic` are smoother than a mouse, end at rest, and each joint is drawn without regard to the others, so
that some are faster than any mouse. Here a movement is one of `synthetic`, which some clips end with the way back,
plus small movements of each joint that the formula of `synthetic` leaves out of recorded reaches:

    q(t) = movement(t) + share (start - target) m((t - t0) / duration) + e(t) sum over f of A(f) cos(2 pi f t + phase),

with the minimum jerk m. A gives all frequencies above `SMALL_HZ` the same acceleration, as in what is left of recorded
ones, and e makes it less after the reach. It is drawn again until speeds, accelerations, path and postures lie where
recorded ones do, or a little beyond (`BOUNDS`, `JOINT_SPEED`, `HEADING`, `SYNERGY_RANGE`). These figures are those of
ten published reaches (Gilmer et al. 2025, J Neurophysiol 133(4):1266-1278; reachset 1 reach 7, 2: 5 and 8, 3: 1 and 4,
4: 5, 5: 1 and 4, 6: 2 and 5), none of which is among the six that results are tested on. The animal has segments of its
own lengths, and its shoulder moves.
"""

from collections.abc import Mapping
from math import erf, sqrt
from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.reach import Reach
from mousearm.kinematics.synthetic import (
    RATE,
    ForwardKinematics,
    Movement,
    check_request,
    draw_movement,
    minimum_jerk,
    posture_limits,
)

FRAMES, ALL_FRAMES = (50, 50), (40, 70)  # of a clip, all published ones have 50; and those that paths below can have
# Of the paw on the model's segments: lowest and highest in nine recorded reaches (the tenth moves half as far).
BOUNDS = {
    "peak speed": (0.158, 0.313),  # m/s
    "peak acceleration": (2.63, 12.7),  # m/s^2
    "path": (16.0, 27.7),  # mm, along the way
    "farthest": (8.6, 16.2),  # mm, from where it was first
}
# Of each joint in ten: lowest and highest angle [rad], speed [rad/s], and where it heads [rad], which is where it would
# be `AHEAD` s later at this speed. A mouse turns its arm outwards fast only where it was turned inwards.
ANGLES = {
    "elv_angle": (1.00, 1.79),
    "shoulder_ext": (-0.48, 0.27),
    "shoulder_rot": (-0.56, 0.48),
    "elbow_flex": (-0.66, 0.18),
}
JOINT_SPEED = {
    "elv_angle": (-6.3, 7.3),
    "shoulder_ext": (-6.4, 10.7),
    "shoulder_rot": (-17.9, 11.8),
    "elbow_flex": (-11.2, 12.0),
}
HEADING = {
    "elv_angle": (1.09, 1.69),
    "shoulder_ext": (-0.49, 0.34),
    "shoulder_rot": (-0.73, 0.46),
    "elbow_flex": (-0.81, 0.26),
}
AHEAD = 0.03
# Joints move together: principal directions, in columns, of the accelerations of these joints, and along each the root
# mean square and the lowest and highest acceleration [rad/s^2].
SYNERGIES = np.array(
    [
        [-0.146, -0.580, -0.048, 0.800],
        [0.043, -0.757, -0.335, -0.560],
        [0.741, 0.158, -0.617, 0.212],
        [0.654, -0.259, 0.710, -0.025],
    ]
)
SYNERGY_RMS = np.array([180.0, 77.0, 64.0, 52.0])
SYNERGY_RANGE = np.array([(-622.0, 822.0), (-342.0, 222.0), (-387.0, 178.0), (-205.0, 198.0)])
SPEED_STEP = 0.015  # m/s, to which the peak speed is as it is drawn
# Ranges of the terms of the formula of `synthetic` [rad], and of its onset and the gap before its correction, in parts
# of the duration of the reach. Below 0 the clip begins mid-movement, or the correction before the reach has ended.
RANGES = {
    "elv_angle": {"start": (1.03, 1.72), "change": (-0.41, 0.53), "bump": (-0.08, 0.17), "settle": (0.00, 0.18)},
    "shoulder_ext": {"start": (-0.48, -0.18), "change": (0.40, 0.71), "bump": (-0.13, 0.10), "settle": (-0.20, -0.02)},
    "shoulder_rot": {"start": (-0.20, 0.51), "change": (-0.51, 0.27), "bump": (-0.51, 0.09), "settle": (-0.05, 0.04)},
    "elbow_flex": {"start": (-0.39, -0.01), "change": (-0.12, 0.41), "bump": (-0.44, -0.11), "settle": (-0.25, -0.05)},
}
TIMING = {"onset": (-0.18, 0.23), "gap": (-0.7, 0.25)}
# Of the span between lowest and highest that is added on either side: one in five or six new reaches goes beyond ten.
WIDER = 0.2
ENDS = 2  # frames at the ends of a clip, where an acceleration by differences says little
# rad/s^2, root mean square of what the formula leaves of each joint of a reach
SMALL = {
    "elv_angle": (37.0, 97.0),
    "shoulder_ext": (23.0, 65.0),
    "shoulder_rot": (38.0, 150.0),
    "elbow_flex": (35.0, 120.0),
}
SMALL_HZ, HIGHEST_HZ = 7.0, 30.0  # their acceleration is the same above the first; beyond the second is nothing
PERIOD = 0.7  # s, of the slowest of them
LOUD, QUIET, QUIETING_SECONDS = 1.4, 0.6, 0.1  # what they are multiplied by until the reach ends and later
BACK_SHARE, BACK_PART = 0.35, (0.3, 1.0)  # of clips with the way back, and part of the way that goes back
HOLD_SECONDS, BACK_SECONDS = (0.04, 0.14), (0.12, 0.30)  # the paw opens and closes before it goes back
UPPER_ARM, FOREARM = (0.0074, 0.0146), (0.0133, 0.0168)  # m, of the animals
TRUNK_MM, TRUNK_HZ = 0.5, 5.0  # rms of the shoulder on each axis, and its fastest movement; recorded: 0.2 to 0.8 mm
MOST_DRAWS = 10_000  # until one is as recorded; about one in 25 is


class Small(NamedTuple):
    """Small movements: a sum of oscillations of several coordinates."""

    hz: np.ndarray  # (F,)
    amplitude: np.ndarray  # (F, K), in the unit of the coordinates
    phase: np.ndarray  # (F, K) rad

    def __call__(self, time: np.ndarray) -> np.ndarray:
        """Coordinates (T, K) at times (T,) s."""
        return np.sum(self.amplitude * np.cos(2 * np.pi * self.hz[:, None] * time[:, None, None] + self.phase), axis=1)


def generate_recorded_like(
    arm: ForwardKinematics, n: int, seed: int, dt: float = 1 / RATE, frames: tuple[int, int] = FRAMES
) -> tuple[Reach, ...]:
    """Generate synthetic reaches of mice like the recorded ones.

    Arguments, names and errors are those of `synthetic.generate`; frames must be among `ALL_FRAMES`. Segments have the
    lengths of animals, not of the arm, but its directions, and the shoulder moves by a millimetre or two.
    """
    check_request(n, seed, dt, frames)
    if not ALL_FRAMES[0] <= frames[0] <= frames[1] <= ALL_FRAMES[1]:
        raise KinematicsError(
            f"No recorded reach has {frames} frames; give at least {ALL_FRAMES[0]} and at most "
            f"{ALL_FRAMES[1]}, or leave out --like recorded."
        )
    limits, reaches = posture_limits(arm, _wider(ANGLES)), []
    for i, child in enumerate(np.random.SeedSequence([seed, 1]).spawn(n)):
        rng = np.random.default_rng(child)
        seconds = (rng.integers(frames[0], frames[1] + 1) - 1) / RATE
        time = dt * np.arange(round(seconds / dt) + 1)
        points = arm.landmark_positions(_draw(arm, limits, seconds, rng)(time))
        reaches.append(_of_an_animal(f"reach_{i:02d}", time, points, rng))
    return tuple(reaches)


class _Drawn(NamedTuple):
    movement: Movement
    back: np.ndarray  # (nq,) rad
    back_onset: float
    back_seconds: float
    small: Small
    moving: list[int]  # the joints that make small movements

    def __call__(self, time: np.ndarray) -> np.ndarray:
        """Joint positions (T, nq) [rad] at times (T,) [s]."""
        back = minimum_jerk(np.clip((time - self.back_onset) / self.back_seconds, 0, 1))
        qpos = self.movement.qpos(time) + back[:, None] * self.back
        ended = (time - self.movement.onset - self.movement.seconds) / QUIETING_SECONDS + 0.5
        loudness = LOUD + (QUIET - LOUD) * minimum_jerk(np.clip(ended, 0, 1))
        qpos[:, self.moving] += loudness[:, None] * self.small(time)
        return qpos


def _draw(arm: ForwardKinematics, limits: np.ndarray, seconds: float, rng: np.random.Generator) -> _Drawn:
    """Draw movements until one of a clip of that length [s] is as recorded."""
    time = np.arange(round(seconds * RATE) + 1) / RATE
    moving = [list(arm.joint_names).index(name) for name in ANGLES]
    wanted = rng.uniform(*_wider(BOUNDS)["peak speed"])  # once, as slow ones are accepted more often
    loudest = np.array([*SMALL.values()]).T
    for _ in range(MOST_DRAWS):
        movement = draw_movement(arm, limits, rng, _draw_together, (wanted, wanted))
        onset, gap = (movement.seconds * rng.uniform(*ends) for ends in _wider(TIMING).values())
        movement = movement._replace(onset=onset, settle_onset=onset + movement.seconds + gap)
        goes_back = rng.random() < BACK_SHARE
        back = -goes_back * rng.uniform(*BACK_PART) * (movement.change + movement.settle)
        back_onset = onset + movement.seconds + rng.uniform(*HOLD_SECONDS)
        small = _small(np.exp(rng.uniform(*np.log(loudest))), SMALL_HZ, rng, acceleration=True)
        drawn = _Drawn(movement, back, back_onset, rng.uniform(*BACK_SECONDS), small, moving)
        qpos = drawn(time)
        if _is_as_recorded(arm, qpos, limits, moving, wanted):
            return drawn
    raise KinematicsError(
        f"None of {MOST_DRAWS} movements of {seconds:.3g} s was like a recorded reach on this arm. "
        "Use the arm of model=torque."
    )


def _draw_together(arm: ForwardKinematics, term: str, rng: np.random.Generator) -> np.ndarray:
    """One term of the formula of `synthetic` for every joint, (nq,) rad, joints moving together as in `SYNERGIES`."""
    starts = term == "start"  # each from its range by itself
    values = np.array(arm.rest_qpos, dtype=float) if starts else np.zeros(len(arm.rest_qpos))
    normal = rng.normal(size=len(SYNERGY_RMS))
    if not starts:
        normal = SYNERGIES @ (SYNERGY_RMS * normal) / np.sqrt(np.square(SYNERGIES) @ np.square(SYNERGY_RMS))
    for name, deviation in zip(RANGES, normal, strict=True):
        low, high = RANGES[name][term]
        values[list(arm.joint_names).index(name)] = low + (high - low) * (1 + erf(deviation / sqrt(2))) / 2
    return values


def _small(rms: np.ndarray, hz: float, rng: np.random.Generator, acceleration: bool = False) -> Small:
    """Oscillations of coordinates with these root mean squares (K,), of their accelerations if that is wanted.

    Amplitudes fall above a frequency [Hz], with the square of the frequency.
    """
    each = np.arange(1, int(HIGHEST_HZ * PERIOD) + 1) / PERIOD
    amplitude = rng.rayleigh(size=(len(each), len(rms))) / (1 + (each[:, None] / hz) ** 2)
    phase = rng.uniform(0, 2 * np.pi, amplitude.shape)
    measured = amplitude * ((2 * np.pi * each[:, None]) ** 2 if acceleration else 1)
    return Small(each, rms * amplitude / np.sqrt(np.square(measured).sum(axis=0) / 2), phase)


def _wider(recorded: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Ranges, from lowest and highest recorded values."""
    return {name: (low - WIDER * (high - low), high + WIDER * (high - low)) for name, (low, high) in recorded.items()}


def measures(paw: np.ndarray) -> dict[str, float]:
    """Measures of `BOUNDS` of a paw's path (T, 3) m at `RATE`."""
    velocity = np.gradient(paw, 1 / RATE, axis=0)
    acceleration = np.gradient(velocity, 1 / RATE, axis=0)[ENDS:-ENDS]
    return {
        "peak speed": float(np.linalg.norm(velocity, axis=1).max()),
        "peak acceleration": float(np.linalg.norm(acceleration, axis=1).max()),
        "path": 1e3 * float(np.linalg.norm(np.diff(paw, axis=0), axis=1).sum()),
        "farthest": 1e3 * float(np.linalg.norm(paw - paw[0], axis=1).max()),
    }


def joint_measures(qpos: np.ndarray) -> np.ndarray:
    """(3, 4, 2) lowest and highest speeds, headings, and accelerations of `SYNERGIES`, of joints (T, 4) rad at `RATE`.

    In rad/s, rad and rad/s^2, as `JOINT_SPEED`, `HEADING` and `SYNERGY_RANGE`.
    """
    qvel = np.gradient(qpos, 1 / RATE, axis=0)
    qacc = np.gradient(qvel, 1 / RATE, axis=0)[ENDS:-ENDS] @ SYNERGIES
    return np.array([np.stack([of.min(axis=0), of.max(axis=0)], axis=1) for of in (qvel, qpos + AHEAD * qvel, qacc)])


def _is_as_recorded(
    arm: ForwardKinematics, qpos: np.ndarray, limits: np.ndarray, moving: list[int], speed: float
) -> bool:
    angles, (low, high) = qpos[:, moving], limits[moving].T
    if (angles < low).any() or (angles > high).any():
        return False
    recorded = np.array([[*JOINT_SPEED.values()], [*HEADING.values()], SYNERGY_RANGE])
    if not _within(joint_measures(angles), recorded):
        return False
    found = measures(arm.landmark_positions(qpos)[:, 2])
    off = abs(found["peak speed"] - speed)
    return off < SPEED_STEP and _within(
        np.repeat([[value] for value in found.values()], 2, axis=1), np.array([*BOUNDS.values()])
    )


def _within(found: np.ndarray, recorded: np.ndarray) -> bool:
    """True where lowest and highest values (..., 2) lie in ranges (..., 2), widened."""
    slack = WIDER * (recorded[..., 1] - recorded[..., 0])
    return bool((found[..., 0] >= recorded[..., 0] - slack).all() and (found[..., 1] <= recorded[..., 1] + slack).all())


def _of_an_animal(name: str, time: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> Reach:
    """The reach of an animal with its own segments and a shoulder that moves, in the directions of points (T, 3, 3)."""
    upper_arm, forearm = np.moveaxis(np.diff(points, axis=1), 1, 0)
    lengths = rng.uniform(*UPPER_ARM), rng.uniform(*FOREARM)
    upper_arm, forearm = (
        length * of / np.linalg.norm(of, axis=1)[:, None]
        for length, of in zip(lengths, (upper_arm, forearm), strict=True)
    )
    shoulder = points[:, 0] + _small(np.full(3, 1e-3 * TRUNK_MM), TRUNK_HZ, rng)(time)
    elbow = shoulder + upper_arm
    return Reach(name, time, shoulder=shoulder, elbow=elbow, paw=elbow + forearm)
