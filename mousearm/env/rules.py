"""Rules of the task: what lies ahead of the arms, what a step was worth, which simulations diverged or got lost, and at
what cost.

Pure functions of arrays (N, ...) of either kind, so that `Task` and `DeviceTask` follow the same ones.
"""

import math
from typing import NamedTuple

from mousearm.arrays import Array, namespace
from mousearm.observation import Ahead
from mousearm.reward import Reward, Step
from mousearm.trajectory import FOLLOWED, Snapshot, errors_mm

MAX_QVEL = 1e4
"""rad/s; more than a thousand turns a second, while random controls at full force stay below 200 rad/s."""


class Score(NamedTuple):
    """Outcome of a step of N simulations, (N,) each."""

    reward: Array
    terms: dict[str, Array]  # unweighted reward terms
    elbow_mm: Array  # distance of the elbow from its target
    paw_mm: Array


def look_ahead(
    targets: Array, reach: Array, frame: Array, last_frame: Array, frames_ahead: Array, with_goal: bool = False
) -> Ahead:
    """Targets ahead of arms in frames of their reaches, (N,) each, in the targets of all reaches, (R, T, 2, 3).

    ``frames_ahead``, (1 + K,), are the frames that are looked at, counted from the present one, the first; the goal is
    looked at if asked for.
    """
    frames = frame[:, None]
    if len(frames_ahead) > 1:
        frames = namespace(frame).minimum(frames + frames_ahead, last_frame[:, None])
    coming = targets[reach[:, None], frames]
    goal = targets[reach, last_frame, 1] if with_goal else None
    return Ahead(frame / last_frame, coming[:, 0], coming[:, 1:], goal)


def score(
    reward: Reward,
    before: Snapshot,
    after: Snapshot,
    target: Array,
    peak_force: Array,
    emg_error: Array | None = None,
) -> Score:
    """Outcome of the step from one state to another, with targets (N, 2, 3) of elbow and paw after it, metres."""
    elbow_mm, paw_mm = errors_mm(after.landmarks[:, FOLLOWED], target).T
    terms = reward.terms(Step(before, after, elbow_mm, paw_mm, peak_force, emg_error))
    return Score(reward.total(terms), terms, elbow_mm, paw_mm)


def has_diverged(snapshot: Snapshot) -> Array:
    """Find simulations, (N,) bool, with a value that is not finite or a joint faster than ``MAX_QVEL``.

    A control that is not a number counts too: MuJoCo would take it for 0 without a warning.
    """
    xp = namespace(snapshot.qvel)
    sizes = xp.abs(xp.concat([snapshot.qvel, snapshot.qpos, snapshot.activation, snapshot.ctrl], axis=1))
    is_slow = sizes[:, : snapshot.qvel.shape[1]] <= MAX_QVEL
    return ~(xp.all(sizes < math.inf, axis=1) & xp.all(is_slow, axis=1))  # nothing that is no number is less


def is_lost(elbow_mm: Array, paw_mm: Array, lost_mm: float) -> Array:
    """Find arms, (N,) bool, of which elbow or paw is farther from its target than a limit; distances (N,)."""
    return namespace(paw_mm).maximum(elbow_mm, paw_mm) > lost_mm


def divergence_reward(remaining: Array, worst: Array, least_penalty: float) -> Array:
    """Last reward of diverged episodes: no continuation could have been worse, so diverging never pays.

    Every step that remains, (N,), the diverged one included, is charged the worst reward of a step in the episode so
    far, (N,), and at least ``env.divergence_penalty``: remaining min(worst, -least_penalty).
    """
    return remaining * namespace(worst).clip(worst, None, -least_penalty)


def lost_reward(reward: Array, left: Array, worst: Array) -> Array:
    """Last reward of episodes that end because the arm is lost: getting lost pays no better than going on.

    Each step that is left, (N,), is worth 0, or the worst reward of a step, (N,), or the last one, (N,), where that is
    negative: reward + left min(worst, reward, 0).
    """
    return reward + divergence_reward(left, namespace(reward).minimum(worst, reward), 0.0)
