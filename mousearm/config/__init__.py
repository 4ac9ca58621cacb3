"""Configuration: the schema, loading, and the refusal of keys that do not exist."""

from mousearm.config.input_checks import CONF, check_group_files, check_overrides, read_plain
from mousearm.config.loading import compose, help_text, load, read_saved, to_yaml
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
    "help_text",
    "load",
    "read_plain",
    "read_saved",
    "to_yaml",
]
