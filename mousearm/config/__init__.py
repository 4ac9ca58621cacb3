"""Configuration: the schema, loading, and the refusal of keys that do not exist."""

from mousearm.config.command_line import check_command_line, check_overrides
from mousearm.config.input_checks import CONF
from mousearm.config.learning import AlgoConfig, PolicyConfig, PretrainConfig
from mousearm.config.loading import compose, compose_with, explaining, help_text, load, read_saved, to_yaml
from mousearm.config.schema import Config, all_keys
from mousearm.config.task import (
    ConditionConfig,
    EnvConfig,
    InverseConfig,
    KinematicsConfig,
    LandmarksConfig,
    ModelConfig,
    OptimalConfig,
)

__all__ = [
    "CONF",
    "AlgoConfig",
    "ConditionConfig",
    "Config",
    "EnvConfig",
    "InverseConfig",
    "KinematicsConfig",
    "LandmarksConfig",
    "ModelConfig",
    "OptimalConfig",
    "PolicyConfig",
    "PretrainConfig",
    "all_keys",
    "check_command_line",
    "check_overrides",
    "compose",
    "compose_with",
    "explaining",
    "help_text",
    "load",
    "read_saved",
    "to_yaml",
]
