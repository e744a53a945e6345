"""What the commands share: how they reach Footman, what they tell, how they end."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from moving.files import FileUnreadable
from moving.site import Site, SiteFailed
from moving.wanted import Match

NO_CHANGE = "Nothing was sent."


def options(name: str, about: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"dev.py {name}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="where Footman runs, such as https://footman.azurewebsites.net")
    parser.add_argument(
        "--key", default=os.environ.get("FOOTMAN_KEY"), help="a function key; FOOTMAN_KEY in the environment does too"
    )
    return parser


def ended(work: Callable[[], None]) -> int:
    """Do the work and return the exit code; what went wrong is told without a traceback."""
    try:
        work()
    except FileUnreadable as problem:
        print(f"{problem}\n{NO_CHANGE}", file=sys.stderr)
        return 1
    except SiteFailed as problem:
        print(f"{problem}\nRun it again: what is there already is recognised.", file=sys.stderr)
        return 1
    return 0


def send(site: Site, matches: Sequence[Match], *, replacing: bool) -> None:
    """Make what is new and, with `replacing`, change what differs; tells each as it is done."""
    new = [match for match in matches if match.there is None]
    changed = [match for match in matches if match.differing] if replacing else []
    for number, match in enumerate((*new, *changed), start=1):
        if match.there is None:
            site.create(match.wanted)
        else:
            site.replace(match.there, match.wanted)
        print(f"{number} of {len(new) + len(changed)}: {match.wanted.body['name']}", flush=True)


def counted(matches: Sequence[Match], what_differs: str) -> str:
    """Return how many there are of each kind, in a sentence."""
    new = sum(match.there is None for match in matches)
    differing = sum(bool(match.differing) for match in matches)
    return f"{new} new, {len(matches) - new - differing} already there, {differing} {what_differs}."
