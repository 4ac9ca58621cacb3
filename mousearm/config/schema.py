"""Typed configuration: every key with its type, meaning, unit and valid values.

Values live in ``conf/`` alone; this schema refuses what does not exist or cannot be right. The key reference in the
documentation is made of it. Nothing here, or in the files, names code to run: every choice is a name that the module in
question looks up.

Keys that came later have a default here, because a run that was saved before they existed has none of them.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, is_dataclass, make_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from mousearm.errors import ConfigError
from mousearm.keys import Range, above, at_least, between, check_keys, finite, key, require
from mousearm.kinematics.checks import SEGMENT_RANGE
from mousearm.kinematics.split import SPLIT_BY
from mousearm.registry import ACTION_MAPS, BACKBONES, CONTROLLERS, OBSERVATIONS, REWARDS
from mousearm.reward import RewardForm

_FINITE = finite(at_least(0))
_POSITIVE = finite(above(0))
_SHARE = between(0, 1)
_LOG_STD = between(-10, 1)
_SEGMENT_MM = between(*(1e3 * length for length in SEGMENT_RANGE))
_LAYERS = Range("at most 16 sizes of 1 to 8192", lambda sizes: len(sizes) <= 16 and all(1 <= n <= 8192 for n in sizes))


@dataclass
class LandmarksConfig:
    """Points of the model that recorded points are compared with, each ``KIND:NAME`` (joint, site, body, geom)."""

    shoulder: str = key("Where the upper arm begins; it stays where the model has it.")
    elbow: str = key("Where the forearm begins.")
    paw: str = key("The point of the hand that follows the recorded paw.")


@dataclass(kw_only=True)
class ModelConfig:
    """The arm: its file, its landmarks, how actions become controls, whether it is scaled to the animal."""

    file: str | None = key("An MJCF file, or `package:NAME` for one that ships.")
    osim: str | None = key("An OpenSim file instead of `file`, converted as by `scripts/import_osim.py`; `model=osim`.")
    landmarks: LandmarksConfig
    joints: list[str] | None = key("Joints that inverse kinematics may move; null means all.")
    action_map: str = key("How an action in [-1, 1] becomes a control.", ACTION_MAPS)
    fit: str = key(
        "none: the model as it is, so that errors are millimetres of the model. animal: upper arm and forearm are "
        "scaled to the animal, each by one factor, so that errors are millimetres of the animal.",
        ("none", "animal"),
        default="none",
    )
    upper_arm_mm: float | None = key(
        "Shoulder to elbow, with `model.fit=animal`. null takes the median of the reaches; config.yaml keeps it.",
        _SEGMENT_MM,
        "mm",
        default=None,
    )
    forearm_mm: float | None = key("Elbow to paw at rest, as `model.upper_arm_mm`.", _SEGMENT_MM, "mm", default=None)

    def __post_init__(self) -> None:
        if (self.file is None) == (self.osim is None):
            raise ConfigError(
                f"model.file={self.file} and model.osim={self.osim}: give one of them, and null for the other, as "
                "model=osim model.osim=FILE does."
            )
        for name in ("upper_arm_mm", "forearm_mm"):
            length = getattr(self, name)
            if length is not None and self.fit == "none":
                raise ConfigError(f"model.{name}={length} scales the model, but model.fit=none: add model.fit=animal.")


@dataclass
class KinematicsConfig:
    """The recorded reaches: where they are, how they are fitted to the arm, which of them are trained on."""

    path: str = key("A CSV file, a folder of them, or `package:NAME` for those that ship.")
    retarget: str = key(
        "How the animal's size becomes the model's. segments: its segments' directions, the model's lengths. uniform: "
        "one scale for everything, which leaves millimetres at the elbow where the proportions are others.",
        ("segments", "uniform"),
    )
    max_residual_mm: float = key("A reach that the arm in no pose can follow closer is refused.", above(0), "mm")
    train_ratio: float = key(
        "Share of the reaches to train on, where there are several; the others are the test split.",
        Range("above 0, at most 1", lambda share: 0 < share <= 1),
    )
    split_seed: int = key("Which reaches are trained on; it does not depend on `seed`.")
    split_by: str = key(
        "What lies on one side of the split as a whole. Session and animal are the folders that a file lies in, "
        "PATH/animal/session/reach.csv, or columns of PATH/manifest.csv (file, animal, session).",
        SPLIT_BY,
        default="file",
    )
    on_bad: str = key(
        "A file that cannot be read, trusted or performed ends the run (refuse), or is left out and listed (skip).",
        ("refuse", "skip"),
        default="refuse",
    )
    train_reaches: int | None = key(
        "How many of the reaches to train on are used; the test split stays. null takes all.", at_least(1), default=None
    )


@dataclass
class EnvConfig:
    """The task: time, what the network sees, where an episode starts."""

    control_dt: float = key("Time between two actions. Reaches are resampled to it.", between(1e-5, 0.1), "s")
    n_substeps: int = key("Physics steps per action.", between(1, 1000))
    num_envs: int = key("Simulations that are trained on together.", between(1, 100_000))
    observation: list[str] = key(
        "What the network sees. Activation of motors, and paths with `env.path_steps=0`, add nothing.", OBSERVATIONS
    )
    path_steps: int = key(
        "Future frames that the network sees. 0: it must learn one reach by heart and keep time itself.",
        between(0, 1000),
    )
    random_start: float = key("Probability that a training episode starts at a random frame.", _SHARE)
    divergence_penalty: float = key(
        "Least penalty for each step that a diverged simulation leaves undone, in units of the reward.", _FINITE
    )
    path_spacing: int = key(
        "Frames from one of them to the next: `env.path_steps=5` with `env.path_spacing=3` shows frames 3, 6, ... 15.",
        between(1, 1000),
        default=1,
    )
    sampling: str = key(
        "Which reach an episode is on. hard: of four in five by a running mean of each reach's paw error.",
        ("uniform", "hard"),
        default="uniform",
    )


_WEIGHED = {
    "bone_diff": "Weight of elbow and paw together, shared in the ratio of `reward.w_elbow` to `reward.w_paw`.",
    **{name: f"Weight of `reward/{name}`. {meaning}" for name, meaning in REWARDS.described().items()},
}
_Weights: Any = make_dataclass(
    "_Weights",
    [(f"w_{name}", float, key(text, _FINITE, default=0.0)) for name, text in _WEIGHED.items()],
    kw_only=True,
)


@dataclass(kw_only=True)
class RewardConfig(RewardForm, _Weights):
    """Weights ``w_`` of the reward terms, 0 where nothing is said, and the form that the terms take."""


@dataclass
class PolicyConfig:
    """The network: a backbone shared by actor and critic, and the layers of their heads."""

    lstm_hidden_size: int = key("Size of the backbone, whatever its kind.", between(1, 8192), "units")
    n_lstm_layers: int = key("Layers of the backbone, whatever its kind.", between(1, 16))
    net_arch_pi: list[int] = key("Hidden layers of the head that gives the action.", _LAYERS)
    net_arch_vf: list[int] = key("Hidden layers of the head that gives the value.", _LAYERS)
    log_std_init: float = key(
        "Natural logarithm of the s.d. of the exploration noise at the start; actions range from -1 to 1.", _LOG_STD
    )
    ortho_init: bool = key("Whether the heads start with orthogonal weights.")
    normalize_observation: bool = key(
        "Whether observations are brought to mean 0 and variance 1 of what was seen so far, a part of the network."
    )
    backbone: str = key("What remembers.", BACKBONES, default="lstm")


@dataclass
class AlgoConfig:
    """Learning by reward: RecurrentPPO of sb3-contrib; keys of the same name are its arguments."""

    timesteps: int = key(
        "Budget of learning by reward, over all simulations; the steps of a warm start come before it. It is the "
        "total: a larger one trains a finished run further. 0: the warm start alone.",
        at_least(0),
        "control steps",
    )
    eval_freq: int = key("From one evaluation, and checkpoint, to the next.", at_least(1), "control steps")
    learning_rate: float = key("Of Adam, at the start.", _POSITIVE)
    learning_rate_final: float | None = key("Reached linearly at the end of the budget; null: constant.", _FINITE)
    n_steps: int = key("Of each simulation between two updates.", at_least(1), "control steps")
    batch_size: int = key("Size of a minibatch, of whole sequences.", at_least(2), "control steps")
    n_epochs: int = key("Passes over what was collected, per update.", at_least(1))
    gamma: float = key("Discount: what a reward of the next step is worth now.", _SHARE)
    gae_lambda: float = key(
        "Of generalised advantage estimation: 0 trusts the value head, 1 trusts the rewards that followed.", _SHARE
    )
    clip_range: float = key("How far the probability of an action may move per update, as a share of 1.", _POSITIVE)
    clip_range_vf: float | None = key(
        "How far a value may move per update, in units of the return; null: as far as it likes.", _POSITIVE
    )
    normalize_advantage: bool = key("Whether the advantages of a minibatch are brought to mean 0 and variance 1.")
    ent_coef: float = key("Weight of the entropy in the loss: keeps exploration up.", _FINITE)
    vf_coef: float = key("Weight of the value's error in the loss.", _FINITE)
    max_grad_norm: float = key("Longer gradients are shortened to it.", _POSITIVE)
    use_sde: bool = key("Exploration that depends on the state (gSDE) instead of noise that is new in every step.")
    sde_sample_freq: int = key(
        "With `algo.use_sde`: steps after which its noise is drawn again; -1: at the beginning of a rollout only.",
        unit="control steps",
    )
    target_kl: float | None = key(
        "An update ends once the policy has moved so far (1.5 times this Kullback-Leibler divergence); null: never.",
        _POSITIVE,
    )
    stats_window_size: int = key("Episodes that statistics in the log are means over.", at_least(1))
    eval_reaches: int = key(
        "Reaches of each side of the split that are evaluated while training, evenly chosen; the result is of all.",
        at_least(1),
        default=32,
    )


@dataclass
class PretrainConfig:
    """The warm start: the network imitates a teacher before it learns by reward."""

    teacher: str = key(
        "Controller that the network imitates. none: no warm start; the other keys mean nothing then. "
        + " ".join(f"{name}: {meaning}" for name, meaning in CONTROLLERS.described().items()),
        ("none", *CONTROLLERS),
    )
    rounds: int = key(
        "Rounds of imitation: every simulation performs a reach, driven by the teacher or, more and more, the network.",
        at_least(1),
    )
    teacher_rounds: int = key("Rounds after which the network drives all simulations.", at_least(1))
    remembered_rounds: int = key("Rounds that are learned from together, the latest ones.", at_least(1))
    n_epochs: int = key("Passes over what is remembered, per round.", at_least(1))
    batch_size: int = key("Size of a minibatch, of whole reaches.", at_least(1), "control steps")
    learning_rate: float = key("Of imitation; it falls linearly to 0 over the rounds.", _POSITIVE)
    noise: float = key("S.d. of noise on actions while lessons are collected; actions range from -1 to 1.", _SHARE)
    log_std_after: float = key(
        "As `policy.log_std_init`, when learning by reward begins; with more of it the network forgets.", _LOG_STD
    )
    critic_steps: int = key(
        "How long only the value head learns by reward, before the network does.", at_least(0), "control steps"
    )
    num_envs: int = key("Simulations, as `env.num_envs` for learning by reward.", at_least(1), default=64)
    in_timesteps: bool = key(
        "Whether `algo.timesteps` counts the steps of the warm start too, as in runs of older versions.", default=False
    )
    learning_rate_after: float = key(
        "Of learning by reward then, in place of `algo.learning_rate`, which would forget all.", _POSITIVE, default=3e-5
    )


@dataclass
class TrackingConfig:
    """Where metrics go besides metrics.csv and TensorBoard."""

    wandb: str = key("Weights & Biases; offline runs wait for `scripts/sync.py`.", ("disabled", "online", "offline"))
    project: str = key("Project at Weights & Biases.", Range("not empty", lambda name: name.strip() != ""))
    entity: str | None = key("Team or user there; null: the one that is logged in.")
    group: str | None = key("Runs with the same word are shown together there; null: a sweep's name.")
    tags: list[str] = key("Words to find the run by there.")
    # These have defaults because a run that was saved before they existed has none of them.
    pictures_percent: float = key("Time that pictures of evaluations may take.", between(0, 100), "%", default=3.0)
    films: bool = key("Whether evaluations while training are filmed, too.", default=False)


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
        "The run folder is outputs/NAME; by default the time of day. The same name again continues the run.",
        Range("a folder below outputs, printable, without outer spaces, of at most 255 bytes", _is_run_name),
    )
    seed: int = key("Of all that is drawn while training; the same seed gives the same run.", between(0, 2**32 - 1))
    threads: int = key("Threads of the simulator; 0 means all processors.", between(0, 1024))
    network_threads: int = key(
        "Threads of the network on a CPU. More than one pays for large networks on an idle machine; on a busy one "
        "threads that wait for each other make a run ten times slower.",
        between(1, 1024),
    )
    device: str = key("Where the network is trained. A GPU is never needed.", ("cpu", "cuda", "auto"))
    video: bool = key("Whether a finished run is filmed, into videos/ of the run folder.")
    max_minutes: float | None = key(
        "A run that has lasted so long saves itself and ends, with the exit status 124; null: no limit.",
        _POSITIVE,
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

    def __post_init__(self) -> None:
        check_keys(self)
        reward, policy = self.reward, self.policy
        require(len(self.env.observation) > 0, "env.observation", self.env.observation, "at least one term")
        require(reward.w_elbow + reward.w_paw > 0, "reward.w_elbow + reward.w_paw", 0, "above 0")
        total = sum(getattr(reward, f"w_{name}") for name in _WEIGHED.keys() - {"elbow", "paw"})
        require(total > 0, "the sum of all reward weights", 0, "above 0")
        weights = policy.n_lstm_layers * policy.lstm_hidden_size**2
        require(weights <= 2**26, "policy.n_lstm_layers x policy.lstm_hidden_size^2", weights, "at most 8192^2")
        steps = self.algo.n_steps * self.env.num_envs
        require(steps <= 10**7, "algo.n_steps x env.num_envs", steps, "at most 10000000 steps between two updates")

    def check_start(self) -> None:
        """Check what only a run that begins must hold, for older ones began without it; ConfigError if it does not."""
        if self.algo.timesteps == 0 and self.pretrain.teacher == "none":
            raise ConfigError(
                "algo.timesteps=0 and pretrain.teacher=none: nothing would be learned. Give algo.timesteps=300000, or "
                "pretrain=cmc to learn by imitation alone.",
                "algo.timesteps",
            )
        size, rollout = self.algo.batch_size, self.algo.n_steps * self.env.num_envs
        if size > rollout:
            raise ConfigError(
                f"algo.batch_size={size} is more than there is to learn from at a time, algo.n_steps x env.num_envs = "
                f"{rollout} control steps. Give algo.batch_size={rollout} or less, or more of these.",
                "algo.batch_size",
            )

    def with_reaches(self, path: str) -> "Config":
        """The same configuration with other reaches: a file or folder."""
        return replace(self, kinematics=replace(self.kinematics, path=path))


@cache
def all_keys() -> Mapping[str, Field[Any]]:
    """Fields of all keys, and of the groups, by their paths, such as ``env.control_dt``."""
    found: dict[str, Field[Any]] = {}

    def gather(kind: Any, prefix: str) -> None:
        for field in fields(kind):
            found[prefix + field.name] = field
            if is_dataclass(field.type):
                gather(field.type, f"{prefix}{field.name}.")

    gather(Config, "")
    return found
