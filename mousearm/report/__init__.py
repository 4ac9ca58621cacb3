"""Comparison of runs: what differs, how large the errors are, how sure that is, and how to make them again."""

from mousearm.report.comparison import Comparison, compare
from mousearm.report.publishing import Published, publish
from mousearm.report.writing import as_text, write_report

__all__ = ["Comparison", "Published", "as_text", "compare", "publish", "write_report"]
