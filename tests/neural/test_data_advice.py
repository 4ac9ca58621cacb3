"""What messages on neural data tell to do."""

from dataclasses import replace

import numpy as np
import pytest
from test_activity import activity

from mousearm.errors import NeuralError
from mousearm.neural.activity import matched
from mousearm.neural.made import Recipe, make_neurons
from mousearm.neural.predictors import predictor
from mousearm.neural.rates import Kernel
from mousearm.neural.source import PredictorSource


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


def test_advice_where_neurons_are_made():
    a, b = activity(lengths=(30, 30)), activity("b", (30, 27))
    told("Neurons cannot be made with ", Recipe, depth=-1)
    assert make_neurons([(a, 1)], Recipe(depth=0)).neurons.n_units == 60
    told("is none: give a number of at least 0", make_neurons, [(a, -1)])
    told("are not on the same trials: give both to matched first", make_neurons, [(a, 1), (b, 1)])
    assert make_neurons([(of, 1) for of in matched(a, b)]).neurons.n_frames == (30, 27)


def test_advice_on_kernels():
    told("There is no kernel ", Kernel, "box")
    told("Give more than 0 and at most 1000 ms", Kernel, "causal", 0)
    assert Kernel("causal", 1000).margins(0.1) == (40, 0)


def test_advice_on_what_a_recording_lacks(two_link, swing, assemble, configure):
    agent = assemble(configure("policy.lstm_hidden_size=8"), two_link, [swing(two_link, 12)])
    source = PredictorSource.of_agent(agent)
    told("Leave out what is made of it", predictor, source, "muscles")
    told("or leave emg out", predictor, source, "emg")
    told("Leave untrained out for this layer", predictor, source, "untrained", "inputs")
    told("Give the run folder to make it untrained", predictor, replace(source, agent=None), "untrained")
    still = replace(source, reaches=(_still(source.reaches[0]),))
    told("can explain nothing. Leave it out", predictor, still, "speed")
    for name in ("hidden", "untrained", "kinematics"):
        assert predictor(source, name).n_frames == (12,)
    broken = replace(source, reaches=(replace(source.reaches[0], completed=False),))
    told("Record a network that does", broken.lived)
    assert source.lived().diverged == ()


def _still(reach):
    target = reach.signals["target"]
    held = replace(target, values=np.broadcast_to(target.values[:1], target.values.shape))
    return replace(reach, signals={**reach.signals, "target": held})
