"""What recordings of neurons are worth before they are compared with anything: numbers by unit, trial and session.

Where the paw was recorded, its speed against that of the reaches says whether reaches are where the animal moved.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mousearm.neural.activity import Activity
from mousearm.neural.alignment import START, Placed, align, place_trials
from mousearm.neural.rates import Kernel
from mousearm.neural.session import NeuralSession, UnitFilter, keep_units, unit_checks
from mousearm.text import NO_VALUE, number, plural

_LEVEL = 0.05
_LEAST_TRIALS = 5  # below, no trend can be told
_MOST_S = 0.2  # of a shift
_LEAST_R = 0.5  # below, speeds have too little to do with each other to say where a reach is
_SAME_FRAMES = 2


@dataclass(frozen=True)
class SessionQuality:
    """One session with its numbers; arrays (n,) are of all of its units, kept or not.

    Attributes:
        session: all units.
        kept: those that the filter keeps.
        reasons: why a unit is left out; empty if it is kept.
        placed: where the reaches are.
        rates: of the kept units, on the frames of the reaches.
        by_trial: (trials, n) mean rate in each reach, spikes/s.
        change: (n,) change of the rate from the first trial to the last, by a straight line, as a share of the mean.
        drifts: (n,) probability of such a trend by chance, by Spearman's correlation with the number of the trial; NaN
            for fewer than 5 trials or a constant rate.
    """

    session: NeuralSession
    kept: NeuralSession
    reasons: tuple[str, ...] = field(repr=False)
    placed: tuple[Placed, ...] = field(repr=False)
    rates: Activity = field(repr=False)
    by_trial: np.ndarray = field(repr=False)
    change: np.ndarray = field(repr=False)
    drifts: np.ndarray = field(repr=False)
    rule: UnitFilter
    kernel: Kernel
    notes: tuple[str, ...] = ()

    @property
    def is_kept(self) -> np.ndarray:
        """(n,) whether a unit is kept."""
        return np.array([not reason for reason in self.reasons])

    @property
    def drifting(self) -> tuple[int, int]:
        """How many of the kept units have a trend at p < 0.05, and of how many it is known."""
        known = self.is_kept & np.isfinite(self.drifts)
        return int((self.drifts[known] < _LEVEL).sum()), int(known.sum())


def check_session(
    session: NeuralSession,
    step_s: float,
    frames: Mapping[str, int] | None = None,
    rule: UnitFilter | None = None,
    kernel: Kernel | None = None,
    event: str = START,
    offset_ms: float = 0.0,
    speeds: Mapping[str, np.ndarray] | None = None,
) -> SessionQuality:
    """Check a session; arguments and errors as of `keep_units` and `align`.

    With ``speeds`` of the paw in each reach, (T,), the paw in the recording says whether reaches are where they are.
    """
    rule, kernel = rule or UnitFilter(), kernel or Kernel()
    kept = keep_units(session, rule)
    reasons = [""] * len(session.units)
    for reason, passed in reversed(unit_checks(session, rule).items()):
        reasons = [old if ok else reason for old, ok in zip(reasons, passed, strict=True)]
    placed = place_trials(session, step_s, frames, event, offset_ms)
    rates = align(kept, step_s, frames, kernel, event, offset_ms)
    by_trial = _rates_by_trial(session, placed, step_s)
    change, drifts = _trends(by_trial)
    notes = [*kept.notes, *_trial_notes(session, placed)]
    if speeds is not None and (said := shift_note(movement_shifts(session, placed, speeds, step_s), step_s)):
        notes.append(said)
    return SessionQuality(
        session, kept, tuple(reasons), tuple(placed), rates, by_trial, change, drifts, rule, kernel, tuple(notes)
    )


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
    return f"the alignment is wrong: {fits}. Change --offset by {1e3 * middle:+.0f} ms."


def _rates_by_trial(session: NeuralSession, placed: Sequence[Placed], step_s: float) -> np.ndarray:
    starts = np.array([of.start for of in placed])
    lasts = step_s * np.array([of.n_frames for of in placed])
    edges = starts, starts + lasts
    counts = [np.searchsorted(times, edges[1]) - np.searchsorted(times, edges[0]) for times in session.spikes]
    return np.stack(counts, axis=1) / lasts[:, None]


def _trends(by_trial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.stats import spearmanr  # slow to import

    n, units = by_trial.shape
    change, drifts = np.full(units, np.nan), np.full(units, np.nan)
    if n < _LEAST_TRIALS:
        return change, drifts
    order = np.arange(n)
    for unit, rates in enumerate(by_trial.T):
        if np.ptp(rates) > 0:
            change[unit] = np.polyfit(order, rates, 1)[0] * (n - 1) / rates.mean()
            drifts[unit] = spearmanr(order, rates)[1]
    return change, drifts


def _trial_notes(session: NeuralSession, placed: Sequence[Placed]) -> list[str]:
    lost = len(session.trials) - len(placed)
    return [f"{plural(lost, 'trial')} left out: no reach of the recording, or without the event"] if lost else []


def quality_sentence(quality: SessionQuality) -> str:
    """What a reader is to know of a session first."""
    session, (drifting, known) = quality.session, quality.drifting
    reaches = Counter(of.reach for of in quality.placed)
    trials = plural(len(quality.placed), "trial")
    said = f"{len(quality.kept.units)} of {plural(len(session.units), 'unit')} kept, {trials} of "
    said += f"{plural(len(reaches), 'reach', 'reaches')}, rates by a {quality.kernel}."
    if known:
        said += f" The rate of {drifting} of {known} kept units changes over the trials (p < 0.05 each; by chance "
        said += f"{_LEVEL * known:.0f} would)."
    else:
        said += " There are too few trials to tell drift."
    return said


UNIT_HEADER = ("unit", "area", "spikes/s", "in reaches", "< 2 ms", "trend", "p", "left out")


def unit_cells(quality: SessionQuality) -> list[list[str]]:
    """A row for each unit, as `UNIT_HEADER`."""
    session = quality.session
    columns = zip(
        session.units,
        session.areas,
        session.rates,
        quality.by_trial.mean(axis=0),
        session.short_intervals,
        quality.change,
        quality.drifts,
        quality.reasons,
        strict=True,
    )
    rows = []
    for unit, area, rate, inside, short, change, p, why in columns:
        trend = number(change, "+.0%"), number(p, ".2g")
        rows.append([unit, area or NO_VALUE, f"{rate:.1f}", f"{inside:.1f}", f"{short:.1%}", *trend, why])
    return rows


SESSION_HEADER = ("session", "area", "units", "kept", "trials", "reaches", "median spikes/s", "with drift")


def session_cells(qualities: Sequence[SessionQuality]) -> list[list[str]]:
    """A row for each session and area, as `SESSION_HEADER`."""
    rows = []
    for quality in qualities:
        areas, rates = np.array(quality.session.areas), quality.session.rates
        for area in sorted(set(areas)):
            inside = areas == area
            kept = inside & quality.is_kept
            known = kept & np.isfinite(quality.drifts)
            drift = f"{int((quality.drifts[known] < _LEVEL).sum())} of {int(known.sum())}" if known.any() else NO_VALUE
            reaches = len({of.reach for of in quality.placed})
            counts = [str(int(inside.sum())), str(int(kept.sum())), str(len(quality.placed)), str(reaches)]
            rate = number(float(np.median(rates[kept])) if kept.any() else None, ".1f")
            rows.append([quality.session.group or quality.session.source, area or NO_VALUE, *counts, rate, drift])
    return rows
