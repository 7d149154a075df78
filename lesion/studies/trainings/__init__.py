"""The trainings of a study: one of them, and many, one after the other or at once."""
