"""Configuration: the schema, loading, and the refusal of keys that do not exist."""

from mousearm.config.command_line import check_command_line, check_overrides
from mousearm.config.input_checks import CONF, check_group_files, read_plain
from mousearm.config.loading import compose, explaining, help_text, load, read_saved, to_yaml
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
    all_keys,
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
    "all_keys",
    "check_command_line",
    "check_group_files",
    "check_overrides",
    "compose",
    "explaining",
    "help_text",
    "load",
    "read_plain",
    "read_saved",
    "to_yaml",
]
