"""The one exception that a user can cause."""


class LesionError(Exception):
    """What is wrong, with which value, and what to do, in one line a user can act on.

    `scripts/stage.py` prints it as `error: …` and exits with status 1; nothing else catches it to exit.
    """
