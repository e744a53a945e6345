"""Read Butler's schedule file, and describe for each schedule what Butler did with it and what Footman will do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from client.butler_cron import ButlerCron, ButlerRefused
from client.files import Entry, each, entries
from client.translation import differences, translated
from client.wanted import FileSchedule, checked
from shared.core.cron import Cron
from shared.core.errors import UnknownZone
from shared.core.schedules import STATE_OF
from shared.core.zones import Zone

TOP = "butlerSchedule"
# A 29 February on a given weekday can be 28 years away, or 40 across a turn of the century.
LONGEST_WAIT = timedelta(days=41 * 366)
SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A schedule from Butler, as Footman should have it, and what to print about it."""

    desired: FileSchedule
    butler: str
    notes: tuple[str, ...]


def read(path: Path, server: Zone, month_base: int, now: datetime) -> list[Imported]:
    """Translate all schedules of a file; raises FileUnreadable with the lines of those that can't be."""
    found = entries(path, TOP)
    lines: dict[str, int] = {}
    return each(found, lambda entry: _imported(_with_id_of_its_own(entry, lines), server, month_base, now))


def _with_id_of_its_own(entry: Entry, lines: dict[str, int]) -> Entry:
    """Return the entry and record the line of its id; raises FileUnreadable if Butler would not run the entry."""
    its_id = entry.text("id")
    if its_id is None:
        raise entry.unusable("id is missing: Butler can't load it, so it never ran. Give it one, or take it out.")
    if its_id in lines:
        raise entry.unusable(f"id {its_id!r} stands on line {lines[its_id]} too: Butler runs the last one alone.")
    lines[its_id] = entry.line
    return entry


def _imported(entry: Entry, server: Zone, month_base: int, now: datetime) -> Imported:
    text = entry.text("cronSchedule")
    if text is None:
        raise entry.unusable("cronSchedule is missing.")
    try:
        meant = ButlerCron.parse(text, month_base=month_base)
    except ButlerRefused as refused:
        raise entry.unusable(_never_ran(text, refused, month_base)) from None
    zone = _zone(entry, server)
    desired = checked(entry, {"cronSchedule": translated(text, meant), "timezone": zone.name}, now)
    read_by_butler = meant if month_base == 0 else _as_butler_reads(text)
    notes = (*_zone_note(entry, zone), *_state_note(desired), *_difference_notes(meant, desired, now))
    return Imported(desired=desired, butler=f"{text}  {_next(read_by_butler, zone, now)}", notes=notes)


def _zone(entry: Entry, server: Zone) -> Zone:
    """Return the zone in which Butler runs a schedule: its server's, or that of the undocumented `timeZone`."""
    named = entry.text("timeZone")
    try:
        return Zone.parse(named) if named is not None else server
    except UnknownZone as error:
        raise entry.unusable(str(replace(error, field="timeZone"))) from None


def _never_ran(text: str, refused: ButlerRefused, month_base: int) -> str:
    if month_base == 0:
        return f"cronSchedule: Butler can't read {text!r}: {refused}. It never ran; mend the entry or take it out."
    return f"cronSchedule: {text!r} can't be read with months from 1: {refused}. Mend the entry or take it out."


def _as_butler_reads(text: str) -> ButlerCron | None:
    try:
        return ButlerCron.parse(text)
    except ButlerRefused:
        return None


def _next(butler: ButlerCron | None, server: Zone, now: datetime) -> str:
    if butler is None:
        return "never ran: Butler can't read it"
    due = next(butler.due_between(server, now, now + LONGEST_WAIT), None)
    return f"next {server.local(due).isoformat()}" if due else "never due"


def _zone_note(entry: Entry, zone: Zone) -> Sequence[str]:
    stated = entry.text("timezone")
    if entry.text("timeZone"):
        return (f"the file says timeZone: {zone.name}, the one name that Butler heeds, and so will Footman",)
    if stated in {None, zone.name}:
        return ()
    return (f"the file says {stated!r}; Butler ran it on its server's clock, {zone.name}, and so will Footman",)


def _state_note(desired: FileSchedule) -> Sequence[str]:
    startup = desired.body["startupState"]
    if STATE_OF[startup] is desired.state:
        return ()
    return (f"{desired.state.value}, as it is in Butler now, though it says {startup} for Butler's next start",)


def _difference_notes(meant: ButlerCron, desired: FileSchedule, now: datetime) -> Sequence[str]:
    only_butler, only_footman = differences(meant, Cron.parse(desired.body["cronSchedule"]), desired.zone, now)
    return (
        *_difference("Butler alone is due where clocks change", only_butler, desired.zone),
        *_difference("Footman is also due where clocks change", only_footman, desired.zone),
    )


def _difference(what: str, instants: Sequence[datetime], zone: Zone) -> Sequence[str]:
    if not instants:
        return ()
    more = f" and {len(instants) - SHOWN} more" if len(instants) > SHOWN else ""
    return (f"{what}: {', '.join(zone.local(instant).isoformat() for instant in instants[:SHOWN])}{more}",)
