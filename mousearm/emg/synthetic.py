"""Raw EMG generated from activations: noise modulated by them, with all that spoils a recording, to test with.

A channel is x(t) = gain a(t - delay) n(t) + hum + baseline, where a is the activation that it shows and n is Gaussian
noise of unit variance within a band: EMG as noise whose standard deviation follows the activation, after Hogan and
Mann, IEEE Trans Biomed Eng 27 (1980) 382-410. Cross-talk mixes the channels, and an amplifier may saturate.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class RawEmgModel:
    """How raw EMG comes of activations."""

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
