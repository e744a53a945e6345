"""A Footman that runs, as its callers see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import requests
from pydantic import TypeAdapter, ValidationError
from urllib3.exceptions import HTTPError

from client.reaching import NO_KEY, PATIENCE, not_footman, why
from client.wanted import STATE, FileSchedule, There, differing
from shared.api.schedules.wire import ScheduleAnswer
from shared.core.schedules import STATE_OF, State

SCHEDULES = TypeAdapter(list[ScheduleAnswer])


class SiteFailed(Exception):
    """Footman could not be asked, or did not do it; the text says why and never holds the key."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Its address and the session that carries the key."""

    url: str
    session: requests.Session

    @classmethod
    def at(cls, url: str, key: str | None) -> Self:
        session = requests.Session()
        if key:
            session.headers["x-functions-key"] = key
        return cls(url=url, session=session)

    def schedules(self) -> list[There]:
        try:
            # What is not checked here might be taken for no schedules at all, and written over a good file.
            SCHEDULES.validate_python(found := self._ask("GET", ""), strict=True)
        except ValidationError:
            raise SiteFailed(f"{self.url} answered, and not as Footman does.") from None
        return list(found)

    def create(self, wanted: FileSchedule) -> None:
        """Make a schedule in the state that is wanted, whatever its startup state says."""
        if STATE_OF[wanted.body["startupState"]] is wanted.state:
            self._ask("POST", "", wanted.body)
            return
        made = self._ask("POST", "", {**wanted.body, "startupState": wanted.state.value})
        self.replace(made, wanted, wanted.state)

    def replace(self, there: There, wanted: FileSchedule, state: State) -> None:
        """Bring a schedule that is there to what is wanted; while it is changed it starts nothing it should not."""
        is_to_stop = there["lastKnownState"] != state and state is State.STOPPED
        if is_to_stop:
            self._ask("PUT", f"/{there['id']}/stop")
        if set(differing(wanted, there)) - {STATE}:
            # Not for its state alone: with a start filter that is tighter by now, the definition would be refused.
            self._ask("PUT", f"/{there['id']}", {**wanted.body, "keepState": True})
        if there["lastKnownState"] != state and not is_to_stop:
            self._ask("PUT", f"/{there['id']}/start")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            answer = self.session.request(
                method, f"{self.url}/v4/schedules{path}", json=body, timeout=PATIENCE, allow_redirects=False
            )
        except (requests.RequestException, HTTPError, UnicodeError) as error:
            raise SiteFailed(f"{self.url} could not be asked: {why(error)}.") from None
        if answer.status_code == requests.codes.unauthorized:
            raise SiteFailed(f"{self.url} answered 401: {NO_KEY}.")
        try:
            content = answer.json()
        except ValueError:
            raise SiteFailed(f"{self.url} answered {answer.status_code} {not_footman(answer)}") from None
        if not answer.ok:
            reason = content.get("message") if isinstance(content, dict) else None
            raise SiteFailed(f"{self.url} answered {answer.status_code}: {reason or 'no reason given'}")
        return content
