"""See whether a Footman that was deployed works: python3 dev.py smoke --url URL [--key KEY].

Nothing is started: the dry start names a task that no site has, so that Sense is asked and answers that there is none.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from client.command import options, say
from client.reaching import NO_KEY, TIMEOUT, not_footman, why
from shared.foreign import remember

NO_TASK = "00000000-0000-0000-0000-000000000000"
# A new deployment may not have its first instance yet.
SECONDS_TO_TICK = 180
PAUSE = 5.0
FRESH = 90
REFUSED = (401, 403)


class CheckFailed(Exception):
    """A check failed; the text says what is wrong, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """The checks, in the order in which they show a fault best. Each returns a sentence or raises CheckFailed."""

    url: str
    key: str | None
    session: requests.Session
    tick_timeout: float

    def answers(self) -> str:
        """Check that the contract is served, which needs no key."""
        body = self._request_json("GET", "/v4/openapi.json", key=None)
        return f"{len(body['paths'])} paths of version {body['info']['version']}: all functions are indexed"

    def is_shut(self) -> str:
        """Check that a call without a key is refused."""
        answer = self._request("GET", "/v4/schedules", key=None)
        if answer.status_code not in REFUSED:
            raise CheckFailed(
                f"GET /v4/schedules without a key was answered {answer.status_code}: anybody may start tasks. Set "
                "HTTP_AUTH_LEVEL to FUNCTION, or let Entra ID refuse calls without a token."
            )
        return f"without a key {answer.status_code}"

    def opens(self) -> str:
        """Check that the key is accepted."""
        body = self._request_json("GET", "/v4/butlerping", key=self.key)
        return f"with the key {body['butlerVersion']}"

    def is_healthy(self) -> str:
        """Check that health reports no fault, apart from the tick."""
        checks = self._health()
        # The tick has a check of its own, which gives a new deployment more time.
        bad = {name: check["status"] for name, check in checks.items() if check["status"] != "ok" and name != "tick"}
        if bad:
            raise CheckFailed(
                f"{', '.join(f'{name}: {word}' for name, word in bad.items())}; docs/network.md says more"
            )
        return ", ".join(f"{name} ok" for name in checks if name != "tick")

    def starts_dry(self) -> str:
        """Check that Sense answers, by starting a task that does not exist."""
        body = self._request_json("PUT", f"/v4/reloadtask/{NO_TASK}/start", key=self.key, body=[])
        if body["tasksId"]["started"] or body["tasksId"]["invalid"] != [{"taskId": NO_TASK}]:
            raise CheckFailed(f"Sense was asked for a task that nobody has, and the answer was {body['tasksId']}")
        return "Sense was asked, and knows no such task"

    def ticks(self) -> str:
        """Check that a tick has ended lately, waiting for it up to `tick_timeout` seconds."""
        begun = time.monotonic()
        while True:
            tick = self._health()["tick"]
            if tick["status"] == "ok" and tick["secondsAgo"] < FRESH:
                return f"a tick ended {tick['secondsAgo']} s ago"
            if time.monotonic() - begun > self.tick_timeout:
                raise CheckFailed(
                    f"tick: {tick['status']}, {self.tick_timeout:.0f} s long; docs/operations.md says what to do"
                )
            time.sleep(min(PAUSE, self.tick_timeout))

    def _health(self) -> Any:
        answer = self._request("GET", "/v4/checks", key=self.key)
        if answer.status_code in REFUSED:
            raise CheckFailed(f"GET /v4/checks was answered {answer.status_code}: {_reason(answer)}")
        return self._json(answer)["checks"]

    def _request_json(self, method: str, path: str, *, key: str | None, body: object = None) -> Any:
        answer = self._request(method, path, key=key, body=body)
        if not answer.ok:
            raise CheckFailed(f"{method} {path} was answered {answer.status_code}: {_reason(answer)}")
        return self._json(answer)

    def _request(self, method: str, path: str, *, key: str | None, body: object = None) -> requests.Response:
        headers = {"x-functions-key": key} if key else {}
        try:
            return self.session.request(
                method, f"{self.url}{path}", json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except (requests.RequestException, UnicodeError) as error:
            raise CheckFailed(f"{self.url} could not be asked: {why(error)}") from None

    def _json(self, answer: requests.Response) -> Any:
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise CheckFailed(f"{self.url} answered {answer.status_code} {not_footman(answer)}")
        return body


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all checks, print a line for each and return the exit code."""
    parser = options("smoke", __doc__)
    parser.add_argument(
        "--patience", type=float, default=SECONDS_TO_TICK, metavar="SECONDS", help="how long to wait for a tick"
    )
    given = parser.parse_args(arguments)
    remember("key", given.key)
    smoke = Smoke(url=given.url, key=given.key, session=requests.Session(), tick_timeout=given.patience)
    checks: dict[str, Callable[[], str]] = {
        "functions": smoke.answers,
        "shut door": smoke.is_shut,
        "open door": smoke.opens,
        "health": smoke.is_healthy,
        "dry start": smoke.starts_dry,
        "tick": smoke.ticks,
    }
    # All of them run: the second failure often explains the first.
    outcomes = [_run_check(name, check) for name, check in checks.items()]
    return 0 if all(outcomes) else 1


def _run_check(name: str, check: Callable[[], str]) -> bool:
    try:
        outcome, detail = "ok", check()
    except CheckFailed as problem:
        outcome, detail = "FAILED", str(problem)
    except (KeyError, TypeError):
        outcome, detail = "FAILED", "the answer is not as Footman's"
    say(f"{name:10} {outcome:7} {detail}")
    return outcome == "ok"


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return NO_KEY if answer.status_code in REFUSED else not_footman(answer)


if __name__ == "__main__":
    sys.exit(main())
