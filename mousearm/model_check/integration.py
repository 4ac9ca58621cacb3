"""Integrators and numbers of physics steps: their errors against 64 steps under the same controls."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.env.references import References
from mousearm.errors import UnknownNameError
from mousearm.mechanics import motion_of
from mousearm.model import Arm
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.retarget import Reference
from mousearm.simulation import Simulation
from mousearm.termination import diverged
from mousearm.text import columns
from mousearm.trajectory import FOLLOWED, errors_mm, hold

INTEGRATORS = {
    "Euler": mujoco.mjtIntegrator.mjINT_EULER,
    "implicitfast": mujoco.mjtIntegrator.mjINT_IMPLICITFAST,
    "RK4": mujoco.mjtIntegrator.mjINT_RK4,
}
SUBSTEPS = (2, 4, 6, 8, 12, 16, 32)
REFERENCE = ("RK4", 64)


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
    """Errors of all combinations.

    Attributes:
        rows: one per integrator and number of steps.
        tracking_mm: (R,) largest distance of the reference itself from the recorded reach, mm.
    """

    rows: list[Accuracy]
    tracking_mm: np.ndarray

    def text(self) -> str:
        """Format the errors as a table."""
        cells = [["integrator", "substeps", "at the end: mean mm", "worst mm", "on the way: mean mm", "worst mm"]]
        for row in self.rows:
            figures = [f(errors) for errors in (row.end_mm, row.largest_mm) for f in (np.mean, np.max)]
            texts = [f"{value:.2g}" if np.isfinite(value) else "diverged" for value in figures]
            cells.append([row.integrator, str(row.n_substeps), *texts])
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
    targets = np.stack([hold(np.stack([r.elbow, r.paw], axis=1), len(truth)) for r in references], axis=1)
    rows = []
    for integrator in integrators:
        for n_substeps in substeps:
            points = play(with_integrator(arm, integrator), references, control_dt, n_substeps, controls)
            rows.append(Accuracy(integrator, n_substeps, *_errors_mm(points, truth, frames)))
    return IntegrationReport(rows, _errors_mm(truth, targets, frames)[1])


def with_integrator(arm: Arm, name: str) -> Arm:
    """Copy of an arm with another integrator."""
    if name not in INTEGRATORS:
        raise UnknownNameError("integrator", name, INTEGRATORS)

    def change(model: mujoco.MjModel) -> mujoco.MjModel:
        other = copy.copy(model)
        other.opt.integrator = INTEGRATORS[name]
        return other

    return arm.changed(change)


def reference_run(arm: Arm, references: Sequence[Reference], control_dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Follow the reaches in the most accurate simulation, by computed muscle control.

    Returns controls, (T - 1, R, nu), and elbow and paw, (T, R, 2, 3) m, in the T frames of the longest reach.
    """
    reaches = References(references)
    controller, everyone = ComputedMuscleControl(arm, reaches, control_dt), np.arange(len(reaches))
    simulation = _start(with_integrator(arm, REFERENCE[0]), references, control_dt, REFERENCE[1])
    points, controls = [simulation.snapshot().landmarks[:, FOLLOWED]], []
    for frame in range(reaches.n_frames.max() - 1):
        frames = np.minimum(frame, reaches.n_frames - 1)
        controls.append(controller.control(simulation.snapshot(), everyone, frames))
        simulation.step(controls[-1])
        points.append(simulation.snapshot().landmarks[:, FOLLOWED])
    return np.stack(controls), np.stack(points)


def play(
    arm: Arm, references: Sequence[Reference], control_dt: float, n_substeps: int, controls: np.ndarray
) -> np.ndarray:
    """Elbow and paw, (T, R, 2, 3) m, under given controls, (T - 1, R, nu); infinite from a divergence on."""
    simulation = _start(arm, references, control_dt, n_substeps)
    points, alive = [simulation.snapshot().landmarks[:, FOLLOWED]], np.ones(len(references), dtype=bool)
    for ctrl in controls:
        simulation.step(ctrl)
        snapshot = simulation.snapshot()
        alive &= ~diverged(snapshot)
        points.append(np.where(alive[:, None, None], snapshot.landmarks[:, FOLLOWED], np.inf))
    return np.stack(points)


def _start(arm: Arm, references: Sequence[Reference], control_dt: float, n_substeps: int) -> Simulation:
    """Simulations in the first frames of the reaches."""
    simulation = Simulation(arm, len(references), control_dt, n_substeps, threads=1)
    first = [motion_of(reference.qpos, control_dt) for reference in references]
    qpos, qvel = np.stack([m.qpos[0] for m in first]), np.stack([m.qvel[0] for m in first])
    simulation.reset(np.arange(len(references)), qpos, qvel)
    return simulation


def _errors_mm(points: np.ndarray, truth: np.ndarray, frames: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(R,) error in the last and in the worst frame of each reach; what comes after its end does not count."""
    distance = errors_mm(points, truth).max(axis=2)  # (T, R)
    each = [distance[:n, i] for i, n in enumerate(frames)]
    return np.array([d[-1] for d in each]), np.array([d.max() for d in each])
