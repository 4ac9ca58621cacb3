import warnings

import numpy as np
import pytest
from planted import activity, latents, mixed, smooth
from sklearn.cross_decomposition import CCA
from sklearn.linear_model import Ridge

from mousearm.neural.measures import Design, Settings, compare, moments, preparation
from mousearm.neural.measures.alignment import crossnobis
from mousearm.neural.measures.ceilings import _halves, ceilings, equal_sizes, explainable
from mousearm.neural.measures.correlations import canonical_correlations
from mousearm.neural.measures.dynamics import eigenvalue_distance, eigenvalues
from mousearm.neural.measures.moments import PENALTIES, held_out, lag_windows
from mousearm.neural.measures.surrogates import fit_maximum_entropy
from mousearm.neural.rates import Kernel
from mousearm.neural.rates import smooth as smooth_counts

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


def test_scores_do_not_depend_on_how_many_pairings_are_in_memory(pair, monkeypatch):
    whole = compare(*pair, ["cka"], SMALL, n_nulls=20)["cka"]
    monkeypatch.setattr(moments, "_AT_ONCE", 8)
    parts = compare(*pair, ["cka"], SMALL, n_nulls=20)["cka"]
    np.testing.assert_array_equal(parts.nulls, whole.nulls)
    np.testing.assert_array_equal(parts.by_lag, whole.by_lag)


def test_a_lag_is_found_where_neurons_are_noisy_and_vary_most_at_the_start():
    """Lags are compared on the same frames: a later one, which loses the start, would else seem to explain less."""
    rng = np.random.default_rng(8)
    courses = [course * np.linspace(3, 0.3, 85)[:, None] for course in latents(rng, 30, 45, 4)]
    x, y = activity("net", mixed(rng, courses, 20)), activity("cells", mixed(rng, courses, 40, 2.0, lag=6), "neurons")
    design = Design(x, y)
    assert {design.lags[fold.lag[0]] for fold in design.folds} == {6}


def frames(design, fold, of_y, which):
    """Frames of some trials, one below the other, at the lag that the fold chose."""
    lag, trials = design.lags[fold.lag[0]], np.flatnonzero(which)
    windows = [lag_windows(len(fold.x[i]), lag) for i in trials]
    pairs = [(fold.x[i][own], of_y[i][other]) for i, (own, other) in zip(trials, windows, strict=True)]
    return tuple(np.concatenate(side) for side in zip(*pairs, strict=True))


def test_ridge_on_moments_is_that_of_scikit_learn_on_frames(pair):
    design = Design(*pair, SMALL)
    fold = design.folds[1]
    sse, sst, chosen = held_out(design.unit_moments(fold, np.zeros(1, dtype=int), fold.lag), 1)
    (x, y), of_test = (frames(design, fold, fold.units, which) for which in (design.fold_of != 1, design.fold_of == 1))
    scale = np.square(x - x.mean(axis=0)).sum() / x.shape[1]
    for unit in range(y.shape[1]):
        ridge = Ridge(chosen[0, unit] * scale).fit(x, y[:, unit])
        error = np.square(of_test[1][:, unit] - ridge.predict(of_test[0])).sum()
        assert sse[0, unit] == pytest.approx(error, rel=1e-8)
    np.testing.assert_allclose(sst[0], np.square(of_test[1] - y.mean(axis=0)).sum(axis=0), rtol=1e-8)
    assert set(chosen.ravel()) <= set(PENALTIES)


def test_canonical_correlations_are_those_of_scikit_learn_on_the_same_fold(pair):
    design = Design(*pair, SMALL)
    fold = design.folds[2]
    (x, y), test = (frames(design, fold, fold.y, which) for which in (design.fold_of != 2, design.fold_of == 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its iterations say that they have not converged to a tolerance of 0
        fitted = CCA(3, scale=False, max_iter=2000, tol=1e-20).fit(x, y)
    theirs = [np.corrcoef(a, b)[0, 1] for a, b in zip(*(side.T for side in fitted.transform(*test)), strict=True)]
    np.testing.assert_allclose(canonical_correlations(*fold.held)[0][0, :3], theirs, atol=1e-8)


def test_measures_are_the_same_where_the_quicker_decomposition_does_not_converge(pair, no_convergence):
    names = ["rotation", "procrustes", "cca"]
    usual = compare(*pair, names, SMALL, n_nulls=9)
    with no_convergence():
        found = compare(*pair, names, SMALL, n_nulls=9)
    for name in names:
        assert found[name].value == pytest.approx(usual[name].value, abs=1e-9)
        np.testing.assert_allclose(found[name].nulls, usual[name].nulls, atol=1e-9)


@pytest.mark.slow
def test_cross_validated_distances_are_those_of_rsatoolbox():
    rsatoolbox = pytest.importorskip("rsatoolbox")
    halves = np.random.default_rng(0).normal(size=(2, 6, 4))
    descriptors = {"condition": np.tile(np.arange(6), 2), "half": np.repeat([0, 1], 6)}
    data = rsatoolbox.data.Dataset(halves.reshape(12, 4), obs_descriptors=descriptors)
    theirs = rsatoolbox.rdm.calc_rdm(data, method="crossnobis", descriptor="condition", cv_descriptor="half")
    np.testing.assert_allclose(crossnobis(*halves), theirs.dissimilarities[0], rtol=1e-12)


@pytest.mark.slow
def test_dynamical_similarity_is_that_of_dsa_metric():
    library = pytest.importorskip("DSA")
    rng = np.random.default_rng(0)
    sides = [np.stack(mixed(rng, latents(rng, 8, 40, 4), n), axis=-1)[:, :, :] for n in (5, 6)]
    data = [np.ascontiguousarray(side.transpose(2, 0, 1)) for side in sides]
    theirs = library.DSA(*data, n_delays=5, rank=10).fit_score()
    ours = eigenvalue_distance(*(eigenvalues(side[None])[0] for side in sides))
    assert ours**2 == pytest.approx(theirs, rel=1e-3)  # they compute in single precision


def test_surrogates_keep_the_covariances_across_time_units_and_reaches():
    rng = np.random.default_rng(2)
    tensor = np.stack(mixed(rng, latents(rng, 12, 15, 3), 4, 0.3), axis=-1)
    fitted = fit_maximum_entropy(tensor)
    drawn = np.concatenate(list(fitted.draw(2000, rng)))
    for mode in range(3):
        rest = np.moveaxis(tensor - fitted.mean, mode, 0).reshape(tensor.shape[mode], -1)
        others = np.moveaxis(drawn - fitted.mean, mode + 1, 1).reshape(2000, tensor.shape[mode], -1)
        wanted = rest @ rest.T
        np.testing.assert_allclose((others @ others.swapaxes(1, 2)).mean(axis=0), wanted, atol=0.05 * wanted.max())
    variances = np.square(fitted.deviation)
    for mode, directions in enumerate(fitted.directions):
        rest = np.moveaxis(tensor - fitted.mean, mode, 0).reshape(tensor.shape[mode], -1)
        along = np.square(directions.T @ rest).sum(axis=1)
        np.testing.assert_allclose(variances.sum(axis=tuple({0, 1, 2} - {mode})), along, rtol=1e-6)


ALL = (
    "encoding",
    "decoding",
    "cca",
    "svcca",
    "pwcca",
    "procrustes",
    "cka",
    "rsa",
    "principal_angles",
    "dsa",
    "rotation",
)
BY_MAPS = {"cca", "pwcca", "principal_angles"}  # unchanged by every invertible map of the predictor


def test_what_measures_ignore_and_what_they_do_not(pair, monkeypatch):
    monkeypatch.setattr(preparation, "SOFT", 1e9)  # all units over one number, so that a rotation stays one
    x, y = (side.trials(range(9)) for side in pair)
    small, rng = Settings(3, 5, 0.01), np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(20, 20)))[0]
    stretch = turn * np.geomspace(1, 30, 20)

    def mapped(by):
        return activity("mapped", [values @ by + 2 for values in x.values])

    def values(a, b):
        return {name: score.value for name, score in compare(a, b, ALL, small, n_nulls=0).items()}

    base, copy = values(x, y), values(x, mapped(0.1 * turn))
    assert {name: round(value, 6) for name, value in copy.items() if name != "rotation"} == dict.fromkeys(ALL[:-1], 1)
    for changed, names in ((values(mapped(7 * turn), y), set(ALL)), (values(mapped(stretch), y), BY_MAPS)):
        same = {name for name in ALL if changed[name] == pytest.approx(base[name], abs=1e-6)}
        assert same >= names
        assert names == set(ALL) or not same & {"cka", "procrustes", "rsa"}


BOUNDED = ("encoding", "decoding", "cca", "pwcca", "procrustes", "cka", "rsa", "principal_angles")


def test_ceilings_bracket_what_rates_without_noise_score():
    rng = np.random.default_rng(5)
    rates = mixed(rng, latents(rng, 24, 40, 4), 40)
    truth = activity("rates", rates)
    y = activity("cells", [own + 0.7 * smooth(rng, 40, 40) for own in rates], "neurons")
    settings = Settings(3, 5, 0)
    scores, bounds = compare(truth, y, BOUNDED, settings, n_nulls=0), ceilings(y, BOUNDED, settings)
    for name in BOUNDED:
        assert bounds[name][0] < scores[name].value < bounds[name][1]


def test_ceilings_by_trials_bracket_it_too():
    """Noise of the same trials is no rates, of which angles would be credited, and rates have fewer directions."""
    rng = np.random.default_rng(7)
    rates = mixed(rng, latents(rng, 10, 30, 4), 40) * 3
    names = tuple(f"reach_{i % 10}" for i in range(30))
    truth = activity("rates", rates, reaches=names)
    y = activity("cells", [own + 2.0 * smooth(rng, 30, 40) for own in rates], "neurons", names)
    settings = Settings(3, 10, 0)
    scores, bounds = compare(truth, y, BOUNDED, settings, n_nulls=0), ceilings(y, BOUNDED, settings)
    for name in BOUNDED:
        assert bounds[name][0] < scores[name].value < bounds[name][1]


def test_halves_of_trials_predict_one_another_and_never_themselves():
    """Each of 12 trials is known by a unit that only it has, so that means show which trials they are of."""
    names = tuple(f"reach_{i % 3}" for i in range(12))
    y = activity("cells", [np.tile(row, (5, 1)) for row in np.eye(12)], "neurons", names)
    pairs = list(_halves(y, np.random.default_rng(0)))
    found = [
        {int(of[0].argmax()): set(np.flatnonzero(mean[0])) for mean, of in zip(*sides, strict=True)}
        for sides in ((x.values, own.values) for x, own in pairs)
    ]
    for one, other in zip(found[::2], found[1::2], strict=True):
        assert one.keys() | other.keys() == set(range(12))
        for half, rest in ((one, other), (other, one)):
            assert all(of == {k for k in rest if names[k] == names[i]} for i, of in half.items())
    assert len({frozenset(one) for one in found}) > 2


def test_variance_that_trials_of_a_reach_share_and_equal_numbers():
    rng = np.random.default_rng(6)
    course = rng.normal(size=(500, 3))
    values = [course * [1, 1, 0] + rng.normal(size=(500, 3)) * [0, 1, 1] for _ in range(40)]
    y = activity("cells", values, "neurons", reaches=("one",) * 40)
    np.testing.assert_allclose(explainable(y), [1, 0.5, 0], atol=0.05)
    assert np.isnan(explainable(y.trials([0]))).all()
    drawn = next(equal_sizes([y, y.columns([0, 2])]))
    assert [of.n_units for of in drawn] == [2, 2]


def test_what_poisson_noise_leaves_of_few_frames_is_explainable():
    rng, kernel, step = np.random.default_rng(8), Kernel(), 1 / 150
    before, after = kernel.margins(step)
    rates = [20 * np.maximum(0, 1 + 0.4 * smooth(rng, 50 + before + after, 60)) for _ in range(40)]
    exact, y = (
        activity("cells", smooth_counts(of, step, kernel), "neurons")
        for of in ([of * step for of in rates], [rng.poisson(of * step) for of in rates])
    )
    true = [np.concatenate(of.values).var(axis=0).mean() for of in (exact, y)]
    assert np.nanmean(explainable(y, kernel)) == pytest.approx(true[0] / true[1], abs=0.02)


def test_kernel_alignment_of_unrelated_sides_is_nothing_where_the_biased_one_is_large():
    biased, ours = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        sides = [[smooth(rng, 12, 60, 3) for _ in range(9)] for _ in range(2)]
        a, b = (np.concatenate(side) - np.concatenate(side).mean(axis=0) for side in sides)
        norms = [np.linalg.norm(product) for product in (a.T @ b, a.T @ a, b.T @ b)]
        biased.append(norms[0] ** 2 / norms[1] / norms[2])
        pair = activity("net", sides[0]), activity("cells", sides[1], "neurons")
        ours.append(compare(*pair, ["cka"], Settings(3, 60, 0), n_nulls=0)["cka"].value)
    assert np.mean(biased) > 0.6
    assert abs(np.mean(ours)) < 0.1
