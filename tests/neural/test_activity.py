import numpy as np
import pytest

from mousearm.errors import NeuralError
from mousearm.neural.activity import Activity, matched


def activity(name="a", lengths=(4, 5), reaches=("one", "two"), units=("u", "v"), step_s=0.01, start=0.0):
    """Frame t of trial i has the value start + 100 i + t in every unit."""
    values = [start + 100.0 * i + np.arange(n)[:, None] * np.ones(len(units)) for i, n in enumerate(lengths)]
    return Activity(name, tuple(reaches), tuple(values), step_s, tuple(units), ("m/1",) * len(values), "neurons")


def test_activity_is_cut_by_hand():
    three = activity(lengths=(4, 5, 3), reaches=("one", "two", "one"))
    assert (three.n_units, three.n_frames) == (2, (4, 5, 3))
    assert three.trials([2]).values[0][:, 0].tolist() == [200, 201, 202]
    assert three.columns([1], "w").units == ("v",)
    assert three.frames(1, [2, 3, 3]).n_frames == (1, 2, 2)


def test_matched_gives_common_reaches_and_frames_in_the_order_of_the_first():
    a, b = activity(lengths=(20, 30)), activity("b", (29, 20, 9), ("two", "one", "three"), step_s=0.010001, start=7)
    left, right = matched(a, b)
    assert left.reaches == right.reaches == ("one", "two")
    assert left.n_frames == right.n_frames == (20, 29)
    assert right.values[0][0, 0] == 107


def test_matched_pairs_trials_and_lets_a_single_one_stand_for_all():
    neurons = activity(lengths=(9, 9, 9), reaches=("one", "one", "two"))
    network = activity("b", (9, 9), ("one", "two"), start=7)
    left, right = matched(neurons, network)
    assert left.reaches == right.reaches == ("one", "one", "two")
    assert [values[0, 0] for values in right.values] == [7, 7, 107]
    again = activity("b", (9, 9, 9), ("one", "two", "one"), start=7)
    assert [values[0, 0] for values in matched(neurons, again)[1].values] == [7, 207, 107]


@pytest.mark.parametrize(
    "wrong",
    [
        {"lengths": ()},
        {"units": ()},
        {"units": ("u", "u")},
        {"step_s": 0.0},
        {"step_s": np.nan},
        {"lengths": (4, 0)},
        {"start": np.inf},
        {"reaches": ("one",)},
    ],
)
def test_activity_that_is_none_is_refused(wrong):
    with pytest.raises(NeuralError):
        activity(**{"reaches": (), **wrong} if wrong.get("lengths") == () else wrong)
