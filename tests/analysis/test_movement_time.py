import numpy as np
import pytest

from mousearm.analysis import average, over_movement


def test_ends_stay_and_between_is_linear():
    np.testing.assert_allclose(over_movement(np.array([[0.0], [1], [4]]), 5)[:, 0], [0, 0.5, 1, 2.5, 4])


def test_a_line_is_a_line_however_many_frames_it_has():
    short, long = (np.linspace(0, 1, n)[:, None] for n in (7, 40))
    found = average([short, long], 11)
    np.testing.assert_allclose(found.mean[:, 0], np.linspace(0, 1, 11))
    np.testing.assert_allclose(found.sd, 0, atol=1e-12)
    assert found.n == 2


def test_standard_deviation_by_hand():
    found = average([np.full((3, 1), value) for value in (1.0, 2.0, 6.0)], 2)
    np.testing.assert_allclose(found.mean, 3)
    np.testing.assert_allclose(found.sd, np.sqrt((4 + 1 + 9) / 2))


@pytest.mark.parametrize("n_frames", [1, 2])
def test_one_short_performance_has_no_deviation(n_frames):
    found = average([np.ones((n_frames, 2))], 4)
    np.testing.assert_array_equal(found.mean, np.ones((4, 2)))
    np.testing.assert_array_equal(found.sd, np.zeros((4, 2)))
