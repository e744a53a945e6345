"""Callers who create, change, list and delete schedules while others fire."""

import random
import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from trials.callers import Caller

PATH = "/v4/schedules"
LIST_EACH_SECONDS = 15.0


class Seldom:
    """Says yes once in a while, to one of many who ask, and at once the first time."""

    def __init__(self, each_seconds: float) -> None:
        self._each_seconds = each_seconds
        self._next = time.monotonic()
        self._asking = Lock()

    def is_due(self) -> bool:
        """Return True if it is time, to one caller only."""
        with self._asking:
            is_due = time.monotonic() >= self._next
            if is_due:
                self._next = time.monotonic() + self._each_seconds
            return is_due


class Keeper:
    """A caller with stored schedules of its own to change, and a new one in each round."""

    def __init__(self, url: str, own: Sequence[str], stored: int, body: dict[str, Any], seldom: Seldom) -> None:
        self.caller = Caller(url)
        self._own = own
        self._stored = stored
        self._body = body
        self._seldom = seldom
        self._round = 0

    def do_round(self) -> None:
        """Change a stored schedule, and create, change and delete a new one."""
        self._round += 1
        if self._seldom.is_due():
            self._list()
        self._change(random.choice(self._own))
        self._live()

    def _change(self, schedule_id: str) -> None:
        """Edit it, stop it, start it, and read the result."""
        path, body = f"{PATH}/{schedule_id}", self._named("edited")
        self.caller.ask("edit", "PUT", path, body, status=200, is_right=lambda answer: answer["name"] == body["name"])
        self.caller.ask("stop", "PUT", f"{path}/stop", status=200, is_right=lambda answer: answer == {})
        self.caller.ask("start", "PUT", f"{path}/start", status=200, is_right=lambda answer: _is_started(*answer))
        self.caller.ask(
            "read",
            "GET",
            path,
            status=200,
            is_right=lambda answer: answer["name"] == body["name"] and _is_started(answer),
        )

    def _live(self) -> None:
        """Create one, change it, delete it."""
        body = self._named("new")
        made = self.caller.ask("create", "POST", PATH, body, status=201, is_right=_is_started)
        if made:
            self._change(made["id"])
            self.caller.ask(
                "delete", "DELETE", f"{PATH}/{made['id']}", status=204, is_right=lambda answer: answer is None
            )

    def _list(self) -> None:
        self.caller.ask(
            "list all",
            "GET",
            PATH,
            status=200,
            is_right=lambda answer: len({each["id"] for each in answer}) == len(answer) >= self._stored,
        )

    def _named(self, what: str) -> dict[str, Any]:
        return {**self._body, "name": f"{what} {self._round}"}


def _is_started(answer: dict[str, Any]) -> bool:
    return bool(answer["lastKnownState"] == "started")
