"""What a cron expression may say. Stricter than croniter, which reads some mistakes as something else."""

import re
from dataclasses import dataclass

from shared.core.errors import CallerError

LONGEST = 128
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
ALLOWED = (
    "use 5 fields (minute hour day month weekday), 6 with seconds first, or @hourly, @daily, @weekly, @monthly, @yearly"
)


@dataclass(frozen=True, kw_only=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    special: str = r"(?!)"  # a pattern of what only this field may hold; this one matches nothing

    def number(self, text: str) -> int | None:
        """Return the value of a number or a name, None when it is neither or out of bounds."""
        if text.lower() in self.names:
            return self.names.index(text.lower()) + self.first
        value = int(text) if re.fullmatch(r"[0-9]{1,4}", text) else -1
        return value if self.first <= value <= self.last else None


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY = _FIELDS = (
    _Field(name="second", first=0, last=59),
    _Field(name="minute", first=0, last=59),
    _Field(name="hour", first=0, last=23),
    _Field(name="day of month", first=1, last=31, special=r"[?lL]"),
    _Field(name="month", first=1, last=12, names=_MONTHS),
    _Field(name="weekday", first=0, last=7, names=_DAYS, special=r"\?|[lL][0-7]"),
)


def fields_of(text: str) -> tuple[str, ...]:
    """Return the five or six fields of an expression; raises CallerError naming what is wrong and what is allowed."""
    if len(text) > LONGEST:
        raise CallerError(f"cronSchedule: {len(text)} characters are too many; at most {LONGEST} are allowed.")
    parts = tuple(PRESETS.get(text.strip().lower(), text).split())
    if len(parts) not in {5, 6}:
        raise _refused(text, f"it has {len(parts)} fields; {ALLOWED}")
    fields = _FIELDS[-len(parts) :]
    for field, part in zip(fields, parts, strict=True):
        if reason := _fault(field, part):
            raise _refused(text, f"{field.name} {part!r} {reason}")
    if "#" in parts[-1] and parts[-3] not in {"*", "?"}:
        # croniter would pass over the day of month.
        raise _refused(text, "a day of month and a weekday with # can't be joined; make two schedules")
    return parts


def _refused(text: str, reason: str) -> CallerError:
    return CallerError(f"cronSchedule: {text!r} is not allowed: {reason}.")


def _fault(field: _Field, part: str) -> str | None:
    if re.fullmatch(field.special, part):
        return None
    items = part.split(",")
    nth = ["#" in item for item in items]
    if any(nth) and not all(nth):
        return "mixes weekdays with and without #"
    return next((fault for item in items if (fault := _item_fault(field, item))), None)


def _item_fault(field: _Field, item: str) -> str | None:
    values, slash, step = item.partition("/")
    if slash and not re.fullmatch(r"0*[1-9][0-9]{0,3}", step):
        return "has a step that is no number from 1 on"
    if values == "*":
        return None
    if field is _WEEKDAY and not slash and re.fullmatch(r"[^#]+#[1-5]", values):
        values = values[:-2]
    elif (found := re.fullmatch(r"([^-]+)-([^-]+)", values)) and field.number(found[1]) is not None:
        if field.number(found[1]) == field.number(found[2]):
            return "is a range from a value to itself; write the value alone"
        values = found[2]
    if field.number(values) is None:
        return f"is no value from {field.first} to {field.last}" + (
            f" or {'-'.join(field.names[:2])}…" if field.names else ""
        )
    return None
