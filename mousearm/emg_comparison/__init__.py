"""Muscles against EMG: what controllers' muscles do beside what was recorded, with nulls, rivals and ceilings."""
