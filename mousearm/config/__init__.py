"""The configuration: its schema, how it is loaded, and which overrides are refused."""

from mousearm.config.group_files import check_group_files
from mousearm.config.loading import compose, load, to_yaml
from mousearm.config.overrides import CONF, check_overrides
from mousearm.config.saved import read_saved
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
    "check_group_files",
    "check_overrides",
    "compose",
    "load",
    "read_saved",
    "to_yaml",
]
