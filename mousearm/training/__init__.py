"""Training: the loop with evaluation, checkpoints, a progress bar, and an end when one is asked for."""
