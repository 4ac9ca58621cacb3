"""What an arm can do at best: optimal control of reaches as recordings, its trade-off, movements to a point."""
