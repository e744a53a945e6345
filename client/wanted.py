"""The schedules that a file asks for, matched with those that exist."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from client.files import Entry
from shared.api.edge.refusals import refusal
from shared.api.schedules.body import SCHEDULE, definition
from shared.core import rules
from shared.core.errors import CallerError
from shared.core.schedules import STATE_OF, State
from shared.core.zones import Zone

TEXTS = ("name", "cronSchedule", "timezone", "qlikSenseTaskId", "startupState")
STATE = "lastKnownState"
SiteSchedule = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FileSchedule:
    """A checked schedule of a file: the `body` that creates it, the `state` it should be in, and when it runs next."""

    line: int
    body: Mapping[str, Any]
    state: State
    next_due: datetime

    @property
    def zone(self) -> Zone:
        """Return the zone of its expression."""
        return Zone.parse(self.body["timezone"])


@dataclass(frozen=True, kw_only=True)
class Match:
    """A desired schedule, the existing one that corresponds to it, and the fields in which the two differ.

    `renamed` is the name of an existing schedule that matches nothing in the file, but starts the same task at the same
    times.
    """

    desired: FileSchedule
    existing: SiteSchedule | None
    differing: tuple[str, ...] = ()
    renamed: str = ""

    @property
    def is_half_made(self) -> bool:
        """Return True if the second of the two steps that create a schedule did not succeed."""
        fields = [name for name in self.differing if name != STATE]
        return self.existing is not None and fields == ["startupState"] and self.existing[STATE] == self.desired.state


def checked(entry: Entry, changes: Mapping[str, str], now: datetime) -> FileSchedule:
    """Return the schedule of an entry, with `changes` to its texts; raises FileUnreadable with its line."""
    body: dict[str, Any] = {name: text for name in TEXTS if (text := entry.text(name)) is not None} | dict(changes)
    tags = entry.texts("tags")
    if tags is not None:
        body["tags"] = list(tags)
    try:
        asked = definition(SCHEDULE.validate_python(body))
        next_due = rules.next_due(asked.rule, now)
        state = STATE_OF[entry.text(STATE) or asked.startup_state]
    except ValidationError as error:
        raise entry.unusable(str(refusal(error, root=""))) from None
    except CallerError as error:
        raise entry.unusable(str(error)) from None
    except KeyError:
        raise entry.unusable(f"{STATE}: {entry.text(STATE)!r} is not allowed; use started or stopped.") from None
    return FileSchedule(line=entry.line, body=body, state=state, next_due=next_due)


def matched(desired: Sequence[FileSchedule], existing: Sequence[SiteSchedule]) -> list[Match]:
    """Find the existing schedule for each desired one: equal, equal except for its state, or of its name and task.

    Name and task are what people leave alone when they change a schedule; if several share them, each is matched once.
    """
    left = list(existing)
    found: list[SiteSchedule | None] = [None] * len(desired)
    for fits in (_is_alike, _is_alike_but_for_state, _has_its_name):
        found = [match or _take(left, one, fits) for one, match in zip(desired, found, strict=True)]
    return [_match(one, existing, left) for one, existing in zip(desired, found, strict=True)]


def _match(desired: FileSchedule, existing: SiteSchedule | None, left: Sequence[SiteSchedule]) -> Match:
    if existing is not None:
        return Match(desired=desired, existing=existing, differing=differing(desired, existing))
    renamed = next((other["name"] for other in left if _has_its_times(other, desired)), "")
    return Match(desired=desired, existing=None, renamed=renamed)


def differing(desired: FileSchedule, existing: SiteSchedule) -> tuple[str, ...]:
    """Return the fields in which an existing schedule differs from the desired one."""
    fields = [name for name in (*TEXTS, "tags") if desired.body.get(name) != existing.get(name)]
    return (*fields, *([STATE] if existing[STATE] != state_then(desired, existing) else []))


def state_then(desired: FileSchedule, existing: SiteSchedule) -> State:
    """Return the state that an existing schedule should get.

    The file's lastKnownState comes before its startupState, with one exception: if somebody has just changed
    startupState to stopped, that counts, because exports of the version before have a lastKnownState in every entry.
    """
    in_file, on_site = STATE_OF[desired.body["startupState"]], STATE_OF[existing["startupState"]]
    return State.STOPPED if in_file is State.STOPPED and on_site is not in_file else desired.state


def _take(
    left: list[SiteSchedule], desired: FileSchedule, fits: Callable[[SiteSchedule, FileSchedule], bool]
) -> SiteSchedule | None:
    for existing in left:
        if fits(existing, desired):
            left.remove(existing)
            return existing
    return None


def _is_alike(existing: SiteSchedule, desired: FileSchedule) -> bool:
    return not differing(desired, existing)


def _is_alike_but_for_state(existing: SiteSchedule, desired: FileSchedule) -> bool:
    return differing(desired, existing) == (STATE,)


def _has_its_name(existing: SiteSchedule, desired: FileSchedule) -> bool:
    return bool(existing["name"] == desired.body["name"]) and _has_its_task(existing, desired)


def _has_its_times(existing: SiteSchedule, desired: FileSchedule) -> bool:
    times = ("cronSchedule", "timezone")
    return all(existing[name] == desired.body[name] for name in times) and _has_its_task(existing, desired)


def _has_its_task(existing: SiteSchedule, desired: FileSchedule) -> bool:
    return bool(existing["qlikSenseTaskId"].lower() == desired.body["qlikSenseTaskId"].lower())
