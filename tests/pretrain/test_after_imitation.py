"""Learning by reward after a warm start: what it leaves alone, at which rates it learns, and that it improves."""

import copy

import pytest
import torch
from stable_baselines3.common.logger import Logger

from mousearm.algo import build_algo
from mousearm.env.vec_env import TrackingVecEnv

SMALL = (
    *("pretrain=cmc", "pretrain.batch_size_after=88", "env.num_envs=8"),
    *("policy.lstm_hidden_size=16", "policy.net_arch_pi=[8]", "policy.net_arch_vf=[8]"),
)
OF_VALUE = "value_net"


@pytest.fixture
def build(configure, build_task, two_link, swing):
    """An algorithm over 8 two-link arms on a swing of 12 frames, as it is after imitation."""

    def build(*overrides):
        config = configure(*SMALL, "algo.n_steps=11", "algo.batch_size=44", "algo.n_epochs=2", *overrides)
        algo = build_algo(config, TrackingVecEnv(build_task(two_link, [swing(two_link, 12)], 8)))
        torch.nn.init.constant_(algo.policy.log_std, config.pretrain.log_std_after)
        algo.policy.features_extractor.update(torch.randn(50, algo.observation_space.shape[0]))
        algo.set_logger(Logger(None, []))
        algo.begin(10_000)
        return algo

    return build


def learn(algo, n=2):
    for _ in range(n):
        algo.rollout()
        algo.update()


def normalizer(algo):
    return {name: moment.clone() for name, moment in algo.policy.features_extractor.named_buffers()}


def test_the_normaliser_stays_as_it_was_taught_with(build):
    algo = build()
    before = normalizer(algo)
    learn(algo)
    assert all(torch.equal(moment, before[name]) for name, moment in normalizer(algo).items())


@pytest.mark.parametrize(
    ("words", "n_steps"),
    [((), 11), (("pretrain.batch_size_after=89",), 12), (("pretrain.batch_size_after=null",), 11)],
)
def test_rollouts_fill_a_minibatch(build, words, n_steps):
    assert build(*words).n_steps == n_steps


def test_without_a_warm_start_the_normaliser_learns(build):
    algo = build("pretrain.teacher=none")
    before = normalizer(algo)
    learn(algo)
    assert not torch.equal(normalizer(algo)["mean"], before["mean"])


def test_the_value_head_learns_at_its_own_rate(build):
    # Adam's first steps are the learning rate, whatever the gradient (where that is not tiny).
    algo = build("pretrain.critic_learning_rate=0.01", "pretrain.learning_rate_after=1e-5", "algo.n_epochs=1")
    algo.batch_size = 88  # one minibatch
    algo.rollout()
    rewards, values, returns = (getattr(algo.rollout_buffer, name) for name in ("rewards", "values", "returns"))
    # It begins with what rewards of the mean are worth, 1 / (1 - gamma) times that; all reaches end with the rollout,
    # where time cuts them off, so that this value, discounted, was added to the last reward.
    value = float(values[0, 0])
    assert (values == value).all()
    assert 0.1 * value == pytest.approx((rewards.sum(0).mean() - 0.9 * value) / 11)
    before = {name: weight.clone() for name, weight in algo.policy.named_parameters()}
    algo.update()
    for name, weight in algo.policy.named_parameters():
        step = (weight - before[name]).abs().max().item()
        if "mlp_extractor.value_net" in name:  # its end began with zeros, through which no gradient comes
            assert step == 0
        else:  # the end of the value head learns in units of the spread of returns
            rate = 0.01 * float(returns.std()) if OF_VALUE in name else 1e-5
            assert step == pytest.approx(rate, rel=0.05), name


def test_gradients_of_the_value_head_are_clipped_by_themselves(build):
    algo = build("algo.max_grad_norm=0.001")
    learn(algo, 2)
    for group in algo.policy.optimizer.param_groups:
        assert torch.cat([weight.grad.flatten() for weight in group["params"]]).norm() == pytest.approx(0.001, rel=0.01)


def test_one_rate_for_all_is_one_group_of_weights_in_the_order_of_the_network(build):
    policy = build("pretrain.critic_learning_rate=null").policy
    (group,) = policy.optimizer.param_groups
    assert all(own is weight for own, weight in zip(group["params"], policy.parameters(), strict=True))


def test_two_groups_hold_every_weight_once_and_are_saved_as_the_network_has_them(build):
    algo = build()
    learn(algo, 1)
    weights, optimizer = list(algo.policy.named_parameters()), algo.policy.optimizer
    held = [id(weight) for group in optimizer.param_groups for weight in group["params"]]
    assert sorted(held) == sorted(id(weight) for _, weight in weights)
    saved = algo.state()["optimizer"]
    for i, (name, weight) in enumerate(weights):
        parts = (
            ("value_net.weight", "value_net.bias"),
            [name for name, _ in weights if "mlp_extractor.value_net" in name],
        )
        place = 2 if name in parts[0] else 1 if name in parts[1] else 0
        assert [i in group["params"] for group in saved["param_groups"]] == [place == k for k in range(3)]
        assert torch.equal(saved["state"][i]["exp_avg"], optimizer.state[weight]["exp_avg"]), name


def test_a_copy_goes_on_to_the_same_bits(build):
    algo, other = build(), build()
    learn(algo)
    other.policy.load_state_dict(algo.policy.state_dict())
    other.env.restore(copy.deepcopy(algo.env.state()))
    other.restore(copy.deepcopy(algo.state()))
    random = torch.get_rng_state()
    learn(algo)
    torch.set_rng_state(random)
    learn(other)
    for (name, one), two in zip(algo.policy.state_dict().items(), other.policy.state_dict().values(), strict=True):
        assert torch.equal(one, two), name


@pytest.mark.parametrize(("after", "n"), [("88", 1), ("null", 2)])
def test_minibatches_are_as_large_as_is_said_for_after_the_warm_start(build, after, n):
    algo = build(f"pretrain.batch_size_after={after}", "pretrain.critic_steps=0")
    algo.rollout()
    assert len(list(algo.rollout_buffer.minibatches(algo.batch_size))) == n  # of 88 steps, by 44 otherwise


def test_the_rate_of_the_network_falls_and_that_of_the_value_head_does_not(build):
    algo = build("pretrain.learning_rate_after=1e-3")
    algo.begin(2 * 88)
    learn(algo, 1)
    rates = [1e-3, 1e-3 * algo.critic.scale]
    assert [group["lr"] for group in algo.policy.optimizer.param_groups] == pytest.approx([5e-4, *rates])
    learn(algo, 1)
    assert [group["lr"] for group in algo.policy.optimizer.param_groups] == pytest.approx([0, *rates])
