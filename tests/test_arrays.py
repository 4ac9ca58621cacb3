"""Every function that is computed on NumPy's arrays or torch's tensors gives the same numbers on both."""

import dataclasses
from itertools import cycle

import numpy as np
import pytest
import torch

from mousearm.arrays import logistic, namespace, side_by_side
from mousearm.env.rules import divergence_reward, has_diverged, look_ahead, score
from mousearm.observation import Ahead, Observation, sense_of
from mousearm.registry import ACTION_MAPS, EFFORTS, KERNELS, OBSERVATIONS, REWARDS
from mousearm.reward import Reward, RewardForm, Step
from mousearm.senses import Anatomy, SensesConfig
from mousearm.trajectory import Snapshot, errors_mm

N, NQ, NU, FRAMES, REACHES = 50, 4, 6, 7, 3
# Of each number type, how far two libraries may lie apart, relative to numbers around 1.
TYPES = pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])


def drawn(rng, *shape):
    return rng.normal(size=shape)


def snapshot(rng):
    landmarks = 0.01 * drawn(rng, N, 3, 3)
    fibres = 1 + 0.4 * drawn(rng, N, NU), 8 * drawn(rng, N, NU), np.abs(drawn(rng, N, NU))
    return Snapshot(*(drawn(rng, N, k) for k in (NQ, NQ, NU, NU, NU)), landmarks, *fibres)


def body(rng):
    """All six actuators are muscles."""
    order, constants = np.arange(NU), 1 + 0.1 * drawn(rng, 3, NU)
    return Anatomy(order, order[::-1].copy(), *constants, senses=SensesConfig())


def tensors(thing, dtype):
    """The same with tensors for all arrays; those of numbers in a type."""
    if isinstance(thing, np.ndarray):
        return torch.tensor(thing, dtype=dtype if thing.dtype.kind == "f" else None)
    if dataclasses.is_dataclass(thing) and not isinstance(thing, SensesConfig):
        parts = (getattr(thing, field.name) for field in dataclasses.fields(thing))
        return type(thing)(*(tensors(part, dtype) for part in parts))
    return thing


def agree(function, *arguments, dtype, tolerance):
    """Compute with arrays and with tensors; the numbers agree."""
    theirs, ours = function(*arguments), function(*(tensors(argument, dtype) for argument in arguments))
    assert isinstance(ours, torch.Tensor)
    assert ours.dtype in (dtype, torch.bool)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=10 * tolerance, atol=tolerance)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def step(rng):
    errors = (3 * np.abs(drawn(rng, N)) for _ in range(2))
    return Step(snapshot(rng), snapshot(rng), *errors, 1 + drawn(rng, NU) ** 2, drawn(rng, N) ** 2)


@TYPES
@pytest.mark.parametrize("name", list(OBSERVATIONS))
def test_observation_terms(rng, name, dtype, tolerance):
    points = (0.01 * drawn(rng, N, *shape) for shape in ((2, 3), (4, 2, 3), (3,)))
    ahead, of = Ahead(rng.random(N), *points), body(rng)
    scale = 1000 if sense_of(OBSERVATIONS[name]).unit == "imp/s" else 1  # of the numbers
    agree(OBSERVATIONS[name], snapshot(rng), ahead, of, dtype=dtype, tolerance=scale * tolerance)
    seen = Observation([name], tensors(of, dtype))(tensors(snapshot(rng), dtype), tensors(ahead, dtype))
    assert seen.dtype == torch.float32


@TYPES
@pytest.mark.parametrize("name", list(REWARDS))
@pytest.mark.parametrize(("kernel", "effort"), [*zip(cycle(KERNELS), EFFORTS, strict=False)])
def test_reward_terms(step, name, kernel, effort, dtype, tolerance):
    def term(step):
        sigma_mm = namespace(step.paw_mm).asarray([0.3, 1.0, 4.0], dtype=step.paw_mm.dtype)
        return REWARDS[name](step, RewardForm(kernel=kernel, sigma_mm=sigma_mm, effort=effort))

    agree(term, step, dtype=dtype, tolerance=10 * tolerance)


@TYPES
@pytest.mark.parametrize("name", list(ACTION_MAPS))
def test_action_maps(rng, name, dtype, tolerance):
    ctrl_range = np.sort(drawn(rng, NU, 2))
    agree(ACTION_MAPS[name], drawn(rng, N, NU), ctrl_range, dtype=dtype, tolerance=tolerance)


@TYPES
def test_rules_of_the_task(rng, configure, dtype, tolerance):
    kinds = {"dtype": dtype, "tolerance": tolerance}
    before, after, target = snapshot(rng), snapshot(rng), 0.01 * drawn(rng, N, 2, 3)
    agree(errors_mm, after.landmarks[:, 1:], target, dtype=dtype, tolerance=10 * tolerance)
    after.qvel[3], after.qpos[5], after.ctrl[7], after.activation[9] = 2e4, np.inf, np.nan, -np.inf
    agree(has_diverged, after, **kinds)
    assert list(np.flatnonzero(has_diverged(after))) == [3, 5, 7, 9]
    agree(divergence_reward, rng.integers(1, 9, N), drawn(rng, N), 0.5, **kinds)
    reach, frame, last_frame = rng.integers(0, REACHES, N), rng.integers(0, 4, N), rng.integers(4, FRAMES, N)
    targets, frames_ahead = drawn(rng, REACHES, FRAMES, 2, 3), np.array([0, 2, 4])
    for part in ("target", "targets"):
        agree(
            lambda *given, part=part: getattr(look_ahead(*given), part),
            targets,
            reach,
            frame,
            last_frame,
            frames_ahead,
            **kinds,
        )
    phase = look_ahead(*(tensors(part, dtype) for part in (targets, reach, frame, last_frame, frames_ahead))).phase
    np.testing.assert_array_equal(phase.float(), (frame / last_frame).astype(np.float32))
    config = configure("reward.w_effort=0.1", "reward.w_qpos=0.1").reward

    def worth(before, target, peak_force):
        kind = namespace(peak_force).asarray
        return score(
            Reward(config, lambda values: kind(values, dtype=peak_force.dtype)), before, before, target, peak_force
        ).reward

    agree(worth, before, target, np.ones(NU), dtype=dtype, tolerance=10 * tolerance)


def test_the_namespace_is_numpys_own_or_the_standards_of_torch():
    assert namespace(np.zeros(2)) is np
    assert namespace(torch.zeros(2)).sum(torch.ones(2, 3), axis=1).shape == (2,)


def test_logistic_by_hand():
    # 1 / (1 + e^-2) = 0.8808; the last bit of arrays is scipy's.
    for kind in (np.array, torch.tensor):
        np.testing.assert_allclose(logistic(kind([0.0, 2.0, -800.0])), [0.5, 0.880797, 0], atol=1e-6)


def test_columns_side_by_side_are_float32():
    for kind, float32 in ((np.array, np.float32), (torch.tensor, torch.float32)):
        joined = side_by_side([kind([[1.0], [2.0]]), kind([[3.0, 4.0], [5.0, 6.0]])])
        assert joined.dtype == float32
        np.testing.assert_array_equal(joined, [[1, 3, 4], [2, 5, 6]])
