"""A running Footman, as its callers see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import requests
from pydantic import TypeAdapter, ValidationError
from urllib3.exceptions import HTTPError

from client.reaching import NO_KEY, TIMEOUT, not_footman, why
from client.wanted import STATE, FileSchedule, SiteSchedule, differing
from shared.api.schedules.wire import ScheduleAnswer
from shared.core.schedules import STATE_OF, State
from shared.foreign import remember

SCHEDULES = TypeAdapter(list[ScheduleAnswer])


class SiteFailed(Exception):
    """Footman gave no answer or refused; the text says why and never contains the key."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Footman's address, and the session that sends the key."""

    url: str
    session: requests.Session

    @classmethod
    def at(cls, url: str, key: str | None) -> Self:
        """Return the site at this address; with a key, every request carries it."""
        session = requests.Session()
        if key:
            remember("key", key)
            session.headers["x-functions-key"] = key
        return cls(url=url, session=session)

    def schedules(self) -> list[SiteSchedule]:
        """Return all schedules; raises SiteFailed, also for an answer that is not Footman's."""
        try:
            # An unchecked answer might be read as no schedules at all, and overwrite a good file.
            SCHEDULES.validate_python(found := self._ask("GET", ""), strict=True)
        except ValidationError:
            raise SiteFailed(f"{self.url} answered, and not as Footman does.") from None
        return list(found)

    def create(self, desired: FileSchedule) -> None:
        """Create a schedule in the desired state, whatever its startup state says."""
        if STATE_OF[desired.body["startupState"]] is desired.state:
            self._ask("POST", "", desired.body)
            return
        made = self._ask("POST", "", {**desired.body, "startupState": desired.state.value})
        self.replace(made, desired, desired.state)

    def replace(self, existing: SiteSchedule, desired: FileSchedule, state: State) -> None:
        """Change an existing schedule to the desired one; meanwhile it starts nothing that it should not."""
        is_to_stop = existing["lastKnownState"] != state and state is State.STOPPED
        if is_to_stop:
            self._ask("PUT", f"/{existing['id']}/stop")
        if set(differing(desired, existing)) - {STATE}:
            # Not when only the state differs: if the start filter is tighter by now, the definition would be refused.
            self._ask("PUT", f"/{existing['id']}", {**desired.body, "keepState": True})
        if existing["lastKnownState"] != state and not is_to_stop:
            self._ask("PUT", f"/{existing['id']}/start")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            answer = self.session.request(
                method, f"{self.url}/v4/schedules{path}", json=body, timeout=TIMEOUT, allow_redirects=False
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
