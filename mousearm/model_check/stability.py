"""Stability of the simulation under random controls, the worst that a network can do."""

from typing import NamedTuple

import numpy as np

from mousearm.model import Arm
from mousearm.model_check import Result
from mousearm.simulation import Simulation
from mousearm.termination import MAX_QVEL, diverged

MAX_SPEED = MAX_QVEL / 10  # largest joint speed, rad/s: a tenth of what counts as divergence
# Largest way past a joint limit, rad (m for a slide): a limit that stops a joint within 2 ms lets one that comes at
# 200 rad/s, far above what an animal does, go v t / e = 8 degrees too far.
MAX_OVERSHOOT = np.deg2rad(10.0)
# Controls are held for 1, 4, 16 or 64 control steps: noise that shakes, and pushes that throw the arm at its limits.
_HOLDS = (1, 4, 16, 64)


class StressTest(NamedTuple):
    """Effect of random controls.

    Attributes:
        seconds: planned duration, s.
        first_divergence_s: when the first simulation diverged, s; None if all survived.
        speed: (nq,) largest joint speeds, rad/s.
        overshoot: (nq,) largest way past a limit, rad; negative if none was reached.
        apart: (nq,) largest distance of a joint that follows another from where that puts it, rad.
    """

    seconds: float
    first_divergence_s: float | None
    speed: np.ndarray
    overshoot: np.ndarray
    apart: np.ndarray


def stress_test(
    arm: Arm, control_dt: float, n_substeps: int, seed: int, seconds: float = 10.0, n: int = 8
) -> StressTest:
    """Drive n simulations from the rest pose with random controls, even over their ranges.

    ``n_substeps`` physics steps make one control step of ``control_dt`` s. The simulated time, ``seconds``, ends early
    when a simulation diverges.
    """
    simulation = Simulation(arm, n, control_dt, n_substeps, threads=1)
    simulation.reset(np.arange(n), np.tile(arm.rest_qpos, (n, 1)), np.zeros((n, arm.nq)))
    random, hold = np.random.default_rng(seed), np.resize(_HOLDS, n)
    ctrl, (low, high) = np.zeros((n, arm.nu)), arm.ctrl_range.T
    speed, overshoot, apart = np.zeros(arm.nq), np.full(arm.nq, -np.inf), np.zeros(arm.nq)
    for step in range(round(seconds / control_dt)):
        fresh = step % hold == 0
        ctrl[fresh] = random.uniform(low, high, (int(fresh.sum()), arm.nu))
        simulation.step(ctrl)
        snapshot = simulation.snapshot()
        if diverged(snapshot).any():
            return StressTest(seconds, (step + 1) * control_dt, speed, overshoot, apart)
        speed = np.maximum(speed, np.abs(snapshot.qvel).max(axis=0))
        past = np.maximum(snapshot.qpos - arm.qpos_range[:, 1], arm.qpos_range[:, 0] - snapshot.qpos)
        overshoot = np.maximum(overshoot, past.max(axis=0))
        apart = np.maximum(apart, np.abs(snapshot.qpos - arm.couplings.complete(snapshot.qpos)).max(axis=0))
    return StressTest(seconds, None, speed, overshoot, apart)


def survival_check(arm: Arm, found: StressTest) -> Result:
    """Check that nothing diverges."""
    end = found.first_divergence_s
    return Result(
        "random controls",
        passed=end is None,
        measured=f"{found.seconds:g} s survived" if end is None else f"diverged after {end:.3f} s",
        limit=f"{found.seconds:g} s without divergence",
        remedy="Raise env.n_substeps, damping or armature, or weaken the actuators; use integrator implicitfast.",
    )


def speed_check(arm: Arm, found: StressTest) -> Result:
    """Check that joints stay at speeds of an animal, within a wide margin."""
    worst = int(found.speed.argmax())
    return Result(
        "joint speed",
        passed=bool(found.speed[worst] <= MAX_SPEED),
        measured=f"{found.speed[worst]:.0f} rad/s: {arm.joint_names[worst]}",
        limit=f"at most {MAX_SPEED:g} rad/s",
        remedy="Raise damping or armature of that joint, or weaken its actuators.",
    )


def overshoot_check(arm: Arm, found: StressTest) -> Result:
    """Check that joint limits hold."""
    worst = int(found.overshoot.argmax())
    past = np.rad2deg(max(found.overshoot[worst], 0.0))
    return Result(
        "joint limits",
        passed=bool(found.overshoot[worst] <= MAX_OVERSHOOT),
        measured=f"{past:.2f} degrees past the limit: {arm.joint_names[worst]}",
        limit=f"at most {np.rad2deg(MAX_OVERSHOOT):g} degrees",
        remedy="Stiffen the limit (a smaller first solreflimit, but at least two physics steps), or raise "
        "env.n_substeps.",
    )


def coupling_check(arm: Arm, found: StressTest) -> Result:
    """Check that joints that follow others do so, as far as joint limits must hold."""
    worst = int(found.apart.argmax())
    return Result(
        "joint couplings",
        passed=bool(found.apart[worst] <= MAX_OVERSHOOT),
        measured=f"{np.rad2deg(found.apart[worst]):.2f} degrees apart: {arm.joint_names[worst]}",
        limit=f"at most {np.rad2deg(MAX_OVERSHOOT):g} degrees",
        remedy='Stiffen the equality constraint, as by solref="0.002 1" solimp="0.99 0.999 0.001" (the first at least '
        "two physics steps), or raise env.n_substeps.",
    )
