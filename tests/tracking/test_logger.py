"""What a run logs, and who follows it."""

import csv
import json

import numpy as np
import pytest

from mousearm.errors import RunError
from mousearm.registry import TRACKERS
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.logger import MetricsFile, Tracker, build_logger


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_logger_goes_on_with_what_was_not_written_yet(tmp_path, configure):
    folder = RunFolder(tmp_path)
    for rest in (True, False):
        logger = build_logger(configure(), folder)
        logger.record("a", 1)
        logger.dump(5)
        logger.record("b", np.float32(0.1))
        if rest:
            state = json.loads(json.dumps(logger.state()))
            logger.close()
            logger = build_logger(configure(), folder, state)
            logger.restore(state)
        logger.record("c", 2)
        logger.dump(5)
        logger.close()
        assert read(folder.metrics) == [{"steps": "5", "a": "1", "b": str(float(np.float32(0.1))), "c": "2"}]


def test_speed_goes_to_a_file_of_its_own(tmp_path, configure):
    folder = RunFolder(tmp_path)
    logger = build_logger(configure(), folder)
    logger.record("rollout/paw_mm", 1.25)
    logger.record("time/fps", 1000)
    logger.dump(5)
    logger.close()
    assert read(folder.metrics) == [{"steps": "5", "rollout/paw_mm": "1.25"}]
    assert read(folder.timing) == [{"steps": "5", "time/fps": "1000"}]
    assert list(folder.tensorboard.iterdir())


class Ledger(Tracker):
    """Notes what it is given."""

    def __init__(self, file, row):
        super().__init__(row)
        self.file = file

    def finish(self, row):
        self.note(row)

    def end(self, state, reason):
        self.flush()
        self.note({"state": state, "reason": reason})

    def note(self, what):
        with self.file.open("a") as file:
            file.write(json.dumps(what) + "\n")


def test_a_tracker_that_is_added_follows_runs_and_keeps_its_row(tmp_path, configure, monkeypatch):
    monkeypatch.setitem(
        TRACKERS._all(), "ledger", lambda config, folder, rows: Ledger(tmp_path / "ledger", rows.get("ledger"))
    )
    folder = RunFolder(tmp_path / "r")
    folder.path.mkdir()
    logger = build_logger(configure(), folder)
    for steps in (5, 10):
        logger.record("a", steps)
        logger.dump(steps)
    logger = build_logger(configure(), folder, logger.state())
    logger.end("failed", "by hand")
    rows = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    assert rows == [{"steps": 5, "a": 5}, {"steps": 10, "a": 10}, {"state": "failed", "reason": "by hand"}]
    assert list(TRACKERS) == ["metrics", "timing", "tensorboard", "wandb", "ledger"]


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
