"""What a contrast credits a layer with, where it is known what neurons were made of."""

from dataclasses import replace

import numpy as np
import pytest
from planted import activity, latents, mixed, smooth

from mousearm.neural.contrasts import contrast, predicted_courses
from mousearm.neural.measures import Design, Settings, compare

SPARE = 20


def cut(courses, lag=0):
    """Courses without the frames to spare, later by some frames."""
    return [course[SPARE - lag : len(course) - SPARE - lag] for course in courses]


def test_a_memory_of_movement_is_not_credited_beyond_movement():
    """Neurons of position now and of velocity 80 ms ago; the layer mixes both since the start, nonlinearly."""
    rng = np.random.default_rng(1)
    position = latents(rng, 24, 45, 3)
    velocity = [np.gradient(course, axis=0) * 8 for course in position]
    both = [np.hstack(sides) for sides in zip(position, velocity, strict=True)]
    weights = rng.normal(size=(24, 20)) / 4
    earlier = [np.maximum(np.arange(45) - lag, 0) for lag in (0, 5, 10, 15)]
    layer = activity("hidden", [np.tanh(np.hstack([of[k] for k in earlier]) @ weights) for of in cut(both)])
    movement = activity("kinematics", cut(both), "kinematics")
    made = zip(mixed(rng, position, 30, 0.3), mixed(rng, velocity, 30, 0.3, lag=12), strict=True)
    neurons = activity("neurons", [now + before for now, before in made], "neurons")
    design = Design(layer, neurons)
    found, at_one = (contrast(design, replace(movement, kind=kind), 0) for kind in ("kinematics", "untrained"))
    assert abs(found.unique.mean()) < 0.01
    assert found.rival.mean() > at_one.rival.mean() + 0.1


def test_each_side_has_its_own_lag_and_what_only_the_layer_has_is_unique():
    """Half of the neurons' variance follows a layer by 20 ms, half movement by 60 ms."""
    rng = np.random.default_rng(2)
    hidden, moved = latents(rng, 24, 45, 4), latents(rng, 24, 45, 4)
    layer, movement = activity("hidden", cut(hidden)), activity("kinematics", cut(moved), "kinematics")
    made = zip(mixed(rng, hidden, 30, 0.2, lag=3), mixed(rng, moved, 30, 0.2, lag=9), strict=True)
    neurons = activity("neurons", [a + b for a, b in made], "neurons")
    sides = Design(layer, neurons), Design(movement, neurons)
    assert [{side.lags[fold.lag[0]] for fold in side.folds} for side in sides] == [{3}, {9}]
    found = contrast(sides[0], movement, 0)
    assert found.unique.mean() == pytest.approx(0.48, abs=0.1)
    np.testing.assert_allclose(found.unique_units.mean(), found.unique.mean(), atol=1e-9)


def test_a_layer_that_holds_a_rival_in_other_proportions_is_not_credited_beyond_it():
    """Neurons of all of ten features of which most vary little; the layer has them in equal size, 40 ms later."""
    rng = np.random.default_rng(5)
    features = latents(rng, 30, 45, 10)
    rival = activity("muscles", [values * np.geomspace(1, 0.02, 10) for values in cut(features)], "muscles")
    layer = activity("hidden", mixed(rng, features, 20, lag=6))
    neurons = activity("neurons", mixed(rng, features, 40, 2.0, lag=3), "neurons")
    found = contrast(Design(layer, neurons), rival, 0)
    assert found.layer.mean() > found.rival.mean() + 0.05  # the better predictor
    assert abs(found.unique.mean()) < 0.02


@pytest.mark.parametrize("lag", [0, 12])
def test_a_layer_that_holds_all_of_movement_is_credited_with_the_rest(lag):
    """Half of the neurons' variance is what only the layer has. Of half of its components movement leaves nothing."""
    rng = np.random.default_rng(3)
    hidden, moved = latents(rng, 40, 45, 3), latents(rng, 40, 45, 3)
    both = [np.hstack([own, 2 * other]) for own, other in zip(hidden, moved, strict=True)]
    layer, movement = activity("hidden", mixed(rng, both, 12)), activity("kinematics", cut(moved), "kinematics")
    parts = list(zip(mixed(rng, hidden, 30, lag=lag), mixed(rng, moved, 30, lag=lag), strict=True))
    neurons = activity("neurons", [a + b for a, b in parts], "neurons")
    true = (np.concatenate([own for own, _ in parts]).var(axis=0) / np.concatenate(neurons.values).var(axis=0)).mean()
    found = compare(layer, neurons, ["unique"], beyond=movement, n_nulls=0)["unique"]
    assert found.value == pytest.approx(true, abs=0.03)


def test_predicted_courses_are_those_of_the_neurons_where_everything_is_known():
    rng = np.random.default_rng(3)
    hidden = latents(rng, 12, 45, 3)
    reaches = tuple(f"reach_{i // 2}" for i in range(12))  # two trials of each
    neurons = activity("neurons", mixed(rng, hidden, 20, 0.0, lag=3), "neurons", reaches)
    spaces = predicted_courses(neurons, {"hidden": activity("hidden", cut(hidden), reaches=reaches)}, Settings())
    assert len(set(spaces.reaches)) == len(spaces.reaches) == 2
    for true, found in zip(*spaces.courses.values(), strict=True):
        assert np.corrcoef(true[3:, 0], found[3:, 0])[0, 1] > 0.99


def test_the_unique_variance_of_few_noisy_neurons_is_right():
    """A tenth of the variance follows the layer, two tenths movement, the rest is noise."""
    rng = np.random.default_rng(4)
    hidden, moved = latents(rng, 40, 45, 6), latents(rng, 40, 45, 4)
    layer, movement = activity("hidden", cut(hidden)), activity("kinematics", cut(moved), "kinematics")
    made = zip(mixed(rng, hidden, 60), mixed(rng, moved, 60), strict=True)
    parts = [(np.sqrt(0.1) * own, np.sqrt(0.2) * other) for own, other in made]
    neurons = activity("neurons", [a + b + np.sqrt(0.7) * smooth(rng, 45, 60) for a, b in parts], "neurons")
    true = (np.concatenate([own for own, _ in parts]).var(axis=0) / np.concatenate(neurons.values).var(axis=0)).mean()
    settings = Settings(most_lag_s=0.02)
    found = compare(layer, neurons, ["unique"], settings, movement, n_nulls=0)["unique"]
    assert abs(found.value - true) < 0.02
    low, high = found.interval
    assert low < true < high < low + 0.06
    np.testing.assert_allclose(contrast(Design(layer, neurons, settings), movement, 0).unique.mean(), found.value)
