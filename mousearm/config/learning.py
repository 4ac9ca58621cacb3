"""Keys of learning: the network, learning by reward, and the warm start.

Keys that came later have a default here, because a run that was saved before they existed has none of them.
"""

from dataclasses import dataclass

from mousearm.errors import ConfigError
from mousearm.keys import Range, above, at_least, between, finite, key
from mousearm.registry import BACKBONES, CONTROLLERS

_FINITE = finite(at_least(0))
_POSITIVE = finite(above(0))
_SHARE = between(0, 1)
_LOG_STD = between(-10, 1)
_LAYERS = Range("at most 16 sizes of 1 to 8192", lambda sizes: len(sizes) <= 16 and all(1 <= n <= 8192 for n in sizes))


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
    loss: str = key(
        "What is compared with the teacher's, by squared differences. action: actions. amplitude: with the sigmoid of "
        "muscles square roots of excitations, and actions at a tenth of the weight: of all actions, 29 % stand for "
        "excitations below 0.01; with any other `model.action_map`, actions. movement: the same, and how far the "
        "difference moves elbow, paw and joints, which few sums of many muscles decide. A run says which before it "
        "starts.",
        ("action", "amplitude", "movement"),
        default="action",
    )
    in_timesteps: bool = key(
        "Whether `algo.timesteps` counts the steps of the warm start too, as in runs of older versions.", default=False
    )
    learning_rate_after: float = key(
        "Learning rate by reward after the warm start, instead of `algo.learning_rate`, with which the network would "
        "forget everything. It falls linearly to 0 over the budget: small last steps average the noise of exploration "
        "out.",
        _POSITIVE,
        default=3e-5,
    )
    batch_size_after: int | None = key(
        "As `algo.batch_size`, after the warm start: large ones take less noise for improvement. Where rollouts of "
        "`algo.n_steps` do not fill one, they are as long as it takes; null: that.",
        at_least(2),
        "control steps",
        default=None,
    )
    keep_best: bool = key(
        "Whether imitation ends with the network of the round in which the simulations with the least noise erred "
        "least, one for each reach and a quarter of all at most, instead of that of the last round: errors go up and "
        "down between rounds.",
        default=False,
    )
    noise_spread: bool = key(
        "Whether simulations differ in `noise`, from none in the first to all of it in the last. If all have the same, "
        "the network never learns from arms that move without, as they do when it is evaluated.",
        default=False,
    )
    critic_learning_rate: float | None = key(
        "Learning rate of the value head after the warm start, which knows nothing then; null: that of the network.",
        _POSITIVE,
        default=None,
    )
