"""The check of recorded reaches: measures, whether an arm can perform them, what would be refused and why."""
