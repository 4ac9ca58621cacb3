"""Which settings fit a question, from the data at hand: ``python run.py --advise``; docs/choosing.md says why."""

from mousearm.advice.answers import advise

__all__ = ["advise"]
