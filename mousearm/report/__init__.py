"""Comparison of runs: what differs, how large the errors are, how sure that is, and how to repeat them.

`compare` groups runs, `write_report` writes the page and its tables, `publish` makes a report in Weights & Biases.
"""
