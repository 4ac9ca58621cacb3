"""Clean a recording (points that were seen badly or not at all, noise) and cut it into reaches by the paw's speed."""

from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.checks import SEGMENTS
from mousearm.kinematics.damage import HELD, held, jumps, runs, segment_lengths, stand_ins
from mousearm.kinematics.imports.markers import MarkerRecording, MarkerTrajectory, seen_points
from mousearm.kinematics.noise import FILTER_FRAMES, low_pass
from mousearm.trajectory import LANDMARKS, PAW

# Cut-off below which the speed is looked at, so that noise starts no reach; the reaches themselves are not changed.
DETECTION_HZ = 20.0
STRETCH = 0.25  # difference of a segment's length from its median, relative to it, that is noted


def drop_unlikely(recording: MarkerRecording, least: float) -> tuple[MarkerRecording, int]:
    """Take points below a likelihood as not seen, and count them; one that is not said counts as 0, none is refused."""
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
    """Fill gaps of up to ``longest_ms`` in the middle of a recording, each point by itself; also returns their frames.

    A piecewise cubic that keeps the order of its values (PCHIP) is used: it makes no waves of noise beside the gap.
    """
    from scipy.interpolate import PchipInterpolator

    points, lengths = markers.points.copy(), []
    for index in range(points.shape[1]):
        seen = seen_points(points[:, index])
        known = np.flatnonzero(seen)
        inner = [gap for gap in runs(~seen) if gap.start > 0 and gap.stop < len(seen)]
        short = [gap for gap in inner if 1e3 * (gap.stop - gap.start) / markers.rate <= longest_ms + 1e-9]
        if short:
            missing = np.concatenate([np.arange(gap.start, gap.stop) for gap in short])
            points[missing, index] = PchipInterpolator(known, points[known, index])(missing)
        lengths += [gap.stop - gap.start for gap in short]
    return replace(markers, points=points), lengths


def refuse_gaps(markers: MarkerTrajectory, parts: list[slice], longest_ms: float) -> None:
    """Refuse a recording, after `fill_gaps`, of several parts in which all points are seen."""
    if len(parts) == 1:
        return
    gap = slice(parts[0].stop, parts[1].start)
    missing = ~seen_points(markers.points[gap])
    names = " and ".join(name for name, lost in zip(LANDMARKS, missing.T, strict=True) if lost.any())
    raise markers.place.error(
        f"from here on the {names} was not seen for {1e3 * len(missing) / markers.rate:.4g} ms; gaps of up to "
        f"{longest_ms:g} ms are filled. Raise --max-gap, or split the session there with --cut.",
        gap.start,
    )


def stretched(markers: MarkerTrajectory) -> list[str]:
    """A note on the frame in which a segment's length is furthest from its median, if that is no noise."""
    lengths = np.linalg.norm(np.diff(markers.points, axis=1), axis=2)
    off = np.nan_to_num(np.abs(lengths / segment_lengths(markers.points) - 1))
    frame, segment = np.unravel_index(off.argmax(), off.shape)
    if off[frame, segment] <= STRETCH:
        return []
    return [
        f"look      at {markers.place.frame(int(frame))} the length of the {SEGMENTS[segment]} is "
        f"{off[frame, segment]:.0%} off its median; was another point tracked there?"
    ]


def filtered(markers: MarkerTrajectory, cutoff: float | None) -> MarkerTrajectory:
    """A recording without gaps after `low_pass`; refused where the cut-off is too high, or there are too few frames."""
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
    """Definition of a reach by the paw's speed; KinematicsError if a number is out of its range.

    The paw moves where it is faster than ``rest_speed``. Movements with less than ``pause_ms`` between them are one.
    Those that reach ``peak_speed`` and last ``min_ms`` to ``max_ms`` are reaches; ``pad_ms`` are kept at both ends.
    The published reaches have peaks of 0.17 to 0.36 m/s and last 0.1 to 0.6 s.
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
                raise KinematicsError(f"{option(field.name)} {value:g}: give a number above 0.")
        for low, high in (("rest_speed", "peak_speed"), ("min_ms", "max_ms")):
            if getattr(self, low) >= getattr(self, high):
                raise KinematicsError(
                    f"{option(low)} {getattr(self, low):g} must be below {option(high)} {getattr(self, high):g}."
                )
        if 2 * self.pad_ms > self.pause_ms:
            raise KinematicsError(
                f"--pad-ms {self.pad_ms:g} at both ends is more than --pause-ms {self.pause_ms:g}, so reaches would "
                "overlap. Give at most half of the pause."
            )


class Cut(NamedTuple):
    """Reaches of a session."""

    reaches: list[slice]  # their frames
    left_out: Counter[str]  # why movements are not among them, and how many
    peak_speed: float  # of the paw, m/s


def cut_reaches(markers: MarkerTrajectory, rule: CutRule) -> Cut:
    """Find the reaches of a session in metres, without gaps and long enough to filter.

    A movement without ``pad_ms`` of rest before and after it is left out: the session may hold a part of it only.
    """
    speed = paw_speed(markers)
    pad, pause = (1e-3 * ms * markers.rate for ms in (rule.pad_ms, rule.pause_ms))
    movements: list[slice] = []
    for movement in runs(speed > rule.rest_speed):
        if movements and movement.start - movements[-1].stop < pause:
            movement = slice(movements.pop().start, movement.stop)
        movements.append(movement)
    reaches, left_out = [], Counter[str]()
    for movement in movements:
        first, stop = movement.start - round(pad), movement.stop + round(pad)
        milliseconds = 1e3 * (movement.stop - movement.start) / markers.rate
        faults = {
            f"slower than {rule.peak_speed:g} m/s": speed[movement].max() < rule.peak_speed,
            "cut off by a gap or an end of the recording": not 0 < first < stop < len(speed),
            f"shorter than {rule.min_ms:g} ms": milliseconds < rule.min_ms,
            f"longer than {rule.max_ms:g} ms": milliseconds > rule.max_ms,
        }
        if any(faults.values()):
            left_out[next(why for why, is_so in faults.items() if is_so)] += 1
        else:
            reaches.append(slice(first, stop))
    return Cut(reaches, left_out, float(speed.max()))


def paw_speed(markers: MarkerTrajectory) -> np.ndarray:
    """Speed of the paw (T,) [m/s] below `DETECTION_HZ`, or below a fifth of the rate where that is less."""
    paw = filtered(markers, min(DETECTION_HZ, 0.2 * markers.rate)).points[:, PAW]
    return np.linalg.norm(np.gradient(paw, 1 / markers.rate, axis=0), axis=1)


def option(name: str) -> str:
    """The option of the command line that sets a field."""
    return "--" + name.replace("_", "-")
