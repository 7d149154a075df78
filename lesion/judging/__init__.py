"""Verdicts on images of a user's own: which files are images, what the networks say of them, and the table of that."""
