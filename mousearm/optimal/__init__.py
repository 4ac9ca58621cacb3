"""Optimal control of whole reaches: the controls, within their ranges, that make error and effort together least."""
