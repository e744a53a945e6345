class CannotStartError(Exception):
    """The app, a settings file or the port is unusable; the message is for the person at the terminal."""


class FunctionFailedError(Exception):
    """A function raised, or returned what its trigger can't take; the traceback is in the log already."""
