"""Sharing agents: a finished run as a repository that anybody can evaluate again."""
