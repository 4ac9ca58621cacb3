"""Is a model fit for training: its anatomy, muscles, moment arms, strength and stability, each against a limit."""

from mousearm.check.description import describe
from mousearm.check.figure import draw_check
from mousearm.check.integration import IntegrationReport, integration_accuracy
from mousearm.check.result import Result
from mousearm.check.suite import Report, check_model

__all__ = ["IntegrationReport", "Report", "Result", "check_model", "describe", "draw_check", "integration_accuracy"]
