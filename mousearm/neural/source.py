"""A recording of an agent, of which predictors are made: its trials, its arm and, to make it untrained, its network."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mousearm.emg import Envelope
from mousearm.errors import NeuralError
from mousearm.model import Arm
from mousearm.neural.activity import Activity
from mousearm.record.opened import open_recording
from mousearm.record.signals import ReachRecording
from mousearm.rundir.runs import is_recording
from mousearm.trajectory import hold

if TYPE_CHECKING:
    from mousearm.agent import Agent
    from mousearm.policy.network import RecurrentPolicy

_STILL = 1e-9  # of the largest value: a column that changes by less does not move


@dataclass(frozen=True)
class PredictorSource:
    """Trials of an agent that lived to the end of their reaches.

    Attributes:
        name: of the run or the file.
        arm: that was recorded.
        reaches: the trials.
        diverged: names of those that were left out, because the simulation did not live to their end.
        agent: None for a file, which holds no network.
        groups: ``ANIMAL/SESSION`` by the name of a reach; of others, the folders in the name.
        envelopes: of recorded EMG, by the name of the reach.
    """

    name: str
    arm: Arm
    reaches: tuple[ReachRecording, ...] = field(repr=False)
    diverged: tuple[str, ...] = ()
    agent: "Agent | None" = field(default=None, repr=False)
    groups: Mapping[str, str] = field(default_factory=dict, repr=False)
    envelopes: Mapping[str, Envelope] = field(default_factory=dict, repr=False)

    @staticmethod
    def of_agent(agent: "Agent", repeats: int = 1, noise: float = 0.0, seed: int = 0) -> "PredictorSource":
        """Record an agent; arguments and errors as of `mousearm.record.record`."""
        from mousearm.record import record

        recorded = record(agent, repeats, noise, seed)
        return PredictorSource(agent.config.name, agent.arm, tuple(recorded.reaches), agent=agent).lived()

    @staticmethod
    def of_file(path: Path) -> "PredictorSource":
        """Read a recording that ``scripts/record.py`` wrote as HDF5; errors as of `open_recording`."""
        opened = open_recording(path)
        return PredictorSource(str(opened.about.get("run", path.stem)), opened.arm, tuple(opened.reaches)).lived()

    @property
    def frames(self) -> dict[str, int]:
        """Frames of each reach by its name, as `align` takes them."""
        return {reach.name: len(reach.signals["time"].values) for reach in self.reaches}

    @property
    def step_s(self) -> float:
        """Time between frames, s."""
        time = self.reaches[0].signals["time"].values
        return float(time[1] - time[0])

    def signals(self, name: str) -> list[np.ndarray]:
        """A signal of each trial, (T_i, columns); NeuralError if there is none of that name."""
        if name not in self.reaches[0].signals:
            raise NeuralError(
                f"The recording of {self.name} has no {name.replace('_', ' ')}, which an arm without muscles, or a "
                "controller without a network, does not have. Leave out what is made of it."
            )
        found = [reach.signals[name].values for reach in self.reaches]
        return [values.reshape(len(values), -1) for values in found]

    def columns(self, name: str) -> tuple[str, ...]:
        """Names of a signal's columns as `signals` gives them."""
        signal = self.reaches[0].signals[name]
        shape = signal.values.shape[1:]
        width = shape[-1] if shape else 1
        columns = signal.columns if len(signal.columns) == width else tuple(str(i) for i in range(1, width + 1))
        return tuple(f"{row}/{column}" for row in signal.rows for column in columns) if signal.rows else columns

    def activity(self, name: str, kind: str, values: Sequence[np.ndarray], units: Sequence[str]) -> Activity:
        """Activity of these trials, less columns that never change; NeuralError if all are such."""
        whole = np.concatenate(values)
        moves = np.ptp(whole, axis=0) > _STILL * np.abs(whole).max(initial=0.0)
        if not moves.any():
            raise NeuralError(f"{name} of {self.name} never changes, so that it can explain nothing. Leave it out.")
        names = tuple(reach.name for reach in self.reaches)
        groups = tuple(self.groups.get(name, name.rpartition("/")[0]) for name in names)
        kept = tuple(part[:, moves] for part in values)
        columns = tuple(unit for unit, move in zip(units, moves, strict=True) if move)
        return Activity(name, names, kept, self.step_s, columns, groups, kind)

    def only(self, which: Sequence[int]) -> "PredictorSource":
        """Some of the trials, by number."""
        return replace(self, reaches=tuple(self.reaches[i] for i in which))

    def lived(self) -> "PredictorSource":
        """Without trials that ended before their reach, or have a single frame; NeuralError if all are such."""
        kept = [i for i, reach in enumerate(self.reaches) if reach.completed and len(reach.signals["time"].values) > 1]
        if not kept:
            raise NeuralError(
                f"No trial in the recording of {self.name} lived to the end of its reach. Record a network that does."
            )
        diverged = [reach.name for i, reach in enumerate(self.reaches) if i not in kept]
        return replace(self.only(kept), diverged=tuple(diverged))

    def untrained(self, layer: str, seed: int) -> list[np.ndarray]:
        """A layer, (T_i, ...) of each trial, of a network of the same size that never learned.

        It sees what the trained one saw in the trial, by the same normaliser. NeuralError without a network, or if it
        has no such layer.
        """
        if self.agent is None:
            raise NeuralError(
                f"A recording, as that of {self.name}, holds no network. Give the run folder to make it untrained."
            )
        import torch

        from mousearm.policy.network import build_policy

        trained, seen = self.agent.policy, self.signals("observation")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(zlib.crc32(f"untrained {seed}".encode()))
            policy = build_policy(self.agent.config, seen[0].shape[1], self.arm.nu)
        policy.features_extractor.load_state_dict(trained.features_extractor.state_dict())
        found = replay(policy, seen)
        if layer not in found:
            raise NeuralError(f"An untrained network has no {layer} of its own. Leave untrained out for this layer.")
        return found[layer]


def open_source(path: Path, checkpoint: str = "best", kinematics: str | None = None) -> PredictorSource:
    """Read a recording, or record a run; errors as of `PredictorSource.of_file` and `Agent.load`.

    Args:
        path: an HDF5 file of ``scripts/record.py``, or a run folder.
        checkpoint: of the run.
        kinematics: a file or folder of other reaches for the run; None: its own.
    """
    if is_recording(path):
        return PredictorSource.of_file(path)
    from mousearm.agent import Agent

    return PredictorSource.of_agent(Agent.load(path, checkpoint, kinematics))


def replay(policy: "RecurrentPolicy", seen: Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
    """What a network does that sees these observations, (T_i, n_obs) of each trial: (T_i, ...) by name, and ``action``.

    Its actions lead to nothing.
    """
    from mousearm.policy.controller import ActivityController

    controller, steps = ActivityController(policy), max(map(len, seen))
    controller.reset(len(seen))
    held = np.stack([hold(rows, steps) for rows in seen])
    found = []
    for step in range(steps):
        action = controller.act(held[:, step])
        found.append({**controller.activity, "action": action})
    whole = {name: np.stack([row[name] for row in found], axis=1) for name in found[0]}
    return {name: [rows[: len(own)] for rows, own in zip(values, seen, strict=True)] for name, values in whole.items()}
