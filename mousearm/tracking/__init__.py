"""Trackers of runs: CSV files and TensorBoard always, Weights & Biases where the configuration says so."""
