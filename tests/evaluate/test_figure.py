import io
import re
from functools import cache

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from PIL import Image

from mousearm.config import compose
from mousearm.env.references import prepare
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.figure import generalisation_figure, reach_figure
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.evaluate.muscles import Drives, drives
from mousearm.evaluate.results import Errors, ErrorScale, PawMovement, ReachResult
from mousearm.plots import as_png, write_figure
from mousearm.text import display_name
from mousearm.trajectory import ELBOW, PAW, Trial

SCALE = ErrorScale("arm", "segments", "none", 12.0, 17.0)
T = 11
PLACE = np.array([0.010, 0.020, 0.030])
MOTORS = Drives([f"motor_{i}" for i in range(6)])
MUSCLES = Drives([f"Muscle_{i}_Head" for i in range(21)])


def trial(nu=6, lived=T, name="reach"):
    """11 frames of 10 ms; the paw rises by 1 mm a frame, its target leaves it by 0.5 mm a frame."""
    frame = np.arange(T)
    landmarks = np.tile(PLACE, (T, 3, 1))
    landmarks[:, ELBOW] += [0, 0, -0.010]
    landmarks[:, PAW] += [0, 0.012, -0.010]
    landmarks[:, PAW, 2] += 1e-3 * frame
    targets = landmarks.copy()
    targets[:, PAW] += np.array([3e-4, 4e-4, 0]) * frame[:, None]
    ctrl = np.random.default_rng(0).uniform(-1 if nu == 6 else 0, 1, (T, nu))
    known = {"name": name, "split": "train", "dt": 0.010, "diverged": lived < T, "targets": targets}
    return Trial(**known, landmarks=landmarks[:lived], ctrl=ctrl[:lived], effort=np.zeros((lived, nu)))


@cache
def drawn(nu, lived=T):
    """The figure of a `trial` of motors or muscles, for tests that only look at it."""
    return reach_figure(trial(nu, lived), MOTORS if nu == 6 else MUSCLES)


def panel(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == title]
    return axes


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return np.array(found.get_data())


def test_errors_are_those_of_the_rollout():
    data = trial()
    axes = panel(drawn(6), "Error")
    elbow, paw = axes.lines[0], axes.lines[2]
    np.testing.assert_allclose(elbow.get_xdata(), 10 * np.arange(T))  # ms
    np.testing.assert_allclose(elbow.get_ydata(), data.errors_mm[:, ELBOW])
    np.testing.assert_allclose(paw.get_ydata(), 0.5 * np.arange(T))  # 5 mm (3, 4, 5) after 10 frames


def test_means_are_those_of_the_evaluation():
    (result,) = evaluate_trials([trial()], SCALE).reaches
    figure = drawn(6)
    # 0.5 mm times the mean of 1 to 10; frame 0 is not counted.
    assert result.paw_mm.mean == pytest.approx(2.75)
    assert figure.get_suptitle() == "reach (train)    mean error: paw 2.75 mm, elbow 0.00 mm"
    assert [text.get_text() for text in panel(figure, "Error").get_legend().texts][1] == "paw, mean 2.75 mm"


def test_coordinates_are_millimetres_from_the_shoulder():
    figure = drawn(6)
    elbow, elbow_target, paw, paw_target = (line.get_ydata() for line in panel(figure, "Up").lines)
    np.testing.assert_allclose(elbow, -10)
    np.testing.assert_allclose(elbow_target, -10)
    np.testing.assert_allclose(paw, -10 + np.arange(T))
    np.testing.assert_allclose(paw_target, paw)
    np.testing.assert_allclose(panel(figure, "Forward").lines[3].get_ydata(), 12 + 0.4 * np.arange(T))


def test_projections_show_the_same_on_one_scale():
    figure = drawn(6)
    side, front = panel(figure, "Path, forward–up plane"), panel(figure, "Path, right–up plane")
    np.testing.assert_allclose(line(side, "paw, from dot"), [np.full(T, 12), np.arange(-10, 1)])
    np.testing.assert_allclose(line(front, "paw target"), [0.3 * np.arange(T), np.arange(-10, 1)])
    spans = [np.ptp(limits) for axes in (side, front) for limits in (axes.get_xlim(), axes.get_ylim())]
    np.testing.assert_allclose(spans, spans[0])


def test_no_label_of_the_shipped_reach_is_cut_off():
    """Its coordinates have wide ticks on low axes: nothing that is written touches the edge of the page."""
    _, arm, (reference,) = prepare(compose([]))
    shoulder = arm.landmark_positions(reference.qpos)[:, :1]
    targets = np.concatenate([shoulder, np.stack([reference.elbow, reference.paw], axis=1)], axis=1)
    still = {"ctrl": np.zeros((len(targets), 6)), "effort": np.zeros((len(targets), 6))}
    performed = Trial(name="demo", split="train", dt=1 / 150, landmarks=targets, targets=targets, **still)
    with Image.open(io.BytesIO(as_png(reach_figure(performed, MOTORS, "run first, seed 0")))) as picture:
        pixels = np.asarray(picture.convert("L"))
    assert pixels[:, :4].min() > 128


def test_motors_are_steps_that_hold_between_frames():
    data = trial()
    axes = panel(drawn(6), "Controls")
    steps = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    for i, step in enumerate(steps):
        values, edges, _ = step.get_data()
        np.testing.assert_array_equal(values, data.ctrl[1:, i])  # row 0 led to no frame
        np.testing.assert_allclose(edges, 10 * np.arange(T))
    assert [text.get_text() for text in axes.get_legend().texts] == [f"motor {i}" for i in range(6)]


@pytest.mark.parametrize(("shift", "limits"), [(0.0, (0, 1)), (-1.0, (-1, 1))])
def test_many_actuators_are_a_map_with_names(shift, limits):
    data = trial(nu=21)
    data.ctrl[:] += shift
    axes = panel(reach_figure(data, MUSCLES), "Controls")
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    np.testing.assert_array_equal(mesh.get_array(), data.ctrl[1:].T)
    assert mesh.get_clim() == pytest.approx(limits)
    assert [text.get_text() for text in axes.get_yticklabels()] == [f"Muscle {i} head" for i in range(21)]


def test_muscles_stand_in_anatomical_order_and_motors_have_torques(torque_arm, muscle_arm):
    def of(arm):
        qpos = arm.rest_qpos + np.linspace(0, 0.2, T)[:, None]
        landmarks = arm.landmark_positions(qpos)
        ctrl = np.tile(np.linspace(0, 1, arm.nu), (T, 1))
        return Trial(name="r", dt=0.01, landmarks=landmarks, targets=landmarks, qpos=qpos, ctrl=ctrl)

    data = of(muscle_arm)
    axes = panel(reach_figure(data, drives(muscle_arm, data), "run first, seed 3"), "Excitations")
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert sorted(labels) == sorted(display_name(name) for name in muscle_arm.actuator_names)
    heads = [i for i, label in enumerate(labels) if label.startswith("Triceps")]
    assert max(heads) - min(heads) <= 3  # three heads and a small one of the same function
    assert labels[-1] == "Flexor carpi radialis"
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    name = list(muscle_arm.actuator_names)[5]
    np.testing.assert_allclose(np.asarray(mesh.get_array())[labels.index(display_name(name))], data.ctrl[1:, 5])
    data = of(torque_arm)
    figure = reach_figure(data, drives(torque_arm, data), "run first, seed 3")
    axes = panel(figure, "Torques")
    first = next(patch for patch in axes.patches if isinstance(patch, StepPatch))
    gear = torque_arm.model.actuator_gear[0, 0]
    np.testing.assert_allclose(first.get_data().values, 1e6 * gear * data.ctrl[1:, 0])
    assert figure.get_supxlabel() == "run first, seed 3"


@pytest.mark.parametrize("nu", [6, 21])
def test_an_arm_that_diverged_is_drawn_up_to_there(nu):
    figure = drawn(nu, lived=4)
    assert "diverged after 30 ms" in figure.get_suptitle()
    assert [len(line.get_xdata()) for line in panel(figure, "Up").lines] == [4, T, 4, T]
    assert len(panel(figure, "Error").lines[0].get_xdata()) == 4
    assert panel(figure, "Error").get_xlim() == panel(figure, "Controls").get_xlim() == (0, 100)


@pytest.mark.parametrize("nu", [6, 21])
def test_an_arm_that_diverged_at_once_is_drawn_too(nu):
    figure = drawn(nu, lived=1)
    figure.draw_without_rendering()
    assert "diverged after 0 ms" in figure.get_suptitle()


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: drawn(6), marks=pytest.mark.slow),
        pytest.param(lambda: drawn(21), marks=pytest.mark.slow),
        lambda: generalisation_figure(evaluation([1.0, 2.0, 3.0], 1)),
    ],
    ids=["motors", "muscles", "generalisation"],
)
def test_files_are_a_png_of_180_mm_at_200_dpi_and_a_pdf(draw, tmp_path):
    settings = dict(matplotlib.rcParams)
    png, pdf = write_figure(draw(), tmp_path / "mouse.1_reach")
    assert (png.name, pdf.name) == ("mouse.1_reach.png", "mouse.1_reach.pdf")
    with Image.open(png) as image:
        assert image.format == "PNG"
        assert image.width == int(180 / 25.4 * 200)
        image.load()
    assert pdf.read_bytes().startswith(b"%PDF-")
    # A page is measured in points of 1/72 inch.
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf.read_bytes())
    assert box is not None
    assert float(box.group(1)) == pytest.approx(180 / 25.4 * 72)
    assert dict(matplotlib.rcParams) == settings  # matplotlib's own are left alone


@pytest.mark.parametrize("nu", [6, 21])
def test_text_can_be_read_in_print_and_lies_on_the_page(nu):
    figure = drawn(nu)
    figure.draw_without_rendering()
    assert figure.get_figwidth() == pytest.approx(180 / 25.4)  # a journal's page
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= 7
    page = figure.bbox
    for label in figure.legends + [legend for part in figure.subfigs for legend in part.legends]:
        assert label.get_window_extent().x1 <= page.x1


def test_a_name_is_shown_as_it_is():
    figure = reach_figure(trial(name="$a_{b$"), MOTORS)
    assert figure.get_suptitle().startswith("$a_{b$ (")
    figure.draw_without_rendering()  # as mathematics it could not be parsed


# All reaches


def evaluation(errors_mm, n_test):
    """Reaches of 1, 2, ... mm at 0.1, 0.2, ... m/s, up and left in turn; the last ones to test with."""
    results = [
        ReachResult(
            f"r{i}",
            "test" if i >= len(errors_mm) - n_test else "train",
            50,
            True,
            Errors(error, error, error),
            Errors(0, 0, 0),
            0.0,
            PawMovement(i + 1.0, (i + 1) / 10, "left" if i % 2 else "up"),
        )
        for i, error in enumerate(errors_mm)
    ]
    splits = {}
    for split in ("train", "test"):
        own = [result.paw_mm.mean for result in results if result.split == split]
        if own:
            splits[split] = {"paw_mm": Errors.of(np.array(own)), "elbow_mm": Errors(1, 1, 1)}
    return Evaluation(SCALE, results, splits)


def points(axes, split):
    (line,) = [line for line in axes.lines if str(line.get_label()).startswith(f"{split}:")]
    return np.array(line.get_data())


def test_every_reach_is_where_it_belongs():
    figure = generalisation_figure(evaluation([2.0, 3.0, 4.0, 6.0, 8.0], 2))
    distance, speed = panel(figure, "Distance"), panel(figure, "Speed")
    np.testing.assert_allclose(points(distance, "train"), [[1, 2, 3], [2, 3, 4]])
    np.testing.assert_allclose(points(distance, "test"), [[4, 5], [6, 8]])
    np.testing.assert_allclose(points(speed, "test"), [[0.4, 0.5], [6, 8]])
    assert figure.get_suptitle() == "Paw error of 5 reaches    test / train: 2.33"  # 7 over 3
    (legend,) = figure.subfigs[0].legends
    assert [text.get_text() for text in legend.texts] == ["train: 3, mean 3 mm", "test: 2, mean 7 mm"]


def test_directions_stand_side_by_side():
    axes = panel(generalisation_figure(evaluation([2.0, 3.0, 4.0, 6.0, 8.0], 2)), "Direction")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["left", "up"]
    x = np.concatenate([points(axes, "train")[0], points(axes, "test")[0]])
    np.testing.assert_array_equal(np.round(x), [1, 0, 1, 0, 1])
    assert len(set(x)) == 5


@pytest.mark.parametrize(("errors", "scale"), [([0.5, 9.0], "linear"), ([0.4, 9.0], "log"), ([0.0, 9.0], "linear")])
def test_small_errors_can_be_told_apart(errors, scale):
    axes = generalisation_figure(evaluation(errors, 1)).axes[0]
    assert axes.get_yscale() == scale


def test_one_split_is_enough():
    figure = generalisation_figure(evaluation([1.0, 2.0], 0))
    assert figure.get_suptitle() == "Paw error of 2 reaches"
    assert len(figure.subfigs[0].legends[0].texts) == 1


@pytest.mark.parametrize("n", [6, 300])
def test_text_can_be_read_and_does_not_collide(n):
    figure = generalisation_figure(evaluation(list(np.geomspace(0.1, 20, n)), n // 3))
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= 7
    assert not any("$" in text.get_text() for text in texts)
    title = next(text for text in texts if text.get_text().startswith("Paw error of"))
    assert title.get_window_extent().y0 >= figure.subfigs[0].legends[0].get_window_extent().y1
