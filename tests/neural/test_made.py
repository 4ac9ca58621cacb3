from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from mousearm.errors import NeuralError
from mousearm.neural.activity import Activity
from mousearm.neural.alignment import read_session
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.rates import Kernel, convolved, count_spikes, smooth


def smooth_noise(name, n, seed, n_trials=40, n_frames=50, kind="network"):
    """Activity that is as slow as that of a network that reaches; trials end within 5 frames of one another."""
    random = np.random.default_rng(seed)
    lengths = n_frames + np.arange(n_trials) % 6
    values = [gaussian_filter1d(random.standard_normal((t + 40, n)), 6, axis=0)[20:-20] for t in lengths]
    names = tuple(f"{name}_{i}" for i in range(n))
    reaches = tuple(f"reach_{i}" for i in range(n_trials))
    return Activity(name, reaches, tuple(values), 1 / 150, names, ("mouse/day",) * n_trials, kind)


NETWORK, MOVEMENT = smooth_noise("hidden", 30, 0), smooth_noise("kinematics", 6, 1, kind="kinematics")


def test_rates_are_those_of_the_formula():
    """Spikes at 0.1 and 0.1249 s; frames of 0.01 s; the kernel by hand."""
    for shape, lags in (("gaussian", {10: 1, 12: 1}), ("causal", {10: 1, 13: 1})):
        kernel = Kernel(shape, 20.0)
        counts = count_spikes([np.array([0.1, 0.1249])], [0.0], [30], 0.01, kernel)
        before, after = kernel.margins(0.01)
        assert (before, after) == (8, 0 if shape == "causal" else 8)
        assert {int(k) - before: int(counts[0][k, 0]) for k in np.flatnonzero(counts[0])} == lags
        weights = np.exp(-np.square(np.arange(-after, 9) * 0.01 / 0.02) / 2)
        (rate,) = smooth(counts, 0.01, kernel)
        at_15 = sum(np.exp(-np.square((15 - k) * 0.01 / 0.02) / 2) for k in lags) / weights.sum() / 0.01
        assert rate.shape == (30, 1)
        assert rate[15, 0] == pytest.approx(at_15, rel=1e-12)
    assert (rate[:10] == 0).all()  # nothing before the first spike


def test_convolved_is_numpys_in_every_trial():
    random = np.random.default_rng(0)
    parts, weights = [random.standard_normal((n, 2)) for n in (9, 14)], random.standard_normal(5)
    for part, found in zip(parts, convolved(parts, weights), strict=True):
        np.testing.assert_allclose(found[:, 1], np.convolve(part[:, 1], weights, "valid"), rtol=1e-12)


def test_made_neurons_are_what_they_are_said_to_be():
    recipe = Recipe(n_units=80, private=0.2, apart=True, depth=0.3)
    made = make_neurons([(NETWORK, 0.5), (MOVEMENT, 0.3)], recipe, 0)
    assert made.shares["hidden"] == pytest.approx(0.5)
    assert made.unique.mean() == pytest.approx(0.5, abs=0.03)
    assert make_neurons([(MOVEMENT, 1.0), (NETWORK, 0.0)], recipe, 0).unique.mean() == pytest.approx(0.8, abs=0.03)
    assert make_neurons([(NETWORK, 0.0), (MOVEMENT, 1.0)], recipe, 0).unique.max() < 0.005
    counts, rates = (np.concatenate(parts) for parts in (made.counts, made.truth.values))
    assert counts.mean() == pytest.approx(rates.mean() / 150, rel=0.02)
    true = smooth([values * made.neurons.step_s for values in made.truth.values], made.neurons.step_s, recipe.kernel)
    cut = recipe.kernel.margins(made.neurons.step_s)[0]
    seen = np.concatenate([values[cut:-cut] for values in made.neurons.values])
    share = [np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(np.concatenate(true).T, seen.T, strict=True)]
    assert np.mean(share) == pytest.approx(made.explainable.mean(), abs=0.03)
    again = make_neurons([(NETWORK, 0.5), (MOVEMENT, 0.3)], recipe, 0)
    np.testing.assert_array_equal(np.concatenate(again.counts), counts)


def test_made_neurons_follow_by_their_lag_and_are_untuned_silent_and_drift_as_asked():
    recipe = Recipe(lag_ms=-40.0, untuned=0.25, silent=3, drift=1.0, depth=0.3, nonlinear=True, n_units=40)
    made = make_neurons([(NETWORK, 1.0)], recipe, 1)
    assert made.lag_s == pytest.approx(-0.04)
    assert (made.tuned.sum(), np.concatenate(made.counts)[:, :3].sum()) == (30, 0)
    steady = make_neurons([(NETWORK, 1.0)], replace(recipe, drift=0.0), 1)
    untuned = np.concatenate(steady.truth.values)[:, 3:10]
    np.testing.assert_allclose(untuned, np.broadcast_to(untuned[:1], untuned.shape))
    now = make_neurons([(NETWORK, 1.0)], replace(recipe, drift=0.0, lag_ms=0.0), 1)
    late, early = (
        np.concatenate([v[6:] for v in now.truth.values]),
        np.concatenate([v[:-6] for v in steady.truth.values]),
    )
    np.testing.assert_allclose(
        late[:, 10:] / late[:, 10:].mean(axis=0), early[:, 10:] / early[:, 10:].mean(axis=0), atol=0.15
    )
    assert np.corrcoef(late[:, 20], early[:, 20])[0, 1] > 0.99
    first, last = made.truth.values[0].mean(axis=0), made.truth.values[-1].mean(axis=0)
    assert np.std(np.log(last[3:10] / first[3:10])) > 0.4


@pytest.mark.parametrize("wrong", [{"n_units": 0}, {"private": 1.5}, {"depth": np.nan}, {"silent": 99}, {"dims": 0}])
def test_a_recipe_out_of_range_is_refused(wrong):
    with pytest.raises(NeuralError):
        Recipe(**wrong)


def test_sources_that_do_not_fit_are_refused():
    for sources in ([], [(NETWORK, -1.0)], [(NETWORK, 1.0), (MOVEMENT.trials(range(5)), 1.0)]):
        with pytest.raises(NeuralError):
            make_neurons(sources)


@pytest.mark.slow
def test_neurons_are_made_of_a_run_by_command(run_script, tmp_path):
    out = tmp_path / "new" / "neurons.nwb"
    words = ("make_neurons", "package:example_torque", "--out", out, "--units", 5, "--silent", 1, "--untuned", 0.4)
    done = run_script(*words, "--mix", "hidden=0.5,kinematics=0.5", "--apart", "--lag", 20)
    assert done.status == 0, done.err
    assert "5, 3 tuned, 1 without a spike" in done.out
    read = read_session(out)
    assert (len(read.units), [trial.name for trial in read.trials]) == (5, ["demo"])
    assert 0 < np.mean(read.facts["true_unique"]) < 1
    for wrong in (("--depth", -1), ()):
        assert run_script(*words, *wrong).status == 1
    assert run_script("make_neurons", "package:example_torque", "--out", tmp_path / "neurons.h5").status == 1
