import numpy as np
import pytest

from mousearm.analysis import extract, fewest


def made(n_frames=(60, 45), n=3, muscles=9, seed=0):
    """Activations that n synergies, each of its own muscles and at rest at times, make up exactly and in one way."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 1, (n, muscles)) * (np.arange(muscles) % n == np.arange(n)[:, None])
    courses = [rng.uniform(0, 1, (frames, n)) * (rng.uniform(0, 1, (frames, n)) > 0.4) for frames in n_frames]
    return weights, [course @ weights for course in courses]


def test_three_synergies_are_found_as_they_were_made():
    weights, performances = made()
    found = extract(performances, 4)
    assert [one.n for one in found] == [1, 2, 3, 4]
    assert found[2].vaf == pytest.approx(1, abs=1e-4)
    assert found[1].vaf < 0.95
    assert fewest(found, 0.99).n == 3
    made_of = {tuple(np.flatnonzero(row)): row / row.max() for row in weights}
    for row in found[2].weights:
        np.testing.assert_allclose(row, made_of[tuple(np.flatnonzero(row > 0.02))], atol=0.02)


def test_courses_times_weights_are_the_activations():
    _, performances = made()
    found = extract(performances, 3)[2]
    assert found.weights.max(axis=1) == pytest.approx(1)
    assert min(found.weights.min(), *(course.min() for course in found.courses)) >= 0
    for course, activation in zip(found.courses, performances, strict=True):
        np.testing.assert_allclose(course @ found.weights, activation, atol=0.02)


def test_variance_accounted_for_is_that_of_the_definition():
    performances = [np.random.default_rng(1).uniform(0, 1, (40, 6))]
    for one in extract(performances, 3):
        error = np.square(performances[0] - one.courses[0] @ one.weights).sum()
        assert one.vaf == pytest.approx(1 - error / np.square(performances[0]).sum())
        assert one.r_squared == pytest.approx(1 - error / (40 * performances[0].var(axis=0).sum()))
        assert one.r_squared < one.vaf


def test_one_synergy_by_hand():
    # The best of one is the first singular value, for all is positive: of (3, 0), (0, 1) that is 9 of 10.
    (found,) = extract([np.array([[3.0, 0], [0, 1]])], 1)
    assert found.vaf == pytest.approx(0.9)
    np.testing.assert_allclose(found.weights, [[1, 0]], atol=1e-4)
    np.testing.assert_allclose(found.courses[0], [[3], [0]], atol=1e-4)
    assert found.r_squared == pytest.approx(1 - 1 / (4.5 + 0.5))


def test_more_synergies_never_account_for_less():
    performances = [np.random.default_rng(2).gamma(1.0, 0.2, (80, 10))]
    vaf = [one.vaf for one in extract(performances, 6)]
    assert (np.diff(vaf) > 0).all()


def test_the_order_of_muscles_makes_no_difference():
    _, performances = made()
    order = np.random.default_rng(3).permutation(9)
    found, other = extract(performances, 3)[2], extract([one[:, order] for one in performances], 3)[2]
    assert found.vaf == pytest.approx(other.vaf, abs=1e-4)
    np.testing.assert_allclose(found.weights[:, order], other.weights, atol=0.03)


def test_the_synergy_that_makes_up_most_comes_first():
    _, (activation,) = made((60,))
    activation[:, [2, 5, 8]] *= 4  # those of the third
    first = extract([activation], 3)[2].weights[0]
    assert set(np.flatnonzero(first > 0.05)) == {2, 5, 8}


def test_the_same_comes_out_again():
    _, performances = made()
    np.testing.assert_array_equal(extract(performances, 2)[1].weights, extract(performances, 2)[1].weights)


def test_there_are_no_more_synergies_than_muscles_or_frames():
    assert [one.n for one in extract([np.random.default_rng(0).uniform(0, 1, (2, 5))])] == [1, 2]
    assert [one.n for one in extract([np.random.default_rng(0).uniform(0, 1, (30, 3))])] == [1, 2, 3]


def test_no_activation_has_no_synergies():
    with pytest.raises(ValueError, match="no muscle is ever active"):
        extract([np.zeros((5, 3))])


def test_if_none_is_enough_the_most_are_taken():
    found = extract([np.random.default_rng(4).uniform(0, 1, (50, 12))], 2)
    assert fewest(found, 0.9999).n == 2
