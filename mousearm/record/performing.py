"""Letting an agent perform its reaches, and keeping everything that happens."""

import math
import zlib
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np

import mousearm
from mousearm.agent import Agent
from mousearm.env import Task
from mousearm.errors import ConfigError
from mousearm.evaluate import Rollout, roll_out
from mousearm.policy import ActivityController
from mousearm.record.arm_signals import arm_signals
from mousearm.record.columns import observation_names
from mousearm.record.network_signals import network_signals
from mousearm.record.recording import ReachRecording, Recording, Signal


class RecordingController:
    """The network as a controller that adds motor noise and keeps what it and the simulation hold at every frame."""

    def __init__(self, agent: Agent, noise: np.ndarray | None):
        """Prepare.

        Args:
            agent: the agent.
            noise: (R, T, nu) what is added to the actions; None for nothing.
        """
        self._network, self._task, self._noise = ActivityController(agent.policy), agent.evaluator.task, noise
        self._rows: list[dict[str, np.ndarray]] = []

    def reset(self, n: int) -> None:
        """Forget the past; n arms follow."""
        self._network.reset(n)
        self._rows = []

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs) float32 of the task as it is now."""
        action = self._network.act(observation)
        row = {"observation": observation, **self._network.activity, "action": action}
        if self._noise is not None:
            row["action_noise"] = self._noise[:, len(self._rows)]
        self._rows.append({**row, "force": self._task.snapshot.force, "torque": self._task.simulation.torque})
        return np.clip(action + row["action_noise"], -1, 1) if self._noise is not None else action

    def frames(self, reach: int, n: int) -> dict[str, np.ndarray]:
        """What was kept of the first n frames of a reach, (n, ...) by name."""
        return {name: np.stack([row[name][reach] for row in self._rows[:n]]) for name in self._rows[0]}


def record(agent: Agent, repeats: int = 1, noise: float = 0.0, seed: int = 0) -> Recording:
    """Record all reaches of an agent, each from its first frame to its last or until the simulation diverges.

    Without noise the performances are those of ``agent.evaluate()``, to the last bit.

    Args:
        agent: the agent.
        repeats: performances of each reach; more than one only with noise, for they would be the same.
        noise: motor noise: standard deviation of what is added to each action, which ranges from -1 to 1, at every
            control step; normal numbers that are independent of one another, as in training (``pretrain.noise``).
        seed: of the noise; a reach's noise depends on seed, repeat and the reach's name alone.

    Raises:
        ConfigError: if an argument is out of its range.
    """
    return Recording(list(performances(agent, repeats, noise, seed)), about(agent, repeats, noise, seed))


def performances(agent: Agent, repeats: int = 1, noise: float = 0.0, seed: int = 0) -> Iterator[ReachRecording]:
    """The performances of ``record`` one by one, so that they need not all be in memory; arguments likewise."""
    _check(repeats, noise, seed)
    return (one for repeat in range(repeats) for one in _perform(agent, repeat, noise, seed))


def about(agent: Agent, repeats: int, noise: float, seed: int) -> dict[str, str | float | int]:
    """What a recording is of."""
    task = agent.evaluator.task
    return {
        "run": agent.config.name,
        "checkpoint": agent.checkpoint.name,
        "model": agent.arm.name,
        "backbone": agent.config.policy.backbone,
        "dt": task.simulation.control_dt,
        "physics_dt": task.simulation.control_dt / task.simulation.n_substeps,
        "repeats": repeats,
        "noise": noise,
        "seed": seed,
        "mousearm": mousearm.__version__,
        "mujoco": version("mujoco"),
        "torch": version("torch"),
    }


def _perform(agent: Agent, repeat: int, noise: float, seed: int) -> Iterator[ReachRecording]:
    task = agent.evaluator.task
    controller = RecordingController(agent, _noise(task, repeat, noise, seed))
    rollout = roll_out(task, controller)
    controller.act(task.observe())  # at the last frame, where nothing is left to be done
    split_of = {name: side for side, names in agent.sides.items() for name in names}
    for reach, name in enumerate(rollout.names):
        completed = bool(rollout.completed[reach] == rollout.n_frames[reach])
        yield ReachRecording(name, split_of[name], repeat, _signals(agent, rollout, reach, controller), completed)


def _signals(agent: Agent, rollout: Rollout, reach: int, controller: RecordingController) -> dict[str, Signal]:
    task, n = agent.evaluator.task, int(rollout.completed[reach])
    kept = controller.frames(reach, n)
    force, torque = kept.pop("force"), kept.pop("torque")
    observations = observation_names(task.observation_widths, agent.arm, agent.config.env)
    reference = Signal(task.references.qpos[reach, :n], "rad", "joint positions to follow", agent.arm.joint_names)
    return {
        **arm_signals(rollout, reach, force, torque, agent.arm),
        "reference_qpos": reference,
        **network_signals(kept, observations, agent.arm.actuator_names),
    }


def _check(repeats: int, noise: float, seed: int) -> None:
    if repeats < 1:
        raise ConfigError(f"{repeats} repeats cannot be recorded: give 1 or more.")
    if not 0 <= noise < math.inf:
        raise ConfigError(f"The noise {noise} is no standard deviation: give 0, or a number such as 0.1.")
    if seed < 0:
        raise ConfigError(f"The seed {seed} is negative: give 0 or more.")
    if repeats > 1 and noise == 0:
        raise ConfigError(
            f"{repeats} repeats without noise would be the same performance {repeats} times: the network and the arm "
            "are deterministic. Add noise such as 0.1, or record one."
        )


def _noise(task: Task, repeat: int, noise: float, seed: int) -> np.ndarray | None:
    """(R, T, nu) what is added to the actions; None without noise."""
    if noise == 0:
        return None
    shape = task.references.targets.shape[1], task.arm.nu
    keys = ([seed, repeat, zlib.crc32(name.encode())] for name in task.references.names)
    return noise * np.stack([np.random.default_rng(key).standard_normal(shape) for key in keys])
