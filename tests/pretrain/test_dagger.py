import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from mousearm.env.references import Start
from mousearm.errors import NonFiniteError
from mousearm.policy.network import build_policy
from mousearm.policy.penalties import Penalties
from mousearm.pretrain.dagger import DAgger


class Spring:
    """A teacher that pulls the joints of a task towards the reference, as a damped spring."""

    def __init__(self, references):
        self.references = references

    def __call__(self, snapshot, reach, frame):
        away = self.references.qpos[reach, frame] - snapshot.qpos
        return np.clip(3 * away + 0.03 * (self.references.qvel[reach, frame] - snapshot.qvel), -1, 1)


@pytest.fixture
def build(build_task, two_link, swing, configure):
    """A two-link task of 16 or n simulations on two swings of 12 and 9 frames, and a fresh network to teach."""

    def build(n=16, words=(), sampling="uniform", **changes):
        config = configure("pretrain=cmc", "policy.lstm_hidden_size=32", *words)
        task = build_task(two_link, [swing(two_link, 12, "long"), swing(two_link, 9, "short")], n, *words)
        torch.manual_seed(0)
        policy = build_policy(config, task.n_observations, two_link.nu)
        how = replace(config.pretrain, rounds=12, teacher_rounds=4, batch_size=88, n_epochs=10, learning_rate=3e-3)
        teacher, how = Spring(task.references), replace(how, **changes)
        return DAgger(task, policy, teacher, how, 0, Penalties.of(config.algo), sampling), policy

    return build


def errors_of(teacher, task):
    """Mean paw error, mm, of the long reach and the short one under a teacher."""
    task.reset(np.arange(16), Start(np.arange(16) % 2, np.zeros(16, dtype=int)))
    errors = [task.step(teacher(task.snapshot, *task.position)).paw_mm for _ in range(11)]
    return np.mean([*np.array(errors)[:, 0], *np.array(errors)[:8, 1]])


@pytest.mark.slow
def test_the_network_learns_what_the_teacher_does(build):
    imitation, policy = build()
    told = []
    imitation.run(told.append)
    assert [round(progress.teacher_share, 2) for progress in told[:5]] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert told[-1].loss < 0.05 * told[0].loss
    # Nobody but the teacher drove the first round; the network drives the last one, and as well as the teacher does.
    assert np.isnan(told[0].paw_mm)
    assert told[-1].paw_mm == pytest.approx(errors_of(imitation._teacher.expert, imitation._task), rel=0.1)
    np.testing.assert_allclose(policy.log_std.detach(), imitation.config.log_std_after)


def test_a_lesson_ends_with_the_reach(build):
    imitation, _ = build(noise=0.0)
    lesson, paw_mm = imitation.collect(teacher_share=1.0)
    assert np.isnan(paw_mm)
    # Reaches of 12 and 9 frames are episodes of 11 and 8 steps.
    assert lesson.observations.shape[:2] == (11, 16)
    assert set(lesson.counts.sum(dim=0).tolist()) == {11.0, 8.0}


@pytest.mark.slow
def test_the_best_network_may_be_kept(build):
    imitation, policy = build(keep_best=True, noise_spread=True, rounds=8)
    tried = []
    collect = imitation.collect

    def watched(teacher_share):
        found = {name: value.clone() for name, value in policy.state_dict().items()}
        batch = collect(teacher_share)
        tried.append((teacher_share, imitation._quiet_mm, found))
        return batch

    imitation.collect = watched
    imitation.run(lambda _: None)
    assert [share for share, *_ in tried[4:]] == [0.0] * 5  # four rounds, and the network of the last one
    best = min(tried[4:], key=lambda one: one[1])[2]
    for name, value in policy.state_dict().items():
        torch.testing.assert_close(value, best[name], rtol=0, atol=0)


def test_noise_may_spread_from_none_to_all_of_it(build):
    moved = []
    for has_spread in (False, True):
        imitation, _ = build(noise=0.05, noise_spread=has_spread)
        lesson, _ = imitation.collect(teacher_share=1.0)
        again, _ = build(noise=0.0)
        quiet, _ = again.collect(teacher_share=1.0)  # the same reaches, for the same numbers are drawn
        moved.append((lesson.observations - quiet.observations)[1].abs().mean(dim=1))
    alike, spread = moved
    assert spread[0] == 0
    torch.testing.assert_close(spread[1:], alike[1:] * torch.arange(1, 16) / 15, rtol=0.05, atol=1e-6)


def test_rounds_without_the_longest_reach_are_learned_with_the_others(build):
    imitation, _ = build(n=1)
    told = []
    imitation.run(lambda progress: told.append(progress) or True)
    assert {progress.steps for progress in told} == {11, 8}


def test_what_comes_after_a_reach_teaches_nothing(build):
    imitation, policy = build()
    lesson, _ = imitation.collect(teacher_share=0.5)
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    loss = imitation._descend(lesson)
    policy.load_state_dict(before)
    spoilt = lesson._replace(actions=torch.where(lesson.counts[..., None] > 0, lesson.actions, 100.0))
    assert imitation._descend(spoilt) == pytest.approx(loss)


def test_the_same_seed_gives_the_same_network(build):
    weights = []
    for _ in range(2):
        imitation, policy = build(rounds=2)
        imitation.run(lambda _: None)
        weights.append(torch.cat([p.detach().flatten() for p in policy.parameters()]))
    assert torch.equal(*weights)


def test_a_teacher_leaves_signs_as_they_are_and_rates_small(build):
    rates = []
    for cost in (0, 1):
        words = ("policy=dale", "policy.unit_noise=0.05", f"algo.rate_penalty={cost}")
        imitation, policy = build(words=words, rounds=3)
        kinds = policy.backbone.signs.clone()
        imitation.run(lambda _: None)
        for weights in (policy.backbone.recurrent[0], policy.mlp_extractor.policy_net[0].weight):
            assert (weights * kinds >= 0).all()
            assert (weights == 0).any()  # some were held
        lesson, _ = imitation.collect(teacher_share=1.0)
        outputs, _ = policy(lesson.observations, policy.backbone.initial_state(16))
        rates.append(outputs.square().mean().item())
    assert rates[1] < 0.5 * rates[0]


def test_reaches_that_the_network_misses_may_be_drawn_more_often(build):
    # By the errors of arms that the network drives: the teacher's say nothing.
    imitation, _ = build(n=200, sampling="hard")
    imitation.collect(teacher_share=1.0)
    np.testing.assert_array_equal(imitation._starts.probabilities, [0.5, 0.5])
    imitation.collect(teacher_share=0.0)
    known = imitation._starts.errors_mm.copy()
    assert (known > 0).all()
    imitation._starts.errors_mm[:] = 9, 1  # 0.1 + 0.8 * 0.9 of all arms are to perform the long one
    batch, _ = imitation.collect(teacher_share=0.0)
    assert (batch.counts.sum(dim=0) == 11).float().mean().item() == pytest.approx(0.82, abs=0.07)
    again, _ = build(n=200, sampling="hard")
    again.restore(imitation.state())
    np.testing.assert_array_equal(again._starts.errors_mm, imitation._starts.errors_mm)


def test_it_goes_on_where_another_one_was(build):
    def weights(policy):
        return torch.cat([p.detach().flatten() for p in policy.parameters()])

    whole, taught = build(rounds=4, remembered_rounds=2, n_epochs=2)
    whole.run(lambda _: None)
    saved = []

    def save(_):
        if first.rounds_done == 2:
            saved.append(copy.deepcopy((first.state(), half.state_dict())))

    first, half = build(rounds=4, remembered_rounds=2, n_epochs=2)
    first.run(save)
    second, policy = build(rounds=4, remembered_rounds=2, n_epochs=2)
    second.restore(saved[0][0])
    policy.load_state_dict(saved[0][1])
    told = []
    second.run(told.append)
    assert len(told) == 2
    assert torch.equal(weights(policy), weights(taught))


def test_the_value_head_is_left_alone(build):
    imitation, policy = build(rounds=1)
    before = [p.clone() for p in policy.value_net.parameters()]
    imitation.run(lambda _: None)
    assert all(torch.equal(a, b) for a, b in zip(before, policy.value_net.parameters(), strict=True))


def test_the_time_that_is_left_grows_with_what_is_remembered(build):
    imitation, _ = build(rounds=5, remembered_rounds=3)
    assert imitation.seconds_left(2.0, 1.0, 1) == 4 * 2.0 + (2 + 3 + 3 + 3) * 1.0
    assert imitation.seconds_left(2.0, 3.0, 4) == 2.0 + 3.0  # the last one remembers as many as the one before
    assert imitation.seconds_left(2.0, 3.0, 5) == 0


def on_gpu(imitation, policy):
    """Let it learn as on a GPU."""
    imitation._optimizer = torch.optim.Adam(policy.parameters(), lr=imitation.config.learning_rate, fused=True)
    imitation._descents = {}


def test_descent_without_the_host_is_the_same(build):
    losses = []
    for change in (lambda *_: None, on_gpu):
        imitation, policy = build()
        change(imitation, policy)
        imitation._batches.append(imitation.collect(1.0)[0])
        losses.append([imitation.fit() for _ in range(2)])
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_a_lesson_that_is_not_finite_is_refused_without_the_host_too(build):
    imitation, policy = build(n_epochs=1)
    on_gpu(imitation, policy)
    batch = imitation.collect(1.0)[0]
    batch.actions[0, 3] = float("nan")
    imitation._batches.append(batch)
    with pytest.raises(NonFiniteError) as caught:
        imitation.fit()
    assert caught.value.key == "pretrain.learning_rate"
    assert all(weight.isfinite().all() for weight in policy.parameters())
