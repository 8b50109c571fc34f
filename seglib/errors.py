"""What can stop a run, and the exit code each of them has.

Every message is written for the person who reads it: what was found, where, how many, what to do.
The runner finds these errors again by class name when one is raised inside a notebook.
"""


class SeglibError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1


class InputRefused(SeglibError):
    """The data cannot be used as they are (exit code 1)."""

    exit_code = 1


class ParameterRefused(SeglibError):
    """A name or value that was asked for does not exist or does not fit (exit code 2)."""

    exit_code = 2


class NotebookFailed(SeglibError):
    """A notebook stopped with an error of its own (exit code 3)."""

    exit_code = 3
