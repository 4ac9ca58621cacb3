"""The comparison with OpenSim as text (verdicts, tables) and as JSON."""

from typing import Any

import numpy as np

from mousearm.fidelity.compare import IN_JOINT_RANGES, Fidelity, limits_kept, verdicts
from mousearm.fidelity.curves import OPTIMAL, Difference, MuscleCurves
from mousearm.fidelity.validity import MAX_UNEXPLAINED
from mousearm.model_check import result_table
from mousearm.text import NO_VALUE, TERMINAL, columns, number, wrapped

_ALL_LENGTHS = "0.2..1.8"  # of ``FIBRE``


def fidelity_text(found: Fidelity) -> str:
    """Verdicts and tables."""
    listed = verdicts(found)
    missed = sum(not result.passed for result in listed)
    head = f"{found.arm.source} against {found.file} in OpenSim {found.version}, {len(found.qpos)} random poses"
    parts = [head, result_table(listed)]
    if found.muscles:
        parts += [_path_table(found), _aside_table(found)]
    if found.curves:
        parts += [_curve_table(found.curves), _pennation(found.curves)]
    parts.append("\n".join(_paragraph(f"Not compared: {note}.") for note in found.notes))
    parts.append(f"{missed} of {len(listed)} limits are MISSED." if missed else "All limits are kept.")
    return "\n\n".join(part for part in parts if part)


def fidelity_json(found: Fidelity) -> dict[str, Any]:
    """All figures, with their units in the keys; null where there is nothing to compare."""
    curves = {item.name: _curves(item) for item in found.curves}
    return {
        "file": str(found.file),
        "opensim": found.version,
        "model": found.arm.source,
        "poses": len(found.qpos),
        "results": [
            {key: getattr(item, key) for key in ("name", "passed", "measured", "limit")} for item in verdicts(found)
        ],
        "landmarks_m": found.places,
        "muscles": {name: _paths(found, m) | curves.get(name, {}) for m, name in enumerate(found.muscles)},
        "not_compared": list(found.notes),
    }


def _paths(found: Fidelity, m: int) -> dict[str, Any]:
    validity, figures = found.validity, dict[str, Any]()
    for name, poses in (("all_poses", np.ones_like(validity.trusted)), ("kept_poses", validity.trusted)):
        rms, largest = found.length_error(poses)
        figures[name] = {"length_rms_m": _json_number(rms[m]), "length_max_m": _json_number(largest[m])}
        for key, shares in found.moment_errors(poses).items():
            percent = map(_json_number, 100 * shares[m])
            figures[name][f"moment_{key}_rms_percent"] = dict(zip(found.arm.joint_names, percent, strict=True))
    examples = [
        {
            "qpos": found.qpos[row].tolist(),
            "jump_m": float(validity.jump[row, m]),
            "coordinate": found.coordinates[validity.by[row, m]],
        }
        for row in worst_poses(found, m)
    ]
    causes = {**validity.causes, "any": ~validity.trusted}
    aside = {name: float(mask[:, m].mean()) for name, mask in causes.items()}
    return {**figures, "set_aside_share": aside, "set_aside_examples": examples, "own_jump_m": float(found.jump[m])}


def _curves(item: MuscleCurves) -> dict[str, Any]:
    named = {"active": item.active, "passive": item.passive, "active_at_same_length": item.displaced}
    figures = {
        name: {where or _ALL_LENGTHS: _spread(item.difference(curve, where)) for where in (None, *item.ranges)}
        for name, curve in named.items()
    }
    opensim, ours = item.peaks
    return {
        "fibre_lengths": {where: list(limits) for where, limits in item.ranges.items()},
        "peak_force_N": {"opensim": opensim, "model": ours},
        "peak_force_percent": item.peak_errors[0],
        "peak_force_at_same_length_percent": item.peak_errors[1],
        "curves_percent_of_peak": {**figures, "force_velocity": _spread(Difference.of(item.velocity))},
    }


def _spread(found: Difference) -> dict[str, float | None]:
    return {"rms": _json_number(found.rms), "max": _json_number(found.largest)}


def _json_number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _pennation(curves: list[MuscleCurves]) -> str:
    """The error because our fibres lie along the tendon, for the muscle with the largest angle."""
    most = max(curves, key=lambda item: item.fibre.pennation)
    angle = most.fibre.pennation
    if angle == 0:
        return ""
    opensim, ours = 1e3 * most.lengths[:, OPTIMAL]
    spreads = {where or "from 0.2 to 1.8": most.difference(most.displaced, where) for where in (None, *most.ranges)}
    costs = [f"{found.rms:.1f}/{found.largest:.1f} % {where}" for where, found in spreads.items()]
    return _paragraph(
        f"Pennation: {most.name} has the largest angle, {np.rad2deg(angle):.1f} degrees. In OpenSim its fibres are at "
        f"optimal length when it is {opensim:.3f} mm long, in our model at {ours:.3f} mm. At OpenSim's muscle lengths "
        f"our active force is off by {most.peak_errors[1]:+.2f} % at the peak; rms/largest over fibre lengths: "
        f"{', '.join(costs)}."
    )


def _path_table(found: Fidelity) -> str:
    """Per muscle: all differences of lengths and moment arms, over all poses and over those kept."""
    kept, every = found.validity.trusted, np.ones_like(found.validity.trusted)
    rows = [
        ["", *("rms mm",) * 2, *("max mm",) * 2, *("arm %",) * 2, "stated", "itself", "aside", *("limits",) * 2],
        ["muscle", *("all", "kept") * 3, "kept", "kept", "%", "all", "kept"],
    ]
    figures = []
    for poses in (every, kept):
        lengths, moments = limits_kept(found, poses)
        errors = {
            name: np.ma.masked_invalid(shares).max(axis=1).filled(np.nan)
            for name, shares in found.moment_errors(poses).items()
        }
        figures.append((*found.length_error(poses), errors, lengths & moments.all(axis=1)))
    (rms, largest, every_arm, passed), (kept_rms, kept_largest, kept_arm, kept_passed) = figures
    aside = 100 * (1 - kept.mean(axis=0))
    for m, name in enumerate(found.muscles):
        lengths = [_mm(values[m]) for values in (rms, kept_rms, largest, kept_largest)]
        arms = [number(100 * shares[m], ".2f") for shares in (every_arm["arm"], *kept_arm.values())]
        verdicts = ["pass" if values[m] else "FAIL" for values in (passed, kept_passed)]
        rows.append([name, *lengths, *arms, f"{aside[m]:.1f}", *verdicts])
    note = (
        "Paths, over all poses and over those kept, in which OpenSim's own path can be trusted; aside: the others. "
        "rms and max: difference of the length. arm: rms difference of the moment arm, the derivative of the "
        "length, % of its largest; of the worst joint. stated: the same against the moment arms that OpenSim "
        "states; itself: what OpenSim states against the derivatives of its own lengths."
    )
    return _table(note, rows)


def _aside_table(found: Fidelity) -> str:
    """Reasons why poses were set aside, and examples, the largest jumps first; empty without any."""
    validity, causes = found.validity, found.validity.causes
    rows = [["muscle", *(f"{name} %" for name in causes), "for example", "jump mm", *found.arm.joint_names]]
    for m, name in enumerate(found.muscles):
        shares = [f"{100 * mask[:, m].mean():.1f}" for mask in causes.values()]
        for row in worst_poses(found, m):
            why = "+".join(cause for cause, mask in causes.items() if mask[row, m])
            angles = [f"{np.rad2deg(angle):.2f}" for angle in found.qpos[row]]
            jump = f"{_mm(validity.jump[row, m])} ({found.coordinates[validity.by[row, m]]})"
            rows.append([name, *shares, why, jump if causes["jumps"][row, m] else NO_VALUE, *angles])
            name, shares = "", [""] * len(causes)
    if len(rows) == 1:
        return ""
    note = (
        "Poses set aside, % by cause, and some of them (degrees). inside: the end of a segment that bends in other "
        "poses is inside its wrap object, so that OpenSim draws it straight; cuts: both ends are outside, and the "
        "straight line goes through it all the same; jumps: half a degree of one coordinate changes the length by "
        f"{_mm(MAX_UNEXPLAINED)} mm or more beyond what the moment arms explain."
    )
    return _table(note, rows)


def worst_poses(found: Fidelity, muscle: int) -> np.ndarray:
    """Rows of some poses set aside for a muscle, those with the largest jumps."""
    aside = np.flatnonzero(~found.validity.trusted[:, muscle])
    return aside[np.argsort(-found.validity.jump[aside, muscle])][:2]


def _curve_table(curves: list[MuscleCurves]) -> str:
    """Per muscle: fibre lengths, peak forces and differences of the curves."""
    where = list(curves[0].ranges)
    n = len(where)
    rows = [
        ["", "pen-", *["fibre lengths"] * n, *["peak"] * 2, *["active"] * (n + 1), *["passive"] * 2, "speed", "same"],
        ["muscle", "nation", *where, "own", "same", _ALL_LENGTHS, *where],
    ]
    rows[1] += [_ALL_LENGTHS, IN_JOINT_RANGES, "-1..1", IN_JOINT_RANGES]
    for item in curves:
        ranges = [f"{low:.2f}..{high:.2f}" for low, high in (item.ranges[name] for name in where)]
        peaks = [f"{error:+.2f}" if abs(error) >= 0.005 else "0.00" for error in item.peak_errors]
        spreads = [item.difference(item.active, name) for name in (None, *where)]
        spreads += [item.difference(item.passive, name) for name in (None, IN_JOINT_RANGES)]
        spreads += [Difference.of(item.velocity), item.difference(item.displaced, IN_JOINT_RANGES)]
        pennation = f"{np.rad2deg(item.fibre.pennation):.1f}°"
        pairs = (NO_VALUE if np.isnan(found.rms) else f"{found.rms:.1f}/{found.largest:.1f}" for found in spreads)
        rows.append([item.name, pennation, *ranges, *peaks, *pairs])
    note = (
        "Forces, % of the peak force; curves: rms/largest difference. peak: isometric, each at its own optimal "
        "fibre length. active, passive: force-length at equal normalised fibre lengths, from 0.2 to 1.8 and within "
        "those that occur. speed: force-velocity at optimal length. same: peak and active curve with the whole "
        "muscle as long as in OpenSim."
    )
    return _table(note, rows)


def _table(note: str, rows: list[list[str]]) -> str:
    return "\n".join([_paragraph(note), *columns(rows, width=TERMINAL)])


def _paragraph(text: str) -> str:
    return "\n".join(wrapped(text))


def _mm(metres: float) -> str:
    """A length in mm to two digits; below 1e-5 mm as such."""
    return "<1e-5" if metres < 1e-8 else number(1e3 * metres, ".2g")
