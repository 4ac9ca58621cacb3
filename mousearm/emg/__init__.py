"""Recorded EMG: read from many formats, made into envelopes on the clock of the reaches, and generated."""

from mousearm.emg.envelope import Envelope, load_folder

__all__ = ["Envelope", "load_folder"]
