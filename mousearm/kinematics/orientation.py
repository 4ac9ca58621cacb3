"""Plausibility of axes and side of recorded reaches, by how mice hold an arm and move it.

A mouse that reaches holds the upper arm down and a little forward, the forearm forward and a little up. Of the 24 ways
to turn a recording by right angles that one fits best in which both are nearest to this. Left and right are alike in
it. They differ in the angles by which upper arm and forearm point to the side, and in how these change on the way: a
logistic regression of them tells 99 % of synthetic reaches from their mirror images, and each recorded one.

Directions are (forward, up, right), as ``--axes`` has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

BODY = [1, 2, 0]
"""Forward, up and right among the axes of MuJoCo."""

# Mean directions of upper arm and forearm in recorded and synthetic reaches, without their part to the side.
_POSTURE = np.array([[0.3697, -0.9292, 0.0], [0.9326, 0.3610, 0.0]])
# Log odds, per rad, of a right arm: mean, slope and bend (coefficients of Legendre's polynomials over the reach) of the
# angles to the right of upper arm and forearm. Fitted to 4000 synthetic reaches and their mirror images.
_SIDE = np.array([[28.5, -20.7], [-26.8, -10.8], [56.1, -55.4]])
_OUTSIDE = 4.0  # log odds against a reach whose joints are out of the range of recorded ones in all frames
_SURE = 5.0  # log odds; of 10 000 synthetic reaches two have as much against them, recorded mirror images 5.2 or more
_BETTER = 10.0  # degrees by which another orientation must fit better; recorded and 4000 synthetic reaches: -7 or less
_WORDS = (("back", "forward"), ("down", "up"), ("left", "right"))
_MIRROR = np.diag([1.0, 1.0, -1.0])
# All 48 orientations by right angles, (48, 3, 3), half of them with a mirror image; the first turns nothing.
_ORIENTATIONS = np.array(
    [
        np.array(signs)[:, None] * np.eye(3)[list(order)]
        for order in permutations(range(3))
        for signs in product((1, -1), repeat=3)
    ]
)


@dataclass(frozen=True, slots=True)
class Orientation:
    """The reaches that are suspicious among several, and the rotation that would make them fit."""

    suspicious: np.ndarray  # (R,) bool
    turn: np.ndarray  # (3, 3) from forward, up, right as they are to what fits the suspicious ones best
    evidence: str  # sentences; empty where none is suspicious

    def options(self, axes: np.ndarray | None = None, side: str = "right") -> str:
        """Options of an import that turns them: ``--axes 'x z -y'``, and the side where it is or was the left one.

        Those that the reaches were imported with are ``axes``, (3, 3) from the file's axes to forward, up and right,
        and ``side``; where they are not given, the file is a reach's own.
        """
        whole = np.eye(3) if axes is None else axes
        whole = self.turn @ (_MIRROR @ whole if side == "left" else whole)
        is_left = np.linalg.det(whole) < 0
        rows = _MIRROR @ whole if is_left else whole
        names = ["-" * bool(row.min() < 0) + "xyz"[np.abs(row).argmax()] for row in rows]
        told = f" --side {'left' if is_left else 'right'}" if is_left or side == "left" else ""
        return f"--axes '{' '.join(names)}'{told}"


def find_orientation(reaches: Sequence[np.ndarray], outside: Sequence[float] | None = None) -> Orientation:
    """Judge the axes and the side of reaches, each by itself and all together.

    Args:
        reaches: shoulder, elbow and paw of each, (T, 3, 3), in MuJoCo's axes, of a right arm.
        outside: of each the share of frames in which a joint is out of its range in recorded reaches, where known.
    """
    if not reaches:
        return Orientation(np.zeros(0, dtype=bool), np.eye(3), "")
    directions = [unit(np.diff(points[..., BODY], axis=1)) for points in reaches]
    means = unit(np.array([along.mean(axis=0) for along in directions]))  # (R, 2, 3)
    cosines = np.einsum("oij,rsj,si->ors", _ORIENTATIONS, means, _POSTURE).clip(-1, 1)
    misfit = np.sqrt(np.square(np.rad2deg(np.arccos(cosines))).mean(axis=2))  # (48, R), of both segments
    doubted = misfit[0] - misfit.min(axis=0) > _BETTER
    odds = np.array([_log_odds(along, np.eye(3)) for along in directions]) - _OUTSIDE * np.array(outside or 0.0)
    together = odds[~doubted].sum() / np.sqrt(max(1, (~doubted).sum()))  # as of one, where reaches agree by chance
    doubted |= (odds < -_SURE) | (together < -_SURE)
    if not doubted.any():
        return Orientation(doubted, np.eye(3), "")
    mean_misfit = misfit[:, doubted].mean(axis=1)
    fitting = _ORIENTATIONS[mean_misfit < mean_misfit.min() + 1e-6]  # one, and its mirror image
    chosen = [along for along, is_doubted in zip(directions, doubted, strict=True) if is_doubted]
    scores = [np.mean([_log_odds(along, turn) for along in chosen]) for turn in fitting]
    turn = fitting[int(np.argmax(scores))]
    return Orientation(doubted, turn, _evidence(means[doubted].mean(axis=0), turn))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1 in the same directions."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _log_odds(along: np.ndarray, turn: np.ndarray) -> float:
    """Log odds that directions (T, 2, 3), turned, are those of a right arm and not of a left one."""
    to_the_right = np.arcsin((along @ turn[2]).clip(-1, 1))
    return float((_SIDE * np.polynomial.legendre.legfit(np.linspace(-1, 1, len(along)), to_the_right, 2)).sum())


def _evidence(means: np.ndarray, turn: np.ndarray) -> str:
    """Faults of upper arm and forearm, (2, 3), and what is better."""
    if np.array_equal(turn, _MIRROR):
        return (
            "Left and right look exchanged: upper arm and forearm move to the side as those of a left arm do, or of a "
            "right one in a mirror."
        )
    words = [_WORDS[axis][int(mean[axis] > 0)] for mean in means for axis in [int(np.abs(mean).argmax())]]
    off = np.rad2deg(np.arccos((unit(means @ turn.T) * _POSTURE).sum(axis=1).clip(-1, 1)))
    return (
        f"The axes look wrong: the upper arm points {words[0]} and the forearm {words[1]}; in mice that reach it is "
        f"down and forward. Turned as proposed, they are {off[0]:.0f}° and {off[1]:.0f}° from a mouse's mean posture."
    )
