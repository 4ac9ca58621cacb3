"""Recordings of what an agent does and of what happens in it, step by step, as an experimenter records an animal."""

from mousearm.record.performing import about, performances, record
from mousearm.record.reading import read_recording
from mousearm.record.recording import ReachRecording, Recording, Signal
from mousearm.record.writing import FORMATS, Written, write_recording

__all__ = [
    "FORMATS",
    "ReachRecording",
    "Recording",
    "Signal",
    "Written",
    "about",
    "performances",
    "read_recording",
    "record",
    "write_recording",
]
