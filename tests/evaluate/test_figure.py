import re

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from PIL import Image

from mousearm.evaluate import Rollout, Yardstick, draw_reach, evaluate_rollout
from mousearm.evaluate.figure import reach_figure

T = 11
SHOULDER = np.array([0.010, 0.020, 0.030])
MOTORS = [f"motor_{i}" for i in range(6)]
MUSCLES = [f"Muscle_{i}_Head" for i in range(21)]


def rollout(nu=6, completed=(T, T), names=("first", "second")):
    """Two reaches of 10 frames of 10 ms; paws rise by 1 mm a frame, their targets leave them by 0.5 mm a frame."""
    frame = np.arange(T)
    landmarks = np.tile(SHOULDER, (2, T, 3, 1))
    landmarks[:, :, 1] += [0, 0, -0.010]
    landmarks[:, :, 2] += [0, 0.012, -0.010]
    landmarks[1, :, 2, 2] += 1e-3 * frame
    targets = landmarks[:, :, 1:].copy()
    targets[:, :, 1] += np.array([3e-4, 4e-4, 0]) * frame[:, None]
    noise = np.random.default_rng(0)
    return Rollout(
        names=list(names),
        dt=0.010,
        n_frames=np.array([T, T]),
        completed=np.array(completed),
        targets=targets,
        landmarks=landmarks,
        qpos=np.zeros((2, T, 4)),
        qvel=np.zeros((2, T, 4)),
        activation=np.zeros((2, T, 0)),
        ctrl=noise.uniform(-1 if nu == 6 else 0, 1, (2, T, nu)),
        effort=np.zeros((2, T, nu)),
    )


def panel(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == title]
    return axes


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return np.array(found.get_data())


def test_errors_are_those_of_the_rollout():
    data = rollout()
    axes = panel(reach_figure(data, 1, MOTORS), "Error")
    elbow, paw = axes.lines[0], axes.lines[2]
    np.testing.assert_allclose(elbow.get_xdata(), 10 * np.arange(T))  # ms
    np.testing.assert_allclose(elbow.get_ydata(), data.errors_mm()[1, :, 0])
    np.testing.assert_allclose(paw.get_ydata(), 0.5 * np.arange(T))  # 5 mm (3, 4, 5) after 10 frames


def test_means_are_those_of_the_evaluation():
    data = rollout()
    result = evaluate_rollout(
        data, {"first": "train", "second": "train"}, Yardstick("arm", "segments", "none", 12.0, 17.0)
    ).reaches[1]
    figure = reach_figure(data, 1, MOTORS)
    # 0.5 mm times the mean of 1 to 10; frame 0 is not counted.
    assert result.paw_mm.mean == pytest.approx(2.75)
    assert figure.get_suptitle() == "second    mean error: paw 2.75 mm, elbow 0.00 mm"
    assert [text.get_text() for text in panel(figure, "Error").get_legend().texts][1] == "paw, mean 2.75 mm"


def test_coordinates_are_millimetres_from_the_shoulder():
    figure = reach_figure(rollout(), 1, MOTORS)
    elbow, elbow_target, paw, paw_target = (line.get_ydata() for line in panel(figure, "z").lines)
    np.testing.assert_allclose(elbow, -10)
    np.testing.assert_allclose(elbow_target, -10)
    np.testing.assert_allclose(paw, -10 + np.arange(T))
    np.testing.assert_allclose(paw_target, paw)
    np.testing.assert_allclose(panel(figure, "y").lines[3].get_ydata(), 12 + 0.4 * np.arange(T))


def test_projections_show_the_same_on_one_scale():
    figure = reach_figure(rollout(), 1, MOTORS)
    side, front = panel(figure, "Path, y–z plane"), panel(figure, "Path, x–z plane")
    np.testing.assert_allclose(line(side, "paw, from dot"), [np.full(T, 12), np.arange(-10, 1)])
    np.testing.assert_allclose(line(front, "paw target"), [0.3 * np.arange(T), np.arange(-10, 1)])
    spans = [np.ptp(limits) for axes in (side, front) for limits in (axes.get_xlim(), axes.get_ylim())]
    np.testing.assert_allclose(spans, spans[0])


def test_motors_are_steps_that_hold_between_frames():
    data = rollout()
    axes = panel(reach_figure(data, 1, MOTORS), "Controls")
    steps = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    for i, step in enumerate(steps):
        values, edges, _ = step.get_data()
        np.testing.assert_array_equal(values, data.ctrl[1, 1:, i])  # row 0 led to no frame
        np.testing.assert_allclose(edges, 10 * np.arange(T))
    assert [text.get_text() for text in axes.get_legend().texts] == MOTORS


@pytest.mark.parametrize(("shift", "limits"), [(0.0, (0, 1)), (-1.0, (-1, 1))])
def test_many_actuators_are_a_map_with_names(shift, limits):
    data = rollout(nu=21)
    data.ctrl[:] += shift
    axes = panel(reach_figure(data, 1, MUSCLES), "Controls")
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    np.testing.assert_array_equal(mesh.get_array(), data.ctrl[1, 1:].T)
    assert mesh.get_clim() == pytest.approx(limits)
    assert [text.get_text() for text in axes.get_yticklabels()] == [f"Muscle {i} Head" for i in range(21)]


@pytest.mark.parametrize(("names", "nu"), [(MOTORS, 6), (MUSCLES, 21)])
def test_an_arm_that_diverged_is_drawn_up_to_there(names, nu):
    figure = reach_figure(rollout(nu, completed=(T, 4)), 1, names)
    assert "diverged after 30 ms" in figure.get_suptitle()
    assert [len(line.get_xdata()) for line in panel(figure, "z").lines] == [4, T, 4, T]
    assert len(panel(figure, "Error").lines[0].get_xdata()) == 4
    assert panel(figure, "Error").get_xlim() == panel(figure, "Controls").get_xlim() == (0, 100)
    # The other reach lived.
    assert "diverged" not in reach_figure(rollout(nu, completed=(T, 4)), 0, names).get_suptitle()


@pytest.mark.parametrize(("names", "nu"), [(MOTORS, 6), (MUSCLES, 21)])
def test_an_arm_that_diverged_at_once_is_drawn_too(names, nu):
    figure = reach_figure(rollout(nu, completed=(1, 1)), 0, names)
    figure.draw_without_rendering()
    assert "diverged after 0 ms" in figure.get_suptitle()


@pytest.mark.parametrize(("names", "nu"), [(MOTORS, 6), (MUSCLES, 21)])
def test_files_are_a_png_of_180_mm_at_200_dpi_and_a_pdf(names, nu, tmp_path):
    settings = dict(matplotlib.rcParams)
    png, pdf = draw_reach(rollout(nu), 1, names, tmp_path / "mouse.1_reach")
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


@pytest.mark.parametrize(("names", "nu"), [(MOTORS, 6), (MUSCLES, 21)])
def test_text_can_be_read_in_print_and_lies_on_the_page(names, nu):
    figure = reach_figure(rollout(nu), 1, names)
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= 7
    page = figure.bbox
    for label in figure.legends + [legend for part in figure.subfigs for legend in part.legends]:
        assert label.get_window_extent().x1 <= page.x1


def test_a_name_is_shown_as_it_is():
    figure = reach_figure(rollout(names=("$a_{b$", "")), 0, MOTORS)
    assert figure.get_suptitle().startswith("$a_{b$ ")
    figure.draw_without_rendering()  # as mathematics it could not be parsed
