"""How faithful an arm is to its OpenSim model, measured by OpenSim itself: the only package that knows it."""
