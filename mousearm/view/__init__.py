"""Watching an arm perform reaches: in a window, or in a browser."""

from mousearm.view.performance import Moment, Performance, Performer
from mousearm.view.playback import Playback
from mousearm.view.source import performer_of_config, performer_of_run, watch

__all__ = ["Moment", "Performance", "Performer", "Playback", "performer_of_config", "performer_of_run", "watch"]
