"""The ways between arm and network: senses that come late and with noise, controls that do so too.

Both are None where a configuration has neither, and then cost nothing.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import mujoco
import numpy as np

from mousearm.arrays import compact
from mousearm.condition import Conditions
from mousearm.config import Config, EnvConfig
from mousearm.env.delays import DelayLine
from mousearm.env.noise import MOTOR, SENSORY, EpisodeNoise
from mousearm.model import Arm
from mousearm.observation import FIBRES, NO_SENSE, sense_of
from mousearm.registry import OBSERVATIONS

_MS = 1e-3  # s


class Afferents:
    """The way of what N simulations show to the network: noise is added, then it comes late."""

    def __init__(self, line: DelayLine | None, noise: EpisodeNoise | None, noisy: np.ndarray, sd: np.ndarray):
        """Join a line and noise, each as far as there is one; the noise is of columns with an s.d., (K,) both."""
        self._line, self.noise, self._noisy, self._sd = line, noise, compact(noisy), sd
        self._arriving = np.empty((0, 0), np.float32)

    @staticmethod
    def build(
        env: EnvConfig, senses: Mapping[str, str], widths: Mapping[str, int], n: int, length: int, seed: int
    ) -> "Afferents | None":
        """The way of terms with senses and widths, in episodes of some length; None where it does nothing."""
        known = {*senses.values()} - {NO_SENSE}
        steps = {sense: getattr(env.delay_ms, sense) * _MS / env.control_dt for sense in known}
        late = np.concatenate([np.full(width, steps.get(senses[name], 0.0)) for name, width in widths.items()])
        sd = np.concatenate([np.full(width, getattr(env.noise, f"sd_{name}")) for name, width in widths.items()])
        noisy = np.flatnonzero(sd)
        noise = EpisodeNoise(n, len(noisy), length, seed, SENSORY) if len(noisy) else None
        line = DelayLine(n, _whole(late), np.float32) if late.any() else None
        return Afferents(line, noise, noisy, sd[noisy]) if line or noise else None

    def begin(self, ids: np.ndarray, shown: np.ndarray) -> None:
        """Begin episodes of simulations (K,), which saw nothing but this, (N, n_obs), before."""
        if self.noise is not None:
            self.noise.begin(ids)
        seen = self._with_noise(shown)
        if self._line is not None:
            self._line.begin(ids, seen[ids])
            seen = self._line.arriving()
        self._arriving = seen

    def __call__(self, shown: np.ndarray) -> np.ndarray:
        """Send what is shown after a step, (N, n_obs) float32; returns what arrives."""
        if self.noise is not None:
            self.noise.advance()
        seen = self._with_noise(shown)
        if self._line is not None:
            self._line.send(seen)
            seen = self._line.arriving()
        self._arriving = seen
        return seen

    @property
    def arriving(self) -> np.ndarray:
        """Observation that arrives now, (N, n_obs) float32."""
        return self._arriving

    def _with_noise(self, shown: np.ndarray) -> np.ndarray:
        if self.noise is None:
            return shown
        seen = shown.copy()
        seen[:, self._noisy] += self._sd * self.noise.now()
        return seen

    def state(self) -> dict[str, Any]:
        """All that later steps depend on; live, to be copied."""
        return {"arriving": self._arriving, **_states(self._line, self.noise)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._arriving = state["arriving"].copy()
        _restore(state, self._line, self.noise)


class Efferents:
    """The way of controls to the actuators: they come late, then noise is added.

    ``steps`` is how late they are in control steps. A control that is late by a part of a step fills the rest of this
    step and that part of the next; the mean over each is what acts.
    """

    def __init__(self, env: EnvConfig, arm: Arm, n: int, length: int, seed: int):
        self.steps = float(_whole(np.array(env.delay_ms.motor * _MS / env.control_dt)))
        self._line = DelayLine(n, np.full(arm.nu, self.steps)) if self.steps else None
        self._constant, self._share = env.noise.motor, env.noise.motor_share
        self.noise = EpisodeNoise(n, arm.nu, length, seed, MOTOR) if self._constant or self._share else None
        self._arm = arm

    @staticmethod
    def build(env: EnvConfig, arm: Arm, n: int, length: int, seed: int) -> "Efferents | None":
        """The way of n simulations in episodes of some length; None where it does nothing."""
        does = env.delay_ms.motor or env.noise.motor or env.noise.motor_share
        return Efferents(env, arm, n, length, seed) if does else None

    def begin(self, ids: np.ndarray, activation: np.ndarray) -> None:
        """Begin episodes of simulations (K,), whose controls so far held these activations, (K, na)."""
        if self.noise is not None:
            self.noise.begin(ids)
        if self._line is not None:
            self._line.begin(ids, holding(self._arm, activation))

    def __call__(self, ctrl: np.ndarray) -> np.ndarray:
        """Send controls, (N, nu); returns those that act in this step, which may be out of their range."""
        if self._line is not None:
            self._line.send(ctrl)
            ctrl = self._line.arriving()
        if self.noise is not None:
            sd = np.abs(self._share * ctrl)
            if self._constant:
                sd = np.sqrt(sd * sd + self._constant**2)
            ctrl = ctrl + sd * self.noise.now()
            self.noise.advance()
        return ctrl

    def under_way(self) -> list[np.ndarray]:
        """Controls, without noise, of the next steps whatever is sent now: (N, nu) for each whole step of delay."""
        whole, share = divmod(self.steps, 1)
        if self._line is None or not whole:
            return []
        sent = self._line.newest(int(whole) + (share > 0))
        return [(1 - share) * after + share * before for before, after in pairwise(sent)] if share else sent

    def mixed(self, ctrl: np.ndarray) -> np.ndarray:
        """Controls, without noise, of the first step in which controls sent now, (N, nu), have a part."""
        if self._line is None or not (share := self.steps % 1):
            return ctrl
        return (1 - share) * ctrl + share * self._line.newest(1)[0]

    def state(self) -> dict[str, Any]:
        """All that later steps depend on; live, to be copied."""
        return _states(self._line, self.noise)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        _restore(state, self._line, self.noise)


def host_only(config: Config) -> list[str]:
    """Keys of what is computed on the CPU alone: delays, noise, conditions, EMG, terms that need muscle fibres."""
    env = config.env
    fibres = [name for name in env.observation if FIBRES in sense_of(OBSERVATIONS[name]).needs]
    late = [f"env.delay_ms.{name}" for name, delay in vars(env.delay_ms).items() if delay]
    noisy = [f"env.noise.{name}" for name, sd in vars(env.noise).items() if sd]
    conditions = [f"condition.{name}" for name in Conditions(config.condition).by_name]
    emg = ["reward.w_emg"] if config.reward.w_emg > 0 else []
    return [*(f"env.observation: {name}" for name in fibres), *late, *noisy, *conditions, *emg]


def holding(arm: Arm, activation: np.ndarray) -> np.ndarray:
    """Controls, (K, nu), that hold activations, (K, na); 0, or the nearest in their range, of actuators without any."""
    model, ctrl = arm.model, np.zeros((len(activation), arm.nu))
    muscles = np.flatnonzero(model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE)
    ctrl[:, muscles] = activation[:, model.actuator_actadr[muscles]]
    return np.clip(ctrl, *arm.ctrl_range.T)


def _whole(steps: np.ndarray) -> np.ndarray:
    """Numbers of steps, whole where only the division of decimal numbers made them something else."""
    return np.where(np.abs(steps - np.round(steps)) < 1e-9, np.round(steps), steps)


def _states(line: DelayLine | None, noise: EpisodeNoise | None) -> dict[str, Any]:
    parts = {"line": line, "noise": noise}
    return {name: part.state() for name, part in parts.items() if part is not None}


def _restore(state: Mapping[str, Any], line: DelayLine | None, noise: EpisodeNoise | None) -> None:
    for name, part in (("line", line), ("noise", noise)):
        if part is not None:
            part.restore(state[name])
