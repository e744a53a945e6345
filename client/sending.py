"""Send the schedules of a file, and say which are new and which differ."""

from collections.abc import Sequence

from client.command import NOTHING_SENT, say
from client.site import Site
from client.wanted import Match, state_then


def send(site: Site, matches: Sequence[Match], *, replacing: bool, is_dry: bool) -> None:
    """Create new schedules and, with `replacing`, change those that differ; print a line for each."""
    if is_dry:
        say(NOTHING_SENT)
        return
    new = [match for match in matches if match.existing is None]
    changed = [match for match in matches if match.differing and (replacing or match.is_half_made)]
    for number, match in enumerate((*new, *changed), start=1):
        if match.existing is None:
            site.create(match.desired)
        else:
            desired = match.desired
            site.replace(match.existing, desired, state_then(desired, match.existing) if replacing else desired.state)
        say(f"{number} of {len(new) + len(changed)}: {match.desired.body['name']}")


def describe_new(match: Match) -> str:
    """Return what to print about a schedule that is new, or seems to be."""
    if not match.renamed:
        return "new"
    return f"new; {match.renamed!r} is there and starts the same task at the same times: was it renamed?"


def counted(matches: Sequence[Match], what_differs: str) -> str:
    """Return the number of each kind in a sentence."""
    new = sum(match.existing is None for match in matches)
    differing = sum(bool(match.differing) for match in matches)
    return f"{new} new, {len(matches) - new - differing} already there, {differing} {what_differs}."
