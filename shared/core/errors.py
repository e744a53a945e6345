"""Everything that can go wrong, by who must act.

FootmanError
├── CallerError              the caller: the request can't be obeyed as it stands
│   ├── TooLong              a text is longer than its field holds
│   ├── LivesTooLong         a key-value is to live longer than anybody waits
│   ├── WrongExpression      a cron expression can't be read, or is never due
│   ├── UnknownZone          no IANA time zone has this name
│   ├── UnknownSchedule      no schedule has this id
│   ├── ChangedMeanwhile     the schedule is not as the caller has read it
│   ├── UnknownNamespace     no key-value has this namespace
│   ├── UnknownKey           no key-value of the namespace has this key
│   ├── TaskForbidden        the start filter does not allow the task
│   ├── CallerRefused        CALLERS names nobody with this key or identity
│   └── RightMissing         the caller may not make this call
├── SettingsError            the administrator: a setting is missing or wrong
├── StorageError             Table storage, or the way to it
│   ├── StorageDenied        the account does not let Footman in: key, role, network rule or clock
│   ├── StorageConflict      what was to be changed is not what it was when it was read
│   ├── OutcomeUnknown       nobody knows whether it was written, and asking again might write it twice
│   └── RowUnreadable        somebody edited a row by hand
└── QrsError                 Sense, or the way to it
    ├── QrsUnreachable       no connection was made, so nothing was asked
    │   ├── QrsUntrusted     TLS: one side did not accept the other's certificate
    │   └── QrsNoSession     the virtual proxy gave no session to the call before
    ├── QrsUnanswered        asked, but no answer came: what Sense did is unknown
    │   └── QrsTimedOut      none within the time set
    ├── QrsDenied            401, 403
    ├── QrsBusy              429, 5xx
    ├── QrsMisplaced         something else answers at that address: a login page, a redirect, no JSON
    ├── QrsNotSent           withdrawn by who asked, before Sense was asked anything
    ├── QrsRefused           400, 404 and other refusals of what was asked
    └── TaskNotStarted       Sense answered that it did not start the task

The text of an error is written for the person who has to act: the cause, then what to do. It never holds a key, a
token or a certificate. It is made of what the error keeps: who needs a part of it, such as a field or the names of
settings, takes it from there and never out of the text. What the HTTP edge alone refuses stands in
shared/api/edge/refusals.py; who may not call, in shared/core/callers.py.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

# Of a value that a caller sent an answer repeats the begin.
EXPRESSION_SHOWN = 128
ZONE_SHOWN = 60
# From here on the digits of a limit are parted by commas.
PARTED_FROM = 10_000


class FootmanError(Exception):
    """Root of all that Footman raises on purpose."""


class CallerError(FootmanError):
    """The request names something that is not allowed; the text says field, value and what is."""


@dataclass(eq=False)
class TooLong(CallerError):
    """A text has more of a unit than its field may hold."""

    field: str
    length: int
    most: int
    unit: str = "characters"

    def __str__(self) -> str:
        mark = "," if self.most >= PARTED_FROM else ""
        length, most = format(self.length, mark), format(self.most, mark)
        return f"{self.field}: {length} {self.unit} are too many; at most {most} are allowed."


@dataclass(eq=False)
class LivesTooLong(CallerError):
    """A key-value is to live for longer than can be added to any date."""

    ttl_ms: int
    most_ms: int

    def __str__(self) -> str:
        return f"ttl: {self.ttl_ms} ms is too long; at most {self.most_ms} (a hundred years) is allowed."


@dataclass(eq=False)
class WrongExpression(CallerError):
    """A cron expression can't be read or is never due; `reason` has no full stop."""

    expression: str
    reason: str

    def __str__(self) -> str:
        more = "…" if len(self.expression) > EXPRESSION_SHOWN else ""
        return f"cronSchedule: {self.expression[:EXPRESSION_SHOWN]!r}{more} is not allowed: {self.reason}."


@dataclass(eq=False)
class UnknownZone(CallerError):
    """No IANA time zone has this name; `hint` goes on from there, and is asked for when somebody reads the text.

    To find the name that was meant takes 10 ms, and the row of a schedule may hold a wrong one.
    """

    name: str
    hint: Callable[[], str]
    field: str = "timezone"

    def __str__(self) -> str:
        return f"{self.field}: {self.name[:ZONE_SHOWN]!r} is no IANA time zone{self.hint()}"


@dataclass(eq=False)
class UnknownSchedule(CallerError):
    """No schedule has this id."""

    schedule_id: str

    def __str__(self) -> str:
        return f"REST SCHEDULER: Schedule ID {self.schedule_id} not found."


@dataclass(eq=False)
class ChangedMeanwhile(CallerError):
    """The schedule is not as the caller has read it."""

    schedule_id: str

    def __str__(self) -> str:
        return (
            f"If-Match: schedule {self.schedule_id} has been changed since you read it, and was left as it is now. "
            "Read it again, and decide anew."
        )


@dataclass(eq=False)
class UnknownNamespace(CallerError):
    """No key-value has this namespace."""

    namespace: str

    def __str__(self) -> str:
        return f"Namespace not found: {self.namespace}"


@dataclass(eq=False)
class UnknownKey(CallerError):
    """No key-value of the namespace has this key."""

    namespace: str
    key: str

    def __str__(self) -> str:
        return f"Key '{self.key}' not found in namespace: {self.namespace}"


@dataclass(eq=False)
class TaskForbidden(CallerError):
    """START_TASK_FILTER, or CALLERS of this caller, does not allow the task.

    Whether there is such a task, and its name, is not for somebody who may not touch it.
    """

    task_id: str

    def __str__(self) -> str:
        return (
            f"qlikSenseTaskId: {self.task_id!r} is not allowed: START_TASK_FILTER, or the tasks that CALLERS gives "
            "you, have neither it nor one of its tags or custom properties, or Sense shows Footman no such task."
        )


class SettingsError(FootmanError):
    """One or more settings are missing or wrong: `names` are theirs, and the text says of each what to do."""

    def __init__(self, names: Iterable[str], problem: str) -> None:
        super().__init__(problem)
        self.names = tuple(dict.fromkeys(names))


class StorageError(FootmanError):
    """Table storage did not do what was asked, or nobody knows whether it did."""


class StorageDenied(StorageError):
    """The account does not let Footman in; asking again changes nothing before somebody acts."""


class StorageConflict(StorageError):
    """Somebody else changed it first; nothing was written."""


class OutcomeUnknown(StorageError):
    """What was to be made may have been made, or may be still; the text says how to find out."""


class RowUnreadable(StorageError):
    """A row holds what Footman never wrote."""


class QrsError(FootmanError):
    """Sense's repository service did not do what was asked."""


class QrsUnreachable(QrsError):
    """No connection to the repository service could be made."""


class QrsUntrusted(QrsUnreachable):
    """The TLS handshake failed."""


class QrsNoSession(QrsUnreachable):
    """The call that was to open a session with the virtual proxy failed, so this one was not sent."""


class QrsUnanswered(QrsError):
    """The connection broke or the time ran out before the answer was complete."""


class QrsTimedOut(QrsUnanswered):
    """The time set for an answer ran out."""


class QrsDenied(QrsError):
    """The repository service knows who asks and does not let them."""


class QrsBusy(QrsError):
    """The repository service answered that it can't serve now, or failed."""


class QrsMisplaced(QrsError):
    """Something answered that is not the repository service."""


class QrsNotSent(QrsError):
    """Whoever asked took it back when a connection was in hand: nothing was sent."""


class QrsRefused(QrsError):
    """The repository service refused what was asked."""


class TaskNotStarted(QrsError):
    """Sense answered a start with the zero GUID: no execution was made."""
