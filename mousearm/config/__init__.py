"""The configuration: its schema, how it is loaded, and which overrides are refused."""

from mousearm.config.loading import compose, load, to_yaml
from mousearm.config.overrides import CONF, check_overrides
from mousearm.config.schema import (
    AlgoConfig,
    Config,
    EnvConfig,
    KinematicsConfig,
    LandmarksConfig,
    ModelConfig,
    PolicyConfig,
    PretrainConfig,
    RewardConfig,
    TrackingConfig,
)

__all__ = [
    "CONF",
    "AlgoConfig",
    "Config",
    "EnvConfig",
    "KinematicsConfig",
    "LandmarksConfig",
    "ModelConfig",
    "PolicyConfig",
    "PretrainConfig",
    "RewardConfig",
    "TrackingConfig",
    "check_overrides",
    "compose",
    "load",
    "to_yaml",
]
