"""Tell people what a trial does while it does it."""


def say(text: str) -> None:
    print(text, flush=True)
