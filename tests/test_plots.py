import resource

import matplotlib
import numpy as np
import pytest
from PIL import Image

from mousearm.errors import OutputError
from mousearm.plots import (
    PALETTE,
    QUIET_PALETTE,
    as_png,
    below_title,
    draw_coloured,
    error_axis,
    legend_above,
    log_axis,
    name_rows,
    page,
    write_figure,
)

BLUE = "#0072B2"


def test_a_page_has_its_size_its_style_and_leaves_matplotlib_alone():
    settings = dict(matplotlib.rcParams)
    with page(80, "Title") as figure:
        assert matplotlib.rcParams["font.size"] == 7
    assert dict(matplotlib.rcParams) == settings
    assert 25.4 * figure.get_size_inches() == pytest.approx([180, 80])
    assert figure.get_suptitle() == "Title"


def test_files_hold_what_was_drawn(tmp_path):
    with page(25.4, width_mm=50.8) as figure:
        figure.subplots().set(facecolor=BLUE)
    png, pdf = write_figure(figure, tmp_path / "a.b", dpi=50)
    assert (png, pdf) == (tmp_path / "a.b.png", tmp_path / "a.b.pdf")
    pixels = np.asarray(Image.open(png).convert("RGB"))
    assert pixels.shape == (50, 100, 3)  # 1 by 2 inches
    assert (pixels[20, 50] == [0x00, 0x72, 0xB2]).all()
    assert pdf.read_bytes().startswith(b"%PDF")
    assert as_png(figure, dpi=50) == png.read_bytes()


def test_a_pdf_that_the_disk_does_not_take_leaves_what_was_there(tmp_path):
    with page(25.4, width_mm=50.8) as figure:
        figure.subplots()
    before = write_figure(figure, tmp_path / "a", dpi=20)[1].read_bytes()
    figure.suptitle("new")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"a\.pdf cannot be written: File too large\. Raise the limit"):
            write_figure(figure, tmp_path / "a", dpi=20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)  # as the message advises
    assert {file.name for file in tmp_path.iterdir()} == {"a.png", "a.pdf"}
    assert (tmp_path / "a.pdf").read_bytes() == before
    assert write_figure(figure, tmp_path / "a", dpi=20)[1].read_bytes() != before


def test_colours_of_a_palette_differ():
    assert len(set(PALETTE)) == len(PALETTE)
    assert len(set(QUIET_PALETTE)) == len(QUIET_PALETTE)


@pytest.mark.parametrize("which", ["x", "y"])
def test_an_error_axis_is_logarithmic_where_values_span_magnitudes(which):
    with page(50) as figure:
        near, far, none = figure.subplots(1, 3)
    error_axis(near, which, [0.1, 1.9])
    error_axis(far, which, [0.1, 2.1])
    error_axis(none, which, [])
    assert [getattr(axes, f"get_{which}scale")() for axes in (near, far, none)] == ["linear", "log", "linear"]
    assert getattr(near, f"get_{which}lim")() == pytest.approx((0, 1.08 * 1.9))


def test_a_logarithmic_axis_has_plain_numbers():
    with page(50) as figure:
        axes = figure.subplots()
        axes.plot([1, 30], [1, 1])
        log_axis(axes, "x")
        figure.draw_without_rendering()
    shown = [label.get_text() for label in axes.get_xticklabels() if 1 <= label.get_position()[0] <= 30]
    assert shown == ["1", "2", "5", "10", "20"]


def test_rows_are_named_from_the_top():
    with page(50) as figure:
        axes = figure.subplots()
        name_rows(axes, ["first", "second"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert axes.get_ylim() == (1.6, -0.6)


def test_legends_are_where_nothing_is_drawn():
    with page(60, "Title") as figure:
        body = below_title(figure)
        axes = body.subplots()
        legend_above(axes, axes.plot([0, 1], label="line"))
        body.legend(handles=axes.lines, loc="outside upper left")
        figure.draw_without_rendering()
    title, above, own = figure.texts[0], body.legends[0], axes.get_legend()
    assert own.get_window_extent().y0 >= axes.get_window_extent().y1 - 1
    assert above.get_window_extent().y1 <= title.get_window_extent().y0 + 1


def test_colours_run_with_time():
    with page(50) as figure:
        line = draw_coloured(figure.subplots(), np.zeros((3, 2)), np.array([2.0, 3.0, 4.0]), limits=(0.0, 4.0))
        figure.draw_without_rendering()
    assert line.get_array().tolist() == [2.0, 3.0]
    assert line.get_clim() == (0.0, 4.0)
    assert len(line.get_segments()) == 2
