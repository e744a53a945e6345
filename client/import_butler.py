"""Bring Butler's schedules over.

Butler runs every schedule on its server's clock, whatever `timezone` says, and counts numeric months from 0. What is
sent makes Footman start the same tasks at the same instants. Stop Butler's scheduler first: two would start every task
twice.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from client.butler_file import Imported, read
from client.command import exit_code, file_options, say
from client.sending import counted, describe_new, send
from client.site import Site
from client.wanted import Match, matched
from shared.core.errors import UnknownZone
from shared.core.zones import Zone


def main() -> int:
    """Run the command and return its exit code."""
    parser = file_options("import-butler", __doc__, "the file in Butler's scheduler.configfile")
    parser.add_argument(
        "--server-timezone", required=True, metavar="ZONE", help="the IANA name of the zone of Butler's server"
    )
    parser.add_argument(
        "--month-base",
        required=True,
        type=int,
        choices=(0, 1),
        help="0: a numeric month is what Butler made of it, 0 for January; 1: it is what was meant, 1 for January",
    )
    given = parser.parse_args()
    try:
        server = Zone.parse(given.server_timezone)
    except UnknownZone as error:
        parser.error(str(replace(error, field="--server-timezone")))

    def work() -> None:
        imported = read(given.file, server, given.month_base, datetime.now(UTC))
        _import(imported, Site.at(given.url, given.key), is_dry=given.dry_run)

    return exit_code(work)


def _import(imported: Sequence[Imported], site: Site, *, is_dry: bool) -> None:
    matches = matched([one.desired for one in imported], site.schedules())
    for one, match in zip(imported, matches, strict=True):
        say(*_description(one, match), "")
    say(counted(matches, "there in another form, left as they are"))
    send(site, matches, replacing=False, is_dry=is_dry)


def _description(one: Imported, match: Match) -> Sequence[str]:
    desired = one.desired
    due = desired.zone.local(desired.next_due).isoformat()
    return [
        f"line {desired.line}: {desired.body['name']} (task {desired.body['qlikSenseTaskId']}), {desired.state.value}",
        f"  Butler   {one.butler}",
        f"  Footman  {desired.body['cronSchedule']}  next {due}",
        *(f"  note     {note}" for note in one.notes),
        f"  {_outcome(match)}",
    ]


def _outcome(match: Match) -> str:
    if match.existing is None:
        return describe_new(match)
    if match.is_half_made:
        return "there, but half made: it is finished"
    return f"there, but {', '.join(match.differing)} differ: left as it is" if match.differing else "already there"


if __name__ == "__main__":
    sys.exit(main())
