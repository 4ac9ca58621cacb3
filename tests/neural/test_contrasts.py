"""What a contrast credits a layer with, where it is known what neurons were made of."""

import numpy as np
from planted import activity, latents, mixed, smooth

from mousearm.neural.contrasts import contrast, predicted_courses, with_delays
from mousearm.neural.measures import Design, Settings, compare

SPARE = 20


def cut(courses, lag=0):
    """Courses without the frames to spare, later by some frames."""
    return [course[SPARE - lag : len(course) - SPARE - lag] for course in courses]


def test_a_memory_of_movement_is_not_credited_beyond_movement():
    """Neurons of position now and of velocity 80 ms ago; the layer mixes both at several times, nonlinearly."""
    rng = np.random.default_rng(1)
    position = latents(rng, 24, 45, 3)
    velocity = [np.gradient(course, axis=0) * 8 for course in position]
    both = [np.hstack(sides) for sides in zip(position, velocity, strict=True)]
    weights = rng.normal(size=(24, 20)) / 4
    remembered = zip(*(cut(both, lag) for lag in (0, 5, 10, 15)), strict=True)
    layer = activity("hidden", [np.tanh(np.hstack(times) @ weights) for times in remembered])
    movement = activity("kinematics", cut(both), "kinematics")
    made = zip(mixed(rng, position, 30, 0.3), mixed(rng, velocity, 30, 0.3, lag=12), strict=True)
    neurons = activity("neurons", [now + before for now, before in made], "neurons")
    one, delayed = (
        contrast(Design(layer, neurons), Design(rival, neurons)) for rival in (movement, with_delays(movement))
    )
    assert one.unique.mean() > 0.05  # as if the layer had something that movement has not
    assert delayed.unique.mean() < 0.01
    assert delayed.rival.mean() > one.rival.mean() + 0.1


def test_each_side_has_its_own_lag_and_what_only_the_layer_has_is_unique():
    """Half of the neurons' variance follows a layer by 20 ms, half movement by 60 ms."""
    rng = np.random.default_rng(2)
    hidden, moved = latents(rng, 24, 45, 4), latents(rng, 24, 45, 4)
    layer, movement = activity("hidden", cut(hidden)), activity("kinematics", cut(moved), "kinematics")
    made = zip(mixed(rng, hidden, 30, 0.2, lag=3), mixed(rng, moved, 30, 0.2, lag=9), strict=True)
    neurons = activity("neurons", [a + b for a, b in made], "neurons")
    sides = Design(layer, neurons), Design(movement, neurons)
    assert [{side.lags[fold.lag[0]] for fold in side.folds} for side in sides] == [{3}, {9}]
    found = contrast(*sides)
    assert 0.35 < found.unique.mean() < 0.55
    assert found.both.mean() > 0.75
    np.testing.assert_allclose(found.unique_units.mean(), found.unique.mean(), atol=1e-9)


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
    found = compare(layer, neurons, ["unique"], Settings(most_lag_s=0.02), movement, n_nulls=0)["unique"].value
    assert abs(found - true) < 0.02
