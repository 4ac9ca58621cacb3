"""Runs that learn next to nothing within a moment."""

QUICK = ("debug=quick", "video=false", "policy.lstm_hidden_size=8", "algo.timesteps=784")
