"""What the frozen layers give, on disk."""
