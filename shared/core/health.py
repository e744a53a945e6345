"""How Footman is: what works, what doesn't, in words that may be shown to anybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.core.errors import (
    FootmanError,
    QrsBusy,
    QrsDenied,
    QrsMisplaced,
    QrsTimedOut,
    QrsUnanswered,
    QrsUnreachable,
    QrsUntrusted,
    SettingsError,
    StorageError,
)

OK = "ok"
LATE = "no answer in time"
# The platform may hand the timer to another instance for two minutes; after five nobody ticks.
OLDEST_TICK = timedelta(minutes=5)
# Days before a certificate ends at which the log warns; in the last week it does so every day.
WARN_AT_DAYS = (60, 30, 7)

# An error's text may name hosts, users and tasks; these words name none. Looked up along its ancestors.
WORDS: Mapping[type[BaseException], str] = {
    SettingsError: "wrong setting",
    StorageError: "no usable answer",
    QrsUntrusted: "certificate not trusted",
    QrsUnreachable: "unreachable",
    QrsTimedOut: LATE,
    QrsUnanswered: "no answer",
    QrsDenied: "access denied",
    QrsBusy: "busy or failing",
    QrsMisplaced: "something else answers",
    FootmanError: "refused",
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at: `word` is ok or why not, with how long it took, how long ago or how late it was."""

    word: str
    milliseconds: int | None = None
    seconds_ago: int | None = None
    late_seconds: float | None = None
    names: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        return self.word == OK


@dataclass(frozen=True, kw_only=True)
class Guards:
    """What the settings leave open on purpose: every task may be started, every server is trusted."""

    filters_starts: bool
    verifies_tls: bool


@dataclass(frozen=True, kw_only=True)
class Health:
    """All checks, and how many days each certificate is still good for; no guards where a setting is wrong."""

    checks: Mapping[str, Check]
    certificate_days: Mapping[str, int] = field(default_factory=dict)
    is_open: bool = False
    guards: Guards | None = None

    @property
    def is_ok(self) -> bool:
        return all(check.is_ok for check in self.checks.values())


def settings_named(error: BaseException) -> tuple[str, ...]:
    """Return the settings that are wrong, if an error says so, without their values."""
    return error.names if isinstance(error, SettingsError) else ()


def word_for(error: BaseException) -> str:
    return next((WORDS[kind] for kind in type(error).__mro__ if kind in WORDS), "failed")


@dataclass(frozen=True, kw_only=True)
class Beat:
    """The marks of ticks: when the last one began, when one last ended, and what held it up, empty for nothing.

    `unreadable` is how many rows can't be read: entries that were due then, and schedules. `late_seconds` is how late
    the latest start of the tick that last ended was, 0 where it started nothing.
    """

    begun: datetime
    ended: datetime | None = None
    problem: str = ""
    unreadable: int = 0
    late_seconds: float = 0.0


def tick_check(last: Beat | None, now: datetime) -> Check:
    """Return how it stands with the tick; one that begins every minute and never ends is none."""
    if last is None:
        return Check(word="never came")
    ended = last.ended or last.begun
    ago = max(timedelta(0), now - ended)
    word = OK
    if now - last.begun > OLDEST_TICK:
        word = "stopped coming"
    elif ago > OLDEST_TICK:
        word = "does not finish"
    elif last.problem:
        word = "held up"
    return Check(word=word, seconds_ago=int(ago.total_seconds()), late_seconds=last.late_seconds or None)


def rows_check(last: Beat) -> Check | None:
    """Return that rows of schedules can't be read, None when all can: each keeps a schedule from being started."""
    if not last.unreadable:
        return None
    return Check(word=f"{last.unreadable} row{'s' if last.unreadable > 1 else ''} can't be read")


def warns(days: int) -> bool:
    """True on the days on which the log warns of a certificate's end."""
    return days in WARN_AT_DAYS or days <= min(WARN_AT_DAYS)
