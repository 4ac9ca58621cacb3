"""What messages on neural data tell to do."""

from dataclasses import replace

import pytest
from test_activity import activity

from mousearm.errors import NeuralError
from mousearm.neural.activity import matched


def told(says, call, *arguments, **options):
    with pytest.raises(NeuralError) as refused:
        call(*arguments, **options)
    assert says in " ".join(str(refused.value).split())


def test_advice_where_activities_do_not_match():
    a, b = activity(lengths=(30, 30)), activity("b", (30, 30))
    told("read the neurons with the step of the recording", matched, a, replace(b, step_s=0.02))
    told("Name the trials of one as the reaches of the other", matched, a, replace(b, reaches=("x", "y")))
    twice = (activity("c", (30,) * n, ("one",) * n) for n in (2, 3))
    told("Give one of them a single trial of each reach", matched, *twice)
    assert matched(activity("c", (30, 30), ("one", "one")), b)[1].reaches == ("one", "one")
    told("Check the event that trials are aligned to", matched, a, activity("b", (30, 26)))
    assert matched(a, activity("b", (30, 27)))[0].n_frames == (30, 27)
