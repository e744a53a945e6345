"""Print what a trial is doing."""


def say(text: str) -> None:
    """Print the text at once."""
    print(text, flush=True)
