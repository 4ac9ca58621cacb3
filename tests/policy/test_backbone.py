import re

import pytest
import torch

from mousearm.config import PolicyConfig
from mousearm.errors import UnknownNameError
from mousearm.policy.backbone import reset_state
from mousearm.registry import BACKBONES

# What is chosen of the configuration, by the name of a kind.
CHOICES = {kind: {"backbone": kind} for kind in BACKBONES}
CHOICES |= {"dale": {"backbone": "ctrnn", "nonlinearity": "softplus", "dale": 0.6}}
KINDS = sorted(CHOICES)
MEMORIES = ["ctrnn", "dale", "gru", "lstm", "rnn"]
FEATURES, HIDDEN, N, STEPS = 5, 16, 3, 11


def build(kind, n_layers=1, seed=0):
    torch.manual_seed(seed)
    return construct(kind, FEATURES, HIDDEN, n_layers)


def construct(kind, n_features, hidden_size, n_layers):
    config = PolicyConfig(hidden_size, n_layers, [4], [4], -1.0, True, True, **CHOICES[kind])
    return BACKBONES[config.backbone](n_features, config, 1 / 150)


def random(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def stepwise(backbone, sequence, state):
    outputs = []
    for features in sequence:
        output, state = backbone(features[None], state)
        outputs.append(output)
    return torch.cat(outputs), state


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize(("kind", "per_layer"), [("lstm", 2), ("gru", 1), ("rnn", 1), ("ctrnn", 1), ("ffn", 0)])
def test_shapes(kind, per_layer, n_layers):
    backbone = build(kind, n_layers)
    assert backbone.n_states == per_layer * n_layers
    assert backbone.hidden_size == HIDDEN
    begin = backbone.initial_state(N)
    assert begin.shape == (per_layer * n_layers, N, HIDDEN)
    assert not begin.any()
    outputs, state = backbone(random(STEPS, N, FEATURES), begin)
    assert outputs.shape == (STEPS, N, HIDDEN)
    assert state.shape == begin.shape


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_at_once_equals_step_by_step(kind, n_layers):
    backbone = build(kind, n_layers)
    sequence, state = random(STEPS, N, FEATURES), random(*backbone.initial_state(N).shape, seed=2)
    with torch.no_grad():
        torch.testing.assert_close(backbone(sequence, state), stepwise(backbone, sequence, state), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_cells_of_one_step_equal_the_network(kind, n_layers):
    backbone = build(kind, n_layers)
    sequence, state = random(STEPS, N, FEATURES), random(*backbone.initial_state(N).shape, seed=2)
    with torch.no_grad():
        outputs, after = backbone(sequence, state)
        for features, expected in zip(sequence, outputs, strict=True):
            output, state = backbone.step(features, state)
            torch.testing.assert_close(output, expected, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(state, after, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_sequence_at_once_equal_step_by_step(kind, n_layers):
    backbone = build(kind, n_layers)
    sequence, state = random(STEPS, N, FEATURES), random(*backbone.initial_state(N).shape, seed=2)
    weights = random(STEPS, N, HIDDEN, seed=3)
    gradients = []
    for run in (backbone, lambda *inputs: stepwise(backbone, *inputs)):
        outputs, _ = run(sequence, state)
        gradients.append(torch.autograd.grad((weights * outputs).sum(), list(backbone.parameters())))
    for at_once, by_step in zip(*gradients, strict=True):
        torch.testing.assert_close(at_once, by_step, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    backbone = construct(kind, 2, 3, 1).double()
    parameters = tuple(backbone.parameters())
    sequence, state = random(4, 2, 2).double(), random(backbone.n_states, 2, 3, seed=2).double()

    def outputs(*values):
        named = dict(zip(dict(backbone.named_parameters()), values, strict=True))
        return torch.func.functional_call(backbone, named, (sequence, state))[0]

    assert torch.autograd.gradcheck(outputs, parameters)


@pytest.mark.parametrize("kind", MEMORIES)
def test_the_first_step_reaches_the_last(kind):
    backbone = build(kind)
    sequence = random(STEPS, N, FEATURES).requires_grad_()
    outputs, _ = backbone(sequence, backbone.initial_state(N))
    (gradient,) = torch.autograd.grad(outputs[-1].sum(), sequence)
    assert gradient[0].abs().max() > 1e-6


def test_a_feed_forward_network_sees_one_step_only():
    backbone = build("ffn", n_layers=2)
    sequence = random(STEPS, N, FEATURES).requires_grad_()
    outputs, _ = backbone(sequence, backbone.initial_state(N))
    (gradient,) = torch.autograd.grad(outputs[-1].sum(), sequence)
    assert gradient[-1].abs().max() > 1e-3
    assert not gradient[:-1].any()


def test_forget_clears_those_that_begin():
    state = random(2, 3, HIDDEN)
    after = reset_state(state, torch.tensor([False, True, False]))
    assert not after[:, 1].any()
    torch.testing.assert_close(after[:, [0, 2]], state[:, [0, 2]], rtol=0, atol=0)
    assert reset_state(torch.zeros(0, 3, HIDDEN), torch.ones(3, dtype=torch.bool)).shape == (0, 3, HIDDEN)


def test_the_configuration_knows_all_kinds_and_no_other(configure):
    for kind in BACKBONES:
        assert configure(f"policy={kind}").policy.backbone == kind
    known = f"choice for policy.backbone named 'transformer'. Those that exist: {', '.join(sorted(BACKBONES))}."
    with pytest.raises(UnknownNameError, match=re.escape(known)):
        configure("policy.backbone=transformer")


def test_a_configuration_saved_before_there_was_a_choice_has_an_lstm():
    assert PolicyConfig(8, 1, [4], [4], -1.0, True, True).backbone == "lstm"
