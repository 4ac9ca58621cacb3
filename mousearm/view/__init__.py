"""Watching an arm perform reaches: in a window, or in a browser."""

from mousearm.view.playback import Playback, Simulator
from mousearm.view.source import simulator_of_config, simulator_of_run, watch

__all__ = ["Playback", "Simulator", "simulator_of_config", "simulator_of_run", "watch"]
