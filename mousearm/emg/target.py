"""What recorded EMG asks of an arm's muscles: its envelopes, scaled, in the frames of reaches."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mousearm.emg.envelope import Envelope
from mousearm.errors import ConfigError, EmgError
from mousearm.text import listed

EMG_SHOWS = ("activation", "excitation")


class EmgTarget(NamedTuple):
    """What C channels ask of the muscles of R reaches of at most T frames.

    Muscles do what a channel asks where signal (T, nu) @ weights is values, the signal being activations or excitations
    of the step that led to a frame.
    """

    values: np.ndarray  # (R, T, C) scaled envelopes; NaN where nothing is known
    weights: np.ndarray  # (nu, C), each column with the sum 1
    channels: tuple[str, ...]
    signal: str  # one of `EMG_SHOWS`

    def of(self, rows: np.ndarray) -> "EmgTarget":
        """Those of some of the reaches, by index."""
        return self._replace(values=self.values[rows])


def build_target(
    envelopes: Mapping[str, Envelope],
    names: Sequence[str],
    n_frames: np.ndarray,
    control_dt: float,
    actuators: Sequence[str],
    *,
    channels: Sequence[str] = (),
    scale: Sequence[float] = (1.0,),
    signal: str = EMG_SHOWS[0],
) -> EmgTarget:
    """Put envelopes of reaches onto their frames, 0 to ``n_frames`` - 1, every ``control_dt`` s.

    ``channels`` are by default all that show muscles in the first envelope; ``scale`` is one number, or one for each.

    Raises:
        EmgError: none of the reaches has an envelope.
        ConfigError: there are more or fewer scales than channels.
        UnknownNameError: an envelope lacks a channel, or the arm a muscle.
    """
    known = [envelopes[name] for name in names if name in envelopes]
    if not known:
        raise EmgError(
            f"none of these reaches has EMG: {listed(list(names), most=3)}. There is EMG of "
            f"{listed(list(envelopes), most=3)}: take their reaches, or name files after them."
        )
    chosen = tuple(channels) or tuple(known[0].muscles)
    if len(scale) not in (1, len(chosen)):
        raise ConfigError(
            f"kinematics.emg_scale has {len(scale)} numbers for {len(chosen)} channels: {', '.join(chosen)}. Give one "
            "for all of them, or one for each.",
            "kinematics.emg_scale",
        )
    values = np.full((len(names), int(np.max(n_frames)), len(chosen)), np.nan)
    weights = known[0].weights(actuators, chosen)
    for row, name in enumerate(names):
        if (envelope := envelopes.get(name)) is not None:
            envelope.weights(actuators, chosen)
            columns = [envelope.channels.index(channel) for channel in chosen]
            frames = int(n_frames[row])
            values[row, :frames] = envelope.at(control_dt * np.arange(frames))[:, columns] * np.asarray(scale)
    return EmgTarget(values, weights, chosen, signal)
