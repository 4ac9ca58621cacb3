import copy
import math

import numpy as np
import pytest
import torch

from mousearm.errors import ConfigError
from mousearm.policy.controller import ActivityController, PolicyController
from mousearm.policy.network import build_policy
from mousearm.policy.penalties import Penalties
from mousearm.policy.rate_units import RateUnits

DT, TAU = 1 / 150, 0.02
UPDATE = 1 - math.exp(-DT / TAU)
SMALL = ("policy.lstm_hidden_size=10", "policy.net_arch_pi=[6]", "policy.net_arch_vf=[6]")


@pytest.mark.parametrize("kind", ["tanh", "softplus"])
def test_rates_approach_what_drives_them_with_the_time_constant(kind):
    """A unit without connections, from a rate of 0: r(t) = f(b) (1 - exp(-t / tau))."""
    units = RateUnits(1, 1, 1, update=UPDATE, nonlinearity=kind)
    torch.nn.init.zeros_(units.recurrent[0])
    units.inputs[0].bias.data[:] = 0.7
    with torch.no_grad():
        rates, _ = units(torch.zeros(12, 1, 1), units.initial_state(1))
    target = math.tanh(0.7) if kind == "tanh" else math.log1p(math.exp(0.7))
    expected = target * (1 - np.exp(-DT / TAU * np.arange(1, 13)))
    np.testing.assert_allclose(rates[:, 0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("excitatory", [None, 0.8])
def test_rates_begin_small_and_do_not_grow_without_end(excitatory):
    """Two seconds of normal input; with eigenvalues of 2 the mean was above 70 after 49 steps."""
    torch.manual_seed(0)
    units = RateUnits(12, 128, 1, update=UPDATE, nonlinearity="softplus", excitatory=excitatory)
    with torch.no_grad():
        rates, _ = units(torch.randn(300, 8, 12), units.initial_state(8))
    assert 0.05 < rates[-1].mean() < 0.5
    assert rates.max() < 5


def test_a_step_by_hand():
    units = RateUnits(1, 2, 1, update=0.25, nonlinearity="softplus", excitatory=0.5)
    for weights, values in (
        (units.inputs[0].weight, [[1.0], [2.0]]),
        (units.inputs[0].bias, [0.5, -1.0]),
        (units.recurrent[0], [[1.0, -2.0], [3.0, 0.0]]),
    ):
        weights.data[:] = torch.tensor(values)
    state = torch.tensor([[[0.2, 0.4]]])
    with torch.no_grad():
        rates, _ = units(torch.tensor([[[0.1]]]), state)
    # First: 0.1 + 0.2 - 0.8 + 0.5 = 0; softplus ln 2; 0.75 * 0.2 + 0.25 ln 2. Second: 0.2 + 0.6 - 1 = -0.2.
    expected = [0.15 + 0.25 * math.log(2), 0.3 + 0.25 * math.log1p(math.exp(-0.2))]
    np.testing.assert_allclose(rates[0, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("update", [0.05, 0.5, 1.0])
def test_noise_alone_causes_the_standard_deviation_that_is_stated(update):
    """By counting: 400 units without connections whose input is small, where tanh has the slope 1."""
    torch.manual_seed(0)
    units = RateUnits(1, 400, 1, update=update, noise=0.02)
    for weights in units.parameters():
        torch.nn.init.zeros_(weights)
    with torch.no_grad():
        noise = torch.randn(600, 1, units.n_noise)
        rates, _ = units(torch.zeros(600, 1, 1), units.initial_state(1), noise)
        state, by_step = units.initial_state(1), []
        for drawn in noise[:5]:
            rate, state = units.step(torch.zeros(1, 1), state, drawn)
            by_step.append(rate)
    assert rates[100:].std().item() == pytest.approx(0.02, rel=0.02)  # about 10 000 independent numbers at least
    torch.testing.assert_close(rates[:5], torch.stack(by_step), rtol=1e-5, atol=1e-7)


@pytest.fixture
def dale(configure):
    torch.manual_seed(0)
    config = configure("policy=dale", *SMALL, "policy.n_lstm_layers=2", "policy.unit_noise=0.1", "policy.dale=0.7")
    return build_policy(config, 4, 2)


def signed(policy):
    """Weights (m, 10) from the units of each layer to all others, and to the actions."""
    backbone = policy.backbone
    return [*backbone.recurrent, backbone.inputs[1].weight, policy.mlp_extractor.policy_net[0].weight]


def hold_their_signs(policy):
    return all((weights[:, :7] >= 0).all() and (weights[:, 7:] <= 0).all() for weights in signed(policy))


def test_each_unit_has_one_sign_after_every_update(dale):
    """By any optimiser that was told, and in a copy; the critic and what comes in from outside are free."""
    assert hold_their_signs(dale)
    other = torch.optim.SGD(dale.parameters(), lr=0.0)
    dale.keep_signs(other)
    again = copy.deepcopy(dale)
    for policy, optimizer, rate in ((dale, dale.optimizer, 0.1), (dale, other, 10.0), (again, again.optimizer, 0.1)):
        before = [weights.clone() for weights in signed(policy)]
        for group in optimizer.param_groups:
            group["lr"] = rate
        for _ in range(3):
            outputs, _ = policy(torch.randn(5, 3, 4), policy.backbone.initial_state(3))
            optimizer.zero_grad()
            (policy.mean_actions(outputs[-1]) - 1).square().sum().backward()
            optimizer.step()
            assert hold_their_signs(policy)
        assert any(
            (weights == 0).any() and not torch.equal(weights, old)
            for weights, old in zip(signed(policy), before, strict=True)
        )
    assert (dale.mlp_extractor.value_net[0].weight[:, :7] < 0).any()


def test_a_step_is_what_the_rule_says(dale):
    """Where no weight would change its sign, an update is the optimiser's own."""
    weights = dale.backbone.recurrent[0]
    optimizer = torch.optim.SGD([weights], lr=1.0)
    dale.keep_signs(optimizer)
    weights.grad = torch.zeros_like(weights)
    old = weights.detach().clone()
    weights.grad[0, 0], weights.grad[0, 9], weights.grad[1, 1] = 0.25 * old[0, 0], 0.25 * old[0, 9], 2 * old[1, 1]
    optimizer.step()
    torch.testing.assert_close(weights[0, [0, 9]].detach(), 0.75 * old[0, [0, 9]])
    assert weights[1, 1] == 0
    assert torch.equal(weights[2:], old[2:])


def test_units_are_named_by_their_kind(dale, configure):
    names = dale.backbone.unit_names
    assert names[:2] == ("excitatory_1", "excitatory_2")
    assert names[6:] == ("excitatory_7", "inhibitory_1", "inhibitory_2", "inhibitory_3")
    assert build_policy(configure("policy=ctrnn", *SMALL), 4, 2).backbone.unit_names == ()


def test_a_noisy_network_repeats_itself_by_the_number_of_the_arm(dale):
    torch.nn.init.orthogonal_(dale.action_net.weight)
    seen = np.tile(np.random.default_rng(0).normal(size=(6, 1, 4)).astype(np.float32), (1, 5, 1))

    def actions(n, first=0):
        controller = PolicyController(dale, first)
        controller.reset(n)
        return np.stack([controller.act(row[first : first + n]) for row in seen])

    np.testing.assert_allclose(actions(3, 2), actions(5)[:, 2:], atol=1e-6)
    assert np.abs(np.diff(actions(3), axis=1)).max(axis=2).min() > 0
    controller = ActivityController(dale)
    controller.reset(5)
    np.testing.assert_array_equal(controller.act(seen[0]), actions(5)[0])


def test_penalties_by_hand(dale):
    outputs = torch.tensor([[1.0, 3.0], [0.0, 2.0]])
    # Mean squares of the steps 5 and 2, which count 1 and 3: 2.75.
    cost = Penalties(rate=0.1)(dale, outputs, lambda rows: (rows * torch.tensor([0.25, 0.75])).sum())
    assert cost.item() == pytest.approx(0.275)
    for weights in dale.parameters():
        weights.data.fill_(1.0)
    dale.action_net.weight.data.fill_(2.0)
    # Weights: 10 x 4 and 10 x 10 of inputs, two recurrent 10 x 10, 6 x 10 of the head, all 1; 2 x 6 of 2.
    cost = Penalties(weight=0.5)(dale, outputs, torch.mean)
    assert cost.item() == pytest.approx(0.5 * (400 + 4 * 12) / 412)
    assert not Penalties()


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (["policy.dale=0.8"], ["policy=ctrnn", "policy.nonlinearity=softplus"]),
        (["policy.dale=0.8"], ["policy.dale=null"]),
        (["policy=ctrnn", "policy.dale=0.8"], ["policy.nonlinearity=softplus"]),
        (["policy=gru", "policy.unit_noise=0.1"], ["policy=ctrnn"]),
        (["policy.unit_noise=0.1"], ["policy.unit_noise=0"]),
    ],
)
def test_what_only_rate_units_have_is_refused_with_a_remedy(configure, wrong, remedy):
    with pytest.raises(ConfigError) as refused:
        configure(*wrong)
    assert all(said.split(".")[0] in str(refused.value) for said in remedy[:1])
    configure(*[word for word in wrong if not any(word.split("=")[0] == r.split("=")[0] for r in remedy)], *remedy)
