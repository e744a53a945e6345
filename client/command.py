"""What the commands share: their options and their exit codes."""

import argparse
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from urllib.parse import urlsplit

from client.files import FileUnreadable
from client.site import SiteFailed
from shared.foreign import legible

NOTHING_SENT = "Nothing was sent."
INTERRUPTED = 130


def options(name: str, about: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of every command, described by `about`."""
    parser = argparse.ArgumentParser(
        prog=f"dev.py {name}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--url", required=True, type=address, help="where Footman runs, such as https://footman.example.net"
    )
    parser.add_argument(
        "--key", default=os.environ.get("FOOTMAN_KEY"), help="a function key; FOOTMAN_KEY in the environment does too"
    )
    return parser


def file_options(name: str, about: str | None, file: str) -> argparse.ArgumentParser:
    """Return a parser for a command that sends the contents of a file."""
    parser = options(name, about)
    parser.add_argument("file", type=Path, metavar="FILE.yaml", help=file)
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and send nothing")
    return parser


def address(text: str) -> str:
    """Return the URL of a Footman; raises ArgumentTypeError without repeating it, because it may contain a key."""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_address, parts = False, urlsplit("")
    if not is_address or parts.username or parts.password or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError("use https://HOST, without a key, a name or a password in it")
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise argparse.ArgumentTypeError("use https: over http anybody on the way could read the key")
    return text.rstrip("/")


def say(*lines: str, is_trouble: bool = False) -> None:
    """Print lines, of which a server may have said parts: nothing in them is hidden, or moves the cursor, or a key."""
    print("\n".join(map(legible, lines)), flush=True, file=sys.stderr if is_trouble else sys.stdout)


def exit_code(action: Callable[[], None]) -> int:
    """Run the action and return the exit code of the process; errors are printed without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A console that can't show some name must not stop the command half-way; a file is UTF-8 everywhere.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        action()
    except KeyboardInterrupt:
        say("", "Ended. Run it again: what is there already is recognised.", is_trouble=True)
        return INTERRUPTED
    except FileUnreadable as problem:
        say(str(problem), NOTHING_SENT, is_trouble=True)
        return 1
    except SiteFailed as problem:
        say(str(problem), "Run it again: what is there already is recognised.", is_trouble=True)
        return 1
    return 0
