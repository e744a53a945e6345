"""Make the schedules what an exported file says: new ones are made, changed ones replaced, others left alone."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from moving.command import NO_CHANGE, counted, ended, new_told, options, send
from moving.export import FIELDS, TOP
from moving.files import Entry, each, entries
from moving.site import Site
from moving.wanted import Match, Wanted, checked, matched


def main() -> int:
    parser = options("import", __doc__)
    parser.add_argument("file", type=Path, metavar="FILE.yaml", help="a file that export wrote")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and send nothing")
    given = parser.parse_args()
    site, now = Site.at(given.url, given.key), datetime.now(UTC)
    return ended(lambda: _import(given.file, site, now, is_dry=given.dry_run))


def _import(file: Path, site: Site, now: datetime, *, is_dry: bool) -> None:
    wanted = each(entries(file, TOP), lambda entry: _wanted(entry, now))
    there = site.schedules()
    matches = matched(wanted, there)
    for match in matches:
        if match.there is None or match.differing:
            print(_told(match))
    others = len(there) - sum(match.there is not None for match in matches)
    print(f"{counted(matches, 'to be replaced')} {others} others are left alone.")
    if is_dry:
        print(NO_CHANGE)
    else:
        send(site, matches, replacing=True)


def _wanted(entry: Entry, now: datetime) -> Wanted:
    if strange := entry.values.keys() - set(FIELDS):
        raise entry.unusable(f"{', '.join(sorted(strange))} is not allowed; use {', '.join(FIELDS)}.")
    return checked(entry, {}, now)


def _told(match: Match) -> str:
    what = new_told(match) if match.there is None else f"replaced: {', '.join(match.differing)} differ"
    return f"line {match.wanted.line}: {match.wanted.body['name']}: {what}"


if __name__ == "__main__":
    sys.exit(main())
