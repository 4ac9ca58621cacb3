"""What is drawn is what was recorded, in the units that the axes name."""

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.text import Text

from mousearm.analysis import agreement, average, extract, fewest, principal_components
from mousearm.figures import (
    MuscleGroup,
    activation_figure,
    drive_figure,
    joint_figure,
    muscle_groups,
    state_figure,
    summary_figure,
    synergy_figure,
    trajectory_figure,
)
from mousearm.figures.trial import COLUMN_MM, FULL_MM
from mousearm.text import display_name


def panel(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == title]
    return axes


def values(reach, name):
    return reach.signals[name].values


def all_figures(recording):
    """Every figure that there is for a recording, by name."""
    reaches, figures = recording.reaches, {}
    muscles = "activation" in reaches[0].signals
    groups = muscle_groups(reaches) if muscles else []
    figures["trajectory"], figures["joints"] = trajectory_figure(reaches[0]), joint_figure(reaches[0])
    figures["summary"], figures["state"] = summary_figure(reaches), state_figure(reaches)
    if muscles:
        figures["activation"] = activation_figure(reaches[0], groups)
        figures["mean"], figures["synergies"] = drive_figure(reaches, groups), synergy_figure(reaches, groups)
    return figures


def test_the_trajectory_is_in_millimetres_from_the_shoulder(muscles):
    reach = muscles.reaches[0]
    figure = trajectory_figure(reach)
    paw, target = 1e3 * values(reach, "landmarks")[:, 2], 1e3 * values(reach, "target")[:, 1]
    shoulder = 1e3 * values(reach, "landmarks")[0, 0]
    space = {line.get_label(): np.array(line.get_data_3d()).T for line in panel(figure, "Path").lines}
    np.testing.assert_allclose(space["paw, from dot"], paw - shoulder)
    np.testing.assert_allclose(space["paw target"], target - shoulder)
    for axis, name in enumerate(("Right", "Forward", "Up")):
        lines = panel(figure, name).lines
        np.testing.assert_allclose(lines[2].get_ydata(), (paw - shoulder)[:, axis])
        np.testing.assert_allclose(lines[3].get_ydata(), (target - shoulder)[:, axis])
        np.testing.assert_allclose(lines[2].get_xdata(), 1e3 * values(reach, "time"))
    np.testing.assert_allclose(panel(figure, "Error").lines[2].get_ydata(), values(reach, "error")[:, 1])


def test_space_has_one_scale(motors):
    space = panel(trajectory_figure(motors.reaches[0]), "Path")
    spans = [np.ptp(limits) for limits in (space.get_xlim(), space.get_ylim(), space.get_zlim())]
    np.testing.assert_allclose(spans, spans[0])


def test_an_arm_that_diverged_says_so(motors):
    reach = replace(motors.reaches[0], completed=False)
    assert "diverged after 300 ms" in trajectory_figure(reach).get_suptitle()
    assert "diverged" not in trajectory_figure(motors.reaches[0]).get_suptitle()


def test_joint_angles_are_degrees_with_r_and_rms(muscles):
    reach = muscles.reaches[0]
    angles, reference = np.rad2deg(values(reach, "qpos")), np.rad2deg(values(reach, "reference_qpos"))
    found = agreement(angles, reference)
    figure = joint_figure(reach)
    for j, name in enumerate(reach.signals["qpos"].columns):
        axes = panel(figure, display_name(name))
        np.testing.assert_allclose(axes.lines[0].get_ydata(), angles[:, j])
        np.testing.assert_allclose(axes.lines[1].get_ydata(), reference[:, j])
        assert axes.texts[0].get_text() == f"r = {found.r[j]:.2f}, rms {found.rms[j]:.1f}°"


def test_a_joint_that_does_not_move_has_no_r(motors, change):
    reach = change(motors.reaches[0], reference_qpos=lambda q: 0 * q)
    assert panel(joint_figure(reach), "elbow flex").texts[0].get_text().startswith("r = –, rms ")
    summary_figure([reach]).draw_without_rendering()


def test_activations_are_a_map_in_groups(muscles):
    reach, groups = muscles.reaches[0], muscle_groups(muscles.reaches)
    axes = activation_figure(reach, groups).axes[0]
    (mesh,) = [artist for artist in axes.collections if isinstance(artist, QuadMesh)]
    drawn = mesh.get_array().filled(np.nan) if np.ma.isMaskedArray(mesh.get_array()) else mesh.get_array()
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[0] == "Shoulder"
    assert "Elbow flexors" in labels
    for row, label in zip(drawn, labels, strict=True):
        names = [display_name(name) for name in reach.signals["activation"].columns]
        if label in names:
            column = names.index(label)
            np.testing.assert_allclose(row, values(reach, "activation")[:, column])
        else:
            assert np.isnan(row).all()  # the row of a group's name


def test_means_are_over_the_movement(muscles):
    groups = muscle_groups(muscles.reaches)
    figure = drive_figure(muscles.reaches, groups)
    mean = average([values(reach, "activation") for reach in muscles.reaches])
    columns = muscles.reaches[0].signals["activation"].columns
    line = panel(figure, "Infraspinatus").lines[0]
    np.testing.assert_allclose(line.get_ydata(), mean.mean[:, columns.index("Infraspinatus")])
    np.testing.assert_allclose(line.get_xdata(), np.linspace(0, 100, 101))
    assert len({panel(figure, display_name(name)).get_ylim() for name in columns}) == 1


def test_torques_of_motors_are_of_their_joints(motors):
    figure = drive_figure(motors.reaches, [MuscleGroup("motors", list(range(6)))])
    torque = average([1e6 * values(reach, "torque")[1:] for reach in motors.reaches])  # uN m; one motor at each joint
    np.testing.assert_allclose(panel(figure, "elbow flex").lines[0].get_ydata(), torque.mean[:, 3], atol=1e-9)
    assert figure.get_suptitle() == "Torque, mean ± s.d. over 2 reaches"
    alone = drive_figure(motors.reaches[:1], [MuscleGroup("motors", list(range(6)))])
    assert alone.get_suptitle() == "Torque in reach_00"


def test_synergies_are_those_of_the_analysis(muscles):
    groups = muscle_groups(muscles.reaches)
    figure = synergy_figure(muscles.reaches, groups)
    spectrum = extract([values(reach, "activation") for reach in muscles.reaches])
    chosen = fewest(spectrum)
    assert f"VAF {100 * chosen.vaf:.0f} %" in figure.get_suptitle()
    bars = [patch.get_width() for patch in panel(figure, "Synergy 1").patches]
    np.testing.assert_allclose(bars, chosen.weights[0, [m for group in groups for m in group.muscles]])
    (variance,) = [axes for axes in figure.axes if axes.get_xlabel() == "number of synergies"]
    np.testing.assert_allclose(variance.lines[1].get_ydata(), [100 * one.vaf for one in spectrum])


def test_the_state_is_that_of_all_layers_along_its_components(muscles):
    figure = state_figure(muscles.reaches)
    frames = [values(reach, "cell").reshape(len(values(reach, "cell")), -1) for reach in muscles.reaches]
    assert frames[0].shape[1] == 12  # two layers of six units
    found = principal_components(frames)
    lines = [one for one in panel(figure, "Cell state").collections if isinstance(one, LineCollection)]
    assert len(lines) == len(muscles.reaches)
    drawn = np.array([piece[0] for piece in lines[0].get_segments()])
    np.testing.assert_allclose(drawn, found.scores[0][:-1, :2])
    np.testing.assert_allclose(lines[0].get_array(), 1e3 * values(muscles.reaches[0], "time")[:-1])
    assert lines[0].get_clim() == lines[1].get_clim()


def test_a_gru_has_no_cell_state(recorded):
    recording = recorded("policy=gru")
    titles = [axes.get_title(loc="left") for axes in state_figure(recording.reaches).axes]
    assert "Hidden state" in titles
    assert "Cell state" not in titles


def test_the_summary_has_a_dot_for_every_performance(muscles):
    figure = summary_figure(muscles.reaches)
    dots = panel(figure, "Joint angles").lines[0]
    r = [agreement(values(reach, "qpos"), values(reach, "reference_qpos")).r[0] for reach in muscles.reaches]
    np.testing.assert_allclose(dots.get_xdata(), r)
    mean = average([values(reach, "error") for reach in muscles.reaches])
    np.testing.assert_allclose(panel(figure, "Error").lines[1].get_ydata(), mean.mean[:, 1])


@pytest.mark.slow
@pytest.mark.parametrize("overrides", [("model=muscle",), ()])
def test_figures_can_be_read_in_print(recorded, overrides):
    """Text of 7 pt or more, all of it on the page, panels clear of one another, a label with a unit on every axis."""
    n = 3 if overrides else 2
    for name, figure in all_figures(recorded(*overrides, n=n)).items():
        FigureCanvasAgg(figure).draw()
        width = 25.4 * figure.get_figwidth()
        assert width == pytest.approx(COLUMN_MM if name == "activation" else FULL_MM)
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
        assert min(text.get_fontsize() for text in texts) >= 7
        boxes = [axes.get_tightbbox() for axes in figure.axes if axes.get_visible()]
        for i, box in enumerate(boxes):
            assert box.x0 >= -1, name
            assert box.y0 >= -1, name
            assert box.x1 <= figure.bbox.x1 + 1, name
            assert box.y1 <= figure.bbox.y1 + 1, name
            for other in boxes[:i]:
                shared = matplotlib.transforms.Bbox.intersection(box, other)
                assert shared is None or min(shared.width, shared.height) < 1, (name, box, other)


def test_one_reach_alone_can_be_drawn(muscles):
    (reach, *_), groups = muscles.reaches, muscle_groups(muscles.reaches)
    for draw in (summary_figure, state_figure):
        draw([reach]).draw_without_rendering()
    synergy_figure([reach], groups).draw_without_rendering()
