"""Recorded EMG of the reaches of a task: what it asks of the muscles, and how far they are from it."""

import numpy as np

from mousearm.config import Config
from mousearm.emg.envelope import EmgTarget, build_target, load_folder
from mousearm.env.references import References
from mousearm.errors import EmgError
from mousearm.model import Arm
from mousearm.model.muscles import feeling_muscles
from mousearm.paths import resolve
from mousearm.trajectory import Snapshot


def emg_target(config: Config, arm: Arm, references: References) -> EmgTarget:
    """EMG that ``kinematics.emg`` asks of an arm's muscles on these reaches, which are at the control rate.

    Raises:
        ConfigError: the folder or the scales cannot be used.
        EmgError: an envelope cannot be read, none is of these reaches, or a channel shows an actuator without
            activation.
        UnknownNameError: a channel is not in an envelope, or a muscle not in the arm.
    """
    kinematics = config.kinematics
    assert kinematics.emg is not None  # `Config` has seen to it
    target = build_target(
        load_folder(resolve(kinematics.emg, "kinematics/data")),
        references.names,
        references.n_frames,
        config.env.control_dt,
        arm.actuator_names,
        channels=kinematics.emg_channels,
        scale=kinematics.emg_scale,
        signal=kinematics.emg_of,
    )
    others = np.setdiff1d(np.flatnonzero(target.weights.any(axis=1)), feeling_muscles(arm))
    if len(others):
        name = arm.actuator_names[others[0]]
        raise EmgError(f"{name} of {arm.source} is no muscle with an activation, which EMG shows. Take model=muscle.")
    return target


class EmgDistance:
    """Distance of the muscles of N arms from recorded EMG; 0 where there is none, as for an agent on other reaches."""

    def __init__(self, config: Config, arm: Arm, references: References):
        """Look up the EMG of the reaches; errors as of `emg_target`, but none where no EMG is of these reaches."""
        try:
            target = emg_target(config, arm, references)
        except EmgError:
            none = np.full((len(references), references.targets.shape[1], 1), np.nan)
            target = EmgTarget(none, np.zeros((arm.nu, 1)), ("",), "excitation")
        self._target, states = target, arm.model.actuator_actadr
        self._of_activation = target.signal == "activation"
        led = np.flatnonzero(states >= 0)
        self._weights = target.weights
        if self._of_activation:
            self._weights = np.zeros((arm.na, target.weights.shape[1]))
            self._weights[states[led]] = target.weights[led]

    def __call__(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """(N,) means over the channels that are known in a frame (N,) of a reach (N,), of squared differences."""
        signal = snapshot.activation if self._of_activation else snapshot.ctrl
        away = np.square(signal @ self._weights - self._target.values[reach, frame])
        known = np.isfinite(away)
        return np.where(known, away, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
