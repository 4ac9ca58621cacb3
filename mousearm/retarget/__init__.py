"""Retargeting: a recorded reach becomes target points that the arm can hit, and a joint reference that hits them."""
