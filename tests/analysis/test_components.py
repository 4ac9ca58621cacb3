import numpy as np
import pytest

from mousearm.analysis import principal_components


def plane(n_frames, units=12, seed=0):
    """Performances in a known plane, 3 to 1 as long as wide, off the origin."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(units, 2)))[0].T
    return basis, [rng.normal(size=(n, 2)) * [3, 1] @ basis + 5 for n in n_frames]


def test_a_plane_is_found():
    basis, performances = plane([40, 25])
    found = principal_components(performances, 3)
    assert found.share[:2].sum() == pytest.approx(1)
    assert found.share[0] > found.share[1]
    np.testing.assert_allclose(np.linalg.norm(basis @ found.directions[:2].T, axis=0), 1)  # the plane's, turned
    assert [scores.shape for scores in found.scores] == [(40, 3), (25, 3)]


def test_scores_keep_distances_and_have_mean_zero():
    _, (first, second) = plane([30, 20])
    found = principal_components([first, second], 2)
    np.testing.assert_allclose(
        np.linalg.norm(found.scores[0] - found.scores[0][:1], axis=1), np.linalg.norm(first - first[:1], axis=1)
    )
    np.testing.assert_allclose(np.concatenate(found.scores).mean(axis=0), 0, atol=1e-10)


def test_shares_are_of_the_variance_by_hand():
    # Variances 8 and 2 along the axes.
    (scores,), share, directions = principal_components([np.array([[2.0, 1], [-2, 1], [2, -1], [-2, -1]])], 2)
    np.testing.assert_allclose(share, [0.8, 0.2])
    np.testing.assert_allclose(np.abs(directions), np.eye(2), atol=1e-12)
    np.testing.assert_allclose(np.abs(scores), [[2, 1]] * 4)


def test_the_sign_is_the_one_with_the_largest_entry_positive():
    _, performances = plane([30])
    for values in (performances, [-performances[0]]):
        directions = principal_components(values, 2).directions
        assert (np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1) > 0).all()


def test_the_order_of_units_and_performances_makes_no_difference():
    _, performances = plane([30, 20])
    order = np.random.default_rng(1).permutation(12)
    found, other = (
        principal_components(values, 2) for values in (performances, [one[:, order] for one in performances[::-1]])
    )
    np.testing.assert_allclose(found.share, other.share, atol=1e-12)
    np.testing.assert_allclose(np.abs(found.scores[0]), np.abs(other.scores[1]))


def test_what_does_not_vary_has_no_share():
    found = principal_components([np.ones((5, 4))], 2)
    np.testing.assert_array_equal(found.share, np.zeros(4))
    np.testing.assert_allclose(found.scores[0], 0)
