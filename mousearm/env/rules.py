"""Rules of the task: what lies ahead of the arms, what a step was worth, which simulations diverged, what that costs.

Pure functions of arrays (N, ...) of either kind, so that `Task` and `DeviceTask` follow the same ones.
"""

from typing import NamedTuple

from mousearm.arrays import Array, namespace
from mousearm.env.references import References
from mousearm.observation import Ahead
from mousearm.reward import Reward, Step
from mousearm.trajectory import FOLLOWED, Snapshot, errors_mm

MAX_QVEL = 1e4
"""rad/s; more than a thousand turns a second, while random controls at full force stay below 200 rad/s."""


class Score(NamedTuple):
    """What a step of N simulations was worth, (N,) each."""

    reward: Array
    terms: dict[str, Array]  # unweighted reward terms
    elbow_mm: Array  # distance of the elbow from its target
    paw_mm: Array


def look_ahead(references: References, reach: Array, frame: Array, frames_ahead: Array) -> Ahead:
    """What lies ahead of arms in frames of their reaches, (N,) both.

    ``frames_ahead``, (1 + K,), are the frames that are looked at, counted from the present one, the first.
    """
    xp = namespace(frame)
    last_frame = references.n_frames[reach] - 1
    frames = xp.minimum(frame[:, None] + frames_ahead, last_frame[:, None])
    targets = references.targets[reach[:, None], frames]
    return Ahead(xp.astype(frame, targets.dtype) / last_frame, targets[:, 0], targets[:, 1:])


def score(reward: Reward, before: Snapshot, after: Snapshot, target: Array, peak_force: Array) -> Score:
    """What the step from one state to another was worth, with targets (N, 2, 3) of elbow and paw after it, metres."""
    elbow_mm, paw_mm = errors_mm(after.landmarks[:, FOLLOWED], target).T
    terms = reward.terms(Step(before, after, elbow_mm, paw_mm, peak_force))
    return Score(reward.total(terms), terms, elbow_mm, paw_mm)


def has_diverged(snapshot: Snapshot) -> Array:
    """Find simulations, (N,) bool, with a value that is not finite or a joint faster than ``MAX_QVEL``.

    A control that is not a number counts too: MuJoCo would take it for 0 without a warning.
    """
    xp = namespace(snapshot.qvel)
    state = xp.concat([snapshot.qpos, snapshot.qvel, snapshot.activation, snapshot.ctrl], axis=1)
    too_fast = xp.abs(snapshot.qvel) > MAX_QVEL
    return ~xp.all(xp.isfinite(state), axis=1) | xp.any(too_fast, axis=1)


def divergence_reward(remaining: Array, worst: Array, least_penalty: float) -> Array:
    """Last reward of diverged episodes: no continuation could have been worse, so diverging never pays.

    Every step that remains, (N,), the diverged one included, is charged the worst reward of a step in the episode so
    far, (N,), and at least ``env.divergence_penalty``: -remaining max(least_penalty, -worst).
    """
    return -remaining * namespace(worst).clip(-worst, least_penalty, None)
