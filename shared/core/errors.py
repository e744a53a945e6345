"""Everything that can go wrong, by who must act.

FootmanError
├── CallerError              the caller: the request can't be obeyed as it stands
│   └── TaskForbidden        the start filter does not allow the task
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
token or a certificate.
"""


class FootmanError(Exception):
    """Root of all that Footman raises on purpose."""


class CallerError(FootmanError):
    """The request names something that is not allowed; the text says field, value and what is."""


class TaskForbidden(CallerError):
    """START_TASK_FILTER does not allow the task."""


class SettingsError(FootmanError):
    """One or more settings are missing or wrong; the text names every one of them."""


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
