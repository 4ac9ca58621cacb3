"""Watching an arm perform reaches: in a window, or in a browser."""

from mousearm.view.playback import Playback, Simulator, check_speed
from mousearm.view.source import check_port, simulator_of_config, simulator_of_run, watch

__all__ = ["Playback", "Simulator", "check_port", "check_speed", "simulator_of_config", "simulator_of_run", "watch"]
