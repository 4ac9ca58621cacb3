"""Sharing agents: from a run to a repository that anybody can evaluate anew, and the evaluation anew."""

from mousearm.share.contents import Choices, Contents, gather
from mousearm.share.publishing import publish, write
from mousearm.share.reproducing import TOLERANCE_MM, Comparison, reproduce

__all__ = ["TOLERANCE_MM", "Choices", "Comparison", "Contents", "gather", "publish", "reproduce", "write"]
