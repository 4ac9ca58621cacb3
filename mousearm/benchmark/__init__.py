"""Speed, as ratios measured in one run on one machine: ours against the stock stack, in turn."""
