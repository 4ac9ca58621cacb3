"""RecurrentPPO of sb3-contrib made fast: its arguments and loss, with a rollout and an update of whole sequences."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import FloatSchedule
from stable_baselines3.common.vec_env import VecEnv

from mousearm.buffer import Minibatch, SequenceBuffer
from mousearm.config import Config
from mousearm.nan_guard import loss_error
from mousearm.policy.backbone import reset_state
from mousearm.policy.critic import Critic
from mousearm.policy.network import RecurrentPolicy
from mousearm.policy.penalties import NO_PENALTIES, Penalties
from mousearm.policy.silence import hold_units
from mousearm.ppo import Loss, arguments_of, network_threads, parts_of_loss


class SequencePPO(RecurrentPPO):
    """RecurrentPPO over a ``SequenceBuffer``, with an observation normaliser that learns between rollouts."""

    critic_warmup_until = 0  # before this number of control steps only the value head learns
    _on_cpu: RecurrentPolicy | None = None  # where the network itself is not
    imitated = 0  # control steps of imitation, which the budget does not contain
    policy: RecurrentPolicy
    batch_size: int
    rollout_buffer: SequenceBuffer  # type: ignore[assignment]  # only the methods below know it
    buffer_class: type[SequenceBuffer] = SequenceBuffer
    pulse: Callable[[], object] = staticmethod(lambda: None)  # is called now and then where no hook of the network is

    def __init__(
        self,
        *arguments: Any,
        critic_rate: float | None = None,
        normalizer_learns: bool = True,
        penalties: Penalties = NO_PENALTIES,
        **options: Any,
    ) -> None:
        """Build the network for an environment; other arguments are those of RecurrentPPO.

        ``critic_rate`` is the learning rate of the value head, None for that of everything else. ``normalizer_learns``:
        whether the observation normaliser continues to learn, after each update. ``penalties``: of rates and weights.
        """
        self._critic_rate, self._normalizer_learns, self._penalties = critic_rate, normalizer_learns, penalties
        super().__init__(*arguments, **options)

    def _setup_model(self) -> None:
        self._setup_lr_schedule()
        self.set_random_seed(self.seed)
        spaces = (self.observation_space, self.action_space)
        self.policy = RecurrentPolicy(*spaces, self.lr_schedule, use_sde=self.use_sde, **self.policy_kwargs)  # type: ignore[arg-type]
        self.policy = self.policy.to(self.device)
        self.critic = Critic(self.policy, self._critic_rate)
        sizes = self.policy.observation_space.shape[0], self.policy.action_space.shape[0]
        self._last_state = self.policy.backbone.initial_state(self.n_envs)
        parts = self._last_state.clone(), self.policy.backbone.n_noise
        self.rollout_buffer = self.buffer_class(self.n_steps, *sizes, *parts)
        self.clip_range = FloatSchedule(self.clip_range)
        if self.clip_range_vf is not None:
            self.clip_range_vf = FloatSchedule(self.clip_range_vf)

    @property
    def by_reward(self) -> int:
        """Control steps of learning by reward."""
        return self.num_timesteps - self.imitated

    def policy_on_cpu(self) -> RecurrentPolicy:
        """The network as it is now; a copy where it learns on a GPU, which a few arms are too little for."""
        if self.device.type == "cpu":
            return self.policy
        if self._on_cpu is None:
            with torch.random.fork_rng():
                spaces, own = (self.observation_space, self.policy.action_space), self.policy
                self._on_cpu = RecurrentPolicy(*spaces, lambda _: 0.0, own.config, own.control_dt, self.use_sde)  # type: ignore[arg-type]
        self._on_cpu.load_state_dict(self.policy.state_dict())
        for layer, clamp in self.policy.silenced.items():
            hold_units(self._on_cpu, layer, clamp.to(self._on_cpu.device))
        return self._on_cpu

    def begin(self, total: int) -> None:
        """Get ready to learn up to a total number of steps by reward: ``rollout`` and ``update`` in turn."""
        _, self._callback = self._setup_learn(total - self.by_reward, reset_num_timesteps=False)
        self._iteration, self._total = 0, total

    def rollout(self) -> None:
        """Fill the buffer, after ``begin``."""
        assert self.env is not None
        self.collect_rollouts(self.env, self._callback, self.rollout_buffer, self.n_steps)

    def update(self) -> None:
        """Log the rollout as ``learn`` does, and learn from it."""
        self._iteration += 1
        self._update_current_progress_remaining(self.by_reward, self._total)
        self.dump_logs(self._iteration)
        self.train()

    @network_threads(1)
    def collect_rollouts(  # type: ignore[override]
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: SequenceBuffer, n_rollout_steps: int
    ) -> bool:
        """Fill the buffer. Callbacks, counters, statistics of episodes and what is returned are as in SB3.

        Only what the next action depends on is computed at each step; values and log-probabilities follow for all steps
        at once, from the outputs of the backbone. The network has one thread meanwhile: a step is too little to share,
        and idle threads would be in the simulator's way.
        """
        self.policy.set_training_mode(False)
        callback.on_rollout_start()  # before anything is drawn: a run can be resumed from here
        if self.use_sde:
            self.policy.reset_noise(env.num_envs)
        rollout_buffer.begin(self._last_state)
        low, high = env.action_space.low, env.action_space.high  # type: ignore[attr-defined]
        for t in range(n_rollout_steps):
            if self.use_sde and self.sde_sample_freq > 0 and t % self.sde_sample_freq == 0:
                self.policy.reset_noise(env.num_envs)
            actions, state = self._act(rollout_buffer, t)
            new_obs, rewards, dones, infos = env.step(np.clip(actions, low, high))
            rollout_buffer.rewards[t] = torch.from_numpy(rewards)
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            if dones.any():
                self._update_info_buffer(infos, dones)
                rollout_buffer.time_limits.add(t, dones, infos, state)
            assert isinstance(new_obs, np.ndarray)
            self._last_obs, self._last_episode_starts, self._last_state = new_obs, dones, state
        self._evaluate(rollout_buffer)
        callback.on_rollout_end()
        return True

    @torch.no_grad()
    def _act(self, buffer: SequenceBuffer, t: int) -> tuple[np.ndarray, torch.Tensor]:
        """Draw the actions of step t, (N, nu), and note them and what they came from; the state of the backbone."""
        observations, starts, state = self._now()
        buffer.observations[t], buffer.starts[t] = observations, starts
        noise = None if buffer.noise is None else buffer.noise[t : t + 1]
        outputs, state = self.policy(buffer.observations[t : t + 1], state, noise)
        buffer.outputs[t] = outputs[0]
        buffer.actions[t] = self.policy.get_distribution(outputs[0]).get_actions()
        return buffer.actions[t].cpu().numpy(), state

    def _now(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Observations of the arms, whether their episodes start, and the state of the backbone, zero where they do."""
        assert isinstance(self._last_obs, np.ndarray)
        assert self._last_episode_starts is not None
        observations = torch.from_numpy(self._last_obs).to(self.device)
        starts = torch.from_numpy(self._last_episode_starts).to(self.device)
        state = reset_state(self._last_state, starts) if self._last_episode_starts.any() else self._last_state
        return observations, starts, state

    @torch.no_grad()
    def _evaluate(self, buffer: SequenceBuffer) -> None:
        """Log-probabilities, values, advantages, returns; an episode that time cut off is worth what would follow."""
        self._begin_critic()
        policy, ends = self.policy, buffer.time_limits
        outputs = buffer.outputs.flatten(0, 1)
        log_probs = policy.get_distribution(outputs).log_prob(buffer.actions.flatten(0, 1))
        buffer.log_probs.copy_(log_probs.view(buffer.shape))
        buffer.values.copy_(policy.predict_values(outputs).view(buffer.shape))
        if len(ends):
            outputs, _ = policy(*ends.last(self.device))
            buffer.rewards[ends.steps, ends.arms] += self.gamma * policy.predict_values(outputs[0])
        observations, starts, state = self._now()
        outputs, _ = policy(observations[None], state)
        self._advance(buffer, policy.predict_values(outputs[0]), starts)

    def _advance(self, buffer: SequenceBuffer, last_values: torch.Tensor, last_starts: torch.Tensor) -> None:
        """Compute advantages and returns, from the values after the last step; of the first ones, their spread."""
        buffer.compute_advantages(last_values, last_starts, self.gamma, self.gae_lambda)
        if self._n_updates == 0:
            self.critic.see(buffer.returns)

    def train(self) -> None:
        """Learn from the rollout, then let the normaliser see it: old and new log-probabilities share one scale."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        losses: list[torch.Tensor] = []
        done, too_far = 0, False
        for _ in range(self.n_epochs):
            done = len(losses)
            for batch in self.rollout_buffer.minibatches(self.batch_size):
                loss = self.loss(batch)
                losses.append(torch.stack(loss).detach())
                too_far = self.target_kl is not None and bool(loss.approx_kl > 1.5 * self.target_kl)
                if too_far:
                    break
                self._descend(loss, batch)
            self._n_updates += 1
            if too_far:
                break
        self._log(torch.stack(losses), torch.stack(losses[done:]))
        self._normalize()

    def _normalize(self) -> None:
        """Let the normaliser see the rollout, unless it has learned enough: what follows it was taught with it."""
        if self._normalizer_learns:
            self.policy.features_extractor.update(self.rollout_buffer.observations)

    def _update_learning_rate(self, optimizers: Any) -> None:
        super()._update_learning_rate(optimizers)
        self.critic.set_rates()

    def _begin_critic(self) -> None:
        if self._n_updates == 0:
            self.critic.begin(self.rollout_buffer.rewards, max(1 - self.gamma, 1 / self.n_steps))

    def state(self) -> dict[str, Any]:
        """All but the network that learning depends on, between two rollouts; live, to be copied."""
        return {
            "optimizer": self.policy.numbered(self.policy.optimizer.state_dict()),
            "steps": self.num_timesteps,
            "n_updates": self._n_updates,
            "critic_until": self.critic_warmup_until,
            "imitated": self.imitated,
            "return_scale": self.critic.scale,
            "observations": self._last_obs,
            "starts": self._last_episode_starts,
            "memory": self._last_state,
            "episodes": None if self.ep_info_buffer is None else list(self.ep_info_buffer),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self.num_timesteps, self._n_updates = state["steps"], state["n_updates"]
        self.critic_warmup_until, self.imitated = state["critic_until"], state["imitated"]
        self.critic.scale = state["return_scale"]
        for name, kind, shape in (("observations", "f", self.observation_space.shape or ()), ("starts", "b", ())):
            found = state[name]  # None before the first rollout
            if found is not None and (found.dtype.kind, found.shape) != (kind, (self.n_envs, *shape)):
                raise ValueError(f"{name} are {found.dtype} of the shape {found.shape}")
        self._last_obs, self._last_episode_starts = state["observations"], state["starts"]
        self._last_state.copy_(state["memory"])
        if state["episodes"] is not None:
            episodes = [{"r": float(episode["r"]), "l": int(episode["l"])} for episode in state["episodes"]]
            self.ep_info_buffer = deque(episodes, maxlen=self._stats_window_size)
            self.ep_success_buffer = deque(maxlen=self._stats_window_size)  # SB3 wants both or none

    def loss(self, batch: Minibatch) -> Loss:
        """PPO's loss of a minibatch (Schulman et al. 2017), with the options of RecurrentPPO."""
        outputs = batch.select(self._run(batch))
        found, progress = self.policy.evaluate_actions(outputs, batch.actions), self._current_progress_remaining
        clip_vf = None if self.clip_range_vf is None else self.clip_range_vf(progress)
        parts = parts_of_loss(batch, *found, self.clip_range(progress), clip_vf, self.normalize_advantage)
        policy_loss, value_loss, entropy_loss = parts[:3]
        loss = self.vf_coef / self.critic.scale**2 * value_loss
        if self.num_timesteps >= self.critic_warmup_until:
            loss = loss + policy_loss + self.ent_coef * entropy_loss
            if self._penalties:
                loss = loss + self._penalties(self.policy, outputs, batch.mean)
        return Loss(loss, *parts)

    def _run(self, batch: Minibatch) -> torch.Tensor:
        """Outputs (L, S, hidden) of the backbone."""
        return self.policy(batch.observations, batch.state, batch.noise)[0]

    def _descend(self, loss: Loss, batch: Minibatch) -> None:
        self.policy.optimizer.zero_grad()
        loss.loss.backward()
        norm = self.critic.clip_gradient(self.max_grad_norm)
        if not (norm + loss.loss).isfinite():
            figures = {**loss._asdict(), "norm of the gradient": norm}
            raise loss_error("loss", "algo.learning_rate", figures, batch._asdict())
        self.policy.optimizer.step()

    def _log(self, losses: torch.Tensor, last_epoch: torch.Tensor) -> None:
        """Record what RecurrentPPO records: means of all minibatches, (B, parts of the loss)."""
        for name, value in Loss.figures(losses, last_epoch).items():
            self.logger.record(f"train/{name}", value)
        self.logger.record("train/explained_variance", self.rollout_buffer.explained_variance())
        self.logger.record("train/std", self.policy.log_std.exp().mean().item())
        if self._penalties:
            self.logger.record("train/squared_rate", self.rollout_buffer.outputs.square().mean().item())
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/clip_range", self.clip_range(self._current_progress_remaining))
        if self.clip_range_vf is not None:
            self.logger.record("train/clip_range_vf", self.clip_range_vf(self._current_progress_remaining))


_Algo = TypeVar("_Algo", bound=SequencePPO)


def build_algo(config: Config, env: VecEnv, kind: type[_Algo] = SequencePPO) -> _Algo:
    """The algorithm of a configuration, with a fresh network; ConfigError if there is no GPU, but one is asked for."""
    return kind(
        RecurrentPolicy,  # type: ignore[arg-type]  # stock's recurrent policies know LSTMs only
        env,
        **arguments_of(config),
        policy_kwargs={"config": config.policy, "control_dt": config.env.control_dt},
        penalties=Penalties.of(config.algo),
    )
