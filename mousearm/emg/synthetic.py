"""Raw EMG generated from activations: noise modulated by them, with all that spoils a recording, to test with.

A channel is x(t) = gain a(t - delay) n(t) + hum + baseline, where a is the activation that it shows and n is Gaussian
noise of unit variance within a band: EMG as noise whose standard deviation follows the activation, after Hogan and
Mann, IEEE Trans Biomed Eng 27 (1980) 382-410. Cross-talk mixes the channels, and an amplifier may saturate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousearm.errors import EmgError
from mousearm.files import make_folder, new_output, write_text


@dataclass(frozen=True, slots=True)
class RawEmgModel:
    """A model of raw EMG from activations."""

    rate: float = 2000.0  # Hz
    delay_s: float = 0.0  # by which the EMG is later than the activation
    gain: float = 1e-3  # V, standard deviation at an activation of 1
    band: tuple[float, float] = (30.0, 800.0)  # Hz, of the noise
    hum: float = 0.0  # V, amplitude of the mains, the same in all channels
    mains: float = 50.0  # Hz
    crosstalk: float = 0.0  # share of every other channel that is added to each
    noise: float = 5e-6  # V, standard deviation of the amplifier's noise
    offset: float = 0.0  # V
    saturation: float = np.inf  # V, beyond which the amplifier gives no more

    def __post_init__(self) -> None:
        low, high = self.band
        if not (self.rate > 2 * high and 0 < low < high and self.saturation > 0 and np.isfinite(self.delay_s)):
            raise EmgError(
                f"raw EMG at {self.rate:g} Hz cannot hold noise of {low:g} to {high:g} Hz. Give --rate above "
                f"{2 * high:g}, and a --saturation above 0.",
                fault="rate",
            )
        if min(self.gain, self.hum, self.noise, self.crosstalk) < 0:
            raise EmgError("amplitudes and shares must be at least 0. Correct them.", fault="unit")


def raw_emg(
    time: np.ndarray, activation: np.ndarray, model: RawEmgModel, seed: int, margin_s: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Generate raw EMG of activations.

    Args:
        time: (T,) s of the activations, increasing.
        activation: (T, C) of what each channel shows, at least 0; linear in between, and held before and after.
        model: rate, delay and all that spoils it.
        seed: of the random numbers.
        margin_s: how much longer than the activations the recording is, before and after, s.

    Returns:
        Times (S,) s on the same clock, and raw EMG (S, C) V.
    """
    from scipy.signal import butter, sosfiltfilt

    rng = np.random.default_rng(seed)
    n_samples = int(np.floor((time[-1] - time[0] + 2 * margin_s) * model.rate + 1e-6)) + 1
    clock = time[0] - margin_s + np.arange(n_samples) / model.rate
    spare = int(model.rate)  # samples before and after, in which filters settle
    white = rng.standard_normal((n_samples + 2 * spare, activation.shape[1]))
    noise = sosfiltfilt(butter(2, model.band, "bandpass", fs=model.rate, output="sos"), white, axis=0)
    noise = noise[spare:-spare] / noise.std(axis=0)
    level = np.stack([np.interp(clock - model.delay_s, time, of) for of in activation.T], axis=1)
    own = model.gain * level * noise
    mixed = own + model.crosstalk * (own.sum(axis=1, keepdims=True) - own)
    hum = model.hum * np.sin(2 * np.pi * model.mains * clock + rng.uniform(0, 2 * np.pi))
    raw = mixed + hum[:, None] + model.noise * rng.standard_normal(own.shape) + model.offset
    return clock, np.clip(raw, -model.saturation, model.saturation)


def write_raw_emg(
    shown: Mapping[str, tuple[np.ndarray, np.ndarray]],
    channels: Sequence[str],
    model: RawEmgModel,
    seed: int,
    margin_s: float,
    folder: Path,
) -> list[Path]:
    """Write raw EMG of reaches into a new folder, as ``REACH_emg.csv`` with ``time_s`` and channels in uV.

    ``shown`` are times (T,) s and activations (T, C) by the name of the reach; every reach has noise of its own.
    Returns the files. OutputError if the folder is there, or cannot be written.
    """
    with new_output(folder) as staged:
        for i, (name, (time, activation)) in enumerate(shown.items()):
            clock, raw = raw_emg(time, activation, model, seed + 1_000_003 * i, margin_s)
            lines = [",".join(["time_s", *(f"{channel}_uV" for channel in channels)])]
            lines += [
                f"{at:.7f}," + ",".join(f"{value:.4f}" for value in row)
                for at, row in zip(clock, 1e6 * raw, strict=True)
            ]
            path = staged / f"{name}_emg.csv"
            make_folder(path.parent)
            write_text(path, "\n".join(lines) + "\n")
    return [folder / f"{name}_emg.csv" for name in shown]
