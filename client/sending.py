"""Send what a file says, and say what is new and what differs."""

from collections.abc import Sequence

from client.command import NOTHING_SENT
from client.site import Site
from client.wanted import Match, state_then


def send(site: Site, matches: Sequence[Match], *, replacing: bool, is_dry: bool) -> None:
    """Make what is new and, with `replacing`, change what differs; prints each as it is done."""
    if is_dry:
        print(NOTHING_SENT)
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


def describe_new(match: Match) -> str:
    """Return what to print of a schedule that is new, or seems so."""
    if not match.renamed:
        return "new"
    return f"new; {match.renamed!r} is there and starts the same task at the same times: was it renamed?"


def counted(matches: Sequence[Match], what_differs: str) -> str:
    """Return how many there are of each kind, in a sentence."""
    new = sum(match.there is None for match in matches)
    differing = sum(bool(match.differing) for match in matches)
    return f"{new} new, {len(matches) - new - differing} already there, {differing} {what_differs}."
