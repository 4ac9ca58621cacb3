"""Clean a recording (points that were seen badly or not at all, noise) and cut it into reaches by the paw's speed."""

from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.damage import HELD, held, jumps, runs, segment_lengths, stand_ins
from mousearm.kinematics.imports.markers import MarkerRecording, MarkerTrajectory, seen_points
from mousearm.kinematics.noise import FILTER_FRAMES, low_pass
from mousearm.trajectory import LANDMARKS, PAW

DETECTION_HZ = 20.0
"""Cut-off below which the speed is looked at, so that noise starts no reach; the reaches themselves are not changed."""


def drop_unlikely(recording: MarkerRecording, least: float) -> tuple[MarkerRecording, int]:
    """Take points below a likelihood as not seen, and count them; a likelihood that is not said counts as 0.

    Raises:
        KinematicsError: the file says no likelihood of all three points.
    """
    if recording.likelihood is None:
        raise recording.place.error(
            f"says no likelihood (or score) of {', '.join(LANDMARKS)}, so --min-likelihood {least:g} cannot be kept. "
            "Leave it out."
        )
    unlikely = ~(recording.likelihood >= least)
    n_dropped = int((unlikely & seen_points(recording.points)).sum())
    return replace(recording, points=np.where(unlikely[:, :, None], np.nan, recording.points)), n_dropped


def drop_stand_ins(recording: MarkerRecording) -> tuple[MarkerRecording, int]:
    """Take `stand_ins`, and positions that are `held`, as not seen; and count them."""
    points = np.where(stand_ins(recording.points)[:, :, None], np.nan, recording.points)
    moved = HELD * segment_lengths(points)[0]
    repeated = np.stack([held(points[:, i], moved) for i in range(points.shape[1])], axis=1)
    repeated |= held(points, moved)[:, None]
    points = np.where(repeated[:, :, None], np.nan, points)
    return replace(recording, points=points), int((seen_points(recording.points) & ~seen_points(points)).sum())


def drop_spikes(markers: MarkerTrajectory) -> tuple[MarkerTrajectory, int]:
    """Take as not seen, and count, points of a recording in metres that jump in one frame only."""
    _, found = jumps(markers.time, markers.points)
    return replace(markers, points=np.where(found[:, :, None], np.nan, markers.points)), int(found.sum())


def fill_gaps(markers: MarkerTrajectory, longest_ms: float) -> tuple[MarkerTrajectory, list[int]]:
    """Fill gaps of up to ``longest_ms`` (missing frames / rate) in the middle of a recording, each point by itself.

    A piecewise cubic that keeps the order of its values (PCHIP) is used: it makes no waves of noise beside the gap.

    Returns:
        The filled recording, and of each gap that was filled its length in frames.
    """
    from scipy.interpolate import PchipInterpolator

    points, lengths = markers.points.copy(), []
    for index in range(points.shape[1]):
        seen = seen_points(points[:, index])
        known = np.flatnonzero(seen)
        inner = [gap for gap in runs(~seen) if gap.start > 0 and gap.stop < len(seen)]
        short = [gap for gap in inner if 1e3 * _length(gap) / markers.rate <= longest_ms + 1e-9]
        if short:
            missing = np.concatenate([np.arange(gap.start, gap.stop) for gap in short])
            points[missing, index] = PchipInterpolator(known, points[known, index])(missing)
        lengths += [_length(gap) for gap in short]
    return replace(markers, points=points), lengths


def refuse_gaps(markers: MarkerTrajectory, parts: list[slice], longest_ms: float) -> None:
    """Refuse a recording of several parts; before the first and after the last seen frame nothing is missed.

    Args:
        markers: after `fill_gaps`.
        parts: its stretches in which all points are seen.
        longest_ms: the longest gap that was allowed.
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


def filtered(markers: MarkerTrajectory, cutoff: float | None) -> MarkerTrajectory:
    """A recording without gaps after `low_pass`; as it is for None.

    Raises:
        KinematicsError: the cut-off is too high for the rate, or there are too few frames.
    """
    if cutoff is None:
        return markers
    if cutoff >= 0.5 * markers.rate:
        raise markers.place.error(
            f"was recorded at {markers.rate:.4g} Hz, so --cutoff must be below half of it; it is {cutoff:g} Hz. Lower "
            "it, or leave the filter out."
        )
    if len(markers.points) <= FILTER_FRAMES:
        raise markers.place.error(
            f"{len(markers.points)} frames are too few to filter; more than {FILTER_FRAMES} are needed. Leave --cutoff "
            "out, or leave this recording out.",
            0,
        )
    return replace(markers, points=low_pass(markers.points, markers.rate, cutoff))


@dataclass(frozen=True, slots=True)
class CutRule:
    """Definition of a reach by the paw's speed.

    The paw moves where it is faster than ``rest_speed``. Movements with less than ``pause_ms`` between them are one.
    Those that reach ``peak_speed`` and last ``min_ms`` to ``max_ms`` are reaches; ``pad_ms`` are kept at both ends.
    The published reaches have peaks of 0.17 to 0.36 m/s and last 0.1 to 0.6 s.

    Raises:
        KinematicsError: a number is out of its range.
    """

    peak_speed: float = 0.12  # m/s
    rest_speed: float = 0.03  # m/s
    pause_ms: float = 100.0
    pad_ms: float = 50.0
    min_ms: float = 80.0
    max_ms: float = 1500.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (0 <= value < np.inf and (value > 0 or field.name == "pad_ms")):
                raise KinematicsError(f"{_option(field.name)} {value:g}: give a number above 0.")
        for low, high in (("rest_speed", "peak_speed"), ("min_ms", "max_ms")):
            if getattr(self, low) >= getattr(self, high):
                raise KinematicsError(
                    f"{_option(low)} {getattr(self, low):g} must be below {_option(high)} {getattr(self, high):g}."
                )
        if 2 * self.pad_ms > self.pause_ms:
            raise KinematicsError(
                f"--pad-ms {self.pad_ms:g} at both ends is more than --pause-ms {self.pause_ms:g}, so reaches would "
                "overlap. Give at most half of the pause."
            )


class Cut(NamedTuple):
    """Reaches of a session.

    Attributes:
        reaches: their frames.
        left_out: why movements are not among them, with their numbers.
        peak_speed: the highest speed of the paw that was seen [m/s].
    """

    reaches: list[slice]
    left_out: Counter[str]
    peak_speed: float


def cut_reaches(markers: MarkerTrajectory, rule: CutRule) -> Cut:
    """Find the reaches of a session in metres, without gaps and long enough to filter.

    A movement without ``pad_ms`` of rest before and after it is left out: the session may hold a part of it only.
    """
    speed = paw_speed(markers)
    pad = round(1e-3 * rule.pad_ms * markers.rate)
    reaches, left_out = [], Counter[str]()
    for movement in _joined(runs(speed > rule.rest_speed), 1e-3 * rule.pause_ms * markers.rate):
        whole = pad < movement.start and movement.stop + pad < len(speed)
        milliseconds = 1e3 * _length(movement) / markers.rate
        if speed[movement].max() < rule.peak_speed:
            left_out[f"slower than {rule.peak_speed:g} m/s"] += 1
        elif not whole:
            left_out["cut off by a gap or an end of the recording"] += 1
        elif milliseconds < rule.min_ms:
            left_out[f"shorter than {rule.min_ms:g} ms"] += 1
        elif milliseconds > rule.max_ms:
            left_out[f"longer than {rule.max_ms:g} ms"] += 1
        else:
            reaches.append(slice(movement.start - pad, movement.stop + pad))
    return Cut(reaches, left_out, float(speed.max()))


def paw_speed(markers: MarkerTrajectory) -> np.ndarray:
    """Speed of the paw (T,) [m/s] below `DETECTION_HZ`, or below a fifth of the rate where that is less."""
    paw = filtered(markers, min(DETECTION_HZ, 0.2 * markers.rate)).points[:, PAW]
    return np.linalg.norm(np.gradient(paw, 1 / markers.rate, axis=0), axis=1)


def _joined(movements: list[slice], pause: float) -> list[slice]:
    """Movements with those joined between which there are fewer frames than the pause."""
    joined: list[slice] = []
    for movement in movements:
        if joined and movement.start - joined[-1].stop < pause:
            joined[-1] = slice(joined[-1].start, movement.stop)
        else:
            joined.append(movement)
    return joined


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _length(frames: slice) -> int:
    return frames.stop - frames.start
