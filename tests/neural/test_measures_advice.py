"""What messages on measures tell to do."""

from dataclasses import replace

import numpy as np
import pytest
from planted import activity, latents, mixed
from test_data_advice import told

from mousearm.neural.measures import Settings, compare
from mousearm.neural.study import NeuralAsked


def test_advice_where_sides_cannot_be_compared():
    rng = np.random.default_rng(0)
    courses = latents(rng, 9, 24, 3)
    x, y = activity("net", mixed(rng, courses, 6)), activity("cells", mixed(rng, courses, 5), "neurons")
    small = Settings(most_lag_s=0.02)
    told("take more reaches", compare, x.trials(range(2)), y, ["cka"], small, n_nulls=1)
    assert compare(x.trials(range(3)), y, ["cka"], small, n_nulls=1)["cka"].least_p == 1
    told("folds are too few: use ", compare, x, y, ["cka"], replace(small, folds=2), n_nulls=1)
    assert len(compare(x, y, ["cka"], replace(small, folds=3), n_nulls=1)["cka"].folds) == 3
    silent = replace(y, values=tuple(np.zeros_like(values) for values in y.values))
    told("Leave it out, or take other units or reaches", compare, x, silent, ["cka"], small, n_nulls=1)
    told("Leave it out, or give lags of up to ", compare, x, y, ["cka"], Settings(most_lag_s=0.2), n_nulls=1)
    assert compare(x, y, ["cka"], Settings(most_lag_s=0.1067), n_nulls=1)["cka"].lags_s[-1] == pytest.approx(16 / 150)
    told("activity of them (beyond), or leave this measure out", compare, x, y, ["cka", "unique"], small, n_nulls=1)
    assert [*compare(x, y, ["cka"], small, n_nulls=1)] == ["cka"]
    both = compare(x, y, ["cka", "unique"], small, n_nulls=1, beyond=activity("paw", mixed(rng, courses, 2)))
    assert [*both] == ["cka", "unique"]


def test_advice_to_ask_for_movement_beside_what_is_beyond_it():
    told(
        "Compare with kinematics, too (--against), or leave it out", NeuralAsked, [], ["cell"], ["muscles"], ["unique"]
    )
    for against, measures in ((["muscles", "kinematics"], ["unique"]), (["muscles"], ["cka"]), (["muscles"], [])):
        assert NeuralAsked([], ["hidden"], against, measures).measures == measures
