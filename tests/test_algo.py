from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv

from mousearm.algo import SequencePPO, build_algo, learning_rate
from mousearm.buffer import SequenceBuffer
from mousearm.env import TrackingVecEnv
from mousearm.policy import policy_arguments


class RememberTheCue(VecEnv):
    """A cue of -1 or 1 is shown at the first step only; after ``delay`` more steps the action shall equal it.

    The reward of the last step is -(action - cue)^2, all others are 0. Who cannot remember does best with the action
    0, and gets -1.
    """

    def __init__(self, n, delay=3, seed=0):
        space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        super().__init__(n, space, spaces.Box(-1.0, 1.0, (1,), np.float32))
        self.delay = delay
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.cue = self.rng.choice([-1.0, 1.0], size=self.num_envs)
        self.time = 0
        return self.observe()

    def observe(self):
        shown = self.cue if self.time == 0 else np.zeros(self.num_envs)
        return np.stack([shown, np.full(self.num_envs, self.time / self.delay)], axis=1).astype(np.float32)

    def step_async(self, actions):
        self.actions = actions

    def step_wait(self):
        last = self.time == self.delay
        reward = -np.square(self.actions[:, 0] - self.cue) if last else np.zeros(self.num_envs)
        self.time += 1
        infos = [{} for _ in range(self.num_envs)]
        if last:
            infos = [{"terminal_observation": row, "TimeLimit.truncated": False} for row in self.observe()]
        observation = self.reset() if last else self.observe()
        return observation, reward.astype(np.float32), np.full(self.num_envs, last), infos

    def seed(self, seed=None):
        self.rng = np.random.default_rng(seed)
        return [seed] * self.num_envs

    def close(self):
        pass

    def get_attr(self, attr_name, indices=None):
        return [None] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise NotImplementedError

    def env_method(self, method_name, *args, indices=None, **kwargs):
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs


SMALL = ("policy.lstm_hidden_size=16", "policy.net_arch_pi=[8]", "policy.net_arch_vf=[8]")


@pytest.fixture
def tracking(two_link, swing, build_task):
    """A real environment: episodes of different lengths, random starts, more steps than a rollout holds."""

    def make(n=6, seed=0):
        references = [swing(two_link, 6, "short"), swing(two_link, 11, "long")]
        return TrackingVecEnv(build_task(two_link, references, n, "env.path_steps=1"), 0.5, seed)

    return make


def collect(algo):
    """One rollout, as learn() collects it."""
    callback = CallbackList([])
    callback.init_callback(algo)
    assert algo.collect_rollouts(algo.env, callback, algo.rollout_buffer, algo.n_steps)


def begin(algo):
    algo.set_logger(Logger(None, []))
    algo._setup_learn(10_000)
    return algo


def test_arguments_arrive(configure, tracking):
    config = configure(
        *SMALL, "algo.n_steps=9", "algo.batch_size=18", "algo.gamma=0.9", "algo.clip_range_vf=0.3", "seed=4"
    )
    algo = build_algo(config, tracking())
    assert isinstance(algo, SequencePPO)
    assert isinstance(algo.rollout_buffer, SequenceBuffer)
    for name in ("n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm"):
        assert getattr(algo, name) == getattr(config.algo, name), name
    assert (algo.clip_range(1.0), algo.clip_range_vf(1.0), algo.seed) == (0.2, 0.3, 4)
    assert algo.rollout_buffer.gamma == 0.9
    assert algo.policy.lstm_actor.hidden_size == 16


def test_learning_rate_by_hand(configure):
    config = configure("algo.learning_rate=0.001", "algo.learning_rate_final=0.0001").algo
    schedule = learning_rate(config)
    # At the start, half way and at the end of the budget.
    assert [schedule(left) for left in (1.0, 0.5, 0.0)] == pytest.approx([1e-3, 5.5e-4, 1e-4])
    assert learning_rate(replace(config, learning_rate_final=None)) == 1e-3


def test_log_probabilities_are_those_of_the_collection(configure, tracking):
    """Before an update old and new policy are the same, in the second rollout too: LSTM states and normaliser fit."""
    algo = begin(build_algo(configure(*SMALL, "algo.n_steps=8", "algo.batch_size=12", "algo.n_epochs=2"), tracking()))
    for _ in range(3):
        collect(algo)
        for batch in algo.rollout_buffer.get(12):
            with torch.no_grad():
                values, log_prob, _ = algo.policy.evaluate_actions(
                    batch.observations, batch.actions, batch.lstm_states, batch.episode_starts
                )
            real = batch.mask > 0
            torch.testing.assert_close(log_prob[real], batch.old_log_prob[real], rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(values.flatten()[real], batch.old_values[real], rtol=1e-5, atol=1e-5)
        algo.train()


def test_normaliser_learns_every_rollout_once_and_after_the_update(configure, tracking):
    algo = begin(build_algo(configure(*SMALL, "algo.n_steps=8", "algo.batch_size=12", "algo.n_epochs=3"), tracking()))
    seen = []
    for _ in range(3):
        collect(algo)
        seen.append(algo.rollout_buffer.observations.copy().reshape(-1, algo.observation_space.shape[0]))
        algo.train()
    everything = np.concatenate(seen).astype(np.float64)
    extractor = algo.policy.features_extractor
    assert extractor.count == len(everything) == 3 * 8 * 6
    np.testing.assert_allclose(extractor.mean, everything.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(extractor.variance, everything.var(axis=0), rtol=1e-6, atol=1e-9)


def stock_algo(config, env):
    """sb3-contrib's own, with its own policy and buffer and the arguments of a configuration."""
    algo = config.algo
    return RecurrentPPO(
        RecurrentActorCriticPolicy,
        env,
        learning_rate=algo.learning_rate,
        n_steps=algo.n_steps,
        batch_size=algo.batch_size,
        n_epochs=algo.n_epochs,
        gamma=algo.gamma,
        gae_lambda=algo.gae_lambda,
        ent_coef=algo.ent_coef,
        clip_range_vf=algo.clip_range_vf,
        policy_kwargs=policy_arguments(config.policy),
        seed=config.seed,
        device="cpu",
    )


def test_one_update_equals_the_stock_one(configure, tracking):
    """The same rollout, one minibatch of everything: the same loss, and the same weights after the step."""
    overrides = ("algo.learning_rate_final=null", "algo.n_epochs=1", "algo.ent_coef=0.01", "algo.clip_range_vf=0.2")
    config = configure(*SMALL, *overrides, "algo.n_steps=8", "algo.batch_size=48")
    ours, stock = begin(build_algo(config, tracking())), begin(stock_algo(config, tracking()))
    for algo in (ours, stock):
        torch.manual_seed(0)
        collect(algo)
    for name in ("observations", "actions", "rewards", "returns", "advantages", "log_probs", "episode_starts"):
        mine, theirs = getattr(ours.rollout_buffer, name), getattr(stock.rollout_buffer, name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6, err_msg=name)
    # The stock buffer rotates its steps at random, which cuts one sequence in two unless it is by a multiple of 8.
    seed = next(s for s in range(1000) if np.random.RandomState(s).randint(48) % 8 == 0)
    logged = []
    for algo in (ours, stock):
        np.random.seed(seed)  # noqa: NPY002
        algo.train()
        logged.append(algo.logger.name_to_value)
    for name in ("loss", "policy_gradient_loss", "value_loss", "entropy_loss", "approx_kl", "explained_variance"):
        assert logged[0][f"train/{name}"] == pytest.approx(logged[1][f"train/{name}"], rel=1e-4, abs=1e-6), name
    theirs = dict(stock.policy.named_parameters())
    for name, parameter in ours.policy.named_parameters():
        # Adam's first step is the sign of the gradient, so gradients of almost 0 may differ by a step.
        moment = ours.policy.optimizer.state[parameter]["exp_avg"]
        torch.testing.assert_close(moment, stock.policy.optimizer.state[theirs[name]]["exp_avg"], rtol=1e-3, atol=1e-6)
        clear = moment.abs() > 1e-5
        torch.testing.assert_close(parameter[clear], theirs[name][clear], rtol=1e-5, atol=1e-5, msg=name)


def weights_after(config, env, timesteps):
    algo = build_algo(config, env)
    algo.learn(timesteps)
    return algo.policy.state_dict()


def test_same_seed_same_weights_other_seed_other_weights(configure, tracking):
    overrides = (*SMALL, "algo.n_steps=8", "algo.batch_size=24", "algo.n_epochs=2")
    one, two, other = (weights_after(configure(*overrides, f"seed={s}"), tracking(seed=s), 150) for s in (3, 3, 4))
    assert one.keys() == two.keys()
    for name in one:
        assert torch.equal(one[name], two[name]), name
    assert not torch.equal(one["action_net.weight"], other["action_net.weight"])


def test_environment_seed_matters_less_than_the_configurations(configure, tracking):
    """SB3 seeds the environment with the configuration's seed, so a run depends on that one seed."""
    config = configure(*SMALL, "algo.n_steps=8", "algo.batch_size=24", "algo.n_epochs=1", "seed=3")
    one, other = (weights_after(config, tracking(seed=s), 96) for s in (0, 1))
    for name in one:
        assert torch.equal(one[name], other[name]), name


def final_reward(config, n_envs=32, steps=9000):
    algo = build_algo(config, RememberTheCue(n_envs))
    algo.learn(steps)
    env = RememberTheCue(200, seed=9)
    observation, state, start = env.reset(), None, np.ones(200, dtype=bool)
    for _ in range(env.delay + 1):
        action, state = algo.predict(observation, state, start, deterministic=True)
        env.step_async(action)
        observation, reward, start, _ = env.step_wait()
    return float(reward.mean())


def test_learns_a_task_that_needs_memory(configure):
    # Rollouts of 10 steps hold two and a half episodes of 4, so that memory is carried over their end.
    overrides = ("algo.n_steps=10", "algo.batch_size=80", "algo.n_epochs=8", "algo.learning_rate=0.005")
    config = configure(*SMALL, *overrides, "algo.learning_rate_final=null", "algo.gamma=0.99")
    assert final_reward(config) > -0.3
