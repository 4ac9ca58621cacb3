"""The tracking task over N simulations: reset, step, observe, end. Both environments are thin faces of it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mousearm.arrays import side_by_side
from mousearm.condition import Conditions, PawLoad
from mousearm.config import Config
from mousearm.env.emg import EmgDistance
from mousearm.env.noise import CHANCE, EpisodeNoise
from mousearm.env.pathways import Afferents, Efferents
from mousearm.env.references import References, Start
from mousearm.env.rules import divergence_reward, has_diverged, is_lost, look_ahead, lost_reward, score
from mousearm.errors import ConfigError
from mousearm.model import Arm
from mousearm.model.muscles import anatomy_of
from mousearm.nan_guard import LastStates, term_error
from mousearm.observation import FIBRES, GOAL, Ahead, Observation
from mousearm.registry import ACTION_MAPS
from mousearm.reward import Reward
from mousearm.simulation import Simulation, build_simulation
from mousearm.trajectory import Snapshot

_CHANCES = 2  # numbers that conditions are given for an episode


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a step of N simulations, (N,), and the observation of the state after it, (N, n_obs) float32."""

    observation: np.ndarray
    reward: np.ndarray
    terms: dict[str, np.ndarray]  # unweighted reward terms
    terminated: np.ndarray  # the simulation diverged, or the arm is lost
    truncated: np.ndarray  # the reach is over
    elbow_mm: np.ndarray  # distance of the elbow from its target
    paw_mm: np.ndarray
    diverged: np.ndarray  # the simulation


def has_noise(config: Config) -> bool:
    """True if a task of this configuration differs from episode to episode, for the same actions."""
    conditions = Conditions(config.condition)
    env = conditions.config(config).env
    of_senses = [getattr(env.noise, f"sd_{name}") for name in env.observation]
    return conditions.is_random or any([env.noise.motor, env.noise.motor_share, *of_senses])


class Task:
    """N arms, each following a reach.

    The way of a step: state, observation terms, conditions, noise and delay of the senses, network; then action,
    control, delay and noise of the controls, conditions, range of the actuators, simulation with a load on the paw.

    At frame t the network sees the arm (and, with ``path``, the targets from t + 1); after its step the target of
    frame t + 1 counts. A reach of T frames is an episode of T - 1 steps. ``snapshot`` are the arms now;
    ``on_divergence`` is called with the index of a diverged simulation and its last states, see `LastStates.up_to`.
    ``lost_mm`` is how far elbow and paw may be from their targets before the episode ends; what trains sets it.
    """

    def __init__(self, arm: Arm, references: References, config: Config, n: int):
        """Build n simulations, which follow references at one frame per control step.

        UnknownNameError if an observation term does not exist, ConfigError if the observation terms have no columns.
        """
        conditions = Conditions(config.condition)
        self._config = config = conditions.config(config)
        env = config.env
        self.arm = arm
        self._ctrl_ends = arm.ctrl_range.T.copy()
        self.references = references
        self.n = n
        simulated = conditions.arm(arm)
        self.observation = Observation(env.observation, anatomy_of(simulated, env.senses, intact=arm))
        fibres = bool(self.observation.needing(FIBRES)) or conditions.need_fibres
        self.simulation = self.simulated(simulated, fibres)
        self._with_goal = bool(self.observation.needing(GOAL))
        self._acting = conditions.acting(arm, n, env.control_dt)
        self._chance = EpisodeNoise(n, _CHANCES, 1, config.seed, CHANCE) if conditions.is_random else None
        self.reward = Reward(config.reward)
        self._emg = EmgDistance(config, arm, references) if config.reward.w_emg > 0 else None
        self.on_divergence: Callable[[int, Mapping[str, np.ndarray]], None] | None = None
        self.lost_mm = math.inf
        self.map_action = ACTION_MAPS[config.model.action_map]
        self._frames_ahead = env.path_spacing * np.arange(env.path_steps + 1)  # counted from the present one
        self._least_penalty = env.divergence_penalty
        self._reach, self._frame, self._worst = np.zeros(n, dtype=int), np.zeros(n, dtype=int), np.full(n, np.inf)
        self._last = LastStates()
        everyone = np.arange(n)
        self.last_frame = references.n_frames[self._reach] - 1  # (N,) of the reaches that the simulations follow
        self.snapshot = self.simulation.snapshot()
        episodes = n, references.targets.shape[1], config.seed
        self.efferents = Efferents.build(env, arm, *episodes)
        self._afferents = Afferents.build(env, self.observation.senses, self.observation_widths, *episodes)
        self.reset(everyone, Start(everyone % len(references), np.zeros(n, dtype=int)))
        if self.n_observations == 0:
            raise ConfigError(
                f"env.observation={list(env.observation)} has no columns with this arm and env.path_steps="
                f"{env.path_steps}, so the network would see nothing. Add qpos and qvel."
            )

    def simulated(self, arm: Arm, fibres: bool = False) -> Simulation:
        """Build n simulations of an arm, perhaps with its fibres, with the times and the engine of the task."""
        config, step = self._config, (self._config.env.control_dt, self._config.env.n_substeps)
        return build_simulation(arm, self.n, *step, config.threads, config.engine, fibres)

    @property
    def observation_widths(self) -> dict[str, int]:
        """Columns of each term of the observation, in order."""
        return self.observation.widths(self.snapshot, self._ahead_now())

    @property
    def n_observations(self) -> int:
        """Columns of the observation."""
        return sum(self.observation_widths.values())

    def last_states(self) -> dict[str, np.ndarray]:
        """States of the last control steps and now, (T, N, ...) by name; see `LastStates.up_to`."""
        return self._last.up_to(self.snapshot, self._reach, self._frame)

    @property
    def position(self) -> Start:
        """Reach and frame of each simulation now."""
        return Start(self._reach.copy(), self._frame.copy())

    @property
    def target(self) -> np.ndarray:
        """(N, 2, 3) elbow and paw targets of the current frames, metres."""
        return self.references.targets[self._reach, self._frame]

    def reset(self, ids: np.ndarray, start: Start) -> None:
        """Start episodes of simulations (K,) with the reference's pose, velocity and activations."""
        self._reach[ids], self._frame[ids] = start
        self.last_frame[ids] = self.references.n_frames[start.reach] - 1
        self._worst[ids] = np.inf
        reaches = self.references
        pose, velocity = reaches.qpos[start.reach, start.frame], reaches.qvel[start.reach, start.frame]
        activation = reaches.activation[start.reach, start.frame]
        self.simulation.reset(ids, pose, velocity, activation)
        self.snapshot = self.simulation.snapshot()
        if self._chance is not None:
            self._chance.begin(ids)
        if self._acting is not None:
            chance = np.zeros((self.n, _CHANCES)) if self._chance is None else self._chance.now()
            self._acting.reset(ids, chance[ids])
        if self.efferents is not None:
            self.efferents.begin(ids, activation)
        if self._afferents is not None:
            self._afferents.begin(ids, self._seen(self._ahead_now()))

    def rewind(self, repeat: int = 0) -> None:
        """Let the next episodes have the noise of an evaluation's repeat, the same every time and with any seed.

        With k times as many simulations as reaches, R, simulation i has that of reach i % R and of repeat + i // R.
        """
        repeats, reach = np.divmod(np.arange(self.n), len(self.references))
        for noise in self._noises:
            noise.rewind(reach, repeat + repeats)

    def observe(self) -> np.ndarray:
        """Observation that reaches the network now, (N, n_obs) float32, or NonFiniteError."""
        return self._seen(self._ahead_now()) if self._afferents is None else self._afferents.arriving

    def _seen(self, ahead: Ahead) -> np.ndarray:
        if self._acting is None:
            observation = self.observation(self.snapshot, ahead)
        else:
            terms = self._acting.observation(self.observation.terms(self.snapshot, ahead))
            observation = side_by_side([*terms.values()])
        if not np.isfinite(observation).all():
            widths = self.observation_widths
            parts = np.split(observation, np.cumsum(list(widths.values()))[:-1], axis=1)
            terms = dict(zip(widths, parts, strict=True))
            raise term_error("observation", "env.observation", terms, self.last_states())
        return observation

    def step(self, action: np.ndarray) -> Outcome:
        """Advance every simulation by one control step, with actions, (N, nu) in [-1, 1].

        Simulations whose episode is over must be reset before the next step.

        Raises:
            ValueError: if the action has another shape.
            NonFiniteError: if the reward or the observation after it is not finite; a simulation that diverged is not
                such a case.
        """
        if action.shape != (self.n, self.arm.nu):
            raise ValueError(f"the action has the shape {action.shape}; it must be {(self.n, self.arm.nu)}")
        before = self.snapshot
        self._last.add(before, self._reach, self._frame)
        self._act(self.map_action(action, self.arm.ctrl_range))
        after = self.simulation.snapshot()
        self._frame = np.minimum(self._frame + 1, self.last_frame)
        diverged = has_diverged(after)
        if diverged.any():
            after = self._handle_divergence(np.flatnonzero(diverged), before, after)
        self.snapshot = after
        return self._outcome(before, after, diverged)

    def _act(self, ctrl: np.ndarray) -> None:
        """Send controls, (N, nu) in their range, and step the arms under those that arrive."""
        if self.efferents is None and self._acting is None:
            self.simulation.step(ctrl)
            return
        load: PawLoad | None = None
        if self.efferents is not None:
            ctrl = self.efferents(ctrl)
        if self._acting is not None:
            time = self._frame * self.simulation.control_dt
            ctrl, load = self._acting.controls(ctrl, self.snapshot, time), self._acting.paw_load(time)
        ctrl = ctrl.clip(*self._ctrl_ends)
        if load is None:
            self.simulation.step(ctrl)
        else:
            self.simulation.step(ctrl, load.force, load.viscosity)

    @property
    def is_noisy(self) -> bool:
        """True if episodes differ for the same actions."""
        return len(self._noises) > 0

    @property
    def _noises(self) -> list[EpisodeNoise]:
        found = [self._chance, *(way.noise for way in self._ways.values())]
        return [noise for noise in found if noise is not None]

    @property
    def _ways(self) -> dict[str, Afferents | Efferents]:
        """Parts between arm and network, by the name that it has in a state."""
        named = {"afferents": self._afferents, "efferents": self.efferents}
        return {name: way for name, way in named.items() if way is not None}

    def state(self) -> dict[str, Any]:
        """All that the next step depends on; live views, to be copied."""
        own = {"simulation": self.simulation.state(), "reach": self._reach, "frame": self._frame, "worst": self._worst}
        if self._acting is not None:
            own["condition"] = self._acting.state()
        if self._chance is not None:
            own["chance"] = self._chance.state()
        return own | {name: way.state() for name, way in self._ways.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned; ValueError if it is of another task."""
        self.simulation.restore(state["simulation"])
        self._reach[:], self._frame[:], self._worst[:] = state["reach"], state["frame"], state["worst"]
        self.last_frame = self.references.n_frames[self._reach] - 1
        if self._acting is not None:
            self._acting.restore(state["condition"])
        if self._chance is not None:
            self._chance.restore(state["chance"])
        for name, way in self._ways.items():
            way.restore(state[name])
        self._last.clear()
        self.snapshot = self.simulation.snapshot()

    def _outcome(self, before: Snapshot, after: Snapshot, diverged: np.ndarray) -> Outcome:
        ahead = self._ahead_now()
        emg_error = None if self._emg is None else self._emg(after, self._reach, self._frame)
        given = ahead.target, self.arm.peak_force, emg_error
        reward, terms, elbow_mm, paw_mm = score(self.reward, before, after, *given)
        if diverged.any():
            remaining = self.last_frame - self._frame + 1
            penalty = divergence_reward(remaining, self._worst, self._least_penalty)
            reward = np.where(diverged, penalty, reward)
        if not np.isfinite(reward).all():
            raise term_error("reward", "reward", {**terms, "reward": reward}, self.last_states())
        is_over = self._frame == self.last_frame
        lost = is_lost(elbow_mm, paw_mm, self.lost_mm) & ~diverged & ~is_over
        if lost.any():
            reward = np.where(lost, lost_reward(reward, self.last_frame - self._frame, self._worst), reward)
        self._worst = np.minimum(self._worst, reward)
        ends = diverged | lost, is_over & ~diverged
        seen = self._seen(ahead)
        if self._afferents is not None:
            seen = self._afferents(seen)
        return Outcome(seen, reward, terms, *ends, elbow_mm, paw_mm, diverged)

    def _handle_divergence(self, ids: np.ndarray, before: Snapshot, after: Snapshot) -> Snapshot:
        """Report diverged simulations, and put them back to their last good pose so that no NaN leaves the task."""
        if self.on_divergence is not None:
            states = self._last.up_to(after, self._reach, self._frame)
            for i in ids:
                self.on_divergence(int(i), {name: value[:, [i]] for name, value in states.items()})
        self.simulation.reset(ids, before.qpos[ids], np.zeros_like(before.qvel[ids]))
        return self.simulation.snapshot()

    def _ahead_now(self) -> Ahead:
        where = self._reach, self._frame, self.last_frame
        return look_ahead(self.references.targets, *where, self._frames_ahead, self._with_goal)
