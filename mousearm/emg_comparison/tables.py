"""Tables of a comparison with EMG: cells for people, rows for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mousearm.document import Cells
from mousearm.emg_comparison.study import COMMON, SPEED, EmgSet, EmgStudy
from mousearm.emg_comparison.timing import delay, emg_reach_rows
from mousearm.emg_comparison.traces import coactivation, synergy_fit
from mousearm.stats import Nested, share_text
from mousearm.text import NO_VALUE, display_name, number


@dataclass(frozen=True)
class MuscleRow:
    """One muscle of one controller over its reaches."""

    controller: str
    channel: str
    reaches: int
    r: float
    low: float
    high: float
    interval: str
    unit: str  # that was resampled
    exchanged: float  # mean r with the recordings of other reaches
    p_null: float
    p_null_corrected: float
    r_of_mean: float  # of the mean of the other reaches
    p_over_mean: float
    p_over_mean_corrected: float
    r_of_speed: float
    p_over_speed: float
    p_over_speed_corrected: float
    p_shift: float
    r_best: float
    exchanged_best: float
    p_null_best_corrected: float
    ceiling: float
    ceiling_low: float
    ceiling_high: float
    share: float
    mae: float
    onset_later_ms: float  # of EMG, median over reaches
    peak_later_ms: float

    @property
    def agrees(self) -> bool:
        """True if it is better than its null and than the mean of the other reaches."""
        return self.p_null_corrected <= 0.05 and self.p_over_mean_corrected <= 0.05


def muscle_results(study: EmgStudy) -> list[MuscleRow]:
    """A row per controller and channel."""
    times = emg_reach_rows(study)
    return [
        _muscle_row(study, one, index, c, [row for row in times if row.controller == measured.name])
        for one in study.sets
        for index, measured in enumerate(one.measured)
        for c in range(len(study.channels))
    ]


def _muscle_row(study: EmgStudy, one: EmgSet, index: int, c: int, times: Sequence[Any]) -> MuscleRow:
    nested, ceiling = one.nested(index, c), one.reaches.ceilings[c]
    null, best = one.at_lag.null, one.at_best
    over = {name: float(of.p[index, c]) for name, of in one.at_lag.rivals.items()}
    over_corrected = {name: float(of.p_corrected[index, c]) for name, of in one.at_lag.rivals.items()}
    of_rival = {name: float(of[study.lag_index, c].mean()) for name, of in one.reaches.rivals.items()}
    own = [row for row in times if row.channel == study.channels[c]]
    measured = one.measured[index]
    return MuscleRow(
        controller=measured.name,
        channel=study.channels[c],
        reaches=len(one.reaches.names),
        r=nested.spread.mean,
        low=nested.spread.low,
        high=nested.spread.high,
        interval=nested.spread.kind,
        unit=nested.unit,
        exchanged=float(one.at_lag.exchanged[index, c]),
        p_null=float(null.p[index, c]),
        p_null_corrected=float(null.p_corrected[index, c]),
        r_of_mean=of_rival[COMMON],
        p_over_mean=over[COMMON],
        p_over_mean_corrected=over_corrected[COMMON],
        r_of_speed=of_rival.get(SPEED, np.nan),
        p_over_speed=over.get(SPEED, np.nan),
        p_over_speed_corrected=over_corrected.get(SPEED, np.nan),
        p_shift=float(measured.shift.p[c]),
        r_best=float(best.r[index, c].mean()),
        exchanged_best=float(best.exchanged[index, c]),
        p_null_best_corrected=float(best.null.p_corrected[index, c]),
        ceiling=ceiling.value,
        ceiling_low=ceiling.low,
        ceiling_high=ceiling.high,
        share=one.shares(index)[c],
        mae=float(np.mean(measured.errors[:, c])),
        onset_later_ms=_median([row.emg_onset_ms - row.muscle_onset_ms for row in own]),
        peak_later_ms=_median([row.emg_peak_ms - row.muscle_peak_ms for row in own]),
    )


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else np.nan


def agreement_cells(rows: Sequence[MuscleRow]) -> Cells:
    """R against nulls, rivals and ceiling: what the verdict is made of."""
    header = ["controller", "channel", "r", "95 % interval", "exchanged", "p", "mean of others", "p over it"]
    header += ["paw speed", "p over it", "ceiling", "its interval", "share", "agrees"]
    return header, [
        [
            row.controller,
            display_name(row.channel),
            f"{row.r:.2f}",
            _between(row.low, row.high) + " (range)" * (row.interval == "range"),
            f"{row.exchanged:.2f}",
            f"{row.p_null_corrected:.3f}",
            f"{row.r_of_mean:.2f}",
            f"{row.p_over_mean_corrected:.3f}",
            number(row.r_of_speed, ".2f"),
            number(row.p_over_speed_corrected, ".3f"),
            f"{row.ceiling:.2f}",
            _between(row.ceiling_low, row.ceiling_high),
            share_text(row.share),
            "yes" if row.agrees else "not shown",
        ]
        for row in rows
    ]


def lag_cells(study: EmgStudy, rows: Sequence[MuscleRow]) -> Cells:
    """The best lag: of each controller over all, and r of each muscle with the best lag of each pairing."""
    delays = {measured.name: delay(one, measured, study.lags_ms) for one in study.sets for measured in one.measured}
    header = ["controller", "channel", "lag ms", "over reaches", "r at best lags", "exchanged", "p"]
    return header, [
        [
            row.controller,
            display_name(row.channel),
            f"{delays[row.controller].ms:+.0f}" + (" (edge)" if delays[row.controller].at_edge else ""),
            f"{delays[row.controller].low:+.0f} to {delays[row.controller].high:+.0f}",
            f"{row.r_best:.2f}",
            f"{row.exchanged_best:.2f}",
            f"{row.p_null_best_corrected:.3f}",
        ]
        for row in rows
    ]


def size_cells(rows: Sequence[MuscleRow]) -> Cells:
    """Errors after scaling, and times."""
    header = ["controller", "channel", "error", "EMG begins later, ms", "EMG peaks later, ms", "p of circular shifts"]
    return header, [
        [
            row.controller,
            display_name(row.channel),
            number(row.mae, ".3f"),
            number(row.onset_later_ms, "+.0f"),
            number(row.peak_later_ms, "+.0f"),
            f"{row.p_shift:.3f}",
        ]
        for row in rows
    ]


def together_rows(study: EmgStudy) -> list[dict[str, Any]]:
    """A row per set of reaches for the EMG, and per controller: synergies and co-activation of the channels."""
    rows = []
    for one in study.sets:
        emg = [of.at(grid.time) for of, grid in zip(one.reaches.emg, one.measured[0].muscles, strict=True)]
        rows.append(_together("EMG", study.channels, emg, emg))
        for measured in one.measured:
            own = [of.at(grid.time) for of, grid in zip(one.reaches.emg, measured.muscles, strict=True)]
            rows.append(_together(measured.name, study.channels, [of.values for of in measured.muscles], own))
    return rows


def _together(
    name: str, channels: Sequence[str], ours: Sequence[np.ndarray], emg: Sequence[np.ndarray]
) -> dict[str, Any]:
    fit, of_emg, both = synergy_fit(ours, ours), synergy_fit(emg, ours), coactivation(ours)
    row: dict[str, Any] = {"of": name, "reaches": len(ours)}
    for n in range(1, min(2, len(channels)) + 1):
        row[f"vaf_{n}"] = float(fit.own[n - 1]) if fit else np.nan
        row[f"vaf_of_emg_{n}"] = float(of_emg.by_other[n - 1]) if of_emg else np.nan
    for a, b in _pairs(channels):
        row[f"coactivation.{channels[a]}.{channels[b]}"] = float(both[a, b])
    return row


def _pairs(channels: Sequence[str]) -> Iterator[tuple[int, int]]:
    return ((a, b) for a in range(len(channels)) for b in range(a + 1, len(channels)))


def together_cells(study: EmgStudy) -> Cells:
    """Synergies and co-activation for people."""
    rows = together_rows(study)
    keys = [key for key in rows[0] if key not in ("of", "reaches")]
    header = ["of", "reaches", *map(_title, keys)]
    return header, [[row["of"], str(row["reaches"]), *(number(row[key], ".2f") for key in keys)] for row in rows]


def _title(key: str) -> str:
    if key.startswith("vaf"):
        n = key[-1]
        return f"EMG by its {n}" if "emg" in key else f"by {n} of its own"
    return " and ".join(map(display_name, key.split(".")[1:]))


def _between(low: float, high: float) -> str:
    return f"{low:+.2f} to {high:+.2f}" if np.isfinite(low) else NO_VALUE


def scope(study: EmgStudy) -> Nested:
    """Of what the intervals speak: those of the first controller."""
    return study.sets[0].nested(0, 0)
