"""Where the evidence lies: maps scored against the outline of the lesion, beside what knows nothing of the image."""
