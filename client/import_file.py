"""Make the schedules what an exported file says: new ones are made, changed ones replaced, others left alone."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from client.command import exit_code, file_options, say
from client.export import FIELDS, TOP
from client.files import Entry, each, entries
from client.sending import counted, describe_new, send
from client.site import Site
from client.wanted import STATE, FileSchedule, Match, checked, matched, state_then


def main() -> int:
    """Run the command and return its exit code."""
    given = file_options("import", __doc__, "a file that export wrote").parse_args()
    site, now = Site.at(given.url, given.key), datetime.now(UTC)
    return exit_code(lambda: _import(given.file, site, now, is_dry=given.dry_run))


def _import(file: Path, site: Site, now: datetime, *, is_dry: bool) -> None:
    desired = each(entries(file, TOP), lambda entry: _file_schedule(entry, now))
    existing = site.schedules()
    matches = matched(desired, existing)
    for match in matches:
        if match.existing is None or match.differing:
            say(_describe(match))
            if match.existing is not None and state_then(match.desired, match.existing) is not match.desired.state:
                say(f"  note     {STATE} {match.desired.state} beside it is passed over: take it out of the file")
    others = len(existing) - sum(match.existing is not None for match in matches)
    say(f"{counted(matches, 'to be replaced')} {others} others are left alone.")
    send(site, matches, replacing=True, is_dry=is_dry)


def _file_schedule(entry: Entry, now: datetime) -> FileSchedule:
    if strange := entry.values.keys() - set(FIELDS):
        raise entry.unusable(f"{', '.join(sorted(strange))} is not allowed; use {', '.join(FIELDS)}.")
    return checked(entry, {}, now)


def _describe(match: Match) -> str:
    what = describe_new(match) if match.existing is None else f"replaced: {', '.join(match.differing)} differ"
    return f"line {match.desired.line}: {match.desired.body['name']}: {what}"


if __name__ == "__main__":
    sys.exit(main())
