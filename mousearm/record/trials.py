"""Recording an agent: its trials with everything that happens in them, in memory or as a file."""

import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import numpy as np
from tqdm.auto import tqdm

from mousearm import formats
from mousearm.agent import Agent
from mousearm.emg import Envelope
from mousearm.env.task import Task
from mousearm.errors import ConfigError, EmgError, OutputError, UnknownNameError
from mousearm.evaluate.rollout import Controller, roll_out
from mousearm.files import new_output
from mousearm.record.files import write_hdf5
from mousearm.record.opened import arm_text
from mousearm.record.opensim import write_states, write_tables
from mousearm.record.signals import (
    About,
    ReachRecording,
    Recording,
    arm_signals,
    beside_emg,
    network_signals,
    observation_names,
)
from mousearm.setup import Setup
from mousearm.text import listed
from mousearm.trajectory import Trial

Writer = Callable[[Iterable[ReachRecording], About, Path], None]


def _write_nwb(reaches: Iterable[ReachRecording], about: About, path: Path) -> None:
    try:
        from mousearm.record.nwb import write_nwb
    except ImportError as error:
        why = f"--format nwb needs pynwb, which cannot be imported here ({error}): pip install 'mousearm[nwb]'."
        raise OutputError(why) from error
    write_nwb(reaches, about, path)


# Formats of recordings by name, each a function of trials, their origin and a path.
WRITERS: Mapping[str, Writer] = MappingProxyType(
    {"hdf5": write_hdf5, "nwb": _write_nwb, "sto": write_tables, "states": write_states}
)
_SUFFIXES = MappingProxyType({".h5": "hdf5", ".hdf5": "hdf5", ".nwb": "nwb", ".sto": "states"})  # sto is a folder


@dataclass
class RecordingResult:
    """Amount of a recording, as `write_recording` counts it."""

    trials: int = 0
    seconds: float = 0.0  # of reaches in them
    bytes: int = 0  # on the disk
    diverged: list[str] = field(default_factory=list)  # name and repeat of trials that ended before the reach

    def count(self, reaches: Iterable[ReachRecording]) -> Iterator[ReachRecording]:
        """Pass trials on as they come, and count them."""
        for reach in reaches:
            self.trials += 1
            self.seconds += float(reach.signals["time"].values[-1])
            self.diverged += [] if reach.completed else [f"{reach.name} (repeat {reach.repeat})"]
            yield reach


def record(agent: Agent, repeats: int = 1, noise: float = 0.0, seed: int = 0) -> Recording:
    """Record all reaches of an agent, each from its first frame to its last or until the simulation diverges.

    Without noise the trials are those of ``agent.evaluate()``, to the last bit.

    Args:
        agent: whose reaches.
        repeats: trials of each reach; more than one only with noise, here or of the task, for they would be the same.
        noise: motor noise: standard deviation of what is added to each action, which ranges from -1 to 1, at every
            control step; normal numbers that are independent of one another, as in training (``pretrain.noise``).
        seed: of the noise; a reach's noise depends on seed, repeat and the reach's name alone.

    Raises:
        ConfigError: repeats, noise or seed is out of its range, or there are repeats without noise.
    """
    chance = _Chance(repeats, noise, seed)
    return Recording(list(_record_trials(agent, chance)), _about(agent, chance))


@dataclass(frozen=True, slots=True)
class _Chance:
    """Repeats of each reach, and the motor noise in them; as of `record`."""

    repeats: int
    noise: float
    seed: int

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise ConfigError(f"{self.repeats} repeats cannot be recorded: give 1 or more.")
        if not 0 <= self.noise < math.inf:
            raise ConfigError(f"The noise {self.noise} is not a standard deviation: give 0, or a number such as 0.1.")
        if self.seed < 0:
            raise ConfigError(f"The seed {self.seed} is negative: give 0 or more.")

    def added(self, task: Task, repeat: int) -> np.ndarray | None:
        """The noise of a repeat, (R, T, nu), which depends on each reach's name alone; None for none."""
        if self.noise == 0:
            return None
        shape = task.references.targets.shape[1], task.arm.nu
        keys = ([self.seed, repeat, zlib.crc32(name.encode())] for name in task.references.names)
        return self.noise * np.stack([np.random.default_rng(key).standard_normal(shape) for key in keys])


def _record_trials(agent: Agent, chance: _Chance) -> Iterator[ReachRecording]:
    """Give the trials of ``record`` one by one, so that not all need to be in memory."""
    n, evaluator = chance.repeats, agent.evaluator
    is_noisy = evaluator.task.is_noisy or agent.controller().is_noisy
    if n > 1 and chance.noise == 0 and not is_noisy:
        raise ConfigError(
            f"{n} repeats without noise would be the same performance {n} times: the network and the arm are "
            "deterministic. Add noise such as 0.1, or record one."
        )
    task = evaluator.task if evaluator.repeats == 1 else agent.setup.evaluator(repeats=1).task
    return (trial for repeat in range(n) for trial in _record_repeat(agent, task, repeat, chance.added(task, repeat)))


def write_recording(
    agent: Agent,
    out: Path,
    kind: str | None = None,
    repeats: int = 1,
    noise: float = 0.0,
    seed: int = 0,
    overwrite: bool = False,
    envelopes: Mapping[str, Envelope] | None = None,
) -> RecordingResult:
    """Record an agent, as `record` does, into a file or folder that appears whole or not at all.

    Args:
        agent: whose reaches.
        out: the file, or the folder of tables.
        kind: a name in `WRITERS`; None for what the suffix of ``out`` says.
        repeats: as of `record`, as are noise and its seed.
        noise: motor noise, in actions.
        seed: of the noise.
        overwrite: whether to replace what is there.
        envelopes: EMG by reach, to stand beside what the arm did.

    Raises:
        UnknownNameError: there is no such format.
        OutputError: the name does not fit the format, is taken, or cannot be written.
        ConfigError: as of `record`.
    """
    write = WRITERS[find_format(out, kind)]
    names = agent.evaluator.task.references.names
    if envelopes and not set(names) & set(envelopes):
        raise EmgError(
            f"EMG is of {listed(list(envelopes), most=3)}, and the reaches are {listed(list(names), most=3)}. Give "
            "--kinematics with the reaches of the EMG, or name their files after them."
        )
    chance = _Chance(repeats, noise, seed)
    trials = beside_emg(_record_trials(agent, chance), envelopes or {})
    bar = tqdm(trials, "recording", repeats * len(names), delay=1, leave=False, unit=" reaches")
    with new_output(out, overwrite) as path:
        return write_trials(bar, _about(agent, chance), path, write)


def write_trials(reaches: Iterable[ReachRecording], about: About, path: Path, write: Writer) -> RecordingResult:
    """Write trials, one by one, to a path that does not exist, by one of ``WRITERS``; what was written."""
    result = RecordingResult()
    write(result.count(reaches), about, path)
    result.bytes = sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())
    return result


def _about(agent: Agent, chance: _Chance) -> About:
    """Origin of a recording: the attributes that every format writes once."""
    return {
        "run": agent.config.name,
        "checkpoint": agent.checkpoint.name,
        "backbone": agent.config.policy.backbone,
        **about_arm(agent.setup),
        **asdict(chance),
        "torch": version("torch"),
    }


def about_arm(setup: Setup) -> About:
    """Facts that every recording states: the arm, the times and the versions."""
    env = setup.config.env
    return {
        "model": setup.arm.name,
        "arm": arm_text(setup.config),
        "dt": env.control_dt,
        "physics_dt": env.control_dt / env.n_substeps,
        **formats.stamp(formats.RECORDING),
        "mujoco": version("mujoco"),
    }


class ArmRecorder:
    """A controller of a task that keeps what the simulation holds at every frame, beside what it does itself."""

    unit_names: tuple[str, ...] = ()  # of a network's backbone, where its units are of different kinds

    def __init__(self, task: Task, controller: Controller | None = None):
        """Prepare; what the controller, one that sees all arms of the task, decides is done as it is."""
        self._task, self._controller = task, controller
        self._rows: list[dict[str, np.ndarray]] = []

    def reset(self, n: int) -> None:
        """Forget the past; n arms follow."""
        if self._controller is not None:
            self._controller.reset(n)
        self._rows = []

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs) float32 of the task as it is now."""
        done, row = self._decide(observation)
        self._rows.append({**row, "force": self._task.snapshot.force, "torque": self._task.simulation.torque})
        return done

    def frames(self, reach: int, n: int) -> dict[str, np.ndarray]:
        """Signals of the first n frames of a reach, (n, ...) by name: of the network, and force and torque."""
        return {name: np.stack([row[name][reach] for row in self._rows[:n]]) for name in self._rows[0]}

    def _decide(self, observation: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The actions, and what else is to be kept of how they came about, (N, ...) by name."""
        assert self._controller is not None
        return self._controller.act(observation), {}


class RecordingController(ArmRecorder):
    """The network as a controller that adds motor noise and keeps what it and the simulation hold at every frame."""

    def __init__(self, agent: Agent, task: Task, noise: np.ndarray | None, repeat: int = 0):
        """Prepare for an agent and a repeat of its R reaches; noise, (R, T, nu), is added to the actions. None: no."""
        from mousearm.policy.controller import ActivityController  # slow to import

        super().__init__(task)
        self.unit_names = agent.policy.backbone.unit_names
        self._controller = self._network = ActivityController(agent.policy, repeat * task.n)
        self._noise = noise

    def _decide(self, observation: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        action = done = self._network.act(observation)
        row = {"observation": observation, **self._network.activity, "action": action}
        if self._noise is not None:
            row["action_noise"] = noise = self._noise[:, len(self._rows)]
            done = np.clip(action + noise, -1, 1)
        return done, row


def record_trials(
    task: Task, recorder: ArmRecorder, split_of: Mapping[str, str], repeat: int = 0, observations: tuple[str, ...] = ()
) -> Iterator[tuple[Trial, ReachRecording]]:
    """Let a controller perform every reach of a task once, as trials and as recordings of them.

    ``split_of`` is the split of each reach, ``observations`` are names of what a network sees. Recordings of a network
    have its signals, those of any other controller the arm's alone.
    """
    trials = roll_out(task, recorder, split_of, repeat)
    recorder.act(task.observe())  # at the last frame, where nothing is left to be done
    for reach, trial in enumerate(trials):
        kept = recorder.frames(reach, len(trial))
        force, torque = kept.pop("force"), kept.pop("torque")
        force[0] = torque[0] = 0.0  # no step led to the first frame; the engine may still hold one of the trial before
        of_network = network_signals(kept, observations, task.arm.actuator_names, recorder.unit_names)
        signals = arm_signals(trial, force, torque, task.arm) | of_network
        yield trial, ReachRecording(trial.name, split_of[trial.name], repeat, signals, not trial.diverged)


def _record_repeat(agent: Agent, task: Task, repeat: int, added: np.ndarray | None) -> Iterator[ReachRecording]:
    split_of = {name: split for split, names in agent.setup.split.splits.items() for name in names}
    observations = observation_names(task.observation_widths, agent.arm, agent.config.env)
    recorder = RecordingController(agent, task, added, repeat)
    return (recording for _, recording in record_trials(task, recorder, split_of, repeat, observations))


def find_format(out: Path, kind: str | None) -> str:
    """The format, one of ``WRITERS``, of a kind that was given, or None, and a path; errors as `write_recording`."""
    kind = _SUFFIXES.get(out.suffix) if kind is None else kind
    if kind is None:
        known = ", ".join(_SUFFIXES)
        raise OutputError(f"{out} (--out) ends with none of {known}: change it, or say --format sto, for a folder.")
    if kind not in WRITERS:
        raise UnknownNameError("format of recordings (--format)", kind, WRITERS)
    suffixes = [suffix for suffix, name in _SUFFIXES.items() if name == kind]
    if suffixes and out.suffix not in suffixes:
        raise OutputError(f"{out} (--out) must end with {' or '.join(suffixes)} for --format {kind}.")
    if not suffixes and out.suffix in (*_SUFFIXES, f".{kind}"):
        raise OutputError(f"{out} (--out) must be a folder for --format {kind}: leave {out.suffix} out.")
    return kind
