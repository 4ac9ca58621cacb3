"""A simulation engine that is generated from the model: its source, its compiler, its check against MuJoCo."""
