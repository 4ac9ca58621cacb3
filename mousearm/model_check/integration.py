"""Integrators and numbers of physics steps: their errors against 64 steps under the same controls."""

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.env.references import References
from mousearm.env.rules import has_diverged
from mousearm.mechanics import motions_of
from mousearm.model import Arm
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.retarget import Reference
from mousearm.simulation import MujocoSimulation
from mousearm.text import columns
from mousearm.trajectory import FOLLOWED, Snapshot, errors_mm

SETTINGS = tuple(product(("Euler", "implicitfast", "RK4"), (2, 4, 6, 8, 12, 16, 32)))
REFERENCE = ("RK4", 64)


class IntegrationReport(NamedTuple):
    """Errors in R reaches, the larger of elbow and paw, mm."""

    # By integrator and physics steps per control step: distance from the reference in the last and in the worst frame
    # of each reach, (2, R); infinite where the simulation diverged.
    errors_mm: dict[tuple[str, int], np.ndarray]
    tracking_mm: np.ndarray  # (R,) largest distance of the reference itself from the recorded reach

    def text(self) -> str:
        """Format the errors as a table."""
        cells = [["integrator", "substeps", "end: mean mm", "worst mm", "way: mean mm", "worst mm"]]
        for (integrator, n_substeps), errors in self.errors_mm.items():
            figures = np.stack([errors.mean(axis=1), errors.max(axis=1)], axis=1).ravel()
            texts = [f"{value:.2g}" if np.isfinite(value) else "diverged" for value in figures]
            cells.append([integrator, str(n_substeps), *texts])
        head = (
            f"Elbow or paw, distance from {REFERENCE[0]} with {REFERENCE[1]} substeps under the same controls,\n"
            f"in {len(self.tracking_mm)} reach(es), which these follow within {self.tracking_mm.max():.2f} mm"
        )
        return "\n".join([head, *columns(cells)])


def integration_accuracy(
    arm: Arm, references: Sequence[Reference], control_dt: float, settings: Iterable[tuple[str, int]] = SETTINGS
) -> IntegrationReport:
    """Compare pairs of an integrator, by MuJoCo's name, and a number of physics steps per control step.

    The controls are those by which computed muscle control follows the reaches in the most accurate simulation.
    """
    reaches = References(references)
    controller, controls = ComputedMuscleControl(arm, reaches, control_dt), []
    everyone, last = np.arange(len(reaches)), reaches.n_frames - 1

    def follow(snapshot: Snapshot, frame: int) -> np.ndarray:
        controls.append(controller.control(snapshot, everyone, np.minimum(frame, last)))
        return controls[-1]

    truth = perform(arm, reaches, control_dt, REFERENCE, follow)
    errors = {}
    for setting in settings:
        points = perform(arm, reaches, control_dt, setting, lambda _, frame: controls[frame])
        errors[setting] = _errors_mm(points, truth, last)
    return IntegrationReport(errors, _errors_mm(truth, reaches.targets.swapaxes(0, 1), last)[1])


def perform(
    arm: Arm,
    reaches: References,
    control_dt: float,
    setting: tuple[str, int],
    control: Callable[[Snapshot, int], np.ndarray],
) -> np.ndarray:
    """Elbow and paw, (T, R, 2, 3) m, in the T frames of the longest reach; infinite from a divergence on."""
    changed = arm.changed(lambda model: _integrated(model, setting[0]))
    simulation = MujocoSimulation(changed, len(reaches), control_dt, setting[1], threads=1)
    paths = (qpos[:n] for qpos, n in zip(reaches.qpos, reaches.n_frames, strict=True))
    qvel = np.array([motions_of([path], control_dt).qvel[0] for path in paths])
    simulation.reset(np.arange(len(reaches)), reaches.qpos[:, 0], qvel, reaches.activation[:, 0])
    points, alive = [], np.ones(len(reaches), dtype=bool)
    for frame in range(reaches.n_frames.max()):
        if frame > 0:
            simulation.step(control(simulation.snapshot(), frame - 1))
        snapshot = simulation.snapshot()
        alive &= ~has_diverged(snapshot)
        points.append(np.where(alive[:, None, None], snapshot.landmarks[:, FOLLOWED], np.inf))
    return np.stack(points)


def _integrated(model: mujoco.MjModel, integrator: str) -> mujoco.MjModel:
    other = copy.copy(model)
    other.opt.integrator = getattr(mujoco.mjtIntegrator, f"mjINT_{integrator.upper()}")
    return other


def _errors_mm(points: np.ndarray, truth: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(2, R) error in the last and in the worst frame of each reach; what comes after its end does not count."""
    distance = errors_mm(points, truth).max(axis=2)  # (T, R)
    return np.array([[distance[n, i], distance[: n + 1, i].max()] for i, n in enumerate(last)]).T
