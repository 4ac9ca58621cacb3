"""Fidelity of an arm to an OpenSim model, measured by OpenSim itself in random poses, and its limits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousearm.fidelity.curves import MuscleCurves, compare_curves
from mousearm.fidelity.reference import Match, OpenSimModel
from mousearm.fidelity.validity import Validity, path_validity
from mousearm.mechanics import ArmDynamics, random_poses
from mousearm.model import Arm
from mousearm.model_check import Result
from mousearm.model_check.muscles import sweep

IN_JOINT_RANGES = "in ranges"  # name of the fibre lengths found in the random poses
_MIN_MOMENT_ARM = 1e-4  # m: a muscle and a joint are a pair where OpenSim's moment arm exceeds this somewhere


@dataclass(frozen=True, eq=False, slots=True)
class Fidelity:
    """Results in P poses of M muscles and J joints, in an OpenSim model and in ours."""

    file: Path
    version: str  # OpenSim's
    coordinates: tuple[str, ...]  # OpenSim's names of what moves
    arm: Arm
    qpos: np.ndarray  # (P, J) the poses, rad
    places: dict[str, float]  # largest distance of each point that both have, m
    muscles: tuple[str, ...]  # those that both have
    lengths: np.ndarray  # (2, P, M) path lengths in OpenSim and in ours, m
    moments: np.ndarray  # (2, P, M, J) likewise d length / d joint, m (per rad); OpenSim's by differences
    # (P, M, J) the same as OpenSim itself states them. Around a wrap object its path is not quite the shortest, so they
    # are not quite the derivatives of its lengths.
    stated: np.ndarray
    validity: Validity
    jump: np.ndarray  # (M,) m, largest change of our own lengths that moment arms do not explain, in half a degree
    curves: list[MuscleCurves]  # of those that are MuJoCo muscles
    notes: tuple[str, ...]  # what was left out of the comparison

    def length_error(self, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(M,) rms and (M,) largest difference of lengths, m, in poses (P, M); NaN for a muscle without any."""
        error = np.ma.array(np.abs(self.lengths[1] - self.lengths[0]), mask=~poses)
        return _rms(error), error.max(axis=0).filled(np.nan)

    def moment_errors(self, poses: np.ndarray) -> dict[str, np.ndarray]:
        """(M, J) rms differences of moment arms in poses (P, M), as shares of the largest; NaN for no pair."""
        opensim, ours = self.moments
        return {
            "arm": _share(opensim, ours, poses),  # of ours from the derivatives of OpenSim's lengths
            "arm_stated": _share(self.stated, ours, poses),
            "arm_itself": _share(opensim, self.stated, poses),  # of what OpenSim states from its own lengths
        }


def compare_with_opensim(file: Path, arm: Arm, n_poses: int, seed: int, reaches: np.ndarray | None = None) -> Fidelity:
    """Compare an arm with an OpenSim model in random poses; joints, muscles and markers are matched by name.

    ``reaches`` are poses, (T, J), for the fibre lengths there. UnknownNameError if a joint is no coordinate there;
    ModelError if OpenSim is not installed, or either program cannot use the file.
    """
    model = OpenSimModel(file, arm.actuator_names)
    match, dynamics = Match(arm, model), ArmDynamics(arm)
    index = [arm.actuator_names.index(name) for name in model.muscles]
    qpos = random_poses(arm, n_poses, seed)
    poses = match.values(qpos)
    ours, opensim = [dynamics.path(pose) for pose in qpos], [model.paths(pose) for pose in poses]
    lengths = np.array([[length for length, _ in opensim], [length[index] for length, _ in ours]])
    validity = path_validity(model, poses)
    ranges = {IN_JOINT_RANGES: lengths[0]}
    if reaches is not None:
        ranges["in reaches"] = np.array([model.lengths(pose) for pose in match.values(reaches)])
    return Fidelity(
        file=file,
        version=model.version,
        coordinates=model.coordinates,
        arm=arm,
        qpos=qpos,
        places=match.distances(qpos),
        muscles=model.muscles,
        lengths=lengths,
        moments=np.array([match.per_joint(validity.slopes), [moment[index] for _, moment in ours]]),
        stated=match.per_joint(np.array([-arms for _, arms in opensim])),
        validity=validity,
        jump=sweep(arm, qpos[:10]).unexplained[index],
        curves=compare_curves(file, arm, model.muscles, ranges),
        notes=match.notes(),
    )


def _share(reference: np.ndarray, found: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """(M, J) rms of a difference, (P, M, J), in poses (P, M) over the reference's largest |moment arm| in them."""
    left_out = np.broadcast_to(~poses[:, :, None], reference.shape)
    largest = np.abs(np.ma.array(reference, mask=left_out)).max(axis=0).filled(0.0)
    error = _rms(np.ma.array(found - reference, mask=left_out))
    return np.where(largest > _MIN_MOMENT_ARM, error / np.maximum(largest, _MIN_MOMENT_ARM), np.nan)


def _rms(values: np.ma.MaskedArray) -> np.ndarray:
    """Over the poses."""
    return np.ma.sqrt((values**2).mean(axis=0)).filled(np.nan)


MAX_DISTANCE = 1e-6  # m, of landmarks
MAX_LENGTH_RMS, MAX_LENGTH = 2e-5, 1e-4  # m, of path lengths
MAX_MOMENT_ARM = 0.02  # rms, as share of the pair's largest moment arm
MAX_PEAK_FORCE = 0.5  # %, of peak isometric forces, in each program at its own optimal length
MAX_PATH_JUMP = 5e-5  # m, of our own paths in half a degree, beyond what the moment arms explain


def verdicts(found: Fidelity) -> list[Result]:
    """One verdict per promise; on paths, over the poses in which OpenSim's own can be trusted."""
    name, distance = max(found.places.items(), key=lambda item: item[1], default=("", np.inf))
    places = Result(
        "landmarks",
        passed=distance <= MAX_DISTANCE,
        measured=f"largest distance {distance:.1e} m: {name}" if name else "no landmark or marker in common",
        limit=f"at most {MAX_DISTANCE:g} m",
        remedy="A joint or a body stands elsewhere than in the file; import the file again (scripts/import_osim.py).",
    )
    if not found.muscles:
        return [places]
    worst = int(found.jump.argmax())
    jumps = Result(
        "own paths",
        passed=bool(found.jump[worst] <= MAX_PATH_JUMP),
        measured=f"largest jump {1e3 * found.jump[worst]:.2g} mm in half a degree: {found.muscles[worst]}",
        limit=f"at most {1e3 * MAX_PATH_JUMP:g} mm",
        remedy="A path point enters a wrap surface, or the path changes sides; see scripts/check_model.py.",
    )
    peaks = [_peaks(found.curves)] if found.curves else []
    return [places, _lengths(found), _moments(found), *peaks, jumps]


def limits_kept(found: Fidelity, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M,) of lengths, false without a pose, and (M, J) of moment arms, true without a pair: kept in poses (P, M)."""
    rms, largest = found.length_error(poses)
    lengths = (rms <= MAX_LENGTH_RMS) & (largest <= MAX_LENGTH)
    return lengths, ~(found.moment_errors(poses)["arm"] > MAX_MOMENT_ARM)


def _lengths(found: Fidelity) -> Result:
    poses = found.validity.trusted
    (kept, _), (rms, largest) = limits_kept(found, poses), found.length_error(poses)
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
    poses = found.validity.trusted
    error, (_, kept) = found.moment_errors(poses)["arm"], limits_kept(found, poses)
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


def _peaks(curves: list[MuscleCurves]) -> Result:
    worst = max(curves, key=lambda item: abs(item.peak_errors[0]))
    error, (opensim, ours) = worst.peak_errors[0], worst.peaks
    return Result(
        "peak forces",
        passed=abs(error) <= MAX_PEAK_FORCE,
        measured=f"worst {error:+.2g} % ({1e3 * ours:.4g} instead of {1e3 * opensim:.4g} mN): {worst.name}",
        limit=f"at most {MAX_PEAK_FORCE:g} %",
        remedy="force = maximum isometric force x cos(pennation); range = (lengthrange - slack) / optimal length.",
    )
