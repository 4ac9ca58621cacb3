"""The comparison with OpenSim as one text, and as JSON."""

from typing import Any

import numpy as np

from mousearm.fidelity.compare import Fidelity
from mousearm.fidelity.curves import MuscleCurves, Spread, spread
from mousearm.fidelity.limits import results
from mousearm.fidelity.tables import aside_table, curve_table, paragraph, path_table, worst_poses
from mousearm.model_check.result import result_table


def as_text(found: Fidelity) -> str:
    """Verdicts and tables."""
    verdicts = results(found)
    missed = sum(not result.passed for result in verdicts)
    head = f"{found.arm.source} against {found.file} in OpenSim {found.version}, {len(found.qpos)} random poses"
    parts = [head, result_table(verdicts)]
    if found.muscles:
        parts += [path_table(found), aside_table(found)]
    if found.curves:
        parts += [curve_table(found.curves), _pennation(found.curves)]
    parts.append("\n".join(paragraph(f"Not compared: {note}.") for note in found.notes))
    parts.append(f"{missed} of {len(verdicts)} limits are MISSED." if missed else "All limits are kept.")
    return "\n\n".join(part for part in parts if part)


def as_json(found: Fidelity) -> dict[str, Any]:
    """All figures, with their units in the keys; null where there is nothing to compare."""
    curves = {item.name: _curves(item) for item in found.curves}
    listed = {name: _paths(found, m) | curves.get(name, {}) for m, name in enumerate(found.muscles)}
    return {
        "file": str(found.file),
        "opensim": found.version,
        "model": found.arm.source,
        "poses": len(found.qpos),
        "results": [
            {"name": item.name, "passed": item.passed, "measured": item.measured, "limit": item.limit}
            for item in results(found)
        ],
        "landmarks_m": found.places,
        "muscles": listed,
        "not_compared": list(found.notes),
    }


def _paths(found: Fidelity, m: int) -> dict[str, Any]:
    trust = found.trust
    figures: dict[str, Any] = {}
    for name, poses in (("all_poses", np.ones_like(trust.trusted)), ("kept_poses", trust.trusted)):
        rms, largest = found.length_error(poses)
        shares = {"arm": found.moment_error, "arm_stated": found.stated_error, "arm_itself": found.contradiction}
        figures[name] = {"length_rms_m": number(rms[m]), "length_max_m": number(largest[m])} | {
            f"moment_{key}_rms_percent": dict(zip(found.arm.joint_names, map(number, 100 * of(poses)[m]), strict=True))
            for key, of in shares.items()
        }
    examples = [
        {
            "qpos": found.qpos[row].tolist(),
            "jump_m": float(trust.jump[row, m]),
            "coordinate": found.coordinates[trust.by[row, m]],
        }
        for row in worst_poses(found, m)
    ]
    causes = {"inside": trust.inside, "cuts": trust.cuts, "jumps": trust.jumps, "any": ~trust.trusted}
    aside = {name: float(mask[:, m].mean()) for name, mask in causes.items()}
    return {**figures, "set_aside_share": aside, "set_aside_examples": examples, "own_jump_m": float(found.jump[m])}


def _curves(item: MuscleCurves) -> dict[str, Any]:
    named = {"active": item.active, "passive": item.passive, "active_at_same_length": item.displaced}
    figures = {
        name: {where or "0.2..1.8": _spread(item.spread(curve, where)) for where in (None, *item.ranges)}
        for name, curve in named.items()
    }
    opensim, ours = item.peaks
    return {
        "fibre_lengths": {where: list(limits) for where, limits in item.ranges.items()},
        "peak_force_N": {"opensim": opensim, "model": ours},
        "peak_force_percent": item.peak_error,
        "peak_force_at_same_length_percent": item.peak_error_displaced,
        "curves_percent_of_peak": {**figures, "force_velocity": _spread(spread(item.velocity))},
    }


def _spread(found: Spread) -> dict[str, float | None]:
    return {"rms": number(found.rms), "max": number(found.largest)}


def number(value: float) -> float | None:
    """As JSON has it: null instead of NaN."""
    return float(value) if np.isfinite(value) else None


def _pennation(curves: list[MuscleCurves]) -> str:
    """What it costs that our fibres lie along the tendon, for the muscle with the largest angle."""
    most = max(curves, key=lambda item: item.fibre.pennation)
    angle = most.fibre.pennation
    if angle == 0:
        return ""
    opensim, ours = (1e3 * length for length in most.optimal_lengths)
    spreads = {where or "from 0.2 to 1.8": most.spread(most.displaced, where) for where in (None, *most.ranges)}
    costs = [f"{found.rms:.1f}/{found.largest:.1f} % {where}" for where, found in spreads.items()]
    return paragraph(
        f"Pennation: {most.name} has the largest angle, {np.rad2deg(angle):.1f} degrees. In OpenSim its fibres are at "
        f"optimal length when it is {opensim:.3f} mm long, in our model at {ours:.3f} mm. At OpenSim's muscle lengths "
        f"our active force is off by {most.peak_error_displaced:+.2f} % at the peak; rms/largest over fibre lengths: "
        f"{', '.join(costs)}."
    )
