"""Derivatives of the state after a control step by the state before it and the controls: exact, by dual numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.engine.build import build
from mousearm.engine.source import derivatives_source
from mousearm.model.arm import Landmark
from mousearm.trajectory import LANDMARKS


@dataclass(frozen=True, slots=True)
class StepDerivatives:
    """A control step of N arms, linearised; a state is (qpos, qvel, act), of length n = 2 nv + na, in SI units.

    Attributes:
        next_state: (N, n) the state after the step.
        by_state: (N, n, n) its derivatives by the state before, often called A.
        by_ctrl: (N, n, nu) its derivatives by the controls, often called B.
        landmarks_by_qpos: (N, 3, 3, nv) Jacobians of shoulder, elbow and paw, m/rad, at the state before.
    """

    next_state: np.ndarray
    by_state: np.ndarray
    by_ctrl: np.ndarray
    landmarks_by_qpos: np.ndarray


class DifferentiatedStep:
    """The control step of a model as a function that gives its derivatives; where it has kinks, those of one side.

    See `derivatives_source`.
    """

    def __init__(self, model: mujoco.MjModel, landmarks: Mapping[str, Landmark], n_substeps: int, threads: int = 1):
        """Generate and compile it, or take it from the cache; the model has the time step of a substep.

        Threads, the caller's included, share the arms; 0 means all processors.

        Raises:
            EngineError: the model holds something that is not generated.
            CompilerError: there is no compiler that works.
        """
        self._library = build(derivatives_source(model, landmarks, n_substeps), "derivatives")
        self._nv, self._na, self._nu, self._threads = model.nv, model.na, model.nu, threads

    def __call__(self, qpos: np.ndarray, qvel: np.ndarray, act: np.ndarray, ctrl: np.ndarray) -> StepDerivatives:
        """Linearise at states (N, nq), (N, nv), (N, na) and controls (N, nu)."""
        n, state = len(qpos), 2 * self._nv + self._na
        given = [np.ascontiguousarray(part, dtype=float) for part in (qpos, qvel, act, ctrl)]
        result = StepDerivatives(
            np.empty((n, state)),
            np.empty((n, state, state)),
            np.empty((n, state, self._nu)),
            np.empty((n, len(LANDMARKS), 3, self._nv)),
        )
        found = [result.next_state, result.by_state, result.by_ctrl, result.landmarks_by_qpos]
        pointers = [array.ctypes.data for array in (*given, *found)]
        self._library.bind("derivatives_f64", n, pointers, self._threads)()
        return result
