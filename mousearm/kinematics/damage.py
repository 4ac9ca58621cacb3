"""Signs of damage in the numbers of a recording: points that jump, values that stand for "not seen", rows that are
held or lost.

Nothing here decides what becomes of them: an import takes what it finds as not seen, a reach that is read is refused.
"""

import numpy as np

# m from the middle of its neighbours in time, beyond which a point jumps: a row that was moved by 10 mm, or one after
# which all are, is at least 5 mm off; a reach at 60 Hz with noise of 0.3 mm 3.4 mm.
JUMP = 0.004
ACCELERATION = 20.0  # m/s^2 up to which a paw bends its path; published ones have 3 to 12. It matters below 60 Hz
HELD = 0.005  # step beside rows that repeat, of the upper arm, above which the point moved and the tracking stood still
AGAIN = 4  # frames between repeats up to which a slower camera's rows were written several times
GAP = 1.75  # interval, in median ones, beyond which rows are lost; the times of a camera jitter by less
NOT_SEEN = 1e6  # coordinates from here on, in any unit, stand for a point that was not seen; some programs write 1e10
_CATCH_UP = 1.3  # the step after rows that repeat, relative to the one before: it makes up for them
_DECIMALS = 30.0  # steps beside rows that repeat are larger than this many times the last decimal
_FAR = 0.25  # of the shorter segment, from where the point was seen last


def runs(mask: np.ndarray) -> list[slice]:
    """Stretches of a mask (T,) that are true, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [slice(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def jumps(time: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of points from the straight line between their neighbours in time, and in which frames only one is off.

    Of points (T, K, 3) m, NaN where one was not seen, at times (T,) s. Returns (T, K) m where a distance is more than a
    mouse can do, 0 elsewhere, at both ends, and beside a point that was not seen; and (T, K) where it is that of a
    spike, which puts its neighbours off by a half.
    """
    off = np.zeros(points.shape[:2])
    before, after = np.diff(time)[:-1], np.diff(time)[1:]
    share = (before / (before + after))[:, None, None]
    off[1:-1] = np.linalg.norm(points[1:-1] - (1 - share) * points[:-2] - share * points[2:], axis=2)
    beside = np.zeros_like(off)
    beside[1:-1] = np.fmax(off[:-2], off[2:])
    limit = np.full(len(time), np.inf)
    limit[1:-1] = np.maximum(JUMP, 0.5 * ACCELERATION * before * after)
    found = np.where(off > limit[:, None], off, 0.0)
    return found, (found > 1.5 * beside) & (beside > 0.35 * found)


def held(points: np.ndarray, moved: float) -> np.ndarray:
    """Tell which frames (T,) repeat the one before to the last decimal while the points (T, ...) move.

    They move where the step before is more than ``moved``, in the points' unit, and than some units of the last
    decimal, as that of a resting paw is not; and where the step after is longer, or this happens again within
    `AGAIN` frames, as after a pause it is not. Of a single one at an end nobody can tell.
    """
    flat = points.reshape(len(points), -1)
    change = np.abs(np.diff(flat, axis=0))
    last_decimal = change[change > 0].min(initial=np.inf)
    steps = np.linalg.norm(change, axis=1)
    found = np.zeros(len(flat), dtype=bool)
    limit = max(_DECIMALS * last_decimal, moved)
    before, after = np.append(np.nan, steps), np.append(steps, np.nan)  # a run, by its first and its last step
    moving = [run for run in runs(steps == 0) if not before[run.start] <= limit]
    close = np.concatenate([[False], np.diff([run.start for run in moving]) <= AGAIN, [False]])
    for run, again in zip(moving, close[1:] | close[:-1], strict=False):
        if again or after[run.stop] / _CATCH_UP > before[run.start]:
            found[run.start + 1 : run.stop + 1] = True
    return found


@np.errstate(over="ignore")  # of squares of huge numbers, which are stand-ins
def stand_ins(points: np.ndarray) -> np.ndarray:
    """Tell which positions are none, (T, 3), but stand for a point that was not seen, such as 0 0 0, -1 -1 -1 or 1e10.

    Such are three equal whole numbers, far from where the point is otherwise. So an origin that lies in a point, or
    that a path crosses, is a position. Points are (T, 3, 3) shoulder, elbow and paw in any unit; NaN where not seen.
    """
    first = points[..., :1]
    found = np.asarray((np.abs(points) >= NOT_SEEN).any(axis=2))
    suspect = found | ((points == first).all(axis=2) & (first == np.round(first))[..., 0])
    segment = np.min(segment_lengths(np.where(suspect[..., None], np.nan, points)))
    for point in range(points.shape[1]):
        good = np.flatnonzero(~suspect[:, point] & np.isfinite(points[:, point]).all(axis=1))
        doubtful = np.flatnonzero(suspect[:, point])
        if len(good) and len(doubtful):
            before = good[(np.searchsorted(good, doubtful) - 1).clip(min=0)]
            distance = np.linalg.norm(points[doubtful, point] - points[before, point], axis=1)
            found[doubtful, point] |= distance > _FAR * segment
    return found


def segment_lengths(points: np.ndarray) -> tuple[float, float]:
    """Median lengths of upper arm and forearm in the unit of the points (T, 3, 3); NaN where one is never seen."""
    lengths = np.linalg.norm(np.diff(points, axis=1), axis=2)
    seen = (length[~np.isnan(length)] for length in lengths.T)
    upper_arm, forearm = (float(np.median(length)) if len(length) else np.nan for length in seen)
    return upper_arm, forearm


def lost(time: np.ndarray) -> np.ndarray:
    """Count the rows (T - 1,) that are lost between those of a recording at an even rate, from its times (T,)."""
    ratios = np.diff(time) / np.median(np.diff(time))
    return np.where(ratios > GAP, np.round(ratios) - 1, 0).astype(int)
