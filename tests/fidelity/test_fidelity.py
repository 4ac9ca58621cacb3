"""The comparison with OpenSim: what needs no OpenSim, by hand arithmetic, and an arm that is drawn by hand."""

import json
import sys

import mujoco
import numpy as np
import pytest

from mousearm.errors import ModelError
from mousearm.fidelity.compare import Fidelity, verdicts
from mousearm.fidelity.curves import FIBRE, SPEED, Difference, Fibre, MuscleCurves, forces_at
from mousearm.fidelity.figure import draw_fidelity, force_curves_figure, lengths_figure
from mousearm.fidelity.reference import OpenSimModel, Surface, Vertex
from mousearm.fidelity.report import fidelity_json, fidelity_text
from mousearm.fidelity.validity import Validity, chord, contains, path_segments
from mousearm.model.muscles import optimal_and_slack

CYLINDER = Surface("roll", np.eye(4), 1.0, 2.0)
SPHERE = Surface("ball", np.eye(4), 1.0, np.inf)

# 10 mm long fibres, 2 mm of tendon; sin(pennation) = 0.6, so a muscle is 6 mm wide.
FIBRE_OF_TEN = Fibre("any", 1.0, 0.010, 0.002, np.arcsin(0.6), 10.0)


@pytest.mark.parametrize(
    ("surface", "start", "end", "inside"),
    [
        (CYLINDER, (-2, 0, 0), (2, 0, 0), 2.0),  # across
        (CYLINDER, (-2, 0.6, 0), (2, 0.6, 0), 1.6),  # 2 sqrt(1 - 0.36)
        (CYLINDER, (-2, 1.2, 0), (2, 1.2, 0), 0.0),  # past it
        (CYLINDER, (-2, 0, 1.5), (2, 0, 1.5), 0.0),  # beyond its end
        (CYLINDER, (0, 0, 0), (2, 0, 0), 1.0),  # from within
        (CYLINDER, (-2, 0, -2), (2, 0, 2), np.sqrt(8)),  # on the diagonal of its section
        (CYLINDER, (0.5, 0, -1), (0.5, 0.1, 9), np.sqrt(100.01) / 5),  # out through its end: 2 of 10 mm up
        (SPHERE, (-2, 0, 0.6), (2, 0, 0.6), 1.6),
        (SPHERE, (-2, 0, 1.2), (2, 0, 1.2), 0.0),
        (SPHERE, (1.5, 0, 0), (2, 0, 0), 0.0),  # ends before it
    ],
)
def test_chord(surface, start, end, inside):
    assert chord(np.array(start, float), np.array(end, float), surface) == pytest.approx(inside)


def test_contains():
    assert contains(np.array([0.9, 0, 0.9]), CYLINDER)
    assert not contains(np.array([0.9, 0, 1.1]), CYLINDER)
    assert not contains(np.array([0.9, 0, 0.9]), SPHERE)


def test_a_segment_that_bends_does_not_cut():
    surface = CYLINDER._replace(pose=np.array([[1.0, 0, 0, 5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    points = {"a": (3, 0, 0), "b": (7, 0, 0), "c": (5.5, 0, 0)}
    a, b, c = (Vertex(name, None, np.array(point, float)) for name, point in points.items())
    arc = [Vertex(name, "roll", np.array(point, float)) for name, point in (("1", (4, 1, 0)), ("2", (6, 1, 0)))]
    found = {(start, end): states for start, end, states in path_segments([a, *arc, b, c], surface)}
    # a-b bends over it; c is inside, so that b-c is drawn straight.
    assert found == {("a", "b"): (False, False, True), ("b", "c"): (True, True, False)}
    assert list(path_segments([a, b], surface)) == [("a", "b", (False, True, False))]


def test_fibres_get_steeper_as_they_shorten():
    # At optimal length 10 cos = 8 mm along the tendon; at sqrt(8^2 / 4 + 6^2) = 7.2 mm only 4 mm.
    path = FIBRE_OF_TEN.path_length(np.array([1.0, np.sqrt(0.52), 0.6, 0.5]))
    np.testing.assert_allclose(path, [0.010, 0.006, np.nan, np.nan])
    np.testing.assert_allclose(FIBRE_OF_TEN.fibre_length(path[:2]), [1.0, np.sqrt(0.52)])


def test_spread():
    # Differences of 3 and -4 %, and one that is not known: rms sqrt(12.5).
    found = Difference.of(np.array([[0.5, 0.5, np.nan], [0.53, 0.46, 0.1]]))
    assert found == pytest.approx((np.sqrt(12.5), 4.0))
    assert np.isnan(Difference.of(np.full((2, 3), np.nan))).all()


def test_forces_are_those_of_the_simulation(muscle_arm):
    data = mujoco.MjData(muscle_arm.model)
    data.qpos[:] = muscle_arm.rest_qpos
    data.qvel[:] = np.random.default_rng(0).normal(0, 5, muscle_arm.nq)
    data.act[:] = 1
    mujoco.mj_forward(muscle_arm.model, data)
    for i in range(muscle_arm.nu):
        active, passive = forces_at(muscle_arm, i, data.actuator_length[i], data.actuator_velocity[i])
        assert active + passive == pytest.approx(-data.actuator_force[i])


def test_peak_force_is_at_the_optimal_length(cable):
    # range 0.5 to 1.5 over 5 to 15 mm: l0 = 10 mm, no tendon. Half the way up from lmin = 0.5, half the force.
    np.testing.assert_allclose(optimal_and_slack(cable), [[0.010], [0]], atol=1e-9)
    assert forces_at(cable, 0, 0.010)[0] == pytest.approx(0.1)
    assert forces_at(cable, 0, 0.0075)[0] == pytest.approx(0.05)
    assert forces_at(cable, 0, 0.004)[0] == 0
    assert forces_at(cable, 0, 0.009)[1] == 0


def test_without_opensim_it_is_said_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "opensim", None)
    with pytest.raises(ModelError, match=r"needs OpenSim's Python package.*pip install opensim"):
        OpenSimModel(tmp_path / "any.osim")


@pytest.fixture
def drawn(cable, tmp_path):
    """Two muscles and four poses: one muscle exact, of the other one pose set aside in which it is 1 mm off."""
    lengths = np.full((2, 4, 2), 0.010)
    lengths[1, :, 1] += [1e-5, 1e-5, 1e-5, 1e-3]
    moments = np.zeros((2, 4, 2, 2))
    moments[:, :, 1, 0] = 0.001
    moments[1, :, 1, 0] += [1e-5, -1e-5, 1e-5, 5e-4]
    inside = np.array([[False, False]] * 3 + [[False, True]])
    jump = np.where(inside, 4e-4, 0.0)
    validity = Validity(inside, np.zeros_like(inside), jump, np.ones((4, 2), int), moments[0])
    poses = np.deg2rad(np.arange(8).reshape(4, 2))
    curve, speed = np.tile(np.exp(-((FIBRE - 1) ** 2) * 9), (2, 1)), np.tile(1 + SPEED, (2, 1))
    lengths_of_ten = np.array([FIBRE_OF_TEN.path_length(FIBRE), 0.002 + 0.010 * FIBRE])
    nothing, ranges = np.zeros((2, len(FIBRE))), {"in ranges": (0.5, 1.5)}
    curves = [
        MuscleCurves("lift", FIBRE_OF_TEN, curve, nothing, speed, 0.1 * curve, lengths_of_ten, curve, ranges),
        MuscleCurves(
            "drop", FIBRE_OF_TEN, curve * [[1], [0.9]], nothing, speed, 0.1 * curve, lengths_of_ten, curve, ranges
        ),
    ]
    return Fidelity(
        tmp_path / "a.osim", "4.6", ("first", "second"), cable, poses, {"paw": 2e-7}, ("lift", "drop"),
        lengths, moments, moments[0], validity, np.array([0.0, 1e-6]), curves, ("muscles that the arm lacks: hop",),
    )  # fmt: skip


def test_errors_with_and_without_the_poses_set_aside(drawn):
    every, kept = np.ones((4, 2), bool), drawn.validity.trusted
    rms, largest = drawn.length_error(every)
    np.testing.assert_allclose([rms[0], largest[0]], 0)
    np.testing.assert_allclose([rms[1], largest[1]], [np.sqrt((3e-10 + 1e-6) / 4), 1e-3])
    rms, largest = drawn.length_error(kept)
    np.testing.assert_allclose([rms[1], largest[1]], 1e-5)
    # Differences of 0.01 mm of a moment arm of 1 mm; the others are no pairs.
    np.testing.assert_allclose(drawn.moment_errors(kept)["arm"], [[np.nan, np.nan], [0.01, np.nan]])
    assert drawn.moment_errors(every)["arm"][1, 0] > 0.2
    assert np.isnan(drawn.length_error(np.zeros((4, 2), bool))[0]).all()


def test_limits_are_judged_over_the_poses_kept(drawn):
    assert [result.name for result in verdicts(drawn)] == [
        "landmarks", "path lengths", "moment arms", "peak forces", "own paths",
    ]  # fmt: skip
    assert all(result.passed for result in verdicts(drawn))
    drawn.validity.inside[:] = False
    drawn.validity.jump[:] = 0
    assert [result.passed for result in verdicts(drawn)] == [True, False, False, True, True]
    drawn.validity.inside[:, 0] = True
    assert "1 mm at most: drop" not in verdicts(drawn)[1].measured
    assert "without any trustworthy pose: lift" in verdicts(drawn)[1].measured


def test_tables(drawn):
    text = fidelity_text(drawn)
    row = next(line for line in text.splitlines() if line.split()[:2] == ["drop", "0.5"])
    # rms and largest difference in all poses and in those kept, then moment arms, then what is set aside.
    assert row.split() == ["drop", "0.5", "0.01", "1", "0.01", "25.01", "1.00", "1.00", "0.00", "25.0"]
    assert max(map(len, text.splitlines()[2:])) <= 80  # the first has the path of a file
    (aside,) = (line for line in text.splitlines() if "inside+jumps" in line)
    assert aside.split() == ["drop", "25.0", "0.0", "25.0", "inside+jumps", "0.4", "(second)", "6.00", "7.00"]
    assert (
        "lift has the largest angle, 36.9 degrees. In OpenSim its fibres are at optimal length when it is 10.000 mm"
        in (" ".join(text.split()))
    )
    assert "in our model at 12.000 mm" in " ".join(text.split())
    assert "Not compared: muscles that the arm lacks: hop." in text
    assert text.endswith("All limits are kept.")


def test_json_has_all_figures(drawn):
    figures = json.loads(json.dumps(fidelity_json(drawn), allow_nan=False))
    drop = figures["muscles"]["drop"]
    assert drop["kept_poses"]["length_max_m"] == pytest.approx(1e-5)
    assert drop["kept_poses"]["moment_arm_rms_percent"] == {"shoulder": pytest.approx(1.0), "elbow": None}
    assert drop["set_aside_share"]["any"] == 0.25
    assert drop["set_aside_examples"][0]["jump_m"] == pytest.approx(4e-4)
    assert drop["curves_percent_of_peak"]["active"]["0.2..1.8"]["max"] == pytest.approx(10)
    assert figures["results"][0]["passed"]


def test_figures(drawn, tmp_path):
    files = draw_fidelity(drawn, tmp_path / "figures")
    assert [file.name for file in files] == [
        "opensim_lengths.png", "opensim_lengths.pdf", "opensim_curves.png", "opensim_curves.pdf",
    ]  # fmt: skip
    (lengths,) = lengths_figure(drawn).axes
    assert [label.get_text() for label in lengths.get_yticklabels()] == ["lift", "drop"]
    legend = force_curves_figure(drawn.curves).legends[0]
    assert [entry.get_text() for entry in legend.get_texts()][:3] == ["OpenSim", "MuJoCo: lift", "MuJoCo: drop"]


@pytest.mark.parametrize("option", [("--poses", "0"), ("--poses", "99999999999999999999"), ("--seed", "-1")])
def test_poses_that_cannot_be_drawn_are_refused(run_script, option):
    refused = run_script("compare_opensim", "arm.osim", *option)
    assert refused.status == 2
    assert " ".join(option) in refused.err
