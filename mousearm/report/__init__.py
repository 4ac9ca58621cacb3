"""Comparison of runs: what differs, how large the errors are, how sure that is, and how to repeat them."""
