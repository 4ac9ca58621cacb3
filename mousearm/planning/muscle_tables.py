"""Studies of muscles in words and tables: families of movements, movements that follow EMG, costs that are found."""

from collections.abc import Sequence

import numpy as np

from mousearm.document import Cells
from mousearm.planning.family import SILENT, VERDICTS, Family
from mousearm.planning.informed import MUSCLE, REACH, Gain, Informed
from mousearm.planning.inverse import Inverse
from mousearm.stats import ALPHA, Nested
from mousearm.text import NO_VALUE, display_name, listed, number, plural, shortened

_LONGEST = 24  # of a name in a table of 80 columns
FAMILY_KEY = (
    "Range: largest minus least activation of all members in a frame. Shared: 1 - variance over members / variance "
    "over members and frames. From 0.9 on a muscle is called determined, below 0.5 it is called free; one that stays "
    f"below {SILENT:g} in all members is not used. Other costs and other networks would widen ranges."
)
EMG_KEY = (
    "r: Pearson correlation with the recorded envelope over the frames of a reach, without a lag, mean over reaches. "
    "The member that matches best was picked by the same EMG, so its r is too optimistic."
)

INVERSE_KEY = (
    "Left: share of the EMG's variance that is left after one gain and one offset of each channel, or of each channel "
    "and reach where recordings were scaled one by one; geometric mean of channels and reaches, on those that the cost "
    "was chosen on; on it: on the reach left out, with the gains of the others, where more than 100 % is worse than "
    "its mean. Movements are those of the valley nearest to the EMG; on the reach left out, and of r, the cheapest. r: "
    "Pearson's, without a lag. Intervals are of reaches alone: that searches for the best movement of a "
    "cost end in different valleys is not in them."
)


def member_cells(family: Family) -> Cells:
    """A row per movement of a family, and those that were too far from the targets."""
    header = ["member", "paw mm", "elbow mm", "u^2"]
    channels = [] if family.emg is None else [f"r {name}" for name in family.emg.channels]
    scores = None if family.emg is None else np.nanmean(family.matches(), axis=1)
    rows = []
    for i, one in enumerate([*family.members, *family.others]):
        elbow, paw = one.error_mm.mean(axis=0)
        cells = [shortened(one.name, _LONGEST), f"{paw:.3f}", f"{elbow:.3f}", f"{one.effort:.4f}"]
        if i >= len(family.members):
            cells += ["too far"] * len(channels[:1]) + [NO_VALUE] * len(channels[1:])
        elif scores is not None:
            cells += [number(value, "+.2f") for value in scores[i]]
        rows.append(cells)
    return [*header, *channels], rows


def range_cells(family: Family, most: int | None = None) -> Cells:
    """A row per muscle, the widest range first."""
    header = ["muscle", "mean", "range", "widest", "shared", "by the movement"]
    rows = []
    for one in family.muscles()[:most]:
        numbers = [f"{one.mean:.3f}", f"{one.width:.3f}", f"{one.widest:.3f}", f"{one.shared:.2f}"]
        rows.append([display_name(one.name), *numbers, one.verdict])
    return header, rows


def family_verdict(family: Family) -> str:
    """Which muscles the movement determines, in a sentence, and which member matches the EMG best."""
    named: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    for one in family.muscles():
        named[one.verdict].append(display_name(one.name))
    said = [f"{verdict}: {listed(names, most=6) or 'none'}" for verdict, names in named.items()]
    reaches = plural(len(family.reaches), "reach", "reaches")
    text = f"{plural(len(family.members), 'movement')} of {reaches} within {family.within_mm:g} mm. Muscles, by what "
    text += f"all movements share: {'; '.join(said)}."
    if family.emg is None:
        return text
    means = np.nanmean(family.matches(), axis=(1, 2))
    channels, best = plural(len(family.emg.channels), "channel"), family.members[int(np.nanargmax(means))].name
    return f"{text} With EMG r is {means.min():+.2f} to {means.max():+.2f}, mean over {channels}; best: {best}."


def gain_cells(gains: Sequence[Gain], kind: str) -> Cells:
    """A row per channel of one of the two tests."""
    header = ["channel", "without", "informed", "change", "95 % interval", "p", "p exchanged"]
    header += ["mean of others"] if kind == REACH else []
    rows = []
    for one in (gain for gain in gains if gain.left_out == kind):
        row = [one.channel, _mean(one.without), _mean(one.informed), _mean(one.change), _interval(one.change)]
        row += [f"{one.p:.3g}", f"{one.p_exchanged:.3g}"]
        rows.append([*row, _mean(one.competitor)] if one.competitor is not None else row)
    return header, rows


def informed_verdict(informed: Informed) -> str:
    """What EMG of others brought, in sentences that the tests allow."""
    found, n, followed = [], plural(len(informed.reaches), "reach", "reaches"), informed.followed()
    gains = informed.gains()
    for kind, of in ((MUSCLE, "another muscle's"), (REACH, "other reaches'")):
        part = [one for one in gains if one.left_out == kind]
        better = [one.channel for one in part if one.p < ALPHA]
        own = [one.channel for one in part if one.p_exchanged < ALPHA]
        text = f"{kind.capitalize()}, {n}: following {of} EMG raises r in {len(better)} of {len(part)} channels"
        text += f" ({', '.join(better)})" if better else " (none shown)"
        text += f", and fits the reach's own EMG better than that of another reach in {len(own)}"
        text += f"; what it was given it follows with r {followed[kind]:+.2f}"
        if kind == REACH:
            beats = [
                one.channel
                for one in part
                if one.competitor is not None and one.informed.spread.mean > one.competitor.spread.mean
            ]
            text += f"; its r is above that of the mean envelope of the others in {len(beats)}"
        found.append(text + ".")
    plain, *moved = (float(one.error_mm[:, 1].mean()) for one in (informed.plain, *informed.muscle_out))
    found.append(f"Paw error {plain:.3f} mm without EMG, at most {max(moved):.3f} mm with it.")
    return " ".join([*found, f"One scale for all channels: {informed.scale:.3f}."])


def inverse_cells(inverse: Inverse) -> Cells:
    """A row per reach that was left out."""
    header = ["left out", "cost chosen without it", "left", "on it", "default", "r", "default"]
    channels = inverse.costs.emg.channels
    rows = [
        [shortened(fold.reach, _LONGEST), fold.chosen.text(channels)]
        + [_percent(loss) for loss in (fold.fitted, fold.tested, fold.default)]
        + [number(r, "+.2f") for r in (fold.r, fold.r_default)]
        for fold in inverse.folds
    ]
    return header, rows


def inverse_verdict(inverse: Inverse) -> str:
    """The cost that is chosen, how well it is known, and what it is worth on reaches that were left out."""
    interval = inverse.interval()
    low, high = interval["w_effort"]
    change, tested, default = (inverse.gain(*of) for of in (("tested", "default"), ("tested",), ("default",)))
    shares = [
        f"{name} {value} in {share:.0%}" for name in ("power", "effort") for value, share in interval[name].items()
    ]
    better = change.spread.kind != "" and change.spread.high < 0
    searched = "(of {:.3g} to {:.3g} that were searched)".format(*inverse.searched)
    between = f"Between the weights that were tried {inverse.between:.3g} would leave least."
    if inverse.chosen.w_effort in inverse.searched:
        between = "It is the end of what was searched: another weight beyond may leave less."
    told = (
        f"The weight is known to a factor of {high / low:.2g}."
        if inverse.is_told()
        else "These recordings do not tell the animal's weight of effort."
    )
    parts = [
        f"Chosen on {plural(len(inverse.reaches), 'reach', 'reaches')}: "
        f"{inverse.chosen.text(inverse.costs.emg.channels)}; it leaves {_percent(np.log(inverse.left))} of the EMG's "
        f"variance. {between}",
        f"If reaches are drawn anew, w_effort is {low:.3g} to {high:.3g} {searched} in 95 %; {', '.join(shares)}.",
        told,
        f"On reaches that were left out it leaves {_percent(tested.spread.mean)}, the default cost "
        f"{_percent(default.spread.mean)}: {'better' if better else 'no gain shown'}; r is "
        f"{inverse.gain('r').spread.mean:+.2f} and {inverse.gain('r_default').spread.mean:+.2f}.",
        "The cost is the one of those tried that fits best; that the animal minimises it does not follow.",
    ]
    return " ".join(parts)


def _percent(loss: float) -> str:
    """A share, of which a loss is the logarithm."""
    return f"{100 * np.exp(loss):.3g} %"


def _mean(value: Nested) -> str:
    return number(value.spread.mean, "+.2f")


def _interval(value: Nested) -> str:
    return value.spread.text("+.2f")
