"""What is compared with the expert: actions, amplitudes of muscles, and how far their difference moves the arm."""

import numpy as np
import torch
from torch.nn.functional import logsigmoid

from mousearm.action import CENTRE, SLOPE, sigmoid
from mousearm.config import PretrainConfig
from mousearm.env.task import Task
from mousearm.mechanics import ArmDynamics, drive_range
from mousearm.optimal.system import ActivationProgress, activation_columns
from mousearm.pretrain.cmc import interval_of, torque_weight

_ACTION_SHARE = 0.1  # weight of differences of actions beside those of amplitudes: it brings back what is far off
_MOVEMENT_SHARE = 0.05  # weight of movements beside both
_MOVEMENT_MM = 0.5  # a movement that is much larger counts little more: nobody follows the expert through it


def compared(config: PretrainConfig, action_map: str) -> str:
    """What is compared, in words; without the sigmoid of muscles there are no amplitudes."""
    by_amplitude = config.loss != "action" and action_map == sigmoid.__name__
    return ("amplitudes" if by_amplitude else "actions") + " and movements" * (config.loss == "movement")


class ExpertDifference:
    """Difference of a network's actions from those that an expert wants, by ``pretrain.loss``.

    The sigmoid gives as many actions to excitations below 0.01 as to those from 0.19 to 0.81. Square roots of
    excitations, which are compared with this sigmoid, weigh what muscles do there instead. But they weigh all muscles
    alike, and what 21 of them do to an arm of few joints is a matter of few of their sums: those that move elbow and
    paw are compared with the loss ``movement``, too.
    """

    def __init__(self, config: PretrainConfig, task: Task, device: torch.device):
        """Prepare for arms of a task, and for tensors on a device."""
        self._n = task.n
        self._by_amplitude = compared(config, task.map_action.__name__).startswith("amplitudes")
        self._movement = MovementDifference(task, device) if config.loss == "movement" else None

    def note(self) -> np.ndarray:
        """(N, K) numbers that a difference depends on where the arms are now; K is 0 without movements."""
        return np.zeros((self._n, 0)) if self._movement is None else self._movement.note()

    def __call__(self, actions: torch.Tensor, wanted: torch.Tensor, noted: torch.Tensor) -> torch.Tensor:
        """Differences (M,) of actions (M, nu) from those that are wanted, (M, nu), with what was noted, (M, K)."""
        difference = self._squared(actions, wanted).mean(dim=1)
        if self._movement is None:
            return difference
        squared_mm = self._movement(actions, wanted, noted).square().sum(dim=1)
        return difference + _MOVEMENT_SHARE * torch.log1p(squared_mm / _MOVEMENT_MM**2)

    def _squared(self, actions: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        plain = (actions - wanted).square()
        if not self._by_amplitude:
            return plain
        here, there = (torch.exp(logsigmoid(SLOPE * (x - CENTRE)) / 2) for x in (actions, wanted))
        return 4 * (here - there).square() + _ACTION_SHARE * plain


class MovementDifference:
    """How far differences of controls move elbow, paw and joints in the time that feedback takes, to first order.

    In mm, as computed muscle control weighs torques. A muscle moves the arm by its activation at the end of the step,
    which comes nearer to a higher excitation than to a lower one (see `mousearm.optimal.system.Inputs`); a motor by
    its control.
    """

    def __init__(self, task: Task, device: torch.device):
        self._task, arm = task, task.arm
        self._dynamics, self._bandwidth = ArmDynamics(arm), interval_of(arm).bandwidth
        self._span = np.ptp(drive_range(arm), axis=1)
        self._progress = ActivationProgress(arm.model, task.simulation.control_dt)
        self._columns = activation_columns(arm.model)
        self._range = torch.tensor(arm.ctrl_range, dtype=torch.float32, device=device)

    def note(self) -> np.ndarray:
        """What it depends on where the arms are now, (N, 12 nu).

        Side by side: mm by full drive of each actuator, (N, 9, nu); activations, and the shares of the way to controls
        above and below them that a step does, (N, nu) each.
        """
        now = self._task.snapshot
        state = self._dynamics.dynamics(now.qpos, now.qvel)
        jacobian = self._dynamics.landmark_jacobian(now.qpos, now.landmarks)
        moved = torque_weight(jacobian, state.mobility(), self._bandwidth) @ state.bounds.gain.mT / self._span
        whole = np.concatenate([now.qpos, now.qvel, now.activation], axis=1)
        activation = np.where(self._columns >= 0, whole[:, self._columns], 0.0)
        return np.concatenate([moved.reshape(len(moved), -1), activation, *self._progress(activation)], axis=1)

    def __call__(self, actions: torch.Tensor, wanted: torch.Tensor, noted: torch.Tensor) -> torch.Tensor:
        """(M, 9) mm between what actions, (M, nu), lead to and what those that are wanted, (M, nu), do."""
        nu = actions.shape[1]
        activation, up, down = noted[:, -3 * nu :].split(nu, dim=1)

        def inputs(actions: torch.Tensor) -> torch.Tensor:
            off = self._task.map_action(actions, self._range) - activation
            return off * torch.where(off > 0, up, down)

        moved = noted[:, : -3 * nu].view(len(noted), -1, nu)
        return torch.matmul(moved, (inputs(actions) - inputs(wanted))[:, :, None])[:, :, 0]
