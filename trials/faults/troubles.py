"""The kinds of trouble at Sense, storage or both, for two minutes, as data."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sandbox.faulty.faults import TRANSACTION, Match
from shared.core.cron import MINUTE

START = "/start/synchronous"
LENGTH = timedelta(minutes=2)
# After the starts of its first second and within the minute, so that the trouble hits a running tick.
FROM = timedelta(seconds=72)

Fault = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """The only active faults from `after` the beginning on; sessions may be forgotten then.

    Storage may be away, which refuses connections, or strand the open ones, over which no more answers come.
    """

    after: timedelta = timedelta(0)
    sense: tuple[Fault, ...] = ()
    storage: tuple[Fault, ...] = ()
    forgets_sessions: bool = False
    is_storage_away: bool = False
    strands_storage: bool = False


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to a site for `LENGTH`, and what schedules do meanwhile.

    `stops_starts`: nothing can be started. `is_clear`: moreover this is certain, so that each schedule is started
    exactly once at the next tick after it. `by_proxy`: Sense is reached with a token and sessions. `within_minute`:
    nothing may be started after the minute in which it is due.
    """

    fault: str
    done: str
    steps: tuple[Step, ...]
    stops_starts: bool = False
    is_clear: bool = False
    by_proxy: bool = False
    within_minute: bool = False


def by_chance(share: float, text: str) -> Match:
    """Match such a share of the requests with the text in their first line."""
    chance = random.Random(7)
    return lambda request: text in request.first_line and chance.random() < share


def first_of_a_minute() -> Match:
    """Match the first request of each minute; it belongs to a tick, because the one before has ended by then."""
    last: list[int] = []

    def is_first(_: object) -> bool:
        minute = int(time.time() // 60)
        seen, last[:] = last == [minute], [minute]
        return not seen

    return is_first


def _away(fault: str, done: str, **kind: object) -> Trouble:
    """Return a Sense that starts nothing, and says so or says nothing at all."""
    return Trouble(fault=fault, done=done, steps=(Step(sense=(kind,)),), stops_starts=True, is_clear=True)


def _storage(fault: str, done: str, *, stops_starts: bool = False, **kind: object) -> Trouble:
    return Trouble(fault=fault, done=done, steps=(Step(storage=(kind,)),), stops_starts=stops_starts)


def _hiccup(fault: str, done: str, *steps: Step) -> Trouble:
    return Trouble(fault=fault, done=done, steps=steps, within_minute=True)


def _at_each_minute(step: Step, seconds: float) -> tuple[Step, ...]:
    """Return the steps of a trouble that begins a second before each minute and lasts this long, from `FROM` on."""
    begins = (LENGTH * share - FROM % MINUTE - timedelta(seconds=1) for share in (0.5, 1))
    return tuple(
        each for at in begins for each in (replace(step, after=at), Step(after=at + timedelta(seconds=seconds)))
    )


LOST_ANSWERS: Fault = {"kind": "cut", "match": by_chance(0.5, TRANSACTION)}

SENSE = (
    _away("Sense refuses", "no connection for 2 min", kind="refuse"),
    _away("Sense hangs", "no answer for 2 min, time-out 5 s", kind="hang"),
    _away("Sense overloaded", "503 for 2 min", kind="status", status=503),
    _away("Sense fails", "500 for 2 min", kind="status", status=500),
    _away("Sense's proxy", "a page of HTML for 2 min", kind="html"),
    Trouble(
        fault="Sense resets after a start",
        done="each start takes place, its answer is lost, 2 min",
        steps=(Step(sense=({"kind": "resetAfter", "path": START},)),),
    ),
    Trouble(
        fault="Sense breaks off",
        done="every answer ends in its midst, 2 min",
        steps=(Step(sense=({"kind": "truncate"},)),),
    ),
    Trouble(
        fault="session expired",
        done="by token; the session forgotten every 40 s",
        steps=tuple(Step(after=timedelta(seconds=each), forgets_sessions=True) for each in (0, 40, 80)),
        by_proxy=True,
    ),
    Trouble(
        fault="Sense restarts",
        done="by token; cut and refused 80 s, 503 for 40 s, sessions gone",
        steps=(
            Step(sense=({"kind": "refuse"},), forgets_sessions=True),
            Step(after=timedelta(seconds=80), sense=({"kind": "status", "status": 503},)),
        ),
        stops_starts=True,
        is_clear=True,
        by_proxy=True,
    ),
)
STORAGE = (
    _storage("storage unreachable", "no connection for 2 min", stops_starts=True, kind="refuse"),
    _storage("storage throttles", "503 for 2 min", stops_starts=True, kind="busy"),
    _storage("storage throttles half", "503 to half of all requests, 2 min", kind="busy", match=by_chance(0.5, "")),
    _storage("storage slow", "every answer after 5 s, 2 min", kind="slow", seconds=5),
    _storage("storage loses answers", "half of the transactions done and not answered, 2 min", **LOST_ANSWERS),
)
HICCUPS = (
    _hiccup(
        "a tick's first request reset",
        "in each of 2 min",
        Step(storage=({"kind": "refuse", "match": first_of_a_minute()},)),
    ),
    _hiccup(
        "a tick's first request refused",
        "no connection for 4 s, 2 times",
        *_at_each_minute(Step(is_storage_away=True), 4),
    ),
    _hiccup(
        "a tick's first request hangs",
        "in each of 2 min",
        Step(storage=({"kind": "hang", "match": first_of_a_minute()},)),
    ),
    _hiccup("idle connections die", "in silence before each of 2 min", *_at_each_minute(Step(strands_storage=True), 4)),
)
BOTH = (
    Trouble(
        fault="both away",
        done="Sense and storage refuse, 2 min",
        steps=(Step(sense=({"kind": "refuse"},), storage=({"kind": "refuse"},)),),
        stops_starts=True,
    ),
    Trouble(
        fault="both lose answers",
        done="all of Sense's to starts, half of storage's to transactions, 2 min",
        steps=(Step(sense=({"kind": "resetAfter", "path": START},), storage=(LOST_ANSWERS,)),),
    ),
)
