"""Recordings of what an agent does and of what happens in it, step by step, as an experimenter records an animal."""

from mousearm.record.performing import about, performances, record
from mousearm.record.recording import ReachRecording, Recording, Signal

__all__ = ["ReachRecording", "Recording", "Signal", "about", "performances", "record"]
