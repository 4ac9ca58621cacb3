import csv

import pytest

from mousearm.errors import RunError
from mousearm.tracking.metrics_file import MetricsFile


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def everything(key):
    return True


@pytest.fixture
def metrics(tmp_path):
    return MetricsFile(tmp_path / "metrics.csv", lambda key: not key.startswith("time/"))


def test_values_of_one_step_share_a_row_and_new_keys_become_columns(tmp_path, metrics):
    metrics.write({"a": 1}, {}, 0)
    metrics.write({"b": 2, "time/fps": 9}, {}, 0)
    metrics.write({"a": 3, "c": 4}, {}, 10)
    metrics.close()
    assert read(tmp_path / "metrics.csv") == [
        {"steps": "0", "a": "1", "b": "2", "c": ""},
        {"steps": "10", "a": "3", "b": "", "c": "4"},
    ]


def test_finished_rows_are_on_disk_before_the_end(tmp_path, metrics):
    metrics.write({"a": 1}, {}, 0)
    metrics.write({"a": 2}, {}, 10)
    assert [row["steps"] for row in read(tmp_path / "metrics.csv")] == ["0"]


def test_resuming_drops_rows_that_are_made_again(tmp_path, metrics):
    for steps in (0, 10, 20, 30):
        metrics.write({"a": steps}, {}, steps)
    metrics.close()
    resumed = MetricsFile(tmp_path / "metrics.csv", everything, {"steps": "20", "a": "20"})
    resumed.write({"a": 21}, {}, 20)
    resumed.close()
    assert [(row["steps"], row["a"]) for row in read(tmp_path / "metrics.csv")] == [
        ("0", "0"),
        ("10", "10"),
        ("20", "21"),
    ]


def test_a_row_that_a_kill_cut_short_is_dropped(tmp_path):
    file = tmp_path / "metrics.csv"
    file.write_text("steps,a\n0,1\n100,2\n2")  # of 200
    MetricsFile(file, everything, {"steps": "200", "a": "3"}).close()
    assert file.read_text() == "steps,a\n0,1\n100,2\n200,3\n"


def test_a_file_that_is_no_metrics_is_not_lost(tmp_path):
    file = tmp_path / "metrics.csv"
    file.write_bytes(b"\x00\xff,1\n2,3\n")
    with pytest.raises(RunError, match="move it away"):
        MetricsFile(file, everything, {"steps": "200", "a": "3"})
    file.rename(tmp_path / "away.csv")
    MetricsFile(file, everything, {"steps": "200", "a": "3"}).close()
    assert file.read_text() == "steps,a\n200,3\n"
