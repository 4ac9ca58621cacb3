"""Movements that follow recorded EMG, judged by EMG that they did not see: of another muscle, or of another reach.

Leave one muscle out: optimal control follows all channels but one, which it is to predict from these and from the
movement. Leave one reach out: on each reach it follows the mean envelope of the other reaches, over the course of a
reach, and is to predict the EMG of this one; the mean envelope itself is the competitor. Both are compared with the
same optimal control without EMG.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mousearm.emg.envelope import EmgTarget
from mousearm.emg_comparison.traces import Trace, mean_of_others, pearson
from mousearm.errors import ConfigError, EmgError
from mousearm.keys import check_keys
from mousearm.planning.muscles import Movements, Solver, common_scale
from mousearm.stats import Nested, NullTest, exchange_test, nested_spread, sign_flip_test

MUSCLE, REACH = "leave one muscle out", "leave one reach out"


@dataclass(frozen=True)
class Gain:
    """What EMG of others brought to one channel: r with the EMG that was not used, and what it is compared with."""

    left_out: str  # `MUSCLE` or `REACH`
    channel: str
    without: Nested  # r of optimal control without EMG
    informed: Nested  # r of optimal control that follows the EMG of others
    change: Nested  # of r, by reach
    p: float  # of `change` above 0, by signs of reaches; one-sided, corrected for the channels
    p_exchanged: float  # of `informed` above that with the EMG of other reaches; one-sided, corrected likewise
    competitor: Nested | None  # r of the mean envelope of the other reaches, where a reach is left out


@dataclass(frozen=True, eq=False)
class Informed:
    """Scores of all movements: of each reach (R) in each channel (C)."""

    reaches: tuple[str, ...]
    groups: tuple[str, ...]  # (R,) animal/session, within which EMG is exchanged
    emg: EmgTarget  # unscaled
    scale: float
    w_emg: float
    plain: Movements
    muscle_out: tuple[Movements, ...]  # by channel that was left out
    reach_out: Movements
    mean_envelope: np.ndarray  # (R, T, C) of the other reaches

    @cached_property
    def shown(self) -> dict[str, np.ndarray]:
        """(R, T, C) what channels would show by what was left out, and of movements without EMG."""
        muscles = [one.shown(self.emg)[..., c] for c, one in enumerate(self.muscle_out)]
        return {
            "": self.plain.shown(self.emg),
            MUSCLE: np.stack(muscles, axis=-1),
            REACH: self.reach_out.shown(self.emg),
        }

    def followed(self) -> dict[str, float]:
        """Mean r of what movements were given to follow, by what was left out: how far they do."""
        n = len(self.emg.channels)
        others = [
            pearson(one.shown(self.emg), self.emg.values)[:, np.arange(n) != c] for c, one in enumerate(self.muscle_out)
        ]
        of_reach = pearson(self.shown[REACH], self.mean_envelope)
        return {MUSCLE: float(np.nanmean(others)), REACH: float(np.nanmean(of_reach))}

    def gains(self) -> list[Gain]:
        """Both tests in every channel."""
        animals = [group.partition("/")[0] for group in self.groups]

        def spread(values: np.ndarray) -> Nested:
            return nested_spread(values.tolist(), animals, self.groups)

        found, recorded = [], self.emg.values
        plain = pearson(self.shown[""], recorded)
        mean = pearson(self.mean_envelope, recorded)
        for kind in (MUSCLE, REACH):
            scores = pearson(self.shown[kind], recorded)
            change = np.nan_to_num(scores - plain)
            signs: NullTest = sign_flip_test(change.T)
            exchanged = exchange_test(self._pairs(self.shown[kind]), self.groups)
            for c, channel in enumerate(self.emg.channels):
                competitor = spread(mean[:, c]) if kind == REACH else None
                parts = spread(plain[:, c]), spread(scores[:, c]), spread(change[:, c])
                p = float(signs.p_corrected[c]), float(exchanged.p_corrected[c])
                found.append(Gain(kind, channel, *parts, *p, competitor))
        return found

    def _pairs(self, shown: np.ndarray) -> np.ndarray:
        """(C, R, R) r of movement i with the EMG of reach j, on the frames that both have."""
        table = pearson(shown[:, None], self.emg.values[None])
        return np.moveaxis(np.nan_to_num(table), -1, 0)


def inform(solver: Solver, emg: EmgTarget, groups: Sequence[str], w_emg: float) -> Informed:
    """Solve with and without EMG; ``groups``, (R,), are the animal/session of reaches.

    Errors, before anything is solved, as of `mean_envelope`; EmgError if there is but one channel, ConfigError if the
    weight is out of range or 0.
    """
    if len(emg.channels) < 2:
        raise EmgError(
            f"there is one channel, {', '.join(emg.channels)}: none is left to follow when it is left out. Import "
            "another muscle, or leave kinematics.emg_channels out."
        )
    from tqdm.auto import tqdm

    setup = solver.setup
    base = replace(setup.config.optimal, w_emg=0.0)
    following = replace(base, w_emg=w_emg)
    check_keys(following, "optimal.")
    if w_emg == 0:
        raise ConfigError(
            "the weight of EMG is 0, with which nothing follows it. Give one above 0: --w-emg 1.", "w_emg"
        )
    names, dt = tuple(one.name for one in setup.references), setup.config.env.control_dt
    mean = mean_envelope(emg, np.array([len(one.paw) for one in setup.references]), names, groups, dt)
    plain = solver.performed("without EMG", base)
    scale = common_scale(plain.shown(emg), emg.values)
    jobs = list(_targets(emg, scale, mean))
    solved = [
        solver.performed(name, following, target)
        for name, target in tqdm(jobs, "following EMG", unit=" sets", delay=1, leave=False)
    ]
    return Informed(names, tuple(groups), emg, scale, w_emg, plain, tuple(solved[:-1]), solved[-1], mean)


def _targets(emg: EmgTarget, scale: float, mean: np.ndarray) -> Iterator[tuple[str, EmgTarget]]:
    for c, channel in enumerate(emg.channels):
        kept = np.arange(len(emg.channels)) != c
        channels = tuple(name for name in emg.channels if name != channel)
        part = EmgTarget(scale * emg.values[..., kept], emg.weights[:, kept], channels, emg.signal)
        yield f"without {channel}", part
    yield "mean EMG of other reaches", emg._replace(values=scale * mean)


def mean_envelope(
    emg: EmgTarget, n_frames: np.ndarray, names: Sequence[str], groups: Sequence[str], dt: float
) -> np.ndarray:
    """(R, T, C) mean envelope of the other reaches, see `mean_of_others`; NaN after the end of a reach.

    EmgError if fewer than two reaches have EMG.
    """
    have = sum(bool(np.isfinite(values).any()) for values in emg.values)
    if have < 2:
        raise EmgError(f"{have} of {len(names)} reaches has EMG: no other tells of it. Give a folder of two or more.")
    found = np.full(emg.values.shape, np.nan)
    for row, mean in enumerate(mean_of_others(_traces(emg.values, n_frames, names, dt), groups)):
        found[row, : n_frames[row]] = mean.values
    return found


def _traces(values: np.ndarray, n_frames: np.ndarray, names: Sequence[str], dt: float) -> list[Trace]:
    """Reaches (R, T, C), each without what is after its end."""
    return [
        Trace(name, dt * np.arange(n), of[:n], dt * (n - 1))
        for name, n, of in zip(names, n_frames.tolist(), values, strict=True)
    ]
