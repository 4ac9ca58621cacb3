"""Keys of the task: the arm, the reaches, the environment, the reward, conditions, and the cost of optimal control.

Keys that came later have a default here, because a run that was saved before they existed has none of them.
"""

import math
from dataclasses import dataclass, field, make_dataclass
from typing import Any

from mousearm.emg.envelope import EMG_SHOWS
from mousearm.errors import ConfigError
from mousearm.keys import Range, above, at_least, between, finite, key
from mousearm.kinematics.checks import SEGMENT_RANGE
from mousearm.kinematics.split import SPLIT_BY
from mousearm.registry import ACTION_MAPS, CONDITIONS, INITIAL_ACTIVATIONS, OBSERVATIONS, REWARDS
from mousearm.reward import RewardForm
from mousearm.senses import SensesConfig

_FINITE = finite(at_least(0))
_POSITIVE = finite(above(0))
_SHARE = between(0, 1)
_SEGMENT_MM = between(*(1e3 * length for length in SEGMENT_RANGE))
_DELAY_MS = between(0, 1000)


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
    emg: str | None = key(
        "A folder of envelopes of recorded EMG, as `scripts/import_emg.py` makes it, for `reward.w_emg` and "
        "`optimal.w_emg`. Reaches without one, and frames beyond it, count nothing.",
        default=None,
    )
    emg_channels: list[str] = key(
        "Channels of `kinematics.emg` that are used. None named: all that show muscles.", default=[]
    )
    emg_scale: list[float] = key(
        "What muscles are to do where an envelope is 1: one number for all channels, or one for each, in the order of "
        "`kinematics.emg_channels` or of the file. EMG itself does not tell; `scripts/redundancy.py` fits it.",
        Range("one or more numbers, each above 0", lambda scales: scales and all(0 < s < math.inf for s in scales)),
        default=[1.0],
    )
    emg_of: str = key("What an envelope shows of the muscles of its channel.", EMG_SHOWS, default="activation")


@dataclass
class DelayConfig:
    """Delays of nerves. A delay that is no whole number of control steps is interpolated linearly between two."""

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
        "Spacing of the frames of `env.path_steps`: `env.path_steps=5` with `env.path_spacing=3` shows 3, 6, ... 15.",
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


EFFORT_OF = ("excitation", "activation")
WEIGHED = {
    "bone_diff": "Weight of elbow and paw together, shared in the ratio of `reward.w_elbow` to `reward.w_paw`.",
    **{name: f"Weight of `reward/{name}`. {meaning}" for name, meaning in REWARDS.described().items()},
}
_Weights: Any = make_dataclass(
    "_Weights",
    [(f"w_{name}", float, key(text, _FINITE, default=0.0)) for name, text in WEIGHED.items()],
    kw_only=True,
)


@dataclass(kw_only=True)
class RewardConfig(RewardForm, _Weights):
    """Weights ``w_`` of the reward terms, 0 where nothing is said, and the form that the terms take."""


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
        EFFORT_OF,
        default="excitation",
    )
    power: int = key("Power of the effort: 2 or 3.", between(2, 3), default=2)
    weighting: str = key(
        "How actuators count in the effort. equal: alike. volume: muscles by their volume, peak force x optimal fibre "
        "length, relative to the mean.",
        ("equal", "volume"),
        default="equal",
    )
    w_emg: float = key(
        "Weight of squared differences of muscles from the EMG of `kinematics.emg`, summed over its channels.",
        _FINITE,
        "mm^2",
        default=0.0,
    )
    muscle_weights: list[str] = key(
        "Factors of the effort of single actuators, each `NAME:FACTOR`, on top of `optimal.weighting`.", default=[]
    )
    level: float = key(
        "Co-contraction: the excitation or activation of muscles that costs no effort, in place of 0.",
        between(0, 1),
        default=0.0,
    )


_ENDS = Range("two numbers above 0, the smaller one first", lambda ends: len(ends) == 2 and 0 < ends[0] < ends[1])


@dataclass
class InverseConfig:
    """Inverse optimal control: which costs are tried for the one whose movements have the recorded EMG."""

    trials: int = key(
        "Costs that each search tries. 0: a run trains a network. Above 0 it is no training, but the search of "
        "`experiment=inverse_optimal`.",
        between(0, 10_000),
        default=0,
    )
    w_effort: list[float] = key("Range of `optimal.w_effort`.", _ENDS, "mm^2", default=[0.01, 3.0])
    ratio: float = key("Ratio of neighbouring weights that can be tried.", between(1.01, 10), default=1.5)
    powers: list[int] = key(
        "Values of `optimal.power`.", Range("2, 3 or both", lambda of: of and {*of} <= {2, 3}), default=[2, 3]
    )
    efforts: list[str] = key("Values of `optimal.effort`.", EFFORT_OF, default=["excitation"])
    factors: list[float] = key(
        "Factors of the effort of the muscles of each channel of EMG. None named: they are not searched.",
        Range("numbers above 0", lambda of: all(0 < factor < math.inf for factor in of)),
        default=[],
    )


_Conditions: Any = make_dataclass(
    "_Conditions", [(name, CONDITIONS[name], field(default_factory=CONDITIONS[name])) for name in sorted(CONDITIONS)]
)


@dataclass
class ConditionConfig(_Conditions):
    """Conditions: what is changed about the arm, its senses or its network, or what acts on it."""

    severity: float | None = key(
        "Severity of all conditions that are chosen, in place of their own; null: their own.", _SHARE, default=None
    )
