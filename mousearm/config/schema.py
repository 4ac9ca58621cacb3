"""The typed configuration: every key with its type, default, unit and range.

Values live in ``conf/`` alone; this schema refuses what does not exist or cannot be right. Nothing here, or in the
files, names code to run: every choice is a name that the module in question looks up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.kinematics.checks import SEGMENT_RANGE
from mousearm.kinematics.split import SPLIT_BY


def _require(holds: bool, key: str, value: object, valid: str) -> None:
    if not holds:
        raise ConfigError(f"{key}={value} is out of range: {valid}.")


def _require_choice(key: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UnknownNameError(f"choice for {key}", value, choices)


@dataclass
class LandmarksConfig:
    """The points of the model that recorded points are compared with, each ``KIND:NAME`` (joint, site, body, geom)."""

    shoulder: str
    elbow: str
    paw: str


@dataclass
class ModelConfig:
    """The arm."""

    file: str | None  # an MJCF file, or package:NAME for a shipped one
    osim: str | None  # an OpenSim file instead, converted as by scripts/import_osim.py
    landmarks: LandmarksConfig
    joints: list[str] | None  # joints that inverse kinematics may move; null means all
    action_map: str  # how an action in [-1, 1] becomes a control: direct | sigmoid
    # These have defaults because a run that was saved before they existed has none of them.
    fit: str = "none"  # none | animal: whether the model is scaled to the animal's segments
    upper_arm_mm: float | None = None  # shoulder to elbow; null with fit=animal: the median of the recorded reaches
    forearm_mm: float | None = None  # elbow to paw, likewise

    def __post_init__(self) -> None:
        if (self.file is None) == (self.osim is None):
            raise ConfigError(
                f"model.file={self.file} and model.osim={self.osim}: give one of them, and null for the other, as "
                "model=osim model.osim=FILE does."
            )
        _require_choice("model.action_map", self.action_map, ("direct", "sigmoid"))
        _require_choice("model.fit", self.fit, ("none", "animal"))
        low, high = (1e3 * length for length in SEGMENT_RANGE)
        for name in ("upper_arm_mm", "forearm_mm"):
            length = getattr(self, name)
            if length is not None and self.fit == "none":
                raise ConfigError(f"model.{name}={length} scales the model, but model.fit=none: add model.fit=animal.")
            _require(length is None or low <= length <= high, f"model.{name}", length, f"{low:g} to {high:g} mm")


@dataclass
class KinematicsConfig:
    """The recorded reaches."""

    path: str  # a CSV file, a folder of them, or package:NAME for shipped ones
    retarget: str  # segments | uniform: how the animal's size becomes the model's
    max_residual_mm: float  # a reach whose inverse kinematics misses by more than this is refused
    train_ratio: float  # share of the reaches to train on, where there are several
    split_seed: int  # which reaches those are
    # These have defaults because a run that was saved before they existed has none of them.
    split_by: str = "file"  # file | session | animal: what lies on one side of the split as a whole
    on_bad: str = "refuse"  # refuse | skip: what happens to a file that is no reach the arm can perform
    train_reaches: int | None = None  # only so many reaches of those to train on; null takes all

    def __post_init__(self) -> None:
        _require_choice("kinematics.retarget", self.retarget, ("segments", "uniform"))
        _require(self.max_residual_mm > 0, "kinematics.max_residual_mm", self.max_residual_mm, "above 0 mm")
        _require(0 < self.train_ratio <= 1, "kinematics.train_ratio", self.train_ratio, "above 0, at most 1")
        most = self.train_reaches
        _require(most is None or most >= 1, "kinematics.train_reaches", most, "null, or 1 or more")
        _require_choice("kinematics.split_by", self.split_by, SPLIT_BY)
        _require_choice("kinematics.on_bad", self.on_bad, ("refuse", "skip"))


@dataclass
class EnvConfig:
    """The task: time, observation, start and end of an episode."""

    control_dt: float  # s between two actions; reaches are resampled to it
    n_substeps: int  # physics steps per action
    num_envs: int  # simulations trained on together
    observation: list[str]
    path_steps: int  # future frames that the network sees; 0 means that it must keep time itself
    random_start: float  # probability that a training episode starts at a random frame instead of frame 0
    divergence_penalty: float  # least penalty for each step that a diverged simulation leaves undone
    # These have defaults because a run that was saved before they existed has none of them.
    path_spacing: int = 1  # frames from one of the future frames to the next
    sampling: str = "uniform"  # uniform | hard: which reach an episode is on

    def __post_init__(self) -> None:
        _require(1e-5 <= self.control_dt <= 0.1, "env.control_dt", self.control_dt, "0.00001 to 0.1 s")
        _require(1 <= self.n_substeps <= 1000, "env.n_substeps", self.n_substeps, "1 to 1000")
        _require(1 <= self.num_envs <= 100_000, "env.num_envs", self.num_envs, "1 to 100000")
        _require(len(self.observation) > 0, "env.observation", self.observation, "at least one term")
        _require(0 <= self.path_steps <= 1000, "env.path_steps", self.path_steps, "0 to 1000")
        _require(1 <= self.path_spacing <= 1000, "env.path_spacing", self.path_spacing, "1 to 1000")
        _require_choice("env.sampling", self.sampling, ("uniform", "hard"))
        _require(0 <= self.random_start <= 1, "env.random_start", self.random_start, "0 to 1")
        _require(
            0 <= self.divergence_penalty < math.inf, "env.divergence_penalty", self.divergence_penalty, "0 or more"
        )


@dataclass
class RewardConfig:
    """Weights ``w_`` of the reward terms, and the form that the terms take.

    ``w_bone_diff`` is shared by elbow and paw in the ratio of ``w_elbow`` to ``w_paw``.
    """

    w_bone_diff: float
    w_elbow: float
    w_paw: float
    w_effort: float
    w_qvel: float
    w_qpos: float
    w_action: float
    kernel: str  # of the elbow and paw errors: exp (of millimetres, 0 to 1) | squared (metres, negative)
    sigma_mm: list[float]  # widths of the exp kernel
    effort: str  # mean of squared forces relative to peak force | sum of absolute forces

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name.startswith("w_"):
                _require(value >= 0 and math.isfinite(value), f"reward.{name}", value, "0 or more, and finite")
        _require(self.w_elbow + self.w_paw > 0, "reward.w_elbow + reward.w_paw", 0, "above 0")
        others = self.w_effort + self.w_qvel + self.w_qpos + self.w_action
        _require(self.w_bone_diff + others > 0, "the sum of all reward weights", 0, "above 0")
        _require_choice("reward.kernel", self.kernel, ("exp", "squared"))
        _require_choice("reward.effort", self.effort, ("mean", "sum"))
        widths_valid = len(self.sigma_mm) > 0 and all(0 < s < math.inf for s in self.sigma_mm)
        _require(widths_valid, "reward.sigma_mm", self.sigma_mm, "at least one width, each above 0 mm")


@dataclass
class PolicyConfig:
    """The network: a backbone shared by actor and critic, and the layers of their heads."""

    lstm_hidden_size: int  # of every backbone, whatever its kind
    n_lstm_layers: int
    net_arch_pi: list[int]
    net_arch_vf: list[int]
    log_std_init: float  # logarithm of the exploration noise at the start, in units of the action range's half
    ortho_init: bool
    normalize_observation: bool
    backbone: str = "lstm"  # lstm | gru | rnn | ffn; a run that was saved before there was a choice has an LSTM

    def __post_init__(self) -> None:
        _require_choice("policy.backbone", self.backbone, ("lstm", "gru", "rnn", "ffn"))
        _require(1 <= self.lstm_hidden_size <= 8192, "policy.lstm_hidden_size", self.lstm_hidden_size, "1 to 8192")
        _require(1 <= self.n_lstm_layers <= 16, "policy.n_lstm_layers", self.n_lstm_layers, "1 to 16")
        weights = self.n_lstm_layers * self.lstm_hidden_size**2
        _require(weights <= 2**26, "policy.n_lstm_layers x policy.lstm_hidden_size^2", weights, "at most 8192^2")
        for name in ("net_arch_pi", "net_arch_vf"):
            layers = getattr(self, name)
            valid = len(layers) <= 16 and all(1 <= n <= 8192 for n in layers)
            _require(valid, f"policy.{name}", layers, "at most 16 sizes of 1 to 8192")
        _require(-10 <= self.log_std_init <= 1, "policy.log_std_init", self.log_std_init, "-10 to 1")


@dataclass
class AlgoConfig:
    """RecurrentPPO of sb3-contrib; keys of the same name are its arguments."""

    timesteps: int  # training budget: control steps over all simulations
    eval_freq: int  # control steps between two evaluations
    learning_rate: float
    learning_rate_final: float | None  # reached linearly at the end of the budget; null keeps it constant
    n_steps: int
    batch_size: int
    n_epochs: int
    gamma: float
    gae_lambda: float
    clip_range: float
    clip_range_vf: float | None
    normalize_advantage: bool
    ent_coef: float
    vf_coef: float
    max_grad_norm: float
    use_sde: bool
    sde_sample_freq: int
    target_kl: float | None
    stats_window_size: int
    # It has a default because a run that was saved before it existed has none.
    eval_reaches: int = 32  # of each side of the split, that are evaluated while training

    def __post_init__(self) -> None:
        for name in (
            "timesteps",
            "eval_freq",
            "eval_reaches",
            "n_steps",
            "batch_size",
            "n_epochs",
            "stats_window_size",
        ):
            _require(getattr(self, name) >= 1, f"algo.{name}", getattr(self, name), "1 or more")
        for name in ("learning_rate", "clip_range", "max_grad_norm"):
            value = getattr(self, name)
            _require(0 < value < math.inf, f"algo.{name}", value, "above 0, and finite")
        final = self.learning_rate_final
        _require(final is None or 0 <= final < math.inf, "algo.learning_rate_final", final, "null, or 0 or more")
        for name in ("clip_range_vf", "target_kl"):
            value = getattr(self, name)
            _require(value is None or 0 < value < math.inf, f"algo.{name}", value, "null, or above 0")
        for name in ("gamma", "gae_lambda"):
            _require(0 <= getattr(self, name) <= 1, f"algo.{name}", getattr(self, name), "0 to 1")
        for name in ("ent_coef", "vf_coef"):
            _require(0 <= getattr(self, name) < math.inf, f"algo.{name}", getattr(self, name), "0 or more")
        _require(self.batch_size > 1, "algo.batch_size", self.batch_size, "2 or more")


@dataclass
class PretrainConfig:
    """A warm start: the network imitates a teacher before it learns by reward."""

    teacher: str  # none | cmc (computed muscle control)
    rounds: int  # of dataset aggregation; in each, every simulation performs a reach
    teacher_rounds: int  # rounds after which the network drives all simulations
    remembered_rounds: int  # rounds that are learned from together, the latest ones
    n_epochs: int  # per round
    batch_size: int  # steps of a minibatch, of whole reaches
    learning_rate: float  # falls linearly to 0 over the rounds
    noise: float  # standard deviation that is added to actions, in units of the action range's half
    log_std_after: float  # logarithm of the exploration noise with which learning by reward begins
    critic_steps: int  # control steps of learning by reward in which only the value head learns
    # These have defaults because a run that was saved before they existed has none of them.
    num_envs: int = 64  # simulations
    learning_rate_after: float = 3e-5  # of learning by reward, instead of those of the group algo

    def __post_init__(self) -> None:
        _require_choice("pretrain.teacher", self.teacher, ("none", "cmc"))
        for name in ("num_envs", "rounds", "teacher_rounds", "remembered_rounds", "n_epochs", "batch_size"):
            _require(getattr(self, name) >= 1, f"pretrain.{name}", getattr(self, name), "1 or more")
        for name in ("learning_rate", "learning_rate_after"):
            _require(0 < getattr(self, name) < math.inf, f"pretrain.{name}", getattr(self, name), "above 0, and finite")
        _require(0 <= self.noise <= 1, "pretrain.noise", self.noise, "0 to 1")
        _require(-10 <= self.log_std_after <= 1, "pretrain.log_std_after", self.log_std_after, "-10 to 1")
        _require(self.critic_steps >= 0, "pretrain.critic_steps", self.critic_steps, "0 or more")


@dataclass
class TrackingConfig:
    """Where metrics go besides metrics.csv and TensorBoard."""

    wandb: str  # disabled | online | offline
    project: str
    entity: str | None
    group: str | None  # null: a sweep's name
    tags: list[str]
    # These have defaults because a run that was saved before they existed has none of them.
    pictures_percent: float = 3.0  # of the time, that figures and films of evaluations may take
    films: bool = False  # whether evaluations are filmed, too

    def __post_init__(self) -> None:
        _require_choice("tracking.wandb", self.wandb, ("disabled", "online", "offline"))
        _require(bool(self.project), "tracking.project", repr(self.project), "the name of a project")
        share = self.pictures_percent
        _require(0 <= share <= 100, "tracking.pictures_percent", share, "0 to 100")


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
    name: str  # the run folder is outputs/<name>
    seed: int
    threads: int  # of the simulator; 0 means all processors
    network_threads: int  # of the network, where it is trained on a CPU
    device: str  # cpu | cuda | auto: where the network is trained
    video: bool  # whether a finished run is filmed
    # It has a default because a run that was saved before it existed has none.
    max_minutes: float | None = None  # after which a run saves itself and ends, to go on another time; null: no limit

    def __post_init__(self) -> None:
        _require(0 <= self.seed < 2**32, "seed", self.seed, "0 to 4294967295")
        _require(0 <= self.threads <= 1024, "threads", self.threads, "0 to 1024")
        _require(1 <= self.network_threads <= 1024, "network_threads", self.network_threads, "1 to 1024")
        limit = self.max_minutes
        _require(limit is None or 0 < limit < math.inf, "max_minutes", limit, "null, or above 0")
        steps = self.algo.n_steps * self.env.num_envs
        _require(steps <= 10**7, "algo.n_steps x env.num_envs", steps, "at most 10000000 steps between two updates")
        _require_choice("device", self.device, ("cpu", "cuda", "auto"))
        path = Path(self.name)
        inside = self.name.strip() == self.name != "" and not path.is_absolute() and ".." not in path.parts
        _require(inside, "name", repr(self.name), "a folder below outputs, without outer spaces")
