import numpy as np
import pytest

from mousearm.analysis import agreement, average, extract, fewest, over_movement, principal_components


def plane(n_frames, units=12, seed=0):
    """Performances in a known plane, 3 to 1 as long as wide, off the origin."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(units, 2)))[0].T
    return basis, [rng.normal(size=(n, 2)) * [3, 1] @ basis + 5 for n in n_frames]


def made(n_frames=(60, 45), n=3, muscles=9, seed=0):
    """Activations that n synergies, each of its own muscles and at rest at times, make up exactly and in one way."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 1, (n, muscles)) * (np.arange(muscles) % n == np.arange(n)[:, None])
    courses = [rng.uniform(0, 1, (frames, n)) * (rng.uniform(0, 1, (frames, n)) > 0.4) for frames in n_frames]
    return weights, [course @ weights for course in courses]


class TestAgreement:
    def test_by_hand(self):
        # Frame 0 is left out. Of 1, 2, 3 and 2, 4, 9: deviations -1, 0, 1 and -3, -1, 4; r = 7 / sqrt(2 * 26).
        actual, reference = np.array([[9.0, 1, 2, 3]]).T, np.array([[-9.0, 2, 4, 9]]).T
        found = agreement(actual, reference)
        assert found.r[0] == pytest.approx(7 / np.sqrt(52))
        assert found.rms[0] == pytest.approx(np.sqrt((1 + 4 + 36) / 3))

    def test_size_and_offset_change_the_difference_but_not_the_correlation(self):
        reference = np.random.default_rng(0).normal(size=(50, 3))
        found = agreement(reference * [2, 1, -1] + [0, 3, 0], reference)
        np.testing.assert_allclose(found.r, [1, 1, -1])
        assert found.rms[1] == pytest.approx(3)

    def test_a_constant_has_no_correlation_but_a_difference(self):
        actual = np.linspace(0, 1, 20)[:, None] * [1, 1]
        found = agreement(actual, np.stack([np.full(20, 0.1), actual[:, 1]], axis=1))
        assert np.isnan(found.r[0])
        assert found.r[1] == pytest.approx(1)
        assert found.rms[0] > 0

    def test_one_frame_alone_counts(self):
        found = agreement(np.array([[3.0]]), np.array([[1.0]]))
        assert np.isnan(found.r[0])
        assert found.rms[0] == 2


class TestAverage:
    def test_ends_stay_and_between_is_linear(self):
        np.testing.assert_allclose(over_movement(np.array([[0.0], [1], [4]]), 5)[:, 0], [0, 0.5, 1, 2.5, 4])

    def test_a_line_is_a_line_however_many_frames_it_has(self):
        short, long = (np.linspace(0, 1, n)[:, None] for n in (7, 40))
        found = average([short, long], 11)
        np.testing.assert_allclose(found.mean[:, 0], np.linspace(0, 1, 11))
        np.testing.assert_allclose(found.sd, 0, atol=1e-12)

    def test_standard_deviation_by_hand(self):
        found = average([np.full((3, 1), value) for value in (1.0, 2.0, 6.0)], 2)
        np.testing.assert_allclose(found.mean, 3)
        np.testing.assert_allclose(found.sd, np.sqrt((4 + 1 + 9) / 2))

    @pytest.mark.parametrize("n_frames", [1, 2])
    def test_one_short_performance_has_no_deviation(self, n_frames):
        found = average([np.ones((n_frames, 2))], 4)
        np.testing.assert_array_equal(found.mean, np.ones((4, 2)))
        np.testing.assert_array_equal(found.sd, np.zeros((4, 2)))


class TestPrincipalComponents:
    def test_a_plane_is_found(self):
        basis, performances = plane([40, 25])
        found = principal_components(performances, 3)
        assert found.share[:2].sum() == pytest.approx(1)
        assert found.share[0] > found.share[1]
        np.testing.assert_allclose(np.linalg.norm(basis @ found.directions[:2].T, axis=0), 1)  # the plane's, turned
        assert [scores.shape for scores in found.scores] == [(40, 3), (25, 3)]

    def test_scores_keep_distances_and_have_mean_zero(self):
        _, (first, second) = plane([30, 20])
        found = principal_components([first, second], 2)
        np.testing.assert_allclose(
            np.linalg.norm(found.scores[0] - found.scores[0][:1], axis=1), np.linalg.norm(first - first[:1], axis=1)
        )
        np.testing.assert_allclose(np.concatenate(found.scores).mean(axis=0), 0, atol=1e-10)

    def test_they_are_the_same_where_the_quicker_decomposition_does_not_converge(self, no_convergence):
        _, performances = plane([30])
        usual = principal_components(performances, 2)
        with no_convergence():
            found = principal_components(performances, 2)
        np.testing.assert_allclose(found.directions, usual.directions, atol=1e-12)
        np.testing.assert_allclose(found.share, usual.share, atol=1e-12)

    def test_shares_are_of_the_variance_by_hand(self):
        # Variances 8 and 2 along the axes.
        (scores,), share, directions = principal_components([np.array([[2.0, 1], [-2, 1], [2, -1], [-2, -1]])], 2)
        np.testing.assert_allclose(share, [0.8, 0.2])
        np.testing.assert_allclose(np.abs(directions), np.eye(2), atol=1e-12)
        np.testing.assert_allclose(np.abs(scores), [[2, 1]] * 4)

    def test_the_sign_is_the_one_with_the_largest_entry_positive(self):
        _, performances = plane([30])
        for values in (performances, [-performances[0]]):
            directions = principal_components(values, 2).directions
            assert (np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1) > 0).all()

    def test_the_order_of_units_and_performances_makes_no_difference(self):
        _, performances = plane([30, 20])
        order = np.random.default_rng(1).permutation(12)
        found, other = (
            principal_components(values, 2) for values in (performances, [one[:, order] for one in performances[::-1]])
        )
        np.testing.assert_allclose(found.share, other.share, atol=1e-12)
        np.testing.assert_allclose(np.abs(found.scores[0]), np.abs(other.scores[1]))

    def test_what_does_not_vary_has_no_share(self):
        found = principal_components([np.ones((5, 4))], 2)
        np.testing.assert_array_equal(found.share, np.zeros(4))
        np.testing.assert_allclose(found.scores[0], 0)


class TestSynergies:
    def test_three_synergies_are_found_as_they_were_made(self):
        weights, performances = made()
        found = extract(performances, 4)
        assert [one.n for one in found] == [1, 2, 3, 4]
        assert found[2].vaf == pytest.approx(1, abs=1e-4)
        assert found[1].vaf < 0.95
        assert fewest(found, 0.99).n == 3
        made_of = {tuple(np.flatnonzero(row)): row / row.max() for row in weights}
        for row in found[2].weights:
            np.testing.assert_allclose(row, made_of[tuple(np.flatnonzero(row > 0.02))], atol=0.02)

    def test_courses_times_weights_are_the_activations(self):
        _, performances = made()
        found = extract(performances, 3)[2]
        assert found.weights.max(axis=1) == pytest.approx(1)
        assert min(found.weights.min(), *(course.min() for course in found.courses)) >= 0
        for course, activation in zip(found.courses, performances, strict=True):
            np.testing.assert_allclose(course @ found.weights, activation, atol=0.02)

    def test_variance_accounted_for_is_that_of_the_definition(self):
        performances = [np.random.default_rng(1).uniform(0, 1, (40, 6))]
        for one in extract(performances, 3):
            error = np.square(performances[0] - one.courses[0] @ one.weights).sum()
            assert one.vaf == pytest.approx(1 - error / np.square(performances[0]).sum())
            assert one.r_squared == pytest.approx(1 - error / (40 * performances[0].var(axis=0).sum()))
            assert one.r_squared < one.vaf

    def test_one_synergy_by_hand(self):
        # The best of one is the first singular value, for all is positive: of (3, 0), (0, 1) that is 9 of 10.
        (found,) = extract([np.array([[3.0, 0], [0, 1]])], 1)
        assert found.vaf == pytest.approx(0.9)
        np.testing.assert_allclose(found.weights, [[1, 0]], atol=1e-4)
        np.testing.assert_allclose(found.courses[0], [[3], [0]], atol=1e-4)
        assert found.r_squared == pytest.approx(1 - 1 / (4.5 + 0.5))

    def test_more_synergies_never_account_for_less(self):
        performances = [np.random.default_rng(2).gamma(1.0, 0.2, (80, 10))]
        vaf = [one.vaf for one in extract(performances, 6)]
        assert (np.diff(vaf) > 0).all()

    def test_the_order_of_muscles_makes_no_difference(self):
        _, performances = made()
        order = np.random.default_rng(3).permutation(9)
        found, other = extract(performances, 3)[2], extract([one[:, order] for one in performances], 3)[2]
        assert found.vaf == pytest.approx(other.vaf, abs=1e-4)
        np.testing.assert_allclose(found.weights[:, order], other.weights, atol=0.03)

    def test_the_synergy_that_makes_up_most_comes_first(self):
        _, (activation,) = made((60,))
        activation[:, [2, 5, 8]] *= 4  # those of the third
        first = extract([activation], 3)[2].weights[0]
        assert set(np.flatnonzero(first > 0.05)) == {2, 5, 8}

    def test_the_same_comes_out_again(self):
        _, performances = made()
        np.testing.assert_array_equal(extract(performances, 2)[1].weights, extract(performances, 2)[1].weights)

    def test_there_are_no_more_synergies_than_muscles_or_frames(self):
        assert [one.n for one in extract([np.random.default_rng(0).uniform(0, 1, (2, 5))])] == [1, 2]
        assert [one.n for one in extract([np.random.default_rng(0).uniform(0, 1, (30, 3))])] == [1, 2, 3]

    def test_no_activation_has_no_synergies(self):
        with pytest.raises(ValueError, match="no muscle is ever active"):
            extract([np.zeros((5, 3))])

    def test_if_none_is_enough_the_most_are_taken(self):
        found = extract([np.random.default_rng(4).uniform(0, 1, (50, 12))], 2)
        assert fewest(found, 0.9999).n == 2
