"""What can go wrong with the local stage."""


class LocalStageError(Exception):
    """The local stage cannot start or go on. The message says in a line what to do."""
