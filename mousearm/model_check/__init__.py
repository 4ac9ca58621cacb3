"""Is a model fit for training: its anatomy, muscles, moment arms, strength and stability, each against a limit."""

from mousearm.model_check.anatomy import describe
from mousearm.model_check.figure import draw_check
from mousearm.model_check.integration import IntegrationReport, integration_accuracy
from mousearm.model_check.result import Result
from mousearm.model_check.suite import Report, check_model

__all__ = ["IntegrationReport", "Report", "Result", "check_model", "describe", "draw_check", "integration_accuracy"]
