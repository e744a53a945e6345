"""See whether a Footman that was deployed works: python3 dev.py smoke --url URL [--key KEY].

Nothing is started: the dry start names a task that no site has, so that Sense is asked and answers that there is none.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from client.command import options
from client.reaching import NO_KEY, PATIENCE, not_footman, why

NO_TASK = "00000000-0000-0000-0000-000000000000"
# A new deployment may still be on its way to its first instance.
SECONDS_TO_TICK = 180
PAUSE = 5.0
FRESH = 90
REFUSED = (401, 403)


class NotWell(Exception):
    """What was found is not as it should be; the text says what, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """The looks, in the order in which a fault shows best. Each returns a sentence, or raises NotWell."""

    url: str
    key: str | None
    session: requests.Session
    patience: float

    def answers(self) -> str:
        body = self._asked("GET", "/v4/openapi.json", key=None)
        return f"{len(body['paths'])} paths of version {body['info']['version']}: all functions are indexed"

    def is_shut(self) -> str:
        answer = self._ask("GET", "/v4/schedules", key=None)
        if answer.status_code not in REFUSED:
            raise NotWell(
                f"GET /v4/schedules without a key was answered {answer.status_code}: anybody may start tasks. Set "
                "HTTP_AUTH_LEVEL to FUNCTION, or let Entra ID refuse calls without a token."
            )
        return f"without a key {answer.status_code}"

    def opens(self) -> str:
        body = self._asked("GET", "/v4/butlerping", key=self.key)
        return f"with the key {body['butlerVersion']}"

    def is_healthy(self) -> str:
        answer = self._ask("GET", "/v4/health", key=None)
        checks = self._json(answer)["checks"]
        # The tick of a new deployment has a look of its own, with more patience.
        bad = {name: check["status"] for name, check in checks.items() if check["status"] != "ok" and name != "tick"}
        if bad:
            raise NotWell(f"{', '.join(f'{name}: {word}' for name, word in bad.items())}; docs/network.md says more")
        return ", ".join(f"{name} ok" for name in checks if name != "tick")

    def starts_dry(self) -> str:
        body = self._asked("PUT", f"/v4/reloadtask/{NO_TASK}/start", key=self.key, body=[])
        if body["tasksId"]["started"] or body["tasksId"]["invalid"] != [{"taskId": NO_TASK}]:
            raise NotWell(f"Sense was asked for a task that nobody has, and the answer was {body['tasksId']}")
        return "Sense was asked, and knows no such task"

    def ticks(self) -> str:
        begun = time.monotonic()
        while True:
            tick = self._json(self._ask("GET", "/v4/health", key=None))["checks"]["tick"]
            if tick["status"] == "ok" and tick["secondsAgo"] < FRESH:
                return f"a tick ended {tick['secondsAgo']} s ago"
            if time.monotonic() - begun > self.patience:
                raise NotWell(f"tick: {tick['status']}, {self.patience:.0f} s long; docs/operations.md says what to do")
            time.sleep(min(PAUSE, self.patience))

    def _asked(self, method: str, path: str, *, key: str | None, body: object = None) -> Any:
        answer = self._ask(method, path, key=key, body=body)
        if not answer.ok:
            raise NotWell(f"{method} {path} was answered {answer.status_code}: {_reason(answer)}")
        return self._json(answer)

    def _ask(self, method: str, path: str, *, key: str | None, body: object = None) -> requests.Response:
        headers = {"x-functions-key": key} if key else {}
        try:
            return self.session.request(
                method, f"{self.url}{path}", json=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            )
        except (requests.RequestException, UnicodeError) as error:
            raise NotWell(f"{self.url} could not be asked: {why(error)}") from None

    def _json(self, answer: requests.Response) -> Any:
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise NotWell(f"{self.url} answered {answer.status_code} {not_footman(answer)}")
        return body


def main(arguments: Sequence[str] | None = None) -> int:
    parser = options("smoke", __doc__)
    parser.add_argument(
        "--patience", type=float, default=SECONDS_TO_TICK, metavar="SECONDS", help="how long to wait for a tick"
    )
    given = parser.parse_args(arguments)
    smoke = Smoke(url=given.url, key=given.key, session=requests.Session(), patience=given.patience)
    looks: dict[str, Callable[[], str]] = {
        "functions": smoke.answers,
        "shut door": smoke.is_shut,
        "open door": smoke.opens,
        "health": smoke.is_healthy,
        "dry start": smoke.starts_dry,
        "tick": smoke.ticks,
    }
    # All are taken: what fails second often explains the first.
    outcomes = [_look(name, look) for name, look in looks.items()]
    return 0 if all(outcomes) else 1


def _look(name: str, look: Callable[[], str]) -> bool:
    try:
        outcome, detail = "ok", look()
    except NotWell as problem:
        outcome, detail = "FAILED", str(problem)
    except (KeyError, TypeError):
        outcome, detail = "FAILED", "the answer is not as Footman's"
    print(f"{name:10} {outcome:7} {detail}", flush=True)
    return outcome == "ok"


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return NO_KEY if answer.status_code in REFUSED else not_footman(answer)


if __name__ == "__main__":
    sys.exit(main())
