import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import Logger
from tensor_toy import Clock, RememberTheCue, ToyEnv, final_reward

from mousearm import checkpoint
from mousearm.algo import SequencePPO, build_algo
from mousearm.buffer import SequenceBuffer
from mousearm.checkpoint import RandomState, TrainingState
from mousearm.device.ppo import DevicePPO
from mousearm.errors import ConfigError, NonFiniteError
from mousearm.rundir.folder import RunFolder

SMALL = ("policy.lstm_hidden_size=16", "policy.net_arch_pi=[8]", "policy.net_arch_vf=[8]", "algo.target_kl=null")
SHORT = (*SMALL, "algo.n_steps=8", "algo.batch_size=24", "algo.n_epochs=2")


def build(config, task):
    return build_algo(config, ToyEnv(task), DevicePPO)


def begin(algo):
    algo.set_logger(Logger(None, []))
    algo.begin(10**6)
    return algo


def weights(algo):
    return {name: tensor.clone() for name, tensor in algo.policy.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


# Learning


def teach(policy, share):
    """Let a network answer each cue with a share of it, in the last of the four steps."""
    cue = 2.0 * (torch.arange(32) % 2) - 1
    observations = torch.stack([torch.zeros(4, 32), torch.arange(4)[:, None].expand(4, 32) / 3], dim=2)
    observations[0, :, 0] = cue
    policy.features_extractor.update(observations)
    optimizer = torch.optim.Adam(policy.parameters(), lr=0.01)
    for _ in range(100):
        outputs, _ = policy(observations, policy.backbone.initial_state(32))
        optimizer.zero_grad()
        (policy.mean_actions(outputs[-1])[:, 0] - share * cue).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_learning_by_reward_improves_on_what_was_taught(configure, seed):
    """The teacher's answer is half of the cue, worth -(1 - 1/2)^2 = -1/4; the exploration is that of a warm start."""
    overrides = ("pretrain=cmc", "algo.n_steps=12", "algo.batch_size=192", "algo.n_epochs=4", "algo.gamma=0.99")
    rates = ("pretrain.learning_rate_after=0.001", "pretrain.log_std_after=-3", "pretrain.batch_size_after=192")
    config = configure(*SMALL, *overrides, *rates, f"seed={seed}")
    algo = build(config, RememberTheCue(32))
    teach(algo.policy, 0.5)
    torch.nn.init.constant_(algo.policy.log_std, config.pretrain.log_std_after)
    before = final_reward(algo, RememberTheCue(200, seed=9))
    algo.critic_warmup_until = 2000
    algo.learn(16_000)
    assert before == pytest.approx(-0.25, abs=0.02)
    assert final_reward(algo, RememberTheCue(200, seed=9)) > -0.05


# The rollout


NOISY = ("policy=dale", "policy.unit_noise=0.1", "algo.rate_penalty=0.01", "algo.weight_penalty=0.01")


@pytest.mark.parametrize("kind", [("policy=lstm",), ("policy=gru",), ("policy=rnn",), ("policy=ffn",), NOISY])
def test_log_probabilities_are_those_of_the_collection(configure, kind):
    """Before an update old and new policy are the same, in later rollouts too: states and normaliser fit."""
    algo = begin(build(configure(*SHORT, *kind), RememberTheCue(6, spread=3)))
    for _ in range(3):
        algo.rollout()
        plan = algo.rollout_buffer.plan(24, 1)
        for table in plan.tables[0]:
            batch = algo.rollout_buffer.minibatch(table, plan.longest)
            with torch.no_grad():
                outputs = batch.select(algo._run(batch))
                values, log_prob, _ = algo.policy.evaluate_actions(outputs, batch.actions)
            real = batch.weights > 0  # not what fills shorter sequences up
            torch.testing.assert_close(log_prob[real], batch.old_log_prob[real], rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(values[real], batch.old_values[real], rtol=1e-5, atol=1e-5)
        algo.update()
    assert algo.num_timesteps == 3 * 8 * 6
    assert algo.task.rollouts == 3


def test_time_limits_are_bootstrapped_by_hand(configure):
    """Each step is worth 1, and what follows a step of which time ends the episode is gamma times the value of 5."""
    algo = begin(build(configure(*SHORT, "algo.gamma=0.5", "algo.gae_lambda=1.0"), Clock(2, delay=2)))
    with torch.no_grad():
        algo.policy.value_net.weight.zero_()
        algo.policy.value_net.bias.fill_(5.0)
    algo.rollout()
    # Episodes of 3 steps, so that steps 2 and 5 end one, and the rollout ends amid the third.
    ended, goes_on = 1 + 0.5 * 0, 1 + 0.5 * 5
    expected = [[1 + 0.5 * (1 + 0.5 * end), 1 + 0.5 * end, end] for end in (ended, goes_on)]
    last = [1 + 0.5 * (1 + 0.5 * 5), 1 + 0.5 * 5]
    returns = algo.rollout_buffer.returns.T.tolist()
    assert returns[0] == pytest.approx([*expected[0], *expected[0], *last])  # arm 0: its episodes end for good
    assert returns[1] == pytest.approx([*expected[1], *expected[1], *last])


def test_advantages_are_those_of_the_path_of_arrays(configure):
    """The same rollout in the other buffer, with what it would have noted of time limits, gives the same."""
    algo = begin(build(configure(*SHORT), Clock(5, delay=2)))
    algo.rollout()
    algo.update()
    algo.rollout()
    mine, policy = algo.rollout_buffer, algo.policy
    other = SequenceBuffer(mine.shape[0], 2, 1, mine.state.clone())
    for name in ("observations", "actions", "outputs", "starts"):
        getattr(other, name).copy_(getattr(mine, name))
    other.begin(mine.state)
    other.rewards.fill_(1.0)
    for t in range(mine.shape[0]):
        done = torch.cat([mine.starts[1:], algo._starts[None]])[t].numpy()
        infos = [
            {"TimeLimit.truncated": bool(mine.cut[t, i]), "terminal_observation": mine.last_seen[t, i].numpy()}
            for i in range(5)
        ]
        other.time_limits.add(t, done, infos, mine.states[t])
    stock = begin(build_algo(configure(*SHORT), ToyEnv(Clock(5, delay=2))))
    stock.policy.load_state_dict(policy.state_dict())
    stock._last_obs, stock._last_episode_starts = algo._observation.numpy(), algo._starts.numpy()
    stock._last_state.copy_(algo._last_state)
    SequencePPO._evaluate(stock, other)
    for name in ("values", "log_probs", "rewards", "advantages", "returns"):
        torch.testing.assert_close(getattr(mine, name), getattr(other, name), rtol=1e-6, atol=1e-6, msg=name)
    assert mine.cut.any()


# The update


@pytest.mark.parametrize("spread", [1, 3])
def test_one_minibatch_of_everything_has_the_loss_and_gradient_of_the_path_of_arrays(configure, spread):
    """Weighted means over filled up sequences are means over their steps."""
    algo = begin(build(configure(*SHORT), RememberTheCue(6, spread=spread)))
    algo.rollout()
    with torch.no_grad():
        for weight in algo.policy.parameters():
            weight += 0.05 * torch.randn_like(weight)
    plan = algo.rollout_buffer.plan(10**6, 1)
    found = []
    for batch in (
        algo.rollout_buffer.minibatch(plan.tables[0, 0], plan.longest),
        *algo.rollout_buffer.minibatches(10**6),
    ):
        loss = algo.loss(batch)
        algo.policy.zero_grad()
        loss.loss.backward()
        found.append([*loss, *(weight.grad.clone() for weight in algo.policy.parameters())])
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("n", "spread", "size"), [(6, 1, 24), (7, 3, 24), (5, 4, 7), (3, 1, 10**6)])
def test_every_step_is_learned_from_once_per_epoch(configure, n, spread, size):
    algo = begin(build(configure(*SHORT, "algo.batch_size=2"), RememberTheCue(n, delay=2, spread=spread)))
    algo.rollout()
    buffer = algo.rollout_buffer
    buffer.returns.copy_(torch.arange(8 * n).view(8, n))
    plan = buffer.plan(size, 3)
    for epoch in plan.tables:
        batches = [buffer.minibatch(table, plan.longest) for table in epoch]
        seen = torch.cat([batch.returns[batch.weights > 0] for batch in batches])
        assert sorted(seen.tolist()) == list(range(8 * n))
        assert [float(batch.weights.sum()) for batch in batches] == pytest.approx([1.0] * len(batches))


def test_a_policy_that_moves_too_far_stops_the_update(configure):
    algo = begin(build(configure(*SHORT, "algo.target_kl=1e-9", "algo.n_epochs=5"), RememberTheCue(6)))
    algo.rollout()
    algo.update()
    learned = weights(algo)
    assert algo._n_updates == 1
    # The first minibatch moves the policy, the second finds it moved and nothing is learned from then on.
    adam = algo.policy.optimizer.state_dict()["state"]
    assert {float(memory["step"]) for memory in adam.values()} == {1.0}
    algo.rollout_buffer.advantages.fill_(0.0)
    assert same(learned, weights(algo))


def test_without_a_limit_all_epochs_are_made(configure):
    algo = begin(build(configure(*SHORT, "algo.n_epochs=5"), RememberTheCue(6)))
    algo.rollout()
    algo.update()
    assert algo._n_updates == 5


def test_only_the_value_head_learns_at_first(configure):
    algo = begin(build(configure(*SHORT), RememberTheCue(6)))
    algo.critic_warmup_until = 49
    algo.rollout()
    before = weights(algo)
    algo.update()
    moved = {name for name, weight in algo.policy.named_parameters() if not torch.equal(weight, before[name])}
    assert moved
    assert all("value_net" in name for name in moved)
    algo.rollout()
    algo.update()
    assert not torch.equal(algo.policy.log_std, before["log_std"])


def test_a_loss_that_is_not_finite_is_refused_before_it_is_learned_from(configure):
    algo = begin(build(configure(*SHORT, "algo.n_epochs=3"), RememberTheCue(6)))
    algo.rollout()
    algo.rollout_buffer.returns[3, 2] = float("nan")
    with pytest.raises(NonFiniteError) as caught:
        algo.update()
    assert caught.value.key == "algo.learning_rate"
    assert np.isnan(caught.value.arrays["returns"]).any()
    assert all(weight.isfinite().all() for weight in algo.policy.parameters())


def test_the_log_has_the_same_keys(configure):
    keys = []
    for kind in (SequencePPO, DevicePPO):
        task = RememberTheCue(6)
        algo = begin(build_algo(configure(*SHORT), ToyEnv(task), kind))
        if kind is SequencePPO:  # the toy has no face of arrays, but a full buffer is all that an update needs
            algo.rollout_buffer.returns.copy_(torch.randn(8, 6))
            algo.rollout_buffer.observations.normal_()
        else:
            algo.rollout()
        algo.train()
        keys.append(set(algo.logger.name_to_value))
    assert keys[0] == keys[1]


# Repeatability


def test_same_seed_same_weights_other_seed_other_weights(configure):
    one, two, other = (
        weights(build(configure(*SHORT, f"seed={seed}"), RememberTheCue(6, spread=2, seed=seed)).learn(150))
        for seed in (3, 3, 4)
    )
    assert same(one, two)
    assert not same(one, other)


@pytest.mark.parametrize(
    "overrides", [("algo.learning_rate_final=null",), ("pretrain=cmc", "pretrain.batch_size_after=48"), NOISY]
)
def test_a_run_that_resumes_goes_on_as_if_nothing_had_happened(tmp_path, configure, overrides):
    config = configure(*SHORT, *overrides)
    folder = RunFolder(tmp_path)

    class Env(ToyEnv):
        def state(self):
            return self.task.state()

        def restore(self, state):
            self.task.restore(state)

    def parts(algo):
        return {"algo": algo, "random": RandomState(), "env": algo.env}

    def go_on(algo):
        for _ in range(3):
            algo.rollout()
            algo.update()
        return weights(algo)

    algo = begin(build_algo(config, Env(RememberTheCue(6, spread=2)), DevicePPO))
    go_on(algo)
    checkpoint.save(folder, TrainingState.of(algo.num_timesteps, algo.policy, parts(algo)))
    expected = go_on(algo)
    other = build_algo(config, Env(RememberTheCue(6, spread=2, seed=8)), DevicePPO)
    checkpoint.load_state(folder.checkpoints()[-1]).restore(other.policy, parts(other))
    assert same(expected, go_on(begin(other)))
    assert other.num_timesteps == algo.num_timesteps


def test_state_dependent_exploration_is_refused(configure):
    with pytest.raises(ConfigError) as caught:
        build(configure(*SHORT, "algo.use_sde=true"), RememberTheCue(6))
    assert caught.value.key == "algo.use_sde"
    assert build(configure(*SHORT, "algo.use_sde=false"), RememberTheCue(6))
    assert build_algo(configure(*SHORT, "algo.use_sde=true"), ToyEnv(RememberTheCue(6)))  # over arrays
