"""What is promised of an arm that is a port of an OpenSim model, and whether it is kept."""

import numpy as np

from mousearm.fidelity.compare import Fidelity
from mousearm.model_check.result import Result

MAX_DISTANCE = 1e-6
"""m, of landmarks."""
MAX_LENGTH_RMS, MAX_LENGTH = 2e-5, 1e-4
"""m, of path lengths."""
MAX_MOMENT_ARM = 0.02
"""rms, as share of the pair's largest moment arm."""
MAX_PEAK_FORCE = 0.5
"""%, of peak isometric forces, in each program at its own optimal length."""
MAX_JUMP = 5e-5
"""m, of our own paths in half a degree, beyond what the moment arms explain."""


def results(found: Fidelity) -> list[Result]:
    """One verdict per promise; on paths, over the poses in which OpenSim's own can be trusted."""
    listed = [_places(found)]
    if found.muscles:
        listed += [_lengths(found), _moments(found)]
        listed += [_peaks(found)] if found.curves else []
        listed.append(_jumps(found))
    return listed


def lengths_kept(found: Fidelity, poses: np.ndarray) -> np.ndarray:
    """(M,) whether the lengths keep their limits in poses (P, M); false where a muscle has no pose."""
    rms, largest = found.length_error(poses)
    return (rms <= MAX_LENGTH_RMS) & (largest <= MAX_LENGTH)


def moments_kept(found: Fidelity, poses: np.ndarray) -> np.ndarray:
    """(M, J) whether the moment arms keep their limit in poses (P, M); true where there is no pair."""
    return ~(found.moment_error(poses) > MAX_MOMENT_ARM)


def _places(found: Fidelity) -> Result:
    measured, distance = "no landmark or marker in common", np.inf
    if found.places:
        name, distance = max(found.places.items(), key=lambda item: item[1])
        measured = f"largest distance {distance:.1e} m: {name}"
    return Result(
        "landmarks",
        passed=distance <= MAX_DISTANCE,
        measured=measured,
        limit=f"at most {MAX_DISTANCE:g} m",
        remedy="A joint or a body stands elsewhere than in the file; import the file again (scripts/import_osim.py).",
    )


def _lengths(found: Fidelity) -> Result:
    poses = found.trust.trusted
    kept, (rms, largest) = lengths_kept(found, poses), found.length_error(poses)
    worst = int(np.nan_to_num(rms, nan=np.inf).argmax())
    measured = f"{1e3 * rms[worst]:.2g} mm rms, {1e3 * largest[worst]:.2g} mm at most"
    return Result(
        "path lengths",
        passed=bool(kept.all()),
        measured=f"{kept.sum()} of {len(kept)} muscles keep them; worst "
        f"{measured if poses[:, worst].any() else 'without any trustworthy pose'}: {found.muscles[worst]}",
        limit=f"{1e3 * MAX_LENGTH_RMS:g} mm rms, {1e3 * MAX_LENGTH:g} mm at most",
        remedy="The path has other points, or bends around something else, than in the file.",
    )


def _moments(found: Fidelity) -> Result:
    poses = found.trust.trusted
    error, kept = found.moment_error(poses), moments_kept(found, poses)
    counted = np.isfinite(error)
    measured = "no moment arms to compare"
    if counted.any():
        m, j = np.unravel_index(np.nanargmax(error), error.shape)
        measured = (
            f"{(kept & counted).sum()} of {counted.sum()} pairs keep it; worst {100 * error[m, j]:.2g} % rms: "
            f"{found.muscles[m]} over {found.arm.joint_names[j]}"
        )
    return Result(
        "moment arms",
        passed=bool(kept.all()),
        measured=measured,
        limit=f"{100 * MAX_MOMENT_ARM:g} % rms",
        remedy="As for the lengths: a moment arm is what the length changes by as the joint moves.",
    )


def _peaks(found: Fidelity) -> Result:
    worst = max(found.curves, key=lambda item: abs(item.peak_error))
    opensim, ours = worst.peaks
    return Result(
        "peak forces",
        passed=abs(worst.peak_error) <= MAX_PEAK_FORCE,
        measured=f"worst {worst.peak_error:+.2g} % ({1e3 * ours:.4g} instead of {1e3 * opensim:.4g} mN): {worst.name}",
        limit=f"at most {MAX_PEAK_FORCE:g} %",
        remedy="force = maximum isometric force x cos(pennation); range = (lengthrange - slack) / optimal length.",
    )


def _jumps(found: Fidelity) -> Result:
    worst = int(found.jump.argmax())
    return Result(
        "own paths",
        passed=bool(found.jump[worst] <= MAX_JUMP),
        measured=f"largest jump {1e3 * found.jump[worst]:.2g} mm in half a degree: {found.muscles[worst]}",
        limit=f"at most {1e3 * MAX_JUMP:g} mm",
        remedy="A path point enters a wrap surface, or the path changes sides; see scripts/check_model.py.",
    )
