"""Where metrics go: CSV and TensorBoard always, Weights & Biases where the configuration says so."""

from mousearm.tracking.logger import RunLogger, build_logger, tracked
from mousearm.tracking.metrics_file import MetricsFile
from mousearm.tracking.upload import upload

__all__ = ["MetricsFile", "RunLogger", "build_logger", "tracked", "upload"]
