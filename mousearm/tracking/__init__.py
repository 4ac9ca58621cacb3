"""Where metrics go: CSV and TensorBoard always, Weights & Biases where the configuration says so."""
