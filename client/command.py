"""What the commands share: how they reach Footman, what they tell, how they end."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from urllib.parse import urlsplit

from client.files import FileUnreadable
from client.site import Site, SiteFailed
from client.wanted import Match, state_then

NO_CHANGE = "Nothing was sent."
INTERRUPTED = 130


def options(name: str, about: str | None) -> argparse.ArgumentParser:
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
    """Return the options of a command that sends what a file says."""
    parser = options(name, about)
    parser.add_argument("file", type=Path, metavar="FILE.yaml", help=file)
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and send nothing")
    return parser


def address(text: str) -> str:
    """Check an address; what is wrong is told without it, for a key may stand in it."""
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


def ended(work: Callable[[], None]) -> int:
    """Do the work and return the exit code; what went wrong is told without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A console that can't show a name must not end the work in its middle; a file is UTF-8 everywhere.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        work()
    except KeyboardInterrupt:
        print("\nEnded. Run it again: what is there already is recognised.", file=sys.stderr)
        return INTERRUPTED
    except FileUnreadable as problem:
        print(f"{problem}\n{NO_CHANGE}", file=sys.stderr)
        return 1
    except SiteFailed as problem:
        print(f"{problem}\nRun it again: what is there already is recognised.", file=sys.stderr)
        return 1
    return 0


def send(site: Site, matches: Sequence[Match], *, replacing: bool, is_dry: bool) -> None:
    """Make what is new and, with `replacing`, change what differs; tells each as it is done, or that nothing is."""
    if is_dry:
        print(NO_CHANGE)
        return
    new = [match for match in matches if match.there is None]
    changed = [match for match in matches if match.differing and (replacing or match.is_half_made)]
    for number, match in enumerate((*new, *changed), start=1):
        if match.there is None:
            site.create(match.wanted)
        else:
            wanted = match.wanted
            site.replace(match.there, wanted, state_then(wanted, match.there) if replacing else wanted.state)
        print(f"{number} of {len(new) + len(changed)}: {match.wanted.body['name']}", flush=True)


def new_told(match: Match) -> str:
    """Return what to tell of a schedule that is new, or seems so."""
    if not match.renamed:
        return "new"
    return f"new; {match.renamed!r} is there and starts the same task at the same times: was it renamed?"


def counted(matches: Sequence[Match], what_differs: str) -> str:
    """Return how many there are of each kind, in a sentence."""
    new = sum(match.there is None for match in matches)
    differing = sum(bool(match.differing) for match in matches)
    return f"{new} new, {len(matches) - new - differing} already there, {differing} {what_differs}."
