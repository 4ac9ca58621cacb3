import numpy as np
import pytest
from planted import activity, latents, mixed
from sklearn.linear_model import Ridge

from mousearm.neural.measures import Design, Settings, compare
from mousearm.neural.measures.moments import lag_windows
from mousearm.neural.measures.regression import PENALTIES, held_out

SMALL = Settings(folds=4, components=5, most_lag_s=0.04)


@pytest.fixture(scope="module")
def pair():
    """24 reaches of unequal length: 20 units of a network, and 15 neurons that are 3 frames later, with noise."""
    rng = np.random.default_rng(1)
    courses = [course[: 80 + n] for n, course in enumerate(latents(rng, 24, 64, 4))]
    return activity("net", mixed(rng, courses, 20)), activity("cells", mixed(rng, courses, 15, 0.5, lag=3), "neurons")


def test_a_planted_lag_is_found_and_the_relation_with_it(pair):
    scores = compare(*pair, ["encoding", "decoding", "cka", "procrustes"], SMALL, n_nulls=99)
    for score in scores.values():
        np.testing.assert_allclose(score.lag_s * 150, 3)
        assert score.lags_s[np.argmax(score.by_lag)] * 150 == pytest.approx(3)
        assert score.p == score.least_p == 0.01
        assert abs(np.mean(score.nulls)) < 0.1 < score.value


def test_ridge_on_moments_is_that_of_scikit_learn_on_frames(pair):
    design = Design(*pair, SMALL)
    fold = design.folds[1]
    lag = design.lags[fold.lag[0]]
    sse, sst, chosen = held_out(design.unit_moments(fold, np.zeros(1, dtype=int), fold.lag), 1)

    def frames(which):
        x = [fold.x[i][lag_windows(len(fold.x[i]), lag)[0]] for i in which]
        y = [fold.of_y.normalised(design.y.values[i])[lag_windows(len(fold.x[i]), lag)[1]] for i in which]
        return np.concatenate(x), np.concatenate(y)

    x, y = frames(np.flatnonzero(design.fold_of != 1))
    scale = np.square(x - x.mean(axis=0)).sum() / x.shape[1]
    of_test = frames(np.flatnonzero(design.fold_of == 1))
    for unit in range(y.shape[1]):
        ridge = Ridge(chosen[0, unit] * scale).fit(x, y[:, unit])
        error = np.square(of_test[1][:, unit] - ridge.predict(of_test[0])).sum()
        assert sse[0, unit] == pytest.approx(error, rel=1e-8)
    np.testing.assert_allclose(sst[0], np.square(of_test[1] - y.mean(axis=0)).sum(axis=0), rtol=1e-8)
    assert set(chosen.ravel()) <= set(PENALTIES)
