"""Controllers that need no training, as baselines and as experts; and the warm start that learns from them."""
