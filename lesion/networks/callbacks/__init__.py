"""What happens after each epoch of a training: history, resuming, early stopping, an alarm, and progress."""
