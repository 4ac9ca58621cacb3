import numpy as np
import pytest

from mousearm.analysis import agreement


def test_by_hand():
    # Frame 0 is left out. Of 1, 2, 3 and 2, 4, 9: deviations -1, 0, 1 and -3, -1, 4; r = 7 / sqrt(2 * 26).
    actual, reference = np.array([[9.0, 1, 2, 3]]).T, np.array([[-9.0, 2, 4, 9]]).T
    found = agreement(actual, reference)
    assert found.r[0] == pytest.approx(7 / np.sqrt(52))
    assert found.rms[0] == pytest.approx(np.sqrt((1 + 4 + 36) / 3))


def test_size_and_offset_change_the_difference_but_not_the_correlation():
    reference = np.random.default_rng(0).normal(size=(50, 3))
    found = agreement(reference * [2, 1, -1] + [0, 3, 0], reference)
    np.testing.assert_allclose(found.r, [1, 1, -1])
    assert found.rms[1] == pytest.approx(3)


def test_a_constant_has_no_correlation_but_a_difference():
    actual = np.linspace(0, 1, 20)[:, None] * [1, 1]
    found = agreement(actual, np.stack([np.full(20, 0.1), actual[:, 1]], axis=1))
    assert np.isnan(found.r[0])
    assert found.r[1] == pytest.approx(1)
    assert found.rms[0] > 0


def test_one_frame_alone_counts():
    found = agreement(np.array([[3.0]]), np.array([[1.0]]))
    assert np.isnan(found.r[0])
    assert found.rms[0] == 2
