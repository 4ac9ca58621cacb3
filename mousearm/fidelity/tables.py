"""The comparison with OpenSim as tables: paths, poses set aside, force curves."""

import textwrap

import numpy as np

from mousearm.fidelity.compare import JOINT_RANGES, Fidelity
from mousearm.fidelity.curves import MuscleCurves, Spread, spread
from mousearm.fidelity.limits import lengths_kept, moments_kept
from mousearm.fidelity.trust import MAX_UNEXPLAINED
from mousearm.text import columns

_EXAMPLES = 2  # poses per muscle
_WIDTH = 118  # of a line of text


def path_table(found: Fidelity) -> str:
    """Per muscle: all differences of lengths and moment arms, over all poses and over those kept."""
    kept, every = found.trust.trusted, np.ones_like(found.trust.trusted)
    rows = [
        ["", "rms mm", "", "max mm", "", "arm %", "", "stated", "itself", "aside", "limits", ""],
        ["muscle", *("all", "kept") * 3, "kept", "kept", "%", "all", "kept"],
    ]
    figures = []
    for poses in (every, kept):
        verdict = lengths_kept(found, poses) & moments_kept(found, poses).all(axis=1)
        figures.append((*found.length_error(poses), _worst(found.moment_error(poses)), verdict))
    (rms, largest, arm, passed), (kept_rms, kept_largest, kept_arm, kept_passed) = figures
    stated, itself = _worst(found.stated_error(kept)), _worst(found.contradiction(kept))
    aside = 100 * (1 - kept.mean(axis=0))
    for m, name in enumerate(found.muscles):
        lengths = [mm(values[m]) for values in (rms, kept_rms, largest, kept_largest)]
        arms = [_percent(values[m]) for values in (arm, kept_arm, stated, itself)]
        verdicts = ["pass" if values[m] else "FAIL" for values in (passed, kept_passed)]
        rows.append([name, *lengths, *arms, f"{aside[m]:.1f}", *verdicts])
    note = paragraph(
        "Paths, over all poses and over those kept, in which OpenSim's own path can be trusted; aside: the others. "
        "rms and max: difference of the length. arm: rms difference of the moment arm, the derivative of the "
        "length, % of its largest; of the worst joint. stated: the same against the moment arms that OpenSim "
        "states; itself: what OpenSim states against the derivatives of its own lengths."
    )
    return "\n".join([note, *columns(rows)])


def aside_table(found: Fidelity) -> str:
    """Why poses were set aside, and some of them to look at, the largest jumps first; empty where there are none."""
    trust = found.trust
    causes = {"inside": trust.inside, "cuts": trust.cuts, "jumps": trust.jumps}
    rows = [["muscle", *(f"{name} %" for name in causes), "for example", "jump mm", *found.arm.joint_names]]
    for m, name in enumerate(found.muscles):
        shares = [f"{100 * mask[:, m].mean():.1f}" for mask in causes.values()]
        for row in worst_poses(found, m):
            why = "+".join(cause for cause, mask in causes.items() if mask[row, m])
            angles = [f"{np.rad2deg(angle):.2f}" for angle in found.qpos[row]]
            jump = f"{mm(trust.jump[row, m])} ({found.coordinates[trust.by[row, m]]})"
            rows.append([name, *shares, why, jump if trust.jumps[row, m] else "-", *angles])
            name, shares = "", [""] * len(causes)
    if len(rows) == 1:
        return ""
    note = paragraph(
        "Poses set aside, % by cause, and some of them (degrees). inside: the end of a segment that bends in other "
        "poses is inside its wrap object, so that OpenSim draws it straight; cuts: both ends are outside, and the "
        "straight line goes through it all the same; jumps: half a degree of one coordinate changes the length by "
        f"{mm(MAX_UNEXPLAINED)} mm or more beyond what the moment arms explain."
    )
    return "\n".join([note, *columns(rows)])


def worst_poses(found: Fidelity, muscle: int) -> np.ndarray:
    """Rows of some poses set aside for a muscle, those with the largest jumps."""
    aside = np.flatnonzero(~found.trust.trusted[:, muscle])
    return aside[np.argsort(-found.trust.jump[aside, muscle])][:_EXAMPLES]


def curve_table(curves: list[MuscleCurves]) -> str:
    """Per muscle: fibre lengths, peak forces and differences of the curves."""
    where = list(curves[0].ranges)
    blank = [""] * len(where)
    rows = [
        ["", "pen-", "fibre lengths", *blank[1:], "peak", "", "active", *blank, "passive", "", "speed", "same"],
        [
            "muscle",
            "nation",
            *where,
            "own",
            "same",
            "0.2..1.8",
            *where,
            "0.2..1.8",
            JOINT_RANGES,
            "-1..1",
            JOINT_RANGES,
        ],
    ]
    for item in curves:
        ranges = [f"{low:.2f}..{high:.2f}" for low, high in (item.ranges[name] for name in where)]
        peaks = [_signed(error) for error in (item.peak_error, item.peak_error_displaced)]
        spreads = [item.spread(item.active, name) for name in (None, *where)]
        spreads += [item.spread(item.passive, name) for name in (None, JOINT_RANGES)]
        spreads += [spread(item.velocity), item.spread(item.displaced, JOINT_RANGES)]
        pennation = f"{np.rad2deg(item.fibre.pennation):.1f}°"
        rows.append([item.name, pennation, *ranges, *peaks, *(_pair(found) for found in spreads)])
    note = paragraph(
        "Forces, % of the peak force; curves: rms/largest difference. peak: isometric, each at its own optimal "
        "fibre length. active, passive: force-length at equal normalised fibre lengths, from 0.2 to 1.8 and within "
        "those that occur. speed: force-velocity at optimal length. same: peak and active curve with the whole "
        "muscle as long as in OpenSim."
    )
    return "\n".join([note, *columns(rows)])


def paragraph(text: str) -> str:
    """Text in lines."""
    return textwrap.fill(text, _WIDTH)


def mm(metres: float) -> str:
    """A length in mm to two digits; below 1e-5 mm as such."""
    if np.isnan(metres):
        return "-"
    return "<1e-5" if metres < 1e-8 else f"{1e3 * metres:.2g}"


def _worst(shares: np.ndarray) -> np.ndarray:
    """(M,) largest over the joints, NaN where there is none."""
    return np.where(np.isfinite(shares).any(axis=1), np.nan_to_num(shares, nan=-np.inf).max(axis=1), np.nan)


def _percent(share: float) -> str:
    if np.isnan(share):
        return "-"
    return f"{100 * share:.2f}"


def _signed(percent: float) -> str:
    return f"{percent:+.2f}" if abs(percent) >= 0.005 else "0.00"


def _pair(found: Spread) -> str:
    return "-" if np.isnan(found.rms) else f"{found.rms:.1f}/{found.largest:.1f}"
