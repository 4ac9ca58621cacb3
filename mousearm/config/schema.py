"""Typed configuration: every key with its type, meaning, unit and valid values.

Values live in ``conf/`` alone; this schema refuses what does not exist or cannot be right. The key reference in the
documentation is made of it. Nothing here, or in the files, names code to run: every choice is a name that the module in
question looks up.

Keys that came later have a default here, because a run that was saved before they existed has none of them.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, make_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from mousearm.errors import ConfigError
from mousearm.keys import Range, above, at_least, between, check_keys, finite, key, require
from mousearm.kinematics.checks import SEGMENT_RANGE
from mousearm.kinematics.split import SPLIT_BY
from mousearm.registry import (
    ACTION_MAPS,
    BACKBONES,
    CONDITIONS,
    CONTROLLERS,
    INITIAL_ACTIVATIONS,
    OBSERVATIONS,
    REWARDS,
)
from mousearm.reward import RewardForm
from mousearm.senses import SensesConfig

_FINITE = finite(at_least(0))
_POSITIVE = finite(above(0))
_SHARE = between(0, 1)
_LOG_STD = between(-10, 1)
_SEGMENT_MM = between(*(1e3 * length for length in SEGMENT_RANGE))
_DELAY_MS = between(0, 1000)
_LAYERS = Range("at most 16 sizes of 1 to 8192", lambda sizes: len(sizes) <= 16 and all(1 <= n <= 8192 for n in sizes))


@dataclass
class LandmarksConfig:
    """Points of the model that recorded points are compared with, each ``KIND:NAME`` (joint, site, body, geom)."""

    shoulder: str = key("Start of the upper arm; it stays where the model has it.")
    elbow: str = key("Start of the forearm.")
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
        "none: the model as it is, so errors are in millimetres of the model. animal: upper arm and forearm are each "
        "scaled to the animal by one factor, so errors are in millimetres of the animal.",
        ("none", "animal"),
        default="none",
    )
    upper_arm_mm: float | None = key(
        "Shoulder to elbow, with `model.fit=animal`. null: the median of the reaches, which config.yaml then keeps.",
        _SEGMENT_MM,
        "mm",
        default=None,
    )
    forearm_mm: float | None = key("Elbow to paw at rest, as `model.upper_arm_mm`.", _SEGMENT_MM, "mm", default=None)
    muscle_dynamics: str = key(
        "Time constants of the muscles' activation. published: those of the file. uniform: 0.01 s on the way up and "
        "0.04 s on the way down in all muscles. Motors have none.",
        ("published", "uniform"),
        default="published",
    )

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
        "How reaches are scaled to the model. segments: the animal's segment directions with the model's lengths. "
        "uniform: one factor for everything, which can leave millimetres at the elbow if the proportions differ.",
        ("segments", "uniform"),
    )
    max_residual_mm: float = key(
        "A reach is refused if the arm's best pose is farther off than this in any frame.", above(0), "mm"
    )
    train_ratio: float = key(
        "Share of the reaches to train on, if there are several; the others are the test split.",
        Range("above 0, at most 1", lambda share: 0 < share <= 1),
    )
    split_seed: int = key("Decides which reaches are trained on, independently of `seed`.")
    split_by: str = key(
        "What the split never divides. Session and animal are the folders of a file, PATH/animal/session/reach.csv, or "
        "columns of PATH/manifest.csv (file, animal, session).",
        SPLIT_BY,
        default="file",
    )
    on_bad: str = key(
        "What to do with a file that cannot be read, trusted or performed. refuse: end the run. skip: leave it out and "
        "list it.",
        ("refuse", "skip"),
        default="refuse",
    )
    train_reaches: int | None = key(
        "Number of training reaches to use; the test split stays the same. null: all.", at_least(1), default=None
    )


@dataclass
class DelayConfig:
    """How late nerves are. What is no whole number of control steps late lies between two steps, on a line."""

    proprioception: float = key("From the arm to the network: joints and muscles.", _DELAY_MS, "ms", default=0.0)
    vision: float = key("From the eye to the network: targets, and where the paw is.", _DELAY_MS, "ms", default=0.0)
    motor: float = key("From the network to the actuators.", _DELAY_MS, "ms", default=0.0)


_SeenNoise: Any = make_dataclass(
    "_SeenNoise",
    [
        (f"sd_{name}", float, key(f"S.d. of the noise of `{name}`, in its unit. {meaning}", _FINITE, default=0.0))
        for name, meaning in OBSERVATIONS.described().items()
    ],
    kw_only=True,
)


@dataclass(kw_only=True)
class NoiseConfig(_SeenNoise):
    """Noise of every control step, in training and in evaluation: normal, independent from step to step.

    A control u has the s.d. sqrt(motor^2 + (motor_share |u|)^2) (Harris and Wolpert 1998, Nature 394:780-784).
    """

    motor: float = key("Constant part of the s.d. of controls, in their unit.", _FINITE, default=0.0)
    motor_share: float = key(
        "Part of the s.d. of controls that is proportional to their size: 0.1 is a tenth of it.", _FINITE, default=0.0
    )


@dataclass
class EnvConfig:
    """The task: time, what the network sees, where an episode starts."""

    control_dt: float = key("Time between two actions. Reaches are resampled to it.", between(1e-5, 0.1), "s")
    n_substeps: int = key("Physics steps per action.", between(1, 1000))
    num_envs: int = key("Simulations run together in training.", between(1, 100_000))
    observation: list[str] = key(
        "What the network sees. Activation adds nothing with motors, and paths add nothing with `env.path_steps=0`.",
        OBSERVATIONS,
    )
    path_steps: int = key(
        "Number of future frames that the network sees. 0: it must learn one reach by heart and keep time itself.",
        between(0, 1000),
    )
    random_start: float = key("Probability that a training episode starts at a random frame.", _SHARE)
    divergence_penalty: float = key(
        "Smallest penalty for each step that a diverged simulation does not perform, in units of the reward.", _FINITE
    )
    path_spacing: int = key(
        "Spacing of these frames: `env.path_steps=5` with `env.path_spacing=3` shows frames 3, 6, ... 15.",
        between(1, 1000),
        default=1,
    )
    sampling: str = key(
        "Which reach an episode performs. hard: four in five are drawn by a running mean of each reach's paw error.",
        ("uniform", "hard"),
        default="uniform",
    )
    initial_activation: str = key(
        "Activation of the muscles in the frame that an episode starts in; motors have none. "
        + " ".join(f"{name}: {meaning}" for name, meaning in INITIAL_ACTIVATIONS.described().items()),
        INITIAL_ACTIVATIONS,
        default="zero",
    )
    senses: SensesConfig = field(default_factory=SensesConfig)
    lost_mm: float | None = key(
        "A training episode ends when elbow or paw is farther than this from its target, and what is left of it earns "
        "nothing. null: never.",
        _POSITIVE,
        "mm",
        default=None,
    )
    delay_ms: DelayConfig = field(default_factory=DelayConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)


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

    lstm_hidden_size: int = key("Size of the backbone, of any kind.", between(1, 8192), "units")
    n_lstm_layers: int = key("Layers of the backbone, of any kind.", between(1, 16))
    net_arch_pi: list[int] = key("Hidden layers of the action head.", _LAYERS)
    net_arch_vf: list[int] = key("Hidden layers of the value head.", _LAYERS)
    log_std_init: float = key(
        "Natural logarithm of the initial s.d. of the exploration noise; actions range from -1 to 1.", _LOG_STD
    )
    ortho_init: bool = key("Whether the heads start with orthogonal weights.")
    normalize_observation: bool = key(
        "Whether the network normalises observations to mean 0 and variance 1, over all that it has seen so far."
    )
    backbone: str = key("The part of the network that remembers.", BACKBONES, default="lstm")
    tau_ms: float = key("Time constant of rate units (`policy=ctrnn`).", _POSITIVE, "ms", default=10.0)
    nonlinearity: str = key(
        "What rate units make of their input. softplus, ln(1 + exp(x)), gives rates that are never negative.",
        ("tanh", "softplus"),
        default="tanh",
    )
    dale: float | None = key(
        "Share of rate units that are excitatory; the others are inhibitory, and all weights from a unit to others and "
        "to the actions have its sign (Dale's principle). null: signs are free.",
        _SHARE,
        default=None,
    )
    unit_noise: float = key(
        "S.d. of the rates of rate units that their noise alone would cause, at a slope of 1.", _FINITE, default=0.0
    )

    def __post_init__(self) -> None:
        for name, off in (("dale", None), ("unit_noise", 0)):
            if (value := getattr(self, name)) != off and self.backbone != "ctrnn":
                raise ConfigError(
                    f"policy.{name}={value} is for rate units, but policy.backbone={self.backbone}: give policy=ctrnn, "
                    f"or policy.{name}={'null' if off is None else off}.",
                    f"policy.{name}",
                )
        if self.dale is not None and self.nonlinearity == "tanh":
            raise ConfigError(
                f"policy.dale={self.dale} with policy.nonlinearity=tanh: units with negative rates act with the other "
                "sign. Give policy.nonlinearity=softplus.",
                "policy.nonlinearity",
            )


@dataclass
class AlgoConfig:
    """Learning by reward: RecurrentPPO of sb3-contrib; keys of the same name are its arguments."""

    timesteps: int = key(
        "Total budget of learning by reward, over all simulations; the steps of a warm start come on top. A larger "
        "total trains a finished run further. 0: the warm start alone.",
        at_least(0),
        "control steps",
    )
    eval_freq: int = key("Interval between evaluations, each with a checkpoint.", at_least(1), "control steps")
    learning_rate: float = key("Initial learning rate of Adam.", _POSITIVE)
    learning_rate_final: float | None = key(
        "Learning rate at the end of the budget, approached linearly; null: constant.", _FINITE
    )
    n_steps: int = key("Steps of each simulation between two updates.", at_least(1), "control steps")
    batch_size: int = key("Size of a minibatch of whole sequences.", at_least(2), "control steps")
    n_epochs: int = key("Passes over the collected data per update.", at_least(1))
    gamma: float = key("Discount factor: the present worth of a reward in the next step.", _SHARE)
    gae_lambda: float = key(
        "Lambda of generalised advantage estimation: 0 trusts the value head, 1 trusts the rewards that followed.",
        _SHARE,
    )
    clip_range: float = key("How far the probability of an action may change per update, relative to 1.", _POSITIVE)
    clip_range_vf: float | None = key(
        "How far a value may change per update, in units of the return; null: no limit.", _POSITIVE
    )
    normalize_advantage: bool = key("Whether the advantages of a minibatch are normalised to mean 0 and variance 1.")
    ent_coef: float = key("Weight of the entropy in the loss, which keeps up exploration.", _FINITE)
    vf_coef: float = key("Weight of the value's error in the loss.", _FINITE)
    max_grad_norm: float = key("Norm to which larger gradients are clipped.", _POSITIVE)
    use_sde: bool = key("Whether exploration depends on the state (gSDE), instead of new noise in every step.")
    sde_sample_freq: int = key(
        "With `algo.use_sde`: steps after which the noise is drawn again; -1: only at the start of a rollout.",
        unit="control steps",
    )
    target_kl: float | None = key(
        "An update ends when the policy has moved by 1.5 times this Kullback-Leibler divergence; null: never.",
        _POSITIVE,
    )
    stats_window_size: int = key("Number of episodes averaged for statistics in the log.", at_least(1))
    rate_penalty: float = key(
        "Weight in the loss of the mean squared output of the backbone's units, also while a teacher is imitated.",
        _FINITE,
        default=0.0,
    )
    weight_penalty: float = key(
        "Weight in the loss of the mean squared weight of what leads to the actions, also while a teacher is imitated.",
        _FINITE,
        default=0.0,
    )
    eval_reaches: int = key(
        "Reaches of each split evaluated during training, evenly chosen; the final result covers all.",
        at_least(1),
        default=32,
    )


@dataclass
class PretrainConfig:
    """The warm start: the network imitates a teacher before it learns by reward."""

    teacher: str = key(
        "Controller that the network imitates. none: no warm start; the other keys then have no effect. "
        + " ".join(f"{name}: {meaning}" for name, meaning in CONTROLLERS.described().items()),
        ("none", *CONTROLLERS),
    )
    rounds: int = key(
        "Rounds of imitation. In each, every simulation performs a reach, driven by the teacher or, increasingly, by "
        "the network.",
        at_least(1),
    )
    teacher_rounds: int = key("Rounds after which the network drives all simulations.", at_least(1))
    remembered_rounds: int = key("Number of latest rounds to learn from.", at_least(1))
    n_epochs: int = key("Passes over these rounds, per round.", at_least(1))
    batch_size: int = key("Size of a minibatch of whole reaches.", at_least(1), "control steps")
    learning_rate: float = key("Learning rate of imitation; it falls linearly to 0 over the rounds.", _POSITIVE)
    noise: float = key("S.d. of the noise on actions during imitation; actions range from -1 to 1.", _SHARE)
    log_std_after: float = key(
        "As `policy.log_std_init`, for the start of learning by reward; with more noise the network forgets.", _LOG_STD
    )
    critic_steps: int = key(
        "How long only the value head learns by reward, before the whole network does.", at_least(0), "control steps"
    )
    num_envs: int = key("Simulations, as `env.num_envs` for learning by reward.", at_least(1), default=64)
    in_timesteps: bool = key(
        "Whether `algo.timesteps` counts the steps of the warm start too, as in runs of older versions.", default=False
    )
    learning_rate_after: float = key(
        "Learning rate by reward after the warm start, instead of `algo.learning_rate`, with which the network would "
        "forget everything.",
        _POSITIVE,
        default=3e-5,
    )
    learning_rate_after_final: float | None = key(
        "That rate at the end of the budget, approached linearly: small last steps average the noise of exploration "
        "out; null: constant.",
        _FINITE,
        default=None,
    )
    batch_size_after: int | None = key(
        "As `algo.batch_size`, after the warm start: large ones, up to the whole rollout, take less noise for "
        "improvement; null: that.",
        at_least(2),
        "control steps",
        default=None,
    )
    critic_learning_rate: float | None = key(
        "Learning rate of the value head after the warm start, which knows nothing then; null: that of the network.",
        _POSITIVE,
        default=None,
    )
    freeze_normalizer: bool = key(
        "Whether the observation normaliser stays as it is after imitation. If it moves, what the network was taught "
        "no longer fits.",
        default=False,
    )


@dataclass
class OptimalConfig:
    """Optimal control: the cost of a whole reach, summed over its frames, in mm^2."""

    w_effort: float = key(
        "Weight of the effort of all actuators in a frame against squared errors of elbow and paw.",
        _FINITE,
        "mm^2",
        default=0.03,
    )
    w_smooth: float = key("Weight of squared changes of controls from step to step.", _FINITE, "mm^2", default=0.0)
    effort: str = key(
        "What effort is made of. excitation: controls. activation: activations; of motors, controls.",
        ("excitation", "activation"),
        default="excitation",
    )
    power: int = key("Power of it: 2 or 3.", between(2, 3), default=2)
    weighting: str = key(
        "How actuators count in the effort. equal: alike. volume: muscles by their volume, peak force x optimal fibre "
        "length, relative to the mean.",
        ("equal", "volume"),
        default="equal",
    )


_Conditions: Any = make_dataclass(
    "_Conditions", [(name, CONDITIONS[name], field(default_factory=CONDITIONS[name])) for name in CONDITIONS]
)


@dataclass
class ConditionConfig(_Conditions):
    """Conditions: what is changed about the arm, its senses or its network, or what acts on it."""

    severity: float | None = key(
        "Severity of all conditions that are chosen, in place of their own; null: their own.", _SHARE, default=None
    )


@dataclass
class TrackingConfig:
    """Where metrics go besides metrics.csv and TensorBoard."""

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
    start_from: str | None = key(
        "Run folder, or `package:NAME`, with whose best network the run begins, in place of a new one and of a warm "
        "start. Where the command line says nothing, the configuration of that run holds. null: a new network.",
        default=None,
    )
    optimal: OptimalConfig = field(default_factory=OptimalConfig)
    condition: ConditionConfig = field(default_factory=ConditionConfig)

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
        if size > rollout:
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
