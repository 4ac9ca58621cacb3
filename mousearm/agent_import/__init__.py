"""Bringing agents in: what Stable-Baselines3 saved of a RecurrentPPO becomes a run folder of the project.

`read_archive` takes weights and plain text out of the zip, `read_statistics` what VecNormalize knew, `network` says
whether these are a network of ours, and `import_agent` writes the run.
"""

from mousearm.agent_import.archive import Archive, Statistics, read_archive, read_statistics
from mousearm.agent_import.importing import import_agent

__all__ = ["Archive", "Statistics", "import_agent", "read_archive", "read_statistics"]
