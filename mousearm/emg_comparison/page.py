"""A comparison with EMG as a page, as tables for programs, and for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mousearm.document import (
    Document,
    Section,
    picture_block,
    table_block,
    terminal_lines,
    terminal_table,
    text_block,
    warning_block,
)
from mousearm.emg_comparison.figure import score_figure, trace_figure
from mousearm.emg_comparison.study import COMMON, EmgStudy
from mousearm.emg_comparison.tables import (
    MuscleRow,
    agreement_cells,
    lag_cells,
    muscle_results,
    scope,
    size_cells,
    together_cells,
    together_rows,
)
from mousearm.emg_comparison.timing import delay, emg_reach_rows
from mousearm.files import to_json, unknown_as_null
from mousearm.stats import ALPHA
from mousearm.text import listed, plural

_NARROW = ("controller", "channel", "r", "exchanged", "p", "mean of others", "paw speed", "ceiling", "agrees")
_SCORES = (
    "r: Pearson correlation of {signal} with the EMG over time, mean over reaches, at a lag of {lag:g} ms. Exchanged: "
    "the mean r when recordings are exchanged between reaches {group}; p is one-sided, {exact}, and corrected for all "
    "muscles and controllers by the largest of them. Mean of others: r of the mean EMG of the other reaches, which "
    "knows nothing of this reach's muscles; paw speed: r of the speed of the recorded paw. p over it: signs of the "
    "differences over reaches, flipped, corrected in the same way. Ceiling: mean r between the recordings of two "
    "reaches of one animal, with the 95 % interval of its own sampling error. A muscle agrees if it is better than "
    "exchanged reaches and than the mean of the others. {scope}."
)
_LAGS = (
    "Lag: where the EMG is most likely as the muscles and noise, within ± {window:g} ms; positive: the EMG is later "
    "than the muscle; the interval by resampling reaches. In the other columns every pairing, exchanged ones too, has "
    "its own best lag, so that the choice of lags gains nothing by itself. {timing}"
)
_STATED = "Nothing was assumed at the import."
_ASSUMED = (
    "Something was assumed at the import, as said above. Where that is the clock of the EMG, the lag is no delay of "
    "the animal's, and none is to be quoted."
)
_SIZES = (
    "Error: mean absolute error in units of the envelope, after one factor per muscle that was fitted on the other "
    "reaches. Begins: 30 % of the range of a trace; differences are medians over reaches. Circular shifts ask whether "
    "times fit; reaches do not end where they begin, so that they are no test of agreement."
)
_TOGETHER = (
    "Variance accounted for (1 - SSE / SST about zero, channels as parts of their largest value) by one and two "
    "synergies of its own, and of the EMG by those synergies. Co-activation of two channels: "
    "2 Σ min(a, b) / Σ (a + b). Where all channels rise and fall together, by co-contraction or by cross-talk, any "
    "prediction that does so looks good."
)


def sentences(study: EmgStudy) -> list[str]:
    """The verdict on each controller."""
    return [f"{one.evidence(i, study.channels).sentence}." for one in study.sets for i in range(len(one.measured))]


def sentences_at_best_lags(study: EmgStudy) -> list[str]:
    """The same where every pairing has its best lag."""
    return [
        f"{one.evidence(i, study.channels, best=True).sentence}."
        for one in study.sets
        for i in range(len(one.measured))
    ]


def emg_caveats(study: EmgStudy) -> list[str]:
    """Reasons to say less than the numbers seem to."""
    found = [f"Assumed at the import: {line}" for line in study.assumptions]
    found += [
        f"{channel}: {share:.0%} of its raw power is what louder channels show at the same instant. It lies below "
        "their cross-talk: do not interpret it."
        for channel, share in study.covered.items()
    ]
    for one in study.sets:
        n, least = len(one.reaches.names), one.at_lag.null.least_p
        who = listed([measured.name for measured in one.measured], most=3)
        needed = max(least, one.at_lag.rivals[COMMON].least_p)
        if needed > ALPHA:
            found.append(
                f"{who}: {plural(n, 'reach', 'reaches')} cannot show agreement, however good it is: the smallest "
                f"possible p is {needed:.2g}."
            )
        elif one.at_lag.rivals[COMMON].least_p > ALPHA / 2:
            found.append(
                f"{who}: with {plural(n, 'reach', 'reaches')} only differences of one sign in all can be shown."
            )
        if len(set(one.reaches.animals)) < 2:
            found.append("All recordings count as one animal's: nothing is said of other animals.")
    return list(dict.fromkeys(found))


def emg_sections(study: EmgStudy, rows: Sequence[MuscleRow], group: str) -> Iterator[Section]:
    """The whole document, section by section."""
    null = study.sets[0].at_lag.null
    exact = f"exact over {null.arrangements} exchanges" if null.exact else f"of {null.arrangements} drawn exchanges"
    within = {"all": "of all animals", "animal": "of one animal", "session": "of one session"}[group]
    key = _SCORES.format(
        signal=study.signal, lag=study.lag_ms, group=within, exact=exact, scope=scope(study).scope.capitalize()
    )
    yield Section(
        "",
        [
            *(text_block(line, "headline") for line in sentences(study)),
            warning_block(emg_caveats(study)),
            picture_block(lambda: score_figure(study, rows), "r of controllers with EMG, nulls, rivals", key, "scores"),
        ],
    )
    yield Section("Scores, nulls, rivals, ceilings", [table_block(agreement_cells(rows), "scores")])
    window = float(study.lags_ms[-1])
    timing = _STATED if study.timing_known else _ASSUMED
    best = [text_block(line) for line in sentences_at_best_lags(study)]
    yield Section(
        "Lags",
        [
            *best,
            table_block(lag_cells(study, rows), "lags"),
            text_block(_LAGS.format(window=window, timing=timing), "key"),
        ],
    )
    yield Section("Sizes and times", [table_block(size_cells(rows), "sizes"), text_block(_SIZES, "key")])
    yield Section(
        "Synergies and co-activation", [table_block(together_cells(study), "together"), text_block(_TOGETHER, "key")]
    )
    traces = "EMG black. Each controller is scaled by one factor per muscle for all reaches."
    yield Section("Traces", [picture_block(lambda: trace_figure(study), "EMG and muscles over time", traces, "traces")])


def emg_rows(study: EmgStudy, rows: Sequence[MuscleRow]) -> dict[str, list[dict[str, Any]]]:
    """All tables for programs, by name."""
    delays = [
        {"controller": measured.name, **delay(one, measured, study.lags_ms)._asdict()}
        for one in study.sets
        for measured in one.measured
    ]
    return {
        "muscles": [asdict(row) | {"agrees": row.agrees} for row in rows],
        "reaches": [row._asdict() for row in emg_reach_rows(study)],
        "lags": delays,
        "together": together_rows(study),
    }


def emg_title(study: EmgStudy) -> str:
    """The title: the controllers that were compared."""
    names = [measured.name for one in study.sets for measured in one.measured]
    return f"Muscles against EMG: {listed(names, most=6)}"


def emg_text(study: EmgStudy, rows: Sequence[MuscleRow]) -> str:
    """Scores, what may be said, and why not more, for a terminal."""
    header, cells = agreement_cells(rows)
    kept = [header.index(name) for name in _NARROW]
    head, *narrow = ([row[i] for i in kept] for row in (header, *cells))
    said = [*terminal_lines(sentences(study)), "", *terminal_lines(emg_caveats(study))]
    return "\n".join([*terminal_table((head, narrow)), *said])


def write_emg_study(study: EmgStudy, sources: Sequence[object], folder: Path, group: str) -> Path:
    """Write emg.html, .md and .json, muscles.csv, reaches.csv, lags.csv, together.csv and figures; the page.

    OutputError if something cannot be written.
    """
    results = muscle_results(study)
    parts, source = list(emg_sections(study, results, group)), "Compared: " + ", ".join(map(str, sources))
    rows = emg_rows(study, results)
    said = {"sentences": sentences(study), "at_best_lags": sentences_at_best_lags(study), "caveats": emg_caveats(study)}
    about = {"sources": list(map(str, sources)), "signal": study.signal, "lag_ms": study.lag_ms, "exchanged_in": group}
    others = {"emg.json": to_json(unknown_as_null({**about, **said, **rows}))}
    return Document("emg", emg_title(study), source, parts, rows, others).write(folder)
