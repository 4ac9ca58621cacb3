import numpy as np
import pytest
import torch
from gymnasium import spaces

from mousearm.policy.normalizer import NormalizedObservation, PlainObservation


def extractor(n):
    return NormalizedObservation(spaces.Box(-np.inf, np.inf, (n,), np.float32))


@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [100], [3, 50, 1, 200]])
def test_mean_and_variance_are_numpys(sizes):
    rng = np.random.default_rng(0)
    batches = [rng.normal(5, [1, 10, 1e-3], size=(n, 3)) + rng.normal(size=3) for n in sizes]
    normalizer = extractor(3)
    for batch in batches:
        normalizer.update(torch.from_numpy(batch))
    everything = np.concatenate(batches)
    np.testing.assert_allclose(normalizer.mean, everything.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(normalizer.variance, everything.var(axis=0), rtol=1e-9, atol=1e-15)
    assert normalizer.count == len(everything)


def test_leading_axes_do_not_matter():
    batch = torch.randn(4, 5, 3)
    wide, flat = extractor(3), extractor(3)
    wide.update(batch)
    flat.update(batch.reshape(20, 3))
    torch.testing.assert_close(wide.state_dict(), flat.state_dict())
    torch.testing.assert_close(wide(batch).reshape(20, 3), flat(batch.reshape(20, 3)))


def test_what_was_seen_comes_out_standardised():
    batch = np.random.default_rng(0).normal([0, 5, -30], [1, 0.01, 100], size=(1000, 3)).astype(np.float32)
    normalizer = extractor(3)
    torch.testing.assert_close(normalizer(torch.ones(1, 3)), torch.ones(1, 3))  # nothing was seen yet
    normalizer.update(torch.from_numpy(batch))
    result = normalizer(torch.from_numpy(batch)).numpy()
    np.testing.assert_allclose(result.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(result.std(axis=0), 1, atol=1e-3)
    assert normalizer(torch.full((1, 3), 1e9)).max() == 10  # ten standard deviations, no more
    assert normalizer(torch.full((1, 3), -1e9)).min() == -10


def test_a_column_that_never_changes_stays_finite():
    normalizer = extractor(2)
    normalizer.update(torch.full((10, 2), 3.0))
    np.testing.assert_allclose(normalizer(torch.full((1, 2), 3.0)), 0, atol=1e-3)


def test_the_normaliser_is_saved_but_not_trained():
    normalizer = extractor(2)
    assert set(normalizer.state_dict()) == {"mean", "variance", "count"}
    assert not list(normalizer.parameters())


def test_plain_observations_pass():
    plain = PlainObservation(spaces.Box(-np.inf, np.inf, (4,), np.float32))
    plain.update(torch.ones(3, 4))
    observation = torch.randn(5, 4)
    torch.testing.assert_close(plain(observation), observation, rtol=0, atol=0)
