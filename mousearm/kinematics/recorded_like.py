"""Synthetic reaches with the statistics of recorded ones, to tune on what nobody will be judged by.

Those of `synthetic` are smoother than a mouse, end at rest, and each joint is drawn without regard to the others, so
that some are faster than any mouse. Here a movement is one of `synthetic`, which some clips end with the way back,
plus small movements of each joint that the formula of `synthetic` leaves out of recorded reaches:

    q(t) = movement(t) + share (start - target) m((t - t0) / duration) + sum over f of A(f) cos(2 pi f t + phase),

with the minimum jerk m, and A falling as in what is left of recorded ones. It is drawn again until speeds,
accelerations, path and postures lie where those of six recorded reaches do (`BOUNDS`, `JOINT_BOUNDS`; Gilmer et al.
2025, J Neurophysiol 133(4):1266-1278). The animal has segments of its own lengths, and its shoulder moves.
"""

from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.reach import Reach
from mousearm.kinematics.synthetic import (
    RATE,
    RECORDED_QPOS,
    ForwardKinematics,
    Movement,
    check_request,
    draw_movement,
    minimum_jerk,
    posture_limits,
)

FRAMES = (50, 50)  # of a clip; all published ones have 50
# Of the paw on the model's segments: lowest and highest in six recorded reaches.
BOUNDS = {
    "peak speed": (0.166, 0.330),  # m/s
    "peak acceleration": (3.46, 11.9),  # m/s^2
    "path": (15.8, 27.0),  # mm, along the way
    "farthest": (8.6, 15.2),  # mm, from where it was first
}
# Highest speed [rad/s] of each joint in the same reaches.
JOINT_SPEED = {"elv_angle": 5.9, "shoulder_ext": 9.5, "shoulder_rot": 17.3, "elbow_flex": 12.5}
# Joints move together: principal directions, in columns, of the accelerations of these joints, and the root mean square
# and the highest acceleration [rad/s^2] along each. Muscles can follow the first at a pace at which the last fails.
SYNERGIES = np.array(
    [
        [0.226, -0.077, 0.830, -0.504],
        [-0.039, -0.765, -0.376, -0.521],
        [-0.771, 0.400, -0.052, -0.492],
        [-0.594, -0.498, 0.408, 0.482],
    ]
)
SYNERGY_RMS = np.array([287.0, 93.0, 62.0, 48.0])
SYNERGY_HIGHEST = np.array([1241.0, 302.0, 218.0, 179.0])
WIDER = 0.1  # by which the mice that were not recorded may go beyond these, relative to them
ENDS = 2  # frames at the ends of a clip, where an acceleration by differences says little
SMALL_RMS = (0.012, 0.040)  # rad, of the small movements of all joints together
SMALL_HZ, HIGHEST_HZ = 7.0, 30.0  # above the first their amplitude falls; beyond the second is nothing
PERIOD = 0.7  # s, of the slowest of them
BACK_SHARE, BACK_PART = 0.35, (0.3, 1.0)  # of clips with the way back, and part of the way that goes back
HOLD_SECONDS, BACK_SECONDS = (0.04, 0.20), (0.12, 0.30)  # the paw opens and closes before it goes back
UPPER_ARM, FOREARM = (0.0074, 0.0146), (0.0133, 0.0168)  # m, of the animals
TRUNK_MM, TRUNK_HZ = 0.5, 5.0  # rms of the shoulder on each axis, and its fastest movement; recorded: 0.2 to 0.8 mm
MOST_DRAWS = 10_000  # until one is as recorded; about one in fifty is


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

    Arguments, names and errors are those of `synthetic.generate`. Segments have the lengths of animals, not of the arm,
    but its directions, and the shoulder moves by a millimetre or two.
    """
    check_request(n, seed, dt, frames)
    limits, reaches = posture_limits(arm), []
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
    small: Small  # of `SYNERGIES`
    moving: list[int]  # the joints that these are made of

    def __call__(self, time: np.ndarray) -> np.ndarray:
        """Joint positions (T, nq) [rad] at times (T,) [s]."""
        back = minimum_jerk(np.clip((time - self.back_onset) / self.back_seconds, 0, 1))
        qpos = self.movement.qpos(time) + back[:, None] * self.back
        qpos[:, self.moving] += self.small(time) @ SYNERGIES.T
        return qpos


def _draw(arm: ForwardKinematics, limits: np.ndarray, seconds: float, rng: np.random.Generator) -> _Drawn:
    """Draw movements until one of a clip of that length [s] is as recorded."""
    time = np.arange(round(seconds * RATE) + 1) / RATE
    moving = [list(arm.joint_names).index(name) for name in RECORDED_QPOS]
    for _ in range(MOST_DRAWS):
        movement = draw_movement(arm, limits, rng)
        goes_back = rng.random() < BACK_SHARE
        back = -goes_back * rng.uniform(*BACK_PART) * (movement.change + movement.settle)
        onset = movement.onset + movement.seconds + rng.uniform(*HOLD_SECONDS)
        share = SYNERGY_RMS / np.linalg.norm(SYNERGY_RMS)
        small = _small(np.exp(rng.uniform(*np.log(SMALL_RMS))) * share, SMALL_HZ, rng)
        drawn = _Drawn(movement, back, onset, rng.uniform(*BACK_SECONDS), small, moving)
        if _is_as_recorded(arm, drawn(time), limits, moving):
            return drawn
    raise KinematicsError(
        f"None of {MOST_DRAWS} movements of {seconds:.3g} s was like a recorded reach on this arm. Reaches as recorded "
        f"have {FRAMES[0]} frames and an arm with the published joint axes; leave out --like recorded for others."
    )


def _small(rms: np.ndarray, hz: float, rng: np.random.Generator) -> Small:
    """Oscillations of coordinates with these root mean squares (K,), slower than a frequency [Hz] for the most part."""
    each = np.arange(1, int(HIGHEST_HZ * PERIOD) + 1) / PERIOD
    amplitude = rng.rayleigh(size=(len(each), len(rms))) / (1 + (each[:, None] / hz) ** 4)
    phase = rng.uniform(0, 2 * np.pi, amplitude.shape)
    return Small(each, rms * amplitude / np.sqrt(np.square(amplitude).sum(axis=0) / 2), phase)


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
    """(2, 4) highest speeds [rad/s] of joints, and accelerations [rad/s^2] of `SYNERGIES`, of (T, 4) rad at `RATE`."""
    qvel = np.gradient(qpos, 1 / RATE, axis=0)
    qacc = np.gradient(qvel, 1 / RATE, axis=0)[ENDS:-ENDS]
    return np.stack([np.abs(qvel).max(axis=0), np.abs(qacc @ SYNERGIES).max(axis=0)])


def _is_as_recorded(arm: ForwardKinematics, qpos: np.ndarray, limits: np.ndarray, moving: list[int]) -> bool:
    angles, (low, high) = qpos[:, moving], limits[moving].T
    if (angles < low).any() or (angles > high).any():
        return False
    if (joint_measures(angles) > (1 + WIDER) * np.stack([[*JOINT_SPEED.values()], SYNERGY_HIGHEST])).any():
        return False
    found = measures(arm.landmark_positions(qpos)[:, 2])
    return all(low / (1 + WIDER) <= found[name] <= (1 + WIDER) * high for name, (low, high) in BOUNDS.items())


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
