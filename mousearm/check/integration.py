"""Which integrator, and how many physics steps, a reach needs: errors against 64 steps under the same controls."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.check.mechanics import Probe, motion_of
from mousearm.check.result import columns
from mousearm.check.strength import largest_needs
from mousearm.errors import UnknownNameError
from mousearm.model import Arm
from mousearm.retarget import Reference
from mousearm.simulation import Simulation
from mousearm.termination import diverged

INTEGRATORS = {
    "Euler": mujoco.mjtIntegrator.mjINT_EULER,
    "implicitfast": mujoco.mjtIntegrator.mjINT_IMPLICITFAST,
    "RK4": mujoco.mjtIntegrator.mjINT_RK4,
}
SUBSTEPS = (2, 4, 6, 8, 12, 16, 32)
REFERENCE = ("RK4", 64)

# Correction towards the reach while the controls are found, as of a critically damped spring, rad/s.
_STIFFNESS = 40.0


class Accuracy(NamedTuple):
    """Distance of a simulation from the reference, the larger of elbow and paw, mm; infinite where it diverged.

    Attributes:
        integrator: its MuJoCo name.
        n_substeps: physics steps per control step.
        end_mm: (R,) in the last frame of each reach.
        largest_mm: (R,) in the worst frame of each reach.
    """

    integrator: str
    n_substeps: int
    end_mm: np.ndarray
    largest_mm: np.ndarray


class IntegrationReport(NamedTuple):
    """All combinations.

    Attributes:
        rows: one per integrator and number of steps.
        tracking_mm: (R,) largest distance of the reference itself from the recorded reach, mm: how like it the
            movement is on which the rows are compared.
    """

    rows: list[Accuracy]
    tracking_mm: np.ndarray

    def text(self) -> str:
        """A table."""
        cells = [["integrator", "substeps", "at the end: mean mm", "worst mm", "on the way: mean mm", "worst mm"]]
        for row in self.rows:
            figures = [f(errors) for errors in (row.end_mm, row.largest_mm) for f in (np.mean, np.max)]
            cells.append([row.integrator, str(row.n_substeps), *(_figure(value) for value in figures)])
        integrator, n_substeps = REFERENCE
        head = (
            f"Elbow or paw, distance from {integrator} with {n_substeps} substeps under the same controls; "
            f"{len(self.tracking_mm)} reach(es), which these follow within {self.tracking_mm.max():.2f} mm"
        )
        return "\n".join([head, *columns(cells)])


def integration_accuracy(
    arm: Arm,
    references: Sequence[Reference],
    control_dt: float,
    integrators: Sequence[str] = tuple(INTEGRATORS),
    substeps: Sequence[int] = SUBSTEPS,
) -> IntegrationReport:
    """Compare integrators and numbers of steps.

    Raises:
        UnknownNameError: if there is no such integrator.
    """
    controls, truth = reference_run(arm, references, control_dt)
    frames = [reference.n_frames for reference in references]
    targets = _stack([np.stack([r.elbow, r.paw], axis=1) for r in references], len(truth))
    rows = []
    for integrator in integrators:
        for n_substeps in substeps:
            points = play(with_integrator(arm, integrator), references, control_dt, n_substeps, controls)
            rows.append(Accuracy(integrator, n_substeps, *_errors_mm(points, truth, frames)))
    return IntegrationReport(rows, _errors_mm(truth, targets, frames)[1])


def with_integrator(arm: Arm, name: str) -> Arm:
    """The same arm with another integrator."""
    if name not in INTEGRATORS:
        raise UnknownNameError("integrator", name, INTEGRATORS)
    other = copy.copy(arm)
    other.model = copy.copy(arm.model)
    other.model.opt.integrator = INTEGRATORS[name]
    return other


def reference_run(arm: Arm, references: Sequence[Reference], control_dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Follow the reaches in the most accurate simulation, by inverse dynamics and static optimisation.

    Every control step asks for qacc + w^2 (q_ref - q) + 2 w (qvel_ref - qvel), and shares the torque that this takes
    among the actuators.

    Returns:
        Controls, (T - 1, R, nu), and elbow and paw of the simulation, (T, R, 2, 3) m, T frames of the longest reach.
    """
    motions = [motion_of(reference, control_dt) for reference in references]
    probe, longest = Probe(arm), max(reference.n_frames for reference in references)
    scale = largest_needs(np.concatenate([probe.needed_along(motion) for motion in motions]))
    qpos, qvel, qacc = (_stack(parts, longest) for parts in zip(*motions, strict=True))
    integrator, n_substeps = REFERENCE
    simulation = _start(with_integrator(arm, integrator), references, control_dt, n_substeps)
    points, controls = [simulation.snapshot().landmarks[:, 1:]], []
    for frame in range(longest - 1):
        now = simulation.snapshot()
        held = (qacc[frame] + qacc[frame + 1]) / 2  # for one control interval
        wanted = held + _STIFFNESS**2 * (qpos[frame] - now.qpos) + 2 * _STIFFNESS * (qvel[frame] - now.qvel)
        states = zip(now.qpos, now.qvel, wanted, now.activation, strict=True)
        controls.append(np.stack([_control(arm, probe, state, scale, control_dt) for state in states]))
        simulation.step(controls[-1])
        points.append(simulation.snapshot().landmarks[:, 1:])
    return np.stack(controls), np.stack(points)


def play(
    arm: Arm, references: Sequence[Reference], control_dt: float, n_substeps: int, controls: np.ndarray
) -> np.ndarray:
    """Elbow and paw, (T, R, 2, 3) m, under given controls, (T - 1, R, nu); infinite from a divergence on."""
    simulation = _start(arm, references, control_dt, n_substeps)
    points, alive = [simulation.snapshot().landmarks[:, 1:]], np.ones(len(references), dtype=bool)
    for ctrl in controls:
        simulation.step(ctrl)
        snapshot = simulation.snapshot()
        alive &= ~diverged(snapshot)
        points.append(np.where(alive[:, None, None], snapshot.landmarks[:, 1:], np.inf))
    return np.stack(points)


def _start(arm: Arm, references: Sequence[Reference], control_dt: float, n_substeps: int) -> Simulation:
    """Simulations in the first frames of the reaches."""
    simulation = Simulation(arm, len(references), control_dt, n_substeps, threads=1)
    first = [motion_of(reference, control_dt) for reference in references]
    qpos, qvel = np.stack([m.qpos[0] for m in first]), np.stack([m.qvel[0] for m in first])
    simulation.reset(np.arange(len(references)), qpos, qvel)
    return simulation


def _control(arm: Arm, probe: Probe, state: tuple[np.ndarray, ...], scale: np.ndarray, control_dt: float) -> np.ndarray:
    """The control, (nu,), for a state of position, velocity, wanted acceleration and activation."""
    qpos, qvel, qacc, activation = state
    start, rise, fall = _activation_change(arm, activation, control_dt)
    limits = start * (1 - fall), start + (1 - start) * rise
    share = probe.bounds(qpos, qvel).share(probe.needed(qpos, qvel, qacc), scale, limits)
    control = start + (share - start) / np.where(share > start, rise, fall)
    low, high = arm.ctrl_range.T
    return low + np.clip(control, 0, 1) * (high - low)


def _activation_change(arm: Arm, activation: np.ndarray, control_dt: float) -> tuple[np.ndarray, ...]:
    """Where muscles stand, and what share of the way up or down to their control they go in a control interval.

    a moves towards the control with time constant activation (0.5 + 1.5 a), deactivation / (0.5 + 1.5 a): the share
    is 1 - exp(-dt / time constant). Actuators that are no muscles go all the way.
    """
    model = arm.model
    start, rise, fall = np.zeros(arm.nu), np.ones(arm.nu), np.ones(arm.nu)
    muscles = np.flatnonzero(model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE)
    start[muscles] = np.clip(activation[model.actuator_actadr[muscles]], 0, 1)
    slowness = 0.5 + 1.5 * start[muscles]
    up, down = model.actuator_dynprm[muscles, :2].T
    rise[muscles] = -np.expm1(-control_dt / (up * slowness))
    fall[muscles] = -np.expm1(-control_dt * slowness / down)
    return start, rise, fall


def _stack(arrays: Sequence[np.ndarray], n: int) -> np.ndarray:
    """Arrays (T, ...) side by side, (n, R, ...), the last row of each repeated."""
    return np.stack([np.concatenate([a, np.repeat(a[-1:], n - len(a), axis=0)]) for a in arrays], axis=1)


def _errors_mm(points: np.ndarray, truth: np.ndarray, frames: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(R,) error in the last and in the worst frame of each reach; what comes after its end does not count."""
    distance = 1e3 * np.linalg.norm(points - truth, axis=3).max(axis=2)  # (T, R)
    own = [distance[:n, i] for i, n in enumerate(frames)]
    return np.array([d[-1] for d in own]), np.array([d.max() for d in own])


def _figure(value: np.floating) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "diverged"
