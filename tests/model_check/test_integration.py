from itertools import product

import numpy as np
import pytest

from mousearm.env.references import References, prepare
from mousearm.model_check.integration import integration_accuracy, perform

DT = 1 / 150


@pytest.fixture(scope="module")
def reach(torque_config):
    return prepare(torque_config).references


@pytest.fixture(scope="module")
def report(torque_arm, reach):
    return integration_accuracy(torque_arm, reach, DT, product(("implicitfast", "RK4"), (2, 4, 8, 64)))


def test_more_steps_are_more_accurate(report):
    errors = np.array([report.errors_mm["implicitfast", n_substeps][0, 0] for n_substeps in (2, 4, 8)])
    # Of first order: half the step, half the error.
    np.testing.assert_allclose(errors[:-1] / errors[1:], 2, atol=0.4)


def test_the_reference_agrees_with_itself(report):
    np.testing.assert_allclose(report.errors_mm["RK4", 64], [[0], [0]])


def test_a_higher_order_is_more_accurate(report):
    assert report.errors_mm["RK4", 8][1] < 0.1 * report.errors_mm["implicitfast", 8][1]


def test_the_reference_follows_the_reach(report, configure):
    assert report.tracking_mm.max() < 0.2
    _, arm, references = prepare(configure("model=muscle"))
    muscle = integration_accuracy(arm, references, DT, [("implicitfast", 32)])
    assert muscle.tracking_mm.max() < 0.5


def test_table_names_what_was_compared(report):
    lines = report.text().splitlines()
    assert lines[0] == "Elbow or paw, distance from RK4 with 64 substeps under the same controls,"
    assert [line.split()[:2] for line in lines[3:5]] == [["implicitfast", "2"], ["implicitfast", "4"]]


def test_reaches_of_different_length_do_not_touch_each_other(two_link, swing):
    short, long = swing(two_link, 6, "short"), swing(two_link, 12, "long")
    alone = integration_accuracy(two_link, [short], DT, [("Euler", 2)])
    both = integration_accuracy(two_link, [short, long], DT, [("Euler", 2)])
    assert both.errors_mm["Euler", 2].shape == (2, 2)
    assert alone.tracking_mm[0] == both.tracking_mm[0]


def test_a_divergence_is_infinite_and_said(explosive, swing, quiet_log):
    reach = swing(explosive, 5)
    points = perform(explosive, References([reach]), DT, ("Euler", 1), lambda *_: np.ones((1, 2)))
    assert np.isfinite(points[0]).all()
    assert np.isinf(points[1:]).all()


def test_the_arm_stays_as_it_is(torque_arm, reach):
    before = torque_arm.model.opt.integrator
    points = perform(torque_arm, References(reach), DT, ("RK4", 1), lambda *_: np.zeros((1, 6)))
    assert points.shape == (len(reach[0].paw), 1, 2, 3)
    assert torque_arm.model.opt.integrator == before
