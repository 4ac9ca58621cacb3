"""Configuration: the schema, loading, and the refusal of keys that do not exist."""

from mousearm.config.command_line import check_command_line, check_overrides
from mousearm.config.input_checks import CONF
from mousearm.config.loading import compose, compose_with, explaining, help_text, load, read_saved, to_yaml
from mousearm.config.schema import (
    Config,
    EnvConfig,
    KinematicsConfig,
    ModelConfig,
    OptimalConfig,
    PolicyConfig,
    all_keys,
)

__all__ = [
    "CONF",
    "Config",
    "EnvConfig",
    "KinematicsConfig",
    "ModelConfig",
    "OptimalConfig",
    "PolicyConfig",
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
