"""The one exception that a user can cause."""


class LesionError(Exception):
    """One line a user can act on: what is wrong, with which value, and what to do.

    `scripts/stage.py` prints it as `error: …` and exits with status 2; nothing else catches it to exit.
    """
