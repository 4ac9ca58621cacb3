import re

import numpy as np
import pytest

from mousearm.errors import MouseArmError, UnknownNameError
from mousearm.observation import Ahead, Observation
from mousearm.registry import OBSERVATIONS
from mousearm.senses import Anatomy, SensesConfig
from mousearm.trajectory import Snapshot

N = 2
BODY = Anatomy(
    muscles=np.array([1]),
    states=np.array([0]),
    peak=np.array([2.0]),
    vmax=np.array([10.0]),
    rest=np.array([1.0]),
    senses=SensesConfig(),
)


def see(*names):
    """The observation of terms by that body."""
    return Observation(names, BODY)


def snapshot(na=1):
    """Two arms of two joints and three actuators, the second a muscle; every number differs from every other."""
    return Snapshot(
        qpos=np.array([[0.1, 0.2], [0.3, 0.4]]),
        qvel=np.array([[1.0, 2.0], [3.0, 4.0]]),
        activation=np.arange(N * na).reshape(N, na) / 10,
        ctrl=np.zeros((N, 3)),
        force=np.zeros((N, 3)),
        landmarks=np.arange(N * 9, dtype=float).reshape(N, 3, 3) / 1000,
        fibre_length=np.array([[0, 0.9, 0], [0, 1.25, 0]]),
        fibre_velocity=np.array([[0, -5.0, 0], [0, 2.0, 0]]),
        tension=np.array([[0, 0.1, 0], [0, 1.0, 0]]),
    )


def ahead(steps=2):
    targets = np.random.default_rng(0).normal(scale=0.01, size=(N, 1 + steps, 2, 3))
    return Ahead(np.array([0.25, 1.0]), targets[:, 0], targets[:, 1:], goal=targets[:, -1, 1])


def test_terms_side_by_side_in_the_order_given():
    result = see("qvel", "phase", "qpos")(snapshot(), ahead())
    np.testing.assert_array_equal(result, np.array([[1, 2, 0.25, 0.1, 0.2], [3, 4, 1, 0.3, 0.4]], dtype=np.float32))
    assert result.dtype == np.float32


def test_path_is_future_target_minus_current_position():
    now, coming = snapshot(), ahead(3)
    expected = [
        [coming.targets[i, k, point] - now.landmarks[i, 1 + point] for k in range(3) for point in range(2)]
        for i in range(N)
    ]
    np.testing.assert_allclose(see("path")(now, coming), np.reshape(expected, (N, 18)), rtol=1e-6)


def test_path_by_hand():
    """The arm of the second simulation: elbow at (12, 13, 14) mm, paw at (15, 16, 17) mm."""
    targets = np.zeros((N, 2, 2, 3))
    targets[1] = [[[12, 13, 15], [15, 18, 17]], [[13, 13, 14], [15, 16, 20]]]
    coming = Ahead(np.zeros(N), np.zeros((N, 2, 3)), targets / 1000)
    # First frame: elbow 1 mm up, paw 2 mm along y. Second: elbow 1 mm along x, paw 3 mm up.
    np.testing.assert_allclose(
        1000 * see("path")(snapshot(), coming)[1], [0, 0, 1, 0, 2, 0, 1, 0, 0, 0, 0, 3], atol=1e-5
    )


def test_path_preview_by_hand():
    """The same targets, seen from where the arm should be now: elbow at (12, 12, 14) mm, paw at (15, 16, 10) mm."""
    target, targets = np.zeros((N, 2, 3)), np.zeros((N, 2, 2, 3))
    target[1] = [[12, 12, 14], [15, 16, 10]]
    targets[1] = [[[12, 13, 15], [15, 18, 17]], [[13, 13, 14], [15, 16, 20]]]
    coming = Ahead(np.zeros(N), target / 1000, targets / 1000)
    np.testing.assert_allclose(
        1000 * see("path_preview")(snapshot(), coming)[1], [0, 1, 1, 0, 2, 7, 1, 1, 0, 0, 0, 10], atol=1e-5
    )


def test_previews_differ_by_the_present_error():
    now, coming = snapshot(), ahead(3)
    path, preview = (see(name)(now, coming).reshape(N, 3, 2, 3) for name in ("path", "path_preview"))
    error = coming.target - now.landmarks[:, 1:]
    np.testing.assert_allclose(path - preview, np.repeat(error[:, None], 3, axis=1), atol=1e-8)


def test_path_is_zero_when_the_arm_is_where_it_shall_be():
    now = snapshot()
    there = Ahead(np.zeros(N), now.landmarks[:, 1:], np.repeat(now.landmarks[:, None, 1:], 4, axis=1))
    np.testing.assert_array_equal(see("path")(now, there), np.zeros((N, 24)))


def test_terms_without_columns_add_nothing():
    result = see("qpos", "activation", "path", "path_preview")(snapshot(na=0), ahead(0))
    np.testing.assert_array_equal(result, snapshot().qpos.astype(np.float32))


def test_widths_add_up_to_the_columns():
    observation = see(*OBSERVATIONS)
    widths = observation.widths(snapshot(), ahead(2))
    of_muscles = dict.fromkeys(["muscle_length", "muscle_velocity", "muscle_force"], 1)
    organs = dict.fromkeys(["spindle_ia", "spindle_ii", "tendon_organ"], 1)
    shown = {"path": 12, "path_preview": 12, "paw": 3, "target": 3}
    assert (
        widths.items() >= {"qpos": 2, "qvel": 2, "activation": 1, "phase": 1, **shown, **of_muscles, **organs}.items()
    )
    assert observation(snapshot(), ahead(2)).shape == (N, sum(widths.values()))


def test_result_is_a_copy():
    now = snapshot()
    see("qpos")(now, ahead())[:] = 9
    np.testing.assert_array_equal(now.qpos, snapshot().qpos)


def test_unknown_term():
    text = "There is no observation term named 'qpo'. Did you mean 'qpos'? Those that exist: "
    with pytest.raises(UnknownNameError, match=re.escape(text + "activation, ")):
        see("qvel", "qpo")


def test_a_term_cannot_be_listed_twice():
    """Names are the keys of the widths, so that the second of two would be lost in the count of columns."""
    with pytest.raises(MouseArmError, match=r"env\.observation"):
        see("qpos", "qvel", "qpos")


@pytest.mark.parametrize(
    ("names", "n_ahead", "shows"),
    [
        (["qpos", "qvel", "activation", "phase"], 3, False),
        (["path"], 0, False),
        (["qpos", "path"], 1, True),
        (["path_preview"], 2, True),
    ],
)
def test_which_terms_show_the_targets(names, n_ahead, shows):
    assert see(*names).shows_targets(snapshot(), n_ahead) is shows


def test_terms_of_users_show_the_targets_by_what_they_compute():
    observation = see("qpos")
    observation.by_name["path"] = lambda now, coming, body: now.qvel  # a name says nothing
    assert not observation.shows_targets(snapshot(), 2)
    observation.by_name["height"] = lambda now, coming, body: coming.target[:, 1, 2:]
    assert observation.shows_targets(snapshot(), 0)
