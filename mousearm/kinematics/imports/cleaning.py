"""Points that were seen badly or not at all, and noise."""

from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.imports.markers import MarkerTrajectory, seen_points
from mousearm.trajectory import LANDMARKS

FILTER_ORDER = 2
"""Order of the Butterworth filter; run forwards and backwards it has twice that."""

_TWO_PASSES = (2**0.5 - 1) ** (
    1 / (2 * FILTER_ORDER)
)  # where one pass gives half of the -3 dB, relative to its cut-off
_LEAST_FRAMES = 3 * (2 * FILTER_ORDER + 1)  # what the filter needs, to continue the ends


class Filled(NamedTuple):
    """Points with gaps filled, and how many there were.

    Attributes:
        points: (T, 3, 3) with short gaps filled.
        n_gaps: gaps that were filled, over the three points.
        n_frames: positions that were filled, over the three points.
        longest_ms: the longest of them.
    """

    points: np.ndarray
    n_gaps: int
    n_frames: int
    longest_ms: float


def runs(mask: np.ndarray) -> list[slice]:
    """Stretches of a mask (T,) that are true, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [slice(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def drop_unlikely(markers: MarkerTrajectory, least: float) -> tuple[np.ndarray, int]:
    """Points (T, 3, 3) without those below a likelihood, and how many these were; an unsaid likelihood counts as 0.

    Raises:
        KinematicsError: the file says no likelihood of all three points.
    """
    if markers.likelihood is None:
        raise markers.place.error(
            f"says no likelihood (or score) of {', '.join(LANDMARKS)}, so --min-likelihood {least:g} cannot be kept. "
            "Leave it out."
        )
    unlikely = ~(markers.likelihood >= least)
    n_dropped = int((unlikely & seen_points(markers.points)).sum())
    return np.where(unlikely[:, :, None], np.nan, markers.points), n_dropped


def fill_gaps(points: np.ndarray, rate: float, longest_ms: float) -> Filled:
    """Fill gaps in the middle of a recording, each point by itself.

    A piecewise cubic that keeps the order of its values (PCHIP) is used: it makes no waves of noise beside the gap.

    Args:
        points: (T, 3, 3), NaN where a point was not seen.
        rate: Hz.
        longest_ms: the longest gap (its missing frames / rate) that is filled.
    """
    from scipy.interpolate import PchipInterpolator

    points, lengths = points.copy(), []
    for index in range(points.shape[1]):
        seen = seen_points(points[:, index])
        known = np.flatnonzero(seen)
        inner = [gap for gap in runs(~seen) if gap.start > 0 and gap.stop < len(seen)]
        short = [gap for gap in inner if 1e3 * _length(gap) / rate <= longest_ms + 1e-9]
        if short:
            missing = np.concatenate([np.arange(gap.start, gap.stop) for gap in short])
            points[missing, index] = PchipInterpolator(known, points[known, index])(missing)
        lengths += [_length(gap) for gap in short]
    return Filled(points, len(lengths), sum(lengths), 1e3 * max(lengths, default=0) / rate)


def whole_parts(points: np.ndarray) -> list[slice]:
    """Stretches in which all points are seen.

    Args:
        points: (T, 3, 3), NaN where a point was not seen.
    """
    return runs(seen_points(points.reshape(len(points), -1)))


def refuse_gaps(markers: MarkerTrajectory, parts: list[slice], longest_ms: float) -> None:
    """Refuse a recording that is not one stretch; before the first and after the last seen frame nothing is missed.

    Args:
        markers: after `fill_gaps`.
        parts: its `whole_parts`.
        longest_ms: the longest gap that was allowed.

    Raises:
        KinematicsError: names the landmark, the row and the length of the first gap.
    """
    if len(parts) == 1:
        return
    gap = slice(parts[0].stop, parts[1].start)
    missing = ~seen_points(markers.points[gap])
    names = " and ".join(name for name, lost in zip(LANDMARKS, missing.T, strict=True) if lost.any())
    raise markers.place.error(
        f"from here on the {names} was not seen for {1e3 * _length(gap) / markers.rate:.4g} ms; gaps of up to "
        f"{longest_ms:g} ms are filled. Raise --max-gap, or split the session there with --cut.",
        gap.start,
    )


def low_pass(markers: MarkerTrajectory, cutoff: float) -> np.ndarray:
    """Points (T, 3, 3) without what is faster than a frequency and without delay.

    A Butterworth filter of second order is run forwards and backwards. Its cut-off is raised, by the bilinear
    transform's scale tan(pi f / rate), so that both passes together let 1/sqrt(2) of the amplitude through at the
    cut-off: their gain is 1 / (1 + (sqrt(2) - 1) (tan(pi f / rate) / tan(pi cutoff / rate))^4).

    Args:
        markers: without gaps.
        cutoff: Hz.

    Raises:
        KinematicsError: the cut-off is too high for the rate, or there are too few frames.
    """
    from scipy.signal import butter, sosfiltfilt

    if cutoff >= 0.5 * markers.rate:
        raise markers.place.error(
            f"was recorded at {markers.rate:.4g} Hz, so --cutoff must be below half of it; it is {cutoff:g} Hz. Lower "
            "it, or leave the filter out."
        )
    if len(markers.points) <= _LEAST_FRAMES:
        raise markers.place.error(
            f"{len(markers.points)} frames are too few to filter; more than {_LEAST_FRAMES} are needed. Leave --cutoff "
            "out, or leave this recording out.",
            0,
        )
    raised = markers.rate / np.pi * np.arctan(np.tan(np.pi * cutoff / markers.rate) / _TWO_PASSES)
    sections = butter(FILTER_ORDER, raised, fs=markers.rate, output="sos")
    return sosfiltfilt(sections, markers.points, axis=0, padlen=_LEAST_FRAMES)


def long_enough(frames: slice) -> bool:
    """Tell whether a stretch has the frames that `low_pass` needs."""
    return _length(frames) > _LEAST_FRAMES


def check_cutoff(cutoff: float | None) -> None:
    """Refuse a cut-off that is not a frequency.

    Raises:
        KinematicsError: says what is valid.
    """
    if cutoff is not None and not 0 < cutoff < np.inf:
        raise KinematicsError(f"--cutoff {cutoff:g}: give a frequency above 0 Hz.")


def _length(frames: slice) -> int:
    return frames.stop - frames.start
