import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from mousearm.evaluate import draw_generalisation
from mousearm.evaluate.generalisation import generalisation_figure
from mousearm.evaluate.metrics import Evaluation, Yardstick
from mousearm.evaluate.movement import Movement
from mousearm.evaluate.results import Errors, ReachResult


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
            Movement(i + 1.0, (i + 1) / 10, "left" if i % 2 else "up"),
        )
        for i, error in enumerate(errors_mm)
    ]
    splits = {}
    for split in ("train", "test"):
        own = [result.paw_mm.mean for result in results if result.split == split]
        if own:
            splits[split] = {"paw_mm": Errors.of(np.array(own)), "elbow_mm": Errors(1, 1, 1)}
    return Evaluation(Yardstick("arm", "segments", "none", 12.0, 17.0), results, splits)


def panel(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == title]
    return axes


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


def test_files_are_a_png_and_a_pdf_of_180_mm(tmp_path):
    png, pdf = draw_generalisation(evaluation([1.0, 2.0, 3.0], 1), tmp_path / "generalisation")
    with Image.open(png) as image:
        assert image.width == int(180 / 25.4 * 200)
        image.load()
    assert pdf.read_bytes().startswith(b"%PDF-")
