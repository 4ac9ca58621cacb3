"""A task on a device as training sees it: spaces and numbers for Stable-Baselines3, the task itself for learning."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import mujoco
import numpy as np
import torch
from gymnasium import spaces

from mousearm.config import Config
from mousearm.env.device_task import DeviceTask
from mousearm.env.references import References
from mousearm.env.vec_env import WholeVecEnv
from mousearm.model import Arm


class DeviceEnv(WholeVecEnv):
    """A `DeviceTask` with the face that `SequencePPO` asks for; it is stepped by its ``task``, not by this face."""

    def __init__(self, task: DeviceTask):
        observation_space = spaces.Box(-np.inf, np.inf, (task.observe().shape[1],), np.float32)
        super().__init__(task.n, observation_space, spaces.Box(-1.0, 1.0, (task.arm.nu,), np.float32))
        self.task, self.statistics = task, task.statistics

    @property
    def model(self) -> mujoco.MjModel:
        """The model that is simulated, with its time step."""
        simulation = self.task.simulation
        model = copy.copy(simulation.arm.physics)
        model.opt.timestep = simulation.control_dt / simulation.n_substeps
        return model

    def last_states(self) -> dict[str, np.ndarray]:
        """States of the arms now, (1, N, ...) by name, as `LastStates.up_to`; those before are not kept."""
        now = self.task.simulation.snapshot()
        parts = now.arrays() | self.task.position._asdict()
        return {name: part.cpu().numpy()[None] for name, part in parts.items()}

    def reset(self) -> np.ndarray:
        """Start all episodes; (N, n_obs) float32."""
        return self.task.reset_all().cpu().numpy()

    def step_async(self, actions: np.ndarray) -> None:
        """Not offered."""
        raise NotImplementedError("a task on a device is stepped with tensors")

    def step_wait(self) -> Any:
        """Not offered."""
        raise NotImplementedError("a task on a device is stepped with tensors")

    def state(self) -> dict[str, Any]:
        """All that the next steps depend on; live, to be copied."""
        return {"task": self.task.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned; ValueError if it is of another task."""
        self.task.restore(state["task"])

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Restart the stream of reaches and start frames."""
        self.task.generator.manual_seed(0 if seed is None else seed)
        return [seed] * self.num_envs


def is_on_gpu(config: Config) -> bool:
    """True if a configuration asks for a GPU, and there is one."""
    return config.device != "cpu" and torch.cuda.is_available()


def build_device_env(config: Config, arm: Arm, references: References) -> DeviceEnv:
    """The environment of a configuration, all on its device, in float32; errors as `TensorSimulation` and the task."""
    from mousearm.engine.tensors import TensorSimulation  # which loads compilers

    env, device = config.env, "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    simulation = TensorSimulation(arm, env.num_envs, env.control_dt, env.n_substeps, device)
    return DeviceEnv(DeviceTask(simulation, references, config))
