import pytest

from mousearm.errors import RunError
from mousearm.report.generalisation_curve import CurvePoint, curve_figure, curve_table, read_points

POINTS = [CurvePoint(8, 0.2, 2.0), CurvePoint(8, 0.4, 1.0), CurvePoint(16, 0.5, 0.6)]


@pytest.fixture
def sweep(make_run, tmp_path):
    """Runs trained on 16, 8 and 8 reaches, one that is not finished, and a file that is no run."""

    def make(job, reaches, train, test, **options):
        paw_mm = {f"r{i}": train for i in range(reaches)} | {"t": test}
        make_run(f"sweep/{job}", [f"seed={job}"], paw_mm, test=True, **options)

    make(0, 16, 0.5, 0.6)
    make(1, 8, 0.4, 1.0)
    make(2, 8, 0.2, 2.0)
    make(3, 32, 0.1, 0.1, state="failed")
    folder = tmp_path / "outputs" / "sweep"
    (folder / "multirun.yaml").write_text("")
    return folder


def test_points_are_the_finished_runs(sweep):
    found = read_points(sweep)
    assert [point.reaches for point in found] == [8, 8, 16]
    assert [(p.train, p.test) for p in found] == [pytest.approx((p.train, p.test)) for p in POINTS]


def test_table_has_medians_by_hand():
    assert curve_table(POINTS).splitlines() == [
        "trained on  train mm  test mm  runs",
        "         8     0.300    1.500     2",
        "        16     0.500    0.600     1",
    ]


def test_runs_are_markers_and_lines_go_through_medians():
    (axes,) = curve_figure(POINTS).axes
    train, train_medians, test, test_medians = [[*zip(*line.get_data(), strict=True)] for line in axes.lines]
    assert train == [(8, 0.2), (8, 0.4), (16, 0.5)]
    assert train_medians == [(8, pytest.approx(0.3)), (16, 0.5)]
    assert test == [(8, 2.0), (8, 1.0), (16, 0.6)]
    assert test_medians == [(8, 1.5), (16, 0.6)]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["8", "16"]


def test_runs_without_a_test_split_make_no_curve(make_run, tmp_path):
    make_run("sweep/0", [], {"a": 1.0})
    with pytest.raises(RunError, match="holds no finished run with a test split"):
        read_points(tmp_path / "outputs" / "sweep")
