"""What a run logs, and who follows it."""

import csv
import json

import numpy as np

from mousearm.registry import TRACKERS
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.logger import build_logger
from mousearm.tracking.metrics_file import Tracker


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
