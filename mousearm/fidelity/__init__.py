"""Fidelity of an arm to its OpenSim model, measured by OpenSim itself: the only package that imports it."""
