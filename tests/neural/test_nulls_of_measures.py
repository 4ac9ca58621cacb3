"""What nulls leave in place, and how often they err; `calibration.py` counts all measures in many draws."""

from dataclasses import replace

import numpy as np
import pytest
from calibration import BLOCK, LATENTS, count
from planted import activity, mixed, smooth
from scipy.stats import binom

from mousearm.neural.measures import Design, Settings, compare
from mousearm.neural.measures.dynamics import pair_differences, stretched_components
from mousearm.neural.measures.pairings import exchanged, to_length
from mousearm.neural.results import NeuralStudy, Resemblance

LENGTHS = [24, 30, 27, 36, 33, 26, 35, 29, 31]


def test_a_course_that_all_reaches_share_is_no_evidence_from_the_start_on_or_stretched():
    course = smooth(np.random.default_rng(0), 36, LATENTS, 7)
    for cut in (lambda n: course[:n], lambda n: to_length(course, n)):
        frames = [cut(n) for n in LENGTHS]
        pairings = exchanged([str(n) for n in LENGTHS], ["m/1"] * 9, np.arange(9) % 3, 5, 0)
        for i, alternatives in pairings.each(frames):
            error = alternatives - frames[i][:, None]
            assert np.square(error).mean() < 0.005 * np.square(course).mean()
            np.testing.assert_allclose(alternatives[:, pairings.chosen[0, i]], frames[i], atol=1e-12)


def test_reaches_of_equal_length_are_exchanged_as_they_are_and_stay_in_fold_and_session():
    frames = [np.full((20, 1), float(i)) for i in range(12)]
    folds, groups = np.arange(12) % 2, ["a"] * 6 + ["b"] * 6
    pairings = exchanged([str(i) for i in range(12)], groups, folds, 50, 0)
    for i, alternatives in pairings.each(frames):
        drawn = alternatives[0, pairings.chosen[:, i], 0].round(9)
        assert set(drawn) == {k for k in range(12) if (folds[k], groups[k]) == (folds[i], groups[i])}


def test_what_features_leave_is_exchanged_whole():
    """Noise that courses would be taken off once more would make the null narrower than what it is a null of."""
    frames = [smooth(np.random.default_rng(k), n, 2) for k, n in enumerate(LENGTHS)]
    names, folds = [str(n) for n in LENGTHS], np.arange(9) % 3
    whole, rest = (exchanged(names, ["m/1"] * 9, folds, 5, 0, in_common) for in_common in (False, True))
    np.testing.assert_array_equal(whole.chosen, rest.chosen)
    for i, alternatives in whole.each(frames):
        mates = [to_length(frames[k], LENGTHS[i]) for k in range(9) if folds[k] == folds[i]]
        np.testing.assert_array_equal(alternatives, np.stack(mates, axis=1))
    kept = next(alternatives for i, alternatives in rest.each(frames) if i == 3)[:, 0]
    assert not np.allclose(kept, to_length(frames[0], LENGTHS[3]))


def test_what_all_reaches_share_is_not_in_their_dynamics():
    course = smooth(np.random.default_rng(3), 36, 4, 7)
    for cut in (lambda n: course[:n], lambda n: to_length(course, n)):
        side = activity("net", [cut(n) for n in LENGTHS])
        design = Design(side, side, Settings(3, 4, 0))
        whole = np.square(stretched_components(design, side) - stretched_components(design, side).mean()).mean()
        assert np.square(pair_differences(design, side)).mean() < 0.05 * whole


def test_movement_that_both_sides_follow_is_not_unique():
    rng = np.random.default_rng(4)
    paw = [smooth(rng, 30, 3) for _ in range(9)]
    x, y = (activity(name, mixed(rng, paw, 8, spare=0)) for name in ("net", "cells"))
    features = activity("paw", [values * [1, 1e-3, 1e3] for values in paw])  # in whatever unit
    design = Design(x, y, Settings(3, 3, 0.02), beyond=features)
    left = [np.square(np.concatenate(fold.units)).mean(axis=0) for fold in design.folds]
    assert np.max(left) < 0.001 * np.min(np.square(np.concatenate(y.values) / design.folds[0].of_y.scale).mean(axis=0))
    assert compare(x, y, ["unique"], Settings(3, 3, 0.02), features, n_nulls=1)["unique"].value < 0.001


def test_layers_and_measures_are_told_by_the_same_exchanges():
    """Five copies of a layer by six measures: what is there is told with 99 nulls, and copies cost nothing."""
    rng = np.random.default_rng(5)
    courses = [smooth(rng, 30, 3) for _ in range(18)]
    x, y = (activity(name, mixed(rng, courses, 6, noise, spare=0)) for name, noise in (("net", 0.0), ("cells", 0.5)))
    names, matches = ("encoding", "decoding", "cca", "cka", "procrustes", "rsa"), []
    for k in range(1, 6):
        layer = replace(x, values=tuple(k * values for values in x.values))
        for one in compare(layer, y, names, Settings(3, 3, 0), n_nulls=99).values():
            place = "", f"hidden_{k}", "m", "m", one.measure
            matches.append(Resemblance(*place, one.value, 0.0, tuple(one.nulls), (0.0, 1.0)))
    for one, other in zip(matches, matches[len(names) :], strict=False):
        np.testing.assert_allclose(one.nulls, other.nulls, atol=1e-9)
    study = NeuralStudy(matches, [], [f"hidden_{k}" for k in range(1, 6)])
    assert set(study.chance.values()) == {0.01}  # Holm's correction of 30 tests would give 0.3
    alone = NeuralStudy(matches[: len(names)], [], ["hidden_1"]).chance
    assert alone.items() <= study.chance.items()


@pytest.mark.slow
def test_a_course_from_the_start_on_gives_five_percent_false_positives():
    for p in count("started", 0, ("encoding", "dsa")).values():
        low, high = binom.ppf([1e-4, 1 - 1e-4], BLOCK, 0.05)
        assert low <= np.sum(np.array(p) <= 0.05) <= high
