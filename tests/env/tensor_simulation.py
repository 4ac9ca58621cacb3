"""MuJoCo behind the face of a `TensorSimulation`: the physics of `Task`, on tensors of the CPU."""

import numpy as np
import torch

from mousearm.simulation import MujocoSimulation
from mousearm.trajectory import Snapshot


class MujocoTensors:
    """N simulations of an arm whose state stands in tensors that stay where they are."""

    device = torch.device("cpu")

    def __init__(self, arm, n, control_dt, n_substeps, dtype=torch.float64):
        self.arm, self.n, self.dtype = arm, n, dtype
        self._simulation = MujocoSimulation(arm, n, control_dt, n_substeps, threads=1)
        self._names = list(self._simulation.snapshot().arrays())
        for name, value in self._simulation.snapshot().arrays().items():
            setattr(self, name, torch.tensor(value, dtype=dtype))
        self._copy()

    def _copy(self):
        for name, value in self._simulation.snapshot().arrays().items():
            getattr(self, name).copy_(torch.from_numpy(np.ascontiguousarray(value)))

    def reset(self, mask, qpos, qvel, activation):
        ids = np.flatnonzero(mask.numpy())
        if len(ids):
            self._simulation.reset(ids, qpos.numpy()[ids], qvel.numpy()[ids], activation.numpy()[ids])
        self._copy()

    def step(self, ctrl):
        self._simulation.step(ctrl.numpy())
        self._copy()

    def snapshot(self):
        return Snapshot(**{name: getattr(self, name).clone() for name in self._names})

    def state(self):
        return {"all": torch.from_numpy(self._simulation.state())}

    def restore(self, state):
        self._simulation.restore(state["all"].numpy())
        self._copy()
