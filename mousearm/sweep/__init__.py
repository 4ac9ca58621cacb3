"""Sweeps: many runs, one after the other, in parallel or in SLURM's queue; recorded, and resumed."""
