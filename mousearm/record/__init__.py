"""Recordings of what an agent does and of what happens in it, step by step, as an experimenter records an animal."""

from mousearm.record.files import read_recording
from mousearm.record.signals import ReachRecording, Recording, Signal
from mousearm.record.trials import RecordingResult, find_format, record, write_recording

__all__ = [
    "ReachRecording",
    "Recording",
    "RecordingResult",
    "Signal",
    "find_format",
    "read_recording",
    "record",
    "write_recording",
]
