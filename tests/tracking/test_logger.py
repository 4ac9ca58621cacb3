import csv
import json

import numpy as np

from mousearm.rundir import RunFolder
from mousearm.tracking.logger import build_logger


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
