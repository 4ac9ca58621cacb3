"""Learning where simulations are tensors: rollout and update without a word to the host in between."""
