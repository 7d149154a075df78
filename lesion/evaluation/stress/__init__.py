"""What becomes of a network's verdicts when the same images are changed."""
