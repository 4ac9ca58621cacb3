"""`SequencePPO` where the simulations are tensors: on a GPU, or on the CPU, without a word to the host in a rollout."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from mousearm.algo import SequencePPO
from mousearm.buffer import Minibatch
from mousearm.device.buffer import DeviceBuffer
from mousearm.device.graph import Repeated, make_repeatable, saved_optimizer, tune_optimizer
from mousearm.device.update import DeviceUpdate, Shape
from mousearm.errors import ConfigError
from mousearm.policy.backbone import reset_state
from mousearm.ppo import network_threads

_MOST_SHAPES = 8  # of minibatches for which kernels are kept ready


class Stepped(Protocol):
    """Outcome of a step of N arms that is learned from; see `DeviceOutcome`."""

    observation: Any  # (N, n_obs), which the next action sees: of a new episode where one began
    terminal_observation: Any  # (N, n_obs), before new episodes began
    terminated: Any  # (N,) whether an episode ended for another reason than time
    truncated: Any  # (N,) whether time cut one off


class Judged(Protocol):
    """Rewards of steps."""

    @property
    def reward(self) -> torch.Tensor:
        """(T, N)."""
        ...


class TensorTask(Protocol):
    """A task of N arms on the network's device; see `DeviceTask`."""

    generator: torch.Generator  # of the device, for all that is drawn in a rollout

    def reset_all(self) -> torch.Tensor:
        """Start all episodes; the observation, (N, n_obs) float32."""
        ...

    def begin_rollout(self) -> None:
        """Do what is to be done once before each rollout."""

    def step(self, action: torch.Tensor) -> Stepped:
        """Advance by one control step, with actions (N, nu) in [-1, 1]; begin new episodes where some ended."""
        ...

    def judge(self) -> Judged:
        """Rewards of the T steps since the last call."""
        ...


class DevicePPO(SequencePPO):
    """The same algorithm over an environment whose ``task`` takes and gives tensors of the network's device.

    A rollout, and the descent on a minibatch, are work that is the same each time (`Repeated`).
    """

    rollout_buffer: DeviceBuffer  # type: ignore[assignment]
    buffer_class = DeviceBuffer
    _last_obs: torch.Tensor | None  # type: ignore[assignment]  # (N, n_obs)
    _last_episode_starts: torch.Tensor | None  # type: ignore[assignment]  # (N,) bool

    def _setup_model(self) -> None:
        if self.use_sde:
            raise ConfigError(
                "algo.use_sde=true: exploration that depends on the state is not made for simulations on a device. "
                "Give algo.use_sde=false, or engine=mujoco.",
                "algo.use_sde",
            )
        if self.device.type == "cuda":
            make_repeatable()
        super()._setup_model()
        assert self.env is not None
        self.task: TensorTask = self.env.task  # type: ignore[attr-defined]
        # Where the arms are between two rollouts.
        self._observation = torch.zeros_like(self.rollout_buffer.observations[0])
        self._starts = torch.ones_like(self.rollout_buffer.starts[0])
        self._collect = Repeated(self._fill, self.device, [self.task.generator])
        self._updates: dict[Shape, DeviceUpdate] = {}
        tune_optimizer(self.policy.optimizer, self.device)

    def begin(self, total: int) -> None:
        """Get ready to learn up to a total number of steps by reward, as `SequencePPO.begin`."""
        super().begin(total)
        self._start()

    def _start(self) -> None:
        """Begin all episodes, where none was begun or restored."""
        if self._last_obs is not self._observation:
            self._observation.copy_(self.task.reset_all())
            self._starts.fill_(True)
            self._last_obs, self._last_episode_starts = self._observation, self._starts

    @network_threads(1)
    def collect_rollouts(  # type: ignore[override]
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: DeviceBuffer, n_rollout_steps: int
    ) -> bool:
        """Fill the buffer; callbacks are told when it begins and when it is over."""
        self._start()
        self.policy.set_training_mode(False)
        callback.on_rollout_start()
        self.pulse()
        self.task.begin_rollout()
        self._collect()
        self.num_timesteps += n_rollout_steps * env.num_envs
        self._evaluate(rollout_buffer)
        callback.update_locals(locals())
        goes_on = callback.on_step()
        callback.on_rollout_end()
        return goes_on

    @torch.no_grad()
    def _fill(self) -> None:
        buffer, policy, task = self.rollout_buffer, self.policy, self.task
        buffer.state.copy_(self._last_state)
        buffer.draw_noise(task.generator)
        features, deviation = policy.features_extractor.fixed(), policy.log_std.exp()
        observation, starts, state = self._observation, self._starts, self._last_state
        for t in range(self.n_steps):
            buffer.observations[t], buffer.starts[t] = observation, starts
            noise = None if buffer.noise is None else buffer.noise[t]
            outputs, state = policy.backbone.step(features(observation), state, noise)
            means = policy.mean_actions(outputs)
            drawn = torch.randn(means.shape, generator=task.generator, device=means.device)
            actions = torch.addcmul(means, deviation, drawn)
            outcome = task.step(actions.clamp(-1, 1))
            buffer.outputs[t], buffer.states[t], buffer.actions[t] = outputs, state, actions
            buffer.cut[t], buffer.last_seen[t] = outcome.truncated, outcome.terminal_observation
            observation, starts = outcome.observation, outcome.terminated | outcome.truncated
            state = reset_state(state, starts)
        buffer.rewards.copy_(task.judge().reward)
        self._observation.copy_(observation)
        self._starts.copy_(starts)
        self._last_state.copy_(state)

    @torch.no_grad()
    def _evaluate(self, buffer: DeviceBuffer) -> None:  # type: ignore[override]
        self._begin_critic()
        policy, outputs = self.policy, buffer.outputs.flatten(0, 1)
        log_probs = policy.get_distribution(outputs).log_prob(buffer.actions.flatten(0, 1))
        buffer.log_probs.copy_(log_probs.view(buffer.shape))
        buffer.values.copy_(policy.predict_values(outputs).view(buffer.shape))
        cut = torch.from_numpy(buffer.read_ends()).to(self.device)
        if len(cut):  # an episode that time cut off is worth what would follow
            outputs, _ = policy.step(*buffer.seen_last(cut))
            buffer.rewards.view(-1)[cut] += self.gamma * policy.predict_values(outputs)
        outputs, _ = policy.step(self._observation, self._last_state)
        self._advance(buffer, policy.predict_values(outputs), self._starts)

    def train(self) -> None:
        """Learn from the rollout, then let the normaliser see it, as `SequencePPO.train`."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        plan = self.rollout_buffer.plan(self.batch_size, self.n_epochs)
        shape = Shape(plan.tables.shape, plan.longest, self.num_timesteps >= self.critic_warmup_until)
        if shape not in self._updates:
            if len(self._updates) == _MOST_SHAPES:
                del self._updates[next(iter(self._updates))]
            self._updates[shape] = DeviceUpdate(self, self.rollout_buffer, shape)
        losses, epochs = self._updates[shape](plan)
        self._n_updates += epochs
        self._log(losses, losses[(epochs - 1) * plan.tables.shape[1] :])
        self._normalize()

    def _run(self, batch: Minibatch) -> torch.Tensor:
        # Not by a call, which would run hooks, which look at clocks.
        return self.policy.forward(batch.observations, batch.state, batch.noise)[0]

    def _update_learning_rate(self, optimizers: Any) -> None:
        super()._update_learning_rate(optimizers)
        tune_optimizer(self.policy.optimizer, self.device)

    def state(self) -> dict[str, Any]:
        """All but the network that learning depends on, between two rollouts; live, to be copied."""
        return {**super().state(), "optimizer": self.policy.numbered(saved_optimizer(self.policy.optimizer))}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        now = {"observations": self._observation, "starts": self._starts}
        saved = {name: None if state[name] is None else state[name].cpu().numpy() for name in now}
        super().restore({**state, **saved})
        tune_optimizer(self.policy.optimizer, self.device)
        self._updates.clear()  # their graphs hold tensors of the optimiser as it was
        if state["observations"] is not None:
            for name, tensor in now.items():
                tensor.copy_(state[name])
            self._last_obs, self._last_episode_starts = self._observation, self._starts
