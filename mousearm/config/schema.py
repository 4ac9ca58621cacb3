"""Typed configuration: every key with its type, meaning, unit and valid values.

Values live in ``conf/`` alone; this schema, with `config.task` and `config.learning`, refuses what does not exist or
cannot be right. The key reference in the documentation is made of it. Nothing here, or in the files, names code to run:
every choice is a name that the module in question looks up.

Keys that came later have a default here, because a run that was saved before they existed has none of them.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from mousearm.config.learning import AlgoConfig, PolicyConfig, PretrainConfig
from mousearm.config.task import (
    WEIGHED,
    ConditionConfig,
    DelayConfig,
    EnvConfig,
    InverseConfig,
    KinematicsConfig,
    ModelConfig,
    NoiseConfig,
    OptimalConfig,
    RewardConfig,
)
from mousearm.errors import ConfigError
from mousearm.keys import Range, above, between, check_keys, finite, key, require


@dataclass
class TrackingConfig:
    """Places for metrics besides metrics.csv and TensorBoard."""

    wandb: str = key("Weights & Biases; `scripts/sync.py` uploads offline runs.", ("disabled", "online", "offline"))
    project: str = key("Project at Weights & Biases.", Range("not empty", lambda name: name.strip() != ""))
    entity: str | None = key("Team or user there; null: the account that is logged in.")
    group: str | None = key("Runs of the same group are shown together there; null: the name of the sweep.")
    tags: list[str] = key("Tags of the run there.")
    # These have defaults because a run that was saved before they existed has none of them.
    pictures_percent: float = key(
        "Share of time that pictures of evaluations may take.", between(0, 100), "%", default=3.0
    )
    films: bool = key("Whether evaluations during training are filmed, too.", default=False)


def _is_run_name(name: str) -> bool:
    path = Path(name)
    fits = all(len(part.encode(errors="replace")) <= 255 for part in path.parts)  # as file systems have it
    below = path.parts and not path.is_absolute() and ".." not in path.parts
    return bool(name.strip() == name and name.isprintable() and below and fits)


@dataclass
class Config:
    """Everything that defines a run."""

    model: ModelConfig
    kinematics: KinematicsConfig
    env: EnvConfig
    reward: RewardConfig
    policy: PolicyConfig
    algo: AlgoConfig
    pretrain: PretrainConfig
    tracking: TrackingConfig
    name: str = key(
        "Name of the run folder outputs/NAME; by default date and time. The same name again continues the run.",
        Range("a folder below outputs, printable, without outer spaces, of at most 255 bytes", _is_run_name),
    )
    seed: int = key("Seed of all random numbers in training; the same seed gives the same run.", between(0, 2**32 - 1))
    threads: int = key("Threads of the simulator; 0 means all processors.", between(0, 1024))
    network_threads: int = key(
        "Threads of the network on a CPU. More than one helps with large networks on an idle machine. On a busy "
        "machine, threads that wait for each other can make a run ten times slower.",
        between(1, 1024),
    )
    device: str = key("Where the network is trained. A GPU is never required.", ("cpu", "cuda", "auto"))
    video: bool = key("Whether a finished run is filmed, into videos/ of the run folder.")
    max_minutes: float | None = key(
        "After this time a run saves itself and ends with exit status 124; null: no limit.",
        finite(above(0)),
        "min",
        default=None,
    )
    engine: str = key(
        "What steps the arms in training. generated: code made from the model and compiled here, several times as "
        "fast; checked against MuJoCo, which measures the result. auto: that, where the model allows it and there is a "
        "compiler; config.yaml keeps which it was.",
        ("auto", "mujoco", "generated"),
        default="mujoco",
    )
    start_from: str | None = key(
        "Run folder, or `package:NAME`, with whose best network the run begins, in place of a new one and of a warm "
        "start. Where the command line says nothing, the configuration of that run holds. null: a new network.",
        default=None,
    )
    optimal: OptimalConfig = field(default_factory=OptimalConfig)
    condition: ConditionConfig = field(default_factory=ConditionConfig)
    inverse: InverseConfig = field(default_factory=InverseConfig)

    def __post_init__(self) -> None:
        check_keys(self)
        reward, policy = self.reward, self.policy
        require(len(self.env.observation) > 0, "env.observation", self.env.observation, "at least one term")
        require(reward.w_elbow + reward.w_paw > 0, "reward.w_elbow + reward.w_paw", 0, "above 0")
        total = sum(getattr(reward, f"w_{name}") for name in WEIGHED.keys() - {"elbow", "paw"})
        require(total > 0, "the sum of all reward weights", 0, "above 0")
        weights = policy.n_lstm_layers * policy.lstm_hidden_size**2
        require(weights <= 2**26, "policy.n_lstm_layers x policy.lstm_hidden_size^2", weights, "at most 8192^2")
        if self.kinematics.emg is None and (asking := [g for g in ("reward", "optimal") if getattr(self, g).w_emg > 0]):
            raise ConfigError(
                f"{asking[0]}.w_emg is above 0 without EMG to follow. Give kinematics.emg=FOLDER, as "
                "scripts/import_emg.py makes it.",
                f"{asking[0]}.w_emg",
            )
        steps = self.algo.n_steps * self.env.num_envs
        require(steps <= 10**7, "algo.n_steps x env.num_envs", steps, "at most 10000000 steps between two updates")

    def check_start(self) -> None:
        """Check what only a run that begins must hold, for older ones began without it; ConfigError if it does not."""
        if self.algo.timesteps == 0 and self.start_from is not None:
            raise ConfigError(
                f"algo.timesteps=0 and start_from={self.start_from}: nothing would be learned. Give "
                "algo.timesteps=100000.",
                "algo.timesteps",
            )
        if self.algo.timesteps == 0 and self.pretrain.teacher == "none":
            raise ConfigError(
                "algo.timesteps=0 and pretrain.teacher=none: nothing would be learned. Give algo.timesteps=300000, or "
                "pretrain=cmc to learn by imitation alone.",
                "algo.timesteps",
            )
        size, rollout = self.algo.batch_size, self.algo.n_steps * self.env.num_envs
        is_used = self.pretrain.teacher == "none" or self.pretrain.batch_size_after is None
        if size > rollout and is_used:
            raise ConfigError(
                f"algo.batch_size={size} is more than there is to learn from at a time, algo.n_steps x env.num_envs = "
                f"{rollout} control steps. Give algo.batch_size={rollout} or less, or more of these.",
                "algo.batch_size",
            )

    @property
    def intact(self) -> "Config":
        """The same configuration without delays, noise and conditions, of which a teacher knows nothing."""
        env = replace(self.env, delay_ms=DelayConfig(), noise=NoiseConfig())
        return replace(self, env=env, condition=ConditionConfig())

    def with_reaches(self, path: str) -> "Config":
        """The same configuration with other reaches: a file or folder."""
        return replace(self, kinematics=replace(self.kinematics, path=path))


@cache
def all_keys() -> Mapping[str, Field[Any]]:
    """Fields of all keys, and of the groups, by their paths, such as ``env.control_dt``."""
    found: dict[str, Field[Any]] = {}

    def gather(kind: Any, prefix: str) -> None:
        for declared in fields(kind):
            found[prefix + declared.name] = declared
            if is_dataclass(declared.type):
                gather(declared.type, f"{prefix}{declared.name}.")

    gather(Config, "")
    return found
