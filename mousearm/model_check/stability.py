"""Stability of the simulation under random controls, the worst that a network can do."""

from typing import NamedTuple

import numpy as np

from mousearm.env.rules import MAX_QVEL, has_diverged
from mousearm.model import Arm
from mousearm.model_check import Result
from mousearm.simulation import MujocoSimulation

MAX_SPEED = MAX_QVEL / 10  # largest joint speed, rad/s: a tenth of what counts as divergence
# Largest way past a joint limit, rad (m for a slide): a limit that stops a joint within 2 ms lets one that comes at
# 200 rad/s, far above what an animal does, go v t / e = 8 degrees too far.
MAX_OVERSHOOT = np.deg2rad(10.0)
# Controls are held for 1, 4, 16 or 64 control steps: noise that shakes, and pushes that throw the arm at its limits.
_HOLDS = (1, 4, 16, 64)


class StressTest(NamedTuple):
    """Effect of random controls."""

    seconds: float  # planned duration
    first_divergence_s: float | None  # when the first simulation diverged; None if all survived
    speed: np.ndarray  # (nq,) largest joint speeds, rad/s
    overshoot: np.ndarray  # (nq,) largest way past a limit, rad; negative if none was reached
    apart: np.ndarray  # (nq,) largest distance of a joint that follows another from where that puts it, rad


def stress_test(
    arm: Arm, control_dt: float, n_substeps: int, seed: int, seconds: float = 10.0, n: int = 8
) -> StressTest:
    """Drive n simulations from the rest pose with random controls, even over their ranges.

    ``n_substeps`` physics steps make one control step of ``control_dt`` s. The simulated time, ``seconds``, ends early
    when a simulation diverges.
    """
    simulation = MujocoSimulation(arm, n, control_dt, n_substeps, threads=1)
    simulation.reset(np.arange(n), np.tile(arm.rest_qpos, (n, 1)), np.zeros((n, arm.nq)))
    random, hold = np.random.default_rng(seed), np.resize(_HOLDS, n)
    ctrl, (low, high) = np.zeros((n, arm.nu)), arm.ctrl_range.T
    speed, overshoot, apart = np.zeros(arm.nq), np.full(arm.nq, -np.inf), np.zeros(arm.nq)
    for step in range(round(seconds / control_dt)):
        fresh = step % hold == 0
        ctrl[fresh] = random.uniform(low, high, (int(fresh.sum()), arm.nu))
        simulation.step(ctrl)
        snapshot = simulation.snapshot()
        if has_diverged(snapshot).any():
            return StressTest(seconds, (step + 1) * control_dt, speed, overshoot, apart)
        speed = np.maximum(speed, np.abs(snapshot.qvel).max(axis=0))
        past = np.maximum(snapshot.qpos - arm.qpos_range[:, 1], arm.qpos_range[:, 0] - snapshot.qpos)
        overshoot = np.maximum(overshoot, past.max(axis=0))
        apart = np.maximum(apart, np.abs(snapshot.qpos - arm.couplings.complete(snapshot.qpos)).max(axis=0))
    return StressTest(seconds, None, speed, overshoot, apart)


def stress_checks(arm: Arm, found: StressTest) -> list[Result]:
    """Check that nothing diverges, and that joints keep to an animal's speeds, their limits, and those they follow."""
    end = found.first_divergence_s
    survival = Result(
        "random controls",
        passed=end is None,
        measured=f"{found.seconds:g} s survived" if end is None else f"diverged after {end:.3f} s",
        limit=f"{found.seconds:g} s without divergence",
        remedy="Raise env.n_substeps, damping or armature, or weaken the actuators; use integrator implicitfast.",
    )

    def largest(name: str, values: np.ndarray, form: str, most: float, unit: str, remedy: str) -> Result:
        worst = int(values.argmax())
        measured = f"{max(values[worst], 0):{form}} {unit}: {arm.joint_names[worst]}"
        return Result(name, bool(values[worst] <= most), measured, f"at most {most:g} {unit.partition(' ')[0]}", remedy)

    degrees = np.rad2deg(MAX_OVERSHOOT)
    remedy = "Raise damping or armature of that joint, or weaken its actuators."
    speed = largest("joint speed", found.speed, ".0f", MAX_SPEED, "rad/s", remedy)
    remedy = "Stiffen the limit (a smaller first solreflimit, but at least two physics steps), or raise env.n_substeps."
    limits = largest("joint limits", np.rad2deg(found.overshoot), ".2f", degrees, "degrees past the limit", remedy)
    if not arm.couplings:
        return [survival, speed, limits]
    remedy = (
        'Stiffen the equality constraint, as by solref="0.002 1" solimp="0.99 0.999 0.001" (the first at least two '
        "physics steps), or raise env.n_substeps."
    )
    following = largest("joint couplings", np.rad2deg(found.apart), ".2f", degrees, "degrees apart", remedy)
    return [survival, speed, limits, following]
