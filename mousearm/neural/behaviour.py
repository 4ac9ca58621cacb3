"""Whether reaches are where the animal moved: its paw in the recording against the speed of the reaches."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mousearm.neural.alignment import Placed
from mousearm.neural.session import NeuralSession

_MOST_S = 0.2  # of a shift
_LEAST_R = 0.5  # below, speeds have too little to do with each other to say where a reach is
_SAME_FRAMES = 2


class Shift(NamedTuple):
    """Where a reach would fit best."""

    reach: str
    seconds: float  # by which the animal moved later than the frames say
    r: float  # correlation of speeds at that shift


def movement_shifts(
    session: NeuralSession, placed: Sequence[Placed], speeds: Mapping[str, np.ndarray], step_s: float
) -> list[Shift]:
    """The shift of each reach at which the speed of the paw in the recording agrees best with that of the reach.

    Args:
        session: with positions of the paw; none gives none.
        placed: where the reaches are said to be.
        speeds: speed of the paw, (T,), of each reach by its name.
        step_s: time between frames, s.
    """
    if session.paw is None:
        return []
    times, points = session.paw
    seen = np.isfinite(points).all(axis=1)
    shifts = np.arange(-round(_MOST_S / step_s), round(_MOST_S / step_s) + 1)
    found = []
    for reach, start, n in placed:
        wanted = speeds[reach][:n]
        at = start + step_s * (np.arange(shifts[0], shifts[-1] + n + 1) - 0.5)
        inside = seen & (times >= at[0] - step_s) & (times <= at[-1] + step_s)
        if inside.sum() < n // 4 or np.ptp(wanted) == 0:
            continue
        way = np.stack([np.interp(at, times[inside], column[inside]) for column in points.T], axis=1)
        speed = np.linalg.norm(np.diff(way, axis=0), axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(speed, n)
        spread = windows.std(axis=1) * wanted.std()
        r = (windows @ (wanted - wanted.mean())) / n / np.where(spread > 0, spread, np.inf)
        found.append(Shift(reach, float(shifts[r.argmax()] * step_s), float(r.max())))
    return found


def shift_note(shifts: Sequence[Shift], step_s: float) -> str:
    """What the shifts of a session say of its alignment; empty if nothing is known."""
    clear = [shift for shift in shifts if shift.r >= _LEAST_R]
    if not shifts:
        return ""
    if len(clear) < len(shifts) / 2:
        return (
            f"the paw in the recording moves otherwise than the reaches at any shift up to {1e3 * _MOST_S:.0f} ms, in "
            f"{len(shifts) - len(clear)} of {len(shifts)} trials: these may not be the same reaches"
        )
    middle, r = float(np.median([shift.seconds for shift in clear])), float(np.median([shift.r for shift in clear]))
    fits = f"the speed of the paw in the recording agrees best at a shift of {1e3 * middle:+.0f} ms"
    fits += f" (r {r:.2f}, {len(clear)} of {len(shifts)} trials)"
    if abs(middle) <= _SAME_FRAMES * step_s:
        return f"alignment: {fits}"
    return f"the alignment is wrong: {fits}. Raise --offset by {1e3 * middle:+.0f} ms."
