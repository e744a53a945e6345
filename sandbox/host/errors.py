class CannotStartError(Exception):
    """The app, a settings file or the port is not as it must be; the message is for the person at the terminal."""


class FunctionFailedError(Exception):
    """A function raised or returned what its trigger cannot take; the trace is in the log already."""
