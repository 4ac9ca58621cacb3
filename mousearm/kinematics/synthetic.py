"""Synthetic reaches, so that everything works where nothing was recorded.

A movement is drawn in joint space and turned into landmarks by the arm's forward kinematics. With s the time since its
onset divided by its duration, clipped to [0, 1], each of the joints in `POSTURES` follows

    q(t) = start + change * m(s1) + bump * b(s1) + settle * m(s2),
    m(s) = 10 s^3 - 15 s^4 + 6 s^5    (minimum jerk, from 0 to 1),
    b(s) = 64 s^3 (1 - s)^3           (out and back, 1 at its peak),

where s1 belongs to the reach and s2 to a slower correction that follows it. Both curves have zero velocity and
acceleration at their ends. All other joints stay at rest. The ranges below come from fitting this formula to six
recorded reaches (Gilmer et al. 2025, J Neurophysiol 133(4):1266-1278) after inverse kinematics on the published model,
with the distal joints at rest: it follows their joint angles within 0.008 to 0.028 rad rms.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics.reach import Reach

# The joints that move, and how far [rad]: the range of each term of the formula in six recorded reaches.
POSTURES = {
    "elv_angle": {"start": (1.21, 1.60), "change": (-0.18, 0.14), "bump": (-0.10, 0.15), "settle": (-0.09, 0.16)},
    "shoulder_ext": {"start": (-0.48, -0.29), "change": (0.36, 0.76), "bump": (-0.08, 0.22), "settle": (-0.33, 0.00)},
    "shoulder_rot": {"start": (-0.26, 0.48), "change": (-0.42, 0.56), "bump": (-0.50, 0.01), "settle": (-0.13, 0.03)},
    "elbow_flex": {"start": (-0.26, 0.03), "change": (-0.08, 0.46), "bump": (-0.41, -0.11), "settle": (-0.28, -0.10)},
}

# Lowest and highest angle [rad] of each joint in the recorded reaches; postures are drawn inside.
RECORDED_QPOS = {
    "elv_angle": (1.17, 1.65),
    "shoulder_ext": (-0.48, 0.30),
    "shoulder_rot": (-0.48, 0.48),
    "elbow_flex": (-0.50, 0.19),
}

# Ranges of what else is drawn, and what was recorded.
PEAK_SPEED = (0.17, 0.36)  # of the paw during the reach, m/s; 0.17 to 0.33 on the model. The shortest duration caps it
REACH_SECONDS = (0.11, 0.24)  # 0.11 to 0.23; set by the peak speed as far as this allows
SETTLE_SECONDS = (0.12, 0.40)  # of the correction; 0.10 to 0.35
GAP_SECONDS = (-0.05, 0.08)  # from the end of the reach to the onset of the correction; -0.05 to 0.05
ONSET_SECONDS = (0.0, 0.04)  # in a clip that starts before the movement; 0.01 to 0.04
CUT_PHASE = (0.15, 0.6)  # part of the reach that is over where a clip starts mid-movement; in one of six, 0.3
CUT_SHARE = 0.25  # of the clips start mid-movement. Where a clip ends, its correction may still be going on
FRAMES = (40, 70)  # fewest and most of a clip
_MOST_REACHES, _MOST_FRAMES = 100_000, 10_000  # that are generated, of those that have a minute each
RATE = 150.0  # of the recordings [Hz], in which `FRAMES` are counted whatever dt is
MARGIN = 0.02  # distance kept from a joint's limits, as a part of its range


class ForwardKinematics(Protocol):
    """Forward kinematics of an arm, as the generator needs it."""

    @property
    def joint_names(self) -> Sequence[str]:
        """Names of the joints, in the order of qpos."""
        ...

    @property
    def qpos_range(self) -> np.ndarray:
        """(nq, 2) rad, infinite where a joint has no limit."""
        ...

    @property
    def rest_qpos(self) -> np.ndarray:
        """(nq,) rad, the pose of the joints that do not move."""
        ...

    def landmark_positions(self, qpos: np.ndarray) -> np.ndarray:
        """Positions (T, 3, 3) of shoulder, elbow, paw in metres, z-up, for the poses (T, nq) in rad."""
        ...


class Movement(NamedTuple):
    """Drawn movement: the terms of the formula above, (nq,) rad, and onset and duration of its two parts [s]."""

    start: np.ndarray
    change: np.ndarray
    bump: np.ndarray
    settle: np.ndarray
    onset: float  # negative in a clip that begins mid-movement
    seconds: float
    settle_onset: float
    settle_seconds: float

    def qpos(self, time: np.ndarray) -> np.ndarray:
        """Joint positions (T, nq) [rad] at the times (T,) [s]."""
        reach = np.clip((time - self.onset) / self.seconds, 0, 1)[:, None]
        correction = np.clip((time - self.settle_onset) / self.settle_seconds, 0, 1)[:, None]
        terms = [self.change * minimum_jerk(reach), self.bump * bump(reach), self.settle * minimum_jerk(correction)]
        return self.start + np.sum(terms, axis=0)


# Draws a term of the formula for every joint, (nq,) rad, as `draw_term`.
Draw = Callable[[ForwardKinematics, str, np.random.Generator], np.ndarray]


def generate(
    arm: ForwardKinematics, n: int, seed: int, dt: float = 1 / RATE, frames: tuple[int, int] = FRAMES
) -> tuple[Reach, ...]:
    """Generate synthetic reaches.

    Args:
        arm: the arm that performs them; needs the joints of `POSTURES`.
        n: how many.
        seed: of the random numbers, not negative. Reach i of a seed is the same whatever n is.
        dt: interval between frames [s].
        frames: fewest and most frames of a clip, counted at 150 Hz whatever dt is.

    Returns:
        Reaches named ``reach_00``, ``reach_01``, ... with time from 0, positions in metres, z-up. Every pose keeps
        `MARGIN` from the limits of the joints, and every segment has the length of the arm's.

    Raises:
        KinematicsError: n, seed, dt or frames is out of range, or the arm's limits exclude the postures of a mouse.
        UnknownNameError: the arm lacks a joint of `POSTURES`.
    """
    check_request(n, seed, dt, frames)
    limits, reaches = posture_limits(arm), []
    for i, child in enumerate(np.random.SeedSequence(seed).spawn(n)):
        rng = np.random.default_rng(child)
        movement = draw_movement(arm, limits, rng)
        seconds = (rng.integers(frames[0], frames[1] + 1) - 1) / RATE
        time = dt * np.arange(round(seconds / dt) + 1)
        reaches.append(Reach.of(f"reach_{i:02d}", time, arm.landmark_positions(movement.qpos(time))))
    return tuple(reaches)


def check_request(n: int, seed: int, dt: float, frames: tuple[int, int]) -> None:
    """Refuse a number of reaches, a seed, an interval [s] or a range of frames with which none can be generated."""
    if not 1 <= n <= _MOST_REACHES:
        raise KinematicsError(f"Cannot generate n = {n} reaches; give a whole number, 1 to {_MOST_REACHES}.")
    if seed < 0:
        raise KinematicsError(f"The seed of synthetic reaches is {seed}; give a whole number of at least 0.")
    if not (np.isfinite(dt) and dt > 0):
        raise KinematicsError(f"Synthetic reaches cannot have an interval of dt = {dt} s; give a positive number.")
    if not 3 <= frames[0] <= frames[1] <= _MOST_FRAMES:
        raise KinematicsError(
            f"frames = {frames} is not a range; give (fewest, most) with 3 <= fewest <= most <= {_MOST_FRAMES}."
        )


def minimum_jerk(s: np.ndarray) -> np.ndarray:
    """The curve from 0 to 1 of least jerk, 10 s^3 - 15 s^4 + 6 s^5, for s in [0, 1]."""
    return s**3 * (10 - 15 * s + 6 * s**2)


def bump(s: np.ndarray) -> np.ndarray:
    """A way out and back, 64 s^3 (1 - s)^3, for s in [0, 1]: 0 at the ends with two derivatives, 1 in the middle."""
    return 64 * (s * (1 - s)) ** 3


def posture_limits(arm: ForwardKinematics, recorded: Mapping[str, tuple[float, float]] = RECORDED_QPOS) -> np.ndarray:
    """Angles between which the generator may move each joint, (nq, 2) rad.

    For those joints that were recorded their range [rad], less what the arm cannot do with `MARGIN` to spare
    (KinematicsError if nothing is left, UnknownNameError if there is no such joint); for the others the rest pose,
    twice.
    """
    limits = np.repeat(np.asarray(arm.rest_qpos, dtype=float)[:, None], 2, axis=1)
    for name, (lowest, highest) in recorded.items():
        if name not in arm.joint_names:
            raise UnknownNameError("joint of the arm (synthetic reaches need it)", name, arm.joint_names)
        joint = list(arm.joint_names).index(name)
        low, high = (float(limit) for limit in arm.qpos_range[joint])
        margin = MARGIN * (high - low) if np.isfinite(high - low) else 0.0
        limits[joint] = max(low + margin, lowest), min(high - margin, highest)
        if limits[joint, 0] >= limits[joint, 1]:
            raise KinematicsError(
                f"Joint {name} of the arm has the range {low:.4g} to {high:.4g} rad; mice reach with {lowest:g} "
                f"to {highest:g} rad, so no synthetic reach is possible. Use an arm with the published joint axes."
            )
    return limits


def draw_movement(
    arm: ForwardKinematics,
    limits: np.ndarray,
    rng: np.random.Generator,
    draw: Draw | None = None,
    peak_speed: tuple[float, float] = PEAK_SPEED,
) -> Movement:
    """Draw one movement from the ranges of this module; it stays between the limits (nq, 2) of `posture_limits`.

    ``draw`` draws a term of the formula, each joint from its range by itself unless another one is given.
    """
    start, change, bend, settle = (
        (draw or draw_term)(arm, term, rng) for term in ("start", "change", "bump", "settle")
    )
    low, high = limits.T
    start = np.clip(start, low, high)
    target = np.clip(start + change, low, high)
    final = np.clip(target + settle, low, high)
    postures = np.stack([start, target, final])
    bend = np.clip(bend, low - postures.min(axis=0), high - postures.max(axis=0))  # stays inside beside any posture
    movement = Movement(start, target - start, bend, final - target, 0.0, 1.0, 1.0, 1.0)
    time = np.linspace(0, 1, 101)  # of a reach that starts at 0 and lasts a second
    velocity = np.gradient(arm.landmark_positions(movement.qpos(time))[:, 2], time, axis=0)
    peak = float(np.linalg.norm(velocity, axis=1).max())
    seconds = float(np.clip(peak / rng.uniform(*peak_speed), *REACH_SECONDS))
    cut = rng.random() < CUT_SHARE
    onset = -seconds * rng.uniform(*CUT_PHASE) if cut else rng.uniform(*ONSET_SECONDS)
    settle_onset = onset + seconds + rng.uniform(*GAP_SECONDS)
    return movement._replace(
        onset=onset, seconds=seconds, settle_onset=settle_onset, settle_seconds=rng.uniform(*SETTLE_SECONDS)
    )


def draw_term(arm: ForwardKinematics, term: str, rng: np.random.Generator) -> np.ndarray:
    """One term of the formula for every joint, (nq,) rad; for `start`, joints that stay get their rest pose."""
    values = np.array(arm.rest_qpos, dtype=float) if term == "start" else np.zeros(len(arm.rest_qpos))
    for name, postures in POSTURES.items():
        values[list(arm.joint_names).index(name)] = rng.uniform(*postures[term])
    return values
