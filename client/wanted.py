"""What a file wants to be there, and what of it is there already."""

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
There = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FileSchedule:
    """A schedule of a file, checked: `body` makes it, `state` is what it shall be in then, `next_due` when it runs."""

    line: int
    body: Mapping[str, Any]
    state: State
    next_due: datetime

    @property
    def zone(self) -> Zone:
        return Zone.parse(self.body["timezone"])


@dataclass(frozen=True, kw_only=True)
class Match:
    """A wanted schedule, the one that is there for it, and the fields in which the two differ.

    `renamed` is the name of one that is there without one in the file, and starts the same task at the same times.
    """

    wanted: FileSchedule
    there: There | None
    differing: tuple[str, ...] = ()
    renamed: str = ""

    @property
    def is_half_made(self) -> bool:
        """True when the second of the two steps that make a schedule did not come through."""
        fields = [name for name in self.differing if name != STATE]
        return self.there is not None and fields == ["startupState"] and self.there[STATE] == self.wanted.state


def checked(entry: Entry, changes: Mapping[str, str], now: datetime) -> FileSchedule:
    """Return what an entry wants, some of its texts changed; raises FileUnreadable with its line."""
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


def matched(wanted: Sequence[FileSchedule], there: Sequence[There]) -> list[Match]:
    """Find for each wanted schedule the one that is there: alike, alike but for its state, or of its name and task.

    Name and task are what people leave alone when they change a schedule; of two that share them each is found once.
    """
    left = list(there)
    found: list[There | None] = [None] * len(wanted)
    for fits in (_is_alike, _is_alike_but_for_state, _has_its_name):
        found = [match or _take(left, one, fits) for one, match in zip(wanted, found, strict=True)]
    return [_match(one, there, left) for one, there in zip(wanted, found, strict=True)]


def _match(wanted: FileSchedule, there: There | None, left: Sequence[There]) -> Match:
    if there is not None:
        return Match(wanted=wanted, there=there, differing=differing(wanted, there))
    renamed = next((other["name"] for other in left if _has_its_times(other, wanted)), "")
    return Match(wanted=wanted, there=None, renamed=renamed)


def differing(wanted: FileSchedule, there: There) -> tuple[str, ...]:
    """Return the fields in which a schedule that is there differs from what is wanted."""
    fields = [name for name in (*TEXTS, "tags") if wanted.body.get(name) != there.get(name)]
    return (*fields, *([STATE] if there[STATE] != state_then(wanted, there) else []))


def state_then(wanted: FileSchedule, there: There) -> State:
    """Return the state to which a file brings a schedule that is there.

    It is what the file says of the state, lastKnownState before startupState. Only where somebody has just written
    stopped into it as startupState, that counts: exports of the version before have a lastKnownState beside each.
    """
    says, said = STATE_OF[wanted.body["startupState"]], STATE_OF[there["startupState"]]
    return State.STOPPED if says is State.STOPPED and said is not says else wanted.state


def _take(left: list[There], wanted: FileSchedule, fits: Callable[[There, FileSchedule], bool]) -> There | None:
    for there in left:
        if fits(there, wanted):
            left.remove(there)
            return there
    return None


def _is_alike(there: There, wanted: FileSchedule) -> bool:
    return not differing(wanted, there)


def _is_alike_but_for_state(there: There, wanted: FileSchedule) -> bool:
    return differing(wanted, there) == (STATE,)


def _has_its_name(there: There, wanted: FileSchedule) -> bool:
    return bool(there["name"] == wanted.body["name"]) and _has_its_task(there, wanted)


def _has_its_times(there: There, wanted: FileSchedule) -> bool:
    times = ("cronSchedule", "timezone")
    return all(there[name] == wanted.body[name] for name in times) and _has_its_task(there, wanted)


def _has_its_task(there: There, wanted: FileSchedule) -> bool:
    return bool(there["qlikSenseTaskId"].lower() == wanted.body["qlikSenseTaskId"].lower())
