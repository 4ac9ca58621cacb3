"""Fitness of a model for training: its anatomy, muscles, moment arms, strength and stability, each against a limit."""
