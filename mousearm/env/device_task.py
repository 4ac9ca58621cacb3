"""The tracking task on a device: reset, step, observe and end N arms without a word to the host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from mousearm.config import Config
from mousearm.env.device_starts import DeviceStarts
from mousearm.env.pathways import host_only
from mousearm.env.references import References, Start
from mousearm.env.rules import Score, divergence_reward, has_diverged, is_lost, look_ahead, lost_reward, score
from mousearm.env.statistics import DeviceStatistics
from mousearm.errors import ConfigError
from mousearm.model.muscles import anatomy_of
from mousearm.observation import GOAL, Ahead, Observation
from mousearm.registry import ACTION_MAPS
from mousearm.reward import Reward, Step
from mousearm.trajectory import FOLLOWED, Snapshot, errors_mm

if TYPE_CHECKING:
    from mousearm.engine.tensors import TensorSimulation


@dataclass(frozen=True, slots=True)
class DeviceOutcome:
    """Outcome of a step of N simulations, tensors (N,), with observations (N, n_obs) float32."""

    observation: torch.Tensor  # which the next action sees: of the new episode where one began
    terminal_observation: torch.Tensor  # of the state after the step, before new episodes began
    terminated: torch.Tensor  # the simulation diverged, or the arm is lost
    truncated: torch.Tensor  # the reach is over


class _Lived(NamedTuple):
    """A step of N simulations that has not been judged yet."""

    before: Snapshot
    after: Snapshot
    target: torch.Tensor  # (N, 2, 3) of elbow and paw after it, metres
    left: torch.Tensor  # (N,) frames of the reach that come after it
    diverged: torch.Tensor  # (N,)
    ended: torch.Tensor  # (N,) the episode
    sight: torch.Tensor  # sum of what the network saw after it: not finite where one number is not
    reach: torch.Tensor | None  # (N,) where it counts which one it was


class DeviceTask:
    """N arms on a device, each following a reach; where an episode ends, the next one begins.

    The same rules as `Task` with the draws of `DeviceStarts`, as fixed sequences of operations on tensors that stay
    where they are: no step asks the host anything, so that a CUDA graph can hold a rollout. For that, register
    ``generator`` with the graph. What steps were worth decides nothing before a rollout is over: `judge` computes it
    for all of them at once, with a few large operations instead of many small ones. A simulation that diverged is put
    back, charged and counted as in `Task`, but its last states are not kept. ``statistics`` and the check that all
    numbers are finite wait for ``statistics.pop()``.
    """

    def __init__(self, simulation: "TensorSimulation", references: References, config: Config):
        """Follow references at one frame per control step; the seed of the draws is ``config.seed``.

        ConfigError if there is something that only `Task` does, or a term of the observation or the reward cannot be
        computed without asking the host.
        """
        if found := host_only(config):
            raise ConfigError(
                f"{', '.join(found)}: not computed on a GPU. Give engine=mujoco or device=cpu.",
                found[0].partition(":")[0],
            )
        env, device = config.env, simulation.device
        self.simulation, self.n, self.arm = simulation, simulation.n, simulation.arm
        self.references = references
        self.observation = Observation(env.observation, anatomy_of(self.arm, env.senses).converted(self._tensor))
        self._with_goal = bool(self.observation.needing(GOAL))
        self.reward = Reward(config.reward, lambda values: self._tensor(np.array(values, dtype=float)))
        self.generator = torch.Generator(device).manual_seed(config.seed)
        self._reaches = references.converted(self._tensor)
        self._last_frames = self._reaches.n_frames - 1
        self._starts = DeviceStarts(self._reaches, self.n, device, env.random_start, env.sampling)
        self._map_action = ACTION_MAPS[config.model.action_map]
        self._ctrl_range, self._peak_force = self._tensor(self.arm.ctrl_range), self._tensor(self.arm.peak_force)
        self._frames_ahead = self._tensor(env.path_spacing * np.arange(env.path_steps + 1))
        self._least_penalty, self.lost_mm = env.divergence_penalty, env.lost_mm
        self._reach, self._frame, self._length = self._tensor(np.zeros((3, self.n), dtype=int))
        self._last_frame = self._last_frames[self._reach]
        self._return, self._worst = self._tensor(np.zeros((2, self.n)))
        self.statistics = DeviceStatistics(self.reward.weights, self._return, self._length)
        self._lived: list[_Lived] = []
        self._check_terms(config)
        self.reset_all()

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        """An array on the device; fractions have the type of the physics, whole numbers 64 bits."""
        dtype = self.simulation.dtype if array.dtype.kind == "f" else torch.int64
        return torch.tensor(array, dtype=dtype, device=self.simulation.device)

    @property
    def observation_widths(self) -> dict[str, int]:
        """Columns of each term of the observation, in order."""
        return self.observation.widths(self._now(), self._ahead_now())

    @property
    def n_observations(self) -> int:
        """Columns of the observation."""
        return sum(self.observation_widths.values())

    @property
    def position(self) -> Start:
        """Reach and frame of each simulation now; copies."""
        return Start(self._reach.clone(), self._frame.clone())

    def reset_all(self) -> torch.Tensor:
        """Start all episodes; the observation, (N, n_obs) float32."""
        self._lived.clear()
        self._starts.clear()
        self._begin(torch.ones_like(self._reach, dtype=torch.bool))
        self._length.zero_()
        self._return.zero_()
        self._worst.fill_(torch.inf)
        self.statistics.clear()
        return self.observe()

    def begin_rollout(self) -> None:
        """Choose reaches by what is known of them now, with ``env.sampling=hard``; they are drawn so until the next."""
        self._starts.refresh()

    def observe(self) -> torch.Tensor:
        """The observation now, (N, n_obs) float32."""
        return self.observation(self._now(), self._ahead_now())

    def step(self, action: torch.Tensor) -> DeviceOutcome:
        """Advance every simulation by one control step, with actions, (N, nu) in [-1, 1]; begin what is to begin."""
        before = self.simulation.snapshot()
        self.simulation.step(self._map_action(action, self._ctrl_range))
        self._frame += 1
        diverged = has_diverged(self._now())
        after, ahead = self._put_back(diverged, before), self._ahead_now()
        left, seen = self._last_frame - self._frame, self.observation(after, ahead)
        is_over = left == 0
        terminated = diverged | (self._is_lost(after, ahead.target) & ~is_over)
        ended = terminated | is_over
        sight, reach = seen.sum(dtype=torch.float64), self._reach.clone() if self._starts.counts else None
        self._lived.append(_Lived(before, after, ahead.target, left, diverged, ended, sight, reach))
        self._begin(ended)
        return DeviceOutcome(self.observe(), seen, terminated, is_over & ~diverged)

    def judge(self) -> Score:
        """Rewards of the T steps since the last call, tensors (T, N); counts them in ``statistics``."""
        before, after, target, left, diverged, ended, sight, reaches = zip(*self._lived, strict=True)
        self._lived.clear()
        rows = score(self.reward, _joined(before), _joined(after), torch.cat(target), self._peak_force)
        shape = len(ended), self.n
        terms = {name: term.view(shape) for name, term in rows.terms.items()}
        reward, elbow_mm, paw_mm = (part.view(shape) for part in (rows.reward, rows.elbow_mm, rows.paw_mm))
        worst = [self._worst]  # of each episode before each step, and after the last
        for now, is_end in zip(reward, ended, strict=True):
            worst.append(torch.minimum(worst[-1], now).masked_fill(is_end, torch.inf))
        self._worst.copy_(worst[-1])
        remaining, before_it = torch.stack(left), torch.stack(worst[:-1])
        ends, failures = torch.stack(ended), torch.stack(diverged)
        lost = ends & ~failures & (remaining > 0)
        reward = torch.where(lost, lost_reward(reward, remaining, before_it), reward)
        penalty = divergence_reward(remaining + 1, before_it, self._least_penalty)
        judged = Score(torch.where(failures, penalty, reward), terms, elbow_mm, paw_mm)
        for reach, *step in zip(reaches, paw_mm, failures | lost, ends & ~failures & ~lost, strict=True):
            if reach is not None:
                self._starts.add(reach, *step)
        goes_on = ends.flip(0).cumsum(0).flip(0) == 0  # the episode is the one under way now
        self._length.mul_(goes_on[0]).add_(goes_on.sum(0))
        self._return.mul_(goes_on[0]).add_((judged.reward * goes_on).sum(0))
        self.statistics.add(judged, failures, ends, torch.stack(sight))
        return judged

    def state(self) -> dict[str, Any]:
        """All that the next steps depend on when all steps so far have been judged; live, to be copied."""
        return {
            "simulation": self.simulation.state(),
            "random": self.generator.get_state(),
            "statistics": self.statistics.state(),
            "hard": self._starts.state(),
            **self._episodes(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._lived.clear()
        self.simulation.restore(state["simulation"])
        self.generator.set_state(state["random"])
        self.statistics.restore(state["statistics"])
        self._starts.restore(state["hard"])
        for name, tensor in self._episodes().items():
            tensor.copy_(state[name])

    def _episodes(self) -> dict[str, torch.Tensor]:
        named = {"reach": self._reach, "frame": self._frame, "last_frame": self._last_frame, "length": self._length}
        return {**named, "return": self._return, "worst": self._worst}

    def _begin(self, ended: torch.Tensor) -> None:
        """Begin episodes where others ended, (N,) bool, with the reference's pose, velocity and activations."""
        drawn = self._starts.draw(self.generator)
        torch.where(ended, drawn.frame, self._frame, out=self._frame)
        if len(self.references) > 1:
            torch.where(ended, drawn.reach, self._reach, out=self._reach)
            torch.where(ended, self._last_frames[drawn.reach], self._last_frame, out=self._last_frame)
        pose, velocity = self._reaches.qpos[drawn], self._reaches.qvel[drawn]
        self.simulation.reset(ended, pose, velocity, self._reaches.activation[drawn])

    def _is_lost(self, after: Snapshot, target: torch.Tensor) -> torch.Tensor:
        """True of arms, (N,), that are too far from targets (N, 2, 3) of elbow and paw in metres."""
        if self.lost_mm is None:
            return torch.zeros_like(self._reach, dtype=torch.bool)
        elbow_mm, paw_mm = errors_mm(after.landmarks[:, FOLLOWED], target).T
        return is_lost(elbow_mm, paw_mm, self.lost_mm)

    def _put_back(self, diverged: torch.Tensor, before: Snapshot) -> Snapshot:
        """The arms now, copied, and at rest where they were before the step where that made them diverge."""
        now, mask = self._now(), diverged[:, None]
        return Snapshot(
            qpos=torch.where(mask, before.qpos, now.qpos),
            qvel=now.qvel.masked_fill(mask, 0),
            activation=now.activation.masked_fill(mask, 0),
            ctrl=now.ctrl.masked_fill(mask, 0),
            force=now.force.masked_fill(mask, 0),
            landmarks=torch.where(mask[:, None], before.landmarks, now.landmarks),
        )

    def _now(self) -> Snapshot:
        """The tensors of the simulation themselves, which change with it."""
        now = self.simulation
        return Snapshot(now.qpos, now.qvel, now.activation, now.ctrl, now.force, now.landmarks)

    def _ahead_now(self) -> Ahead:
        where = self._reach, self._frame, self._last_frame
        return look_ahead(self._reaches.targets, *where, self._frames_ahead, self._with_goal)

    def _check_terms(self, config: Config) -> None:
        """Refuse terms that would stop the device, by computing each once on tensors that have no numbers."""

        def empty(values: Any) -> torch.Tensor:
            return torch.as_tensor(values).to("meta")

        now, ahead, none = self._now(), self._ahead_now(), empty(self._worst)
        now = Snapshot(**{name: empty(array) for name, array in now.arrays().items()})
        goal = None if ahead.goal is None else empty(ahead.goal)
        ahead = Ahead(empty(ahead.phase), empty(ahead.target), empty(ahead.targets), goal)
        body = self.observation.body.converted(empty)
        reward, step = Reward(config.reward, empty), Step(now, now, none, none, empty(self._peak_force))
        seen = {f"env.observation: {name}": (term, now, ahead, body) for name, term in self.observation.by_name.items()}
        worth = {f"reward.w_{name}": (term, step, reward.form) for name, term in reward.by_name.items()}
        for key, (term, *arguments) in {**seen, **worth}.items():
            try:
                term(*arguments)
            except Exception as error:  # a term may be anything
                raise ConfigError(
                    f"{key} cannot be computed on a device without asking it for numbers: {error}. Write the term with "
                    "the functions of mousearm.arrays.namespace alone, or choose engine=mujoco.",
                    key.partition(":")[0],
                ) from error


def _joined(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Several states of N simulations as one of many."""
    names = snapshots[0].arrays()
    return Snapshot(**{name: torch.cat([getattr(now, name) for now in snapshots]) for name in names})
