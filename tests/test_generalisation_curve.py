import json

import pytest

from mousearm.errors import RunError
from mousearm.generalisation_curve import Point, draw_curve, read_points, table


@pytest.fixture
def sweep(tmp_path):
    """Runs trained on 16, 8 and 8 reaches, one that is not finished, and a file that is no run."""

    def write(job, reaches, **errors):
        folder = tmp_path / str(job)
        folder.mkdir()
        split = {"train": [f"r{i}" for i in range(reaches)], "test": ["t"], "sha256": {}}
        (folder / "split.json").write_text(json.dumps(split))
        if errors:
            evaluation = {side: {"paw_mm": {"mean": error}} for side, error in errors.items()}
            (folder / "evaluation.json").write_text(json.dumps(evaluation))

    write(0, 16, train=0.5, test=0.6)
    write(1, 8, train=0.4, test=1.0)
    write(2, 8, train=0.2, test=2.0)
    write(3, 32)
    (tmp_path / "multirun.yaml").write_text("")
    return tmp_path


def test_points_are_the_finished_runs(sweep):
    assert read_points(sweep) == [Point(8, 0.2, 2.0), Point(8, 0.4, 1.0), Point(16, 0.5, 0.6)]


def test_table_has_medians_by_hand(sweep):
    head, *lines = table(read_points(sweep)).splitlines()
    assert head.split() == ["trained", "on", "train", "mm", "test", "mm", "runs"]
    assert [line.split() for line in lines] == [["8", "0.300", "1.500", "2"], ["16", "0.500", "0.600", "1"]]


def test_curve_is_drawn(sweep):
    for file in draw_curve(read_points(sweep), sweep / "curve"):
        assert file.stat().st_size > 1000


def test_runs_without_a_test_split_make_no_curve(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "evaluation.json").write_text(json.dumps({"train": {"paw_mm": {"mean": 1.0}}}))
    with pytest.raises(RunError, match="holds no finished run with a test split"):
        read_points(tmp_path)
